"""How a sound bundle is spoiled in one way, so that nothing else can be the reason to refuse it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.corepractice.bundle import write_bundle
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice

PATIENTS = 60
Entries = dict[str, bytes]


EXPORTED_AT = "2025-07-01T09:00:00+10:00"


@cache
def _sound_once(format: str) -> Mapping[str, bytes]:
    target = io.BytesIO()
    write_bundle(Practice(Clinic(PATIENTS)), target, format=format, exported_at=EXPORTED_AT)
    with zipfile.ZipFile(target) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def sound(format: str = "csv") -> Entries:
    """A bundle of a small clinic with nothing wrong about it, to be spoiled."""
    return dict(_sound_once(format))


def write(path: Path, entries: Entries, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as bundle:
        for name, content in entries.items():
            bundle.writestr(name, content)
    return path


def spoiled(path: Path, change: Callable[[Entries], object], format: str = "csv") -> Path:
    entries = sound(format)
    change(entries)
    return write(path, entries)


def _manifest(entries: Entries) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(entries["manifest.json"])
    return manifest


def declare(entries: Entries, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = _manifest(entries)
    change(manifest)
    entries["manifest.json"] = json.dumps(manifest).encode()


def entry_of(manifest: dict[str, Any], object_name: str = "patients") -> dict[str, Any]:
    entry: dict[str, Any] = next(entry for entry in manifest["objects"] if entry["name"] == object_name)
    return entry


def widen(entries: Entries, file: str, header: bytes, cell: bytes) -> None:
    """One more column for every row. Rows end in CRLF; line breaks inside cells are LF alone."""
    first, *rows = entries[file].removesuffix(b"\r\n").split(b"\r\n")
    wider = [first + b"," + header, *(row + b"," + cell for row in rows)]
    entries[file] = b"\r\n".join(wider) + b"\r\n"
