"""The archive itself: the same content makes the same bytes, and a file streams into it piece by piece.

Stored, not compressed: then every byte of the archive is either a file's own or can be foretold, so that the program
inside finds any byte that was altered, and no version of a compressor decides about the archive's digest.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import orjson

MANIFEST, SEAL = "manifest.json", "manifest.sha256"
BEGINNING_OF_TIME = (1980, 1, 1, 0, 0, 0)
READABLE_FILE = 0o100644 << 16
UNIX = 3
LARGEST_WITHOUT_ZIP64 = 1 << 30
Write = Callable[[bytes], None]


class Archive:
    """An archive that is being packed into ``file``. Knows each packed file's size and digest, and no content."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, path: str, content: bytes) -> None:
        """Pack a file."""
        with self.begun(path) as write:
            write(content)

    def add_json(self, path: str, body: Any) -> None:
        """Pack something as JSON for people: in lines, with its members in order."""
        self.add(path, readable(body))

    @contextmanager
    def begun(self, path: str, *, size: int = 0) -> Iterator[Write]:
        """Pack a file piece by piece. ``size``: how large it will about be, when that is known to be much."""
        entry = zipfile.ZipInfo(path, BEGINNING_OF_TIME)
        entry.create_system, entry.external_attr = UNIX, READABLE_FILE
        digest, packed = hashlib.sha256(), 0
        with self._zip.open(entry, "w", force_zip64=size > LARGEST_WITHOUT_ZIP64) as into:

            def write(piece: bytes) -> None:
                nonlocal packed
                into.write(piece)
                digest.update(piece)
                packed += len(piece)

            yield write
        self.files[path] = {"size": packed, "sha256": digest.hexdigest()}

    def seal(self, about: Mapping[str, Any]) -> str:
        """Pack the manifest, with what it says ``about`` the pack besides its files, and close. Answers with the
        manifest's digest, which stands for everything that is in the pack."""
        content = readable({**about, "files": self.files})
        digest = hashlib.sha256(content).hexdigest()
        self.add(MANIFEST, content)
        self.add(SEAL, f"{digest}  {MANIFEST}\n".encode())
        self._zip.close()
        return digest


def readable(body: Any) -> bytes:
    """JSON in lines, the same for the same."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(body, option=options)
