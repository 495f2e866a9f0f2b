"""The zip around an export bundle, distrusted: what is in it, whether it is safe to open, and bytes within limits.

Everything that can be known from the zip's directory is checked before any entry is opened. What the directory says is
a claim, so sizes are watched again while reading.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO

from shared.errors import Stop

MANIFEST = "manifest.json"
FILES = "files/"
"""Attachments' bytes: ``files/<file id>/<name>``."""

_ENCRYPTED = 0x1 | 0x40
_KNOWN_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DIRECTORY_END = 22 + 65_535
"""Bytes at the end of a zip in which its directory's size is stated (APPNOTE 4.3.16), comment included."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a bundle may ask of us. Sizes are in bytes, expanded.

    ``ratio`` is expanded to compressed size; it counts from ``ratio_from`` on, because small repetitive files are
    harmless. Tables of a practice reach about 20, a bomb about 1,000.
    """

    entries: int = 100_000
    directory_bytes: int = 64 << 20
    entry_bytes: int = 8 << 30
    total_bytes: int = 200 << 30
    ratio: int = 200
    ratio_from: int = 8 << 20
    manifest_bytes: int = 4 << 20
    columns: int = 1_000
    line_bytes: int = 4 << 20
    cell_characters: int = 1_048_576
    shared_texts_bytes: int = 256 << 20


def refused(code: str, message: str, remedy: str = "") -> Stop:
    """A refusal of the bundle: ``code`` without its prefix."""
    return Stop(f"bundle-{code}", message, remedy=remedy or "Export the practice again, then start a new migration.")


def malformed(what: str) -> Stop:
    """The refusal of a manifest."""
    return refused("manifest-malformed", f"{MANIFEST} cannot be understood: {what}.")


def shown(name: str) -> str:
    """An entry's or column's name, fit for a message. An attachment's may name a patient, so it is not shown."""
    if name.replace("\\", "/").lstrip("/").casefold().startswith(FILES):
        return "files/…"
    plain = "".join(c if c.isprintable() else "?" for c in name[:80])
    return plain + ("…" if len(name) > 80 else "")


class Archive:
    """An opened zip whose directory has been found in order. ``what`` names it in messages."""

    def __init__(self, file: BinaryIO | IO[bytes], limits: Limits, *, what: str = "The bundle") -> None:
        self._limits = limits
        self._what = what
        _directory_within(file, limits, what)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError) as error:
            raise refused("not-zip", f"{what} is not a zip file, or it was cut short.") from error
        self.entries = {info.filename: info for info in self._zip.infolist() if not info.is_dir()}
        self._check()

    def _check(self) -> None:
        found = self._zip.infolist()
        if len(found) > self._limits.entries:
            raise refused(
                "too-many-entries", f"{self._what} has {len(found)} entries; {self._limits.entries} are allowed."
            )
        for info in found:
            _check_entry(info, self._what)
            self._check_size(info)
        if len({info.filename.casefold() for info in found}) != len(found):
            raise refused("duplicate-entry", f"{self._what} has two entries of one name.")
        total = sum(info.file_size for info in found)
        if total > self._limits.total_bytes:
            raise refused(
                "too-large", f"{self._what} expands to {total} bytes; {self._limits.total_bytes} are allowed."
            )

    def _check_size(self, info: zipfile.ZipInfo) -> None:
        if info.file_size > self._limits.entry_bytes:
            raise refused("too-large", f"{shown(info.filename)} expands to {info.file_size} bytes.")
        if info.file_size > self._limits.ratio_from and info.file_size > self._limits.ratio * max(
            1, info.compress_size
        ):
            raise refused(
                "too-large", f"{shown(info.filename)} expands to more than {self._limits.ratio} times its size."
            )

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """An entry's bytes. Damage met while reading ends in Stop."""
        with self.damage_in(name), self._zip.open(name) as opened:
            yield opened

    def entry(self, name: str) -> IO[bytes]:
        """The same for whoever closes it, and asks for the damage, themselves."""
        return self._zip.open(name)

    @contextmanager
    def damage_in(self, name: str) -> Iterator[None]:
        """Turn what a damaged entry raises into a refusal."""
        try:
            yield
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise refused("damaged", f"{shown(name)} in the bundle is damaged.") from error

    def read(self, name: str, most: int) -> bytes:
        """A small entry whole. Raises Stop when it has more than ``most`` bytes."""
        with self.open(name) as opened:
            content = opened.read(most + 1)
        if len(content) > most:
            raise refused("too-large", f"{shown(name)} has more than {most} bytes.")
        return content

    def close(self) -> None:
        """Let go of the zip; the file itself stays open."""
        self._zip.close()


def _check_entry(info: zipfile.ZipInfo, what: str) -> None:
    name = info.orig_filename
    segments = name.rstrip("/").split("/")
    if "\\" in name or "\0" in name or name.startswith("/") or ":" in segments[0] or {"", ".", ".."} & set(segments):
        raise refused("path-outside", f"{what} has an entry whose path leads outside: {shown(name)}.")
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refused("link", f"{what} has an entry that is a link or a device: {shown(name)}.")
    if info.flag_bits & _ENCRYPTED:
        raise refused("encrypted", f"{shown(name)} is encrypted.", "Export without a password, then start again.")
    if info.compress_type not in _KNOWN_COMPRESSION:
        raise refused("compression", f"{shown(name)} is compressed in a way other than deflate.")


def _directory_within(file: BinaryIO | IO[bytes], limits: Limits, what: str) -> None:
    """Refuse a directory so large that only reading it would fill the memory: the library reads it whole."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _DIRECTORY_END))
    tail = file.read(_DIRECTORY_END)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0:
        raise refused("not-zip", f"{what} is not a zip file, or it was cut short.")
    claimed = int.from_bytes(tail[place + 12 : place + 16], "little")
    if claimed == 0xFFFFFFFF:
        wide = tail.rfind(b"PK\x06\x06", 0, place)
        claimed = int.from_bytes(tail[wide + 40 : wide + 48], "little") if wide >= 0 else size
    if claimed > limits.directory_bytes:
        raise refused("too-many-entries", f"{what} has a directory of {claimed} bytes.")
