"""Bundles that no reader should swallow, each small and each wrong in one way.

Every function takes the path to write and returns it; `HOSTILE` lists them all with what is wrong. Where only one
entry is spoiled, the rest is a sound bundle of a small clinic, so that nothing else can be the reason to refuse.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.corepractice.hostile_reports import REPORTS
from sandbox.corepractice.spoiling import PATIENTS, Entries, declare, entry_of, sound, spoiled, widen, write

BOMB_MEGABYTES = 512


def not_a_zip(path: Path) -> Path:
    path.write_bytes(b"id,first_name\r\np-1,Not a zip\r\n" * 50)
    return path


def empty_file(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def truncated(path: Path) -> Path:
    write(path, sound())
    path.write_bytes(path.read_bytes()[:-4000])
    return path


def corrupt_entry(path: Path) -> Path:
    """One byte inside patients.csv is flipped: the zip opens, the checksum fails."""
    write(path, sound(), zipfile.ZIP_STORED)  # deflated, it might not even expand
    with zipfile.ZipFile(path) as bundle:
        info = bundle.getinfo("patients.csv")
    content = bytearray(path.read_bytes())
    content[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0xFF
    path.write_bytes(content)
    return path


def zip_bomb(path: Path, megabytes: int = BOMB_MEGABYTES) -> Path:
    """patients.csv expands a thousandfold: about half a megabyte becomes `megabytes`."""
    entries = sound()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in entries.items():
            if name != "patients.csv":
                bundle.writestr(name, content)
        with bundle.open("patients.csv", "w", force_zip64=True) as raw:
            raw.write(entries["patients.csv"].split(b"\r\n", 1)[0] + b"\r\n")
            for _ in range(megabytes):
                raw.write(b"0" * 2**20)
    return path


def understated_bomb(path: Path, megabytes: int = 64) -> Path:
    """As zip_bomb, but the directory claims that patients.csv is 1,000 bytes: sizes there must not be believed."""
    zip_bomb(path, megabytes)
    content = bytearray(path.read_bytes())
    place = content.rfind(b"PK\x01\x02", 0, content.rfind(b"patients.csv"))
    content[place + 24 : place + 28] = struct.pack("<I", 1000)
    path.write_bytes(content)
    return path


def too_many_entries(path: Path, count: int = 20_000) -> Path:
    return spoiled(path, lambda entries: entries.update({f"files/f{n}/a.txt": b"" for n in range(count)}))


def parent_path(path: Path) -> Path:
    return spoiled(path, lambda entries: entries.update({"../evil.csv": b"id\r\n1\r\n"}))


def absolute_path(path: Path) -> Path:
    return spoiled(path, lambda entries: entries.update({"/etc/evil.csv": b"id\r\n1\r\n"}))


def windows_path(path: Path) -> Path:
    return spoiled(path, lambda entries: entries.update({"files\\..\\..\\evil.csv": b"id\r\n1\r\n"}))


def declared_parent_path(path: Path) -> Path:
    """The manifest itself points outside."""

    def change(entries: Entries) -> None:
        entries["../patients.csv"] = entries.pop("patients.csv")
        declare(entries, lambda manifest: entry_of(manifest).update(file="../patients.csv"))

    return spoiled(path, change)


def symbolic_link(path: Path) -> Path:
    """patients.csv is a link to /etc/passwd, for readers that unpack before they read."""
    entries = sound()
    entries.pop("patients.csv")
    write(path, entries)
    link = zipfile.ZipInfo("patients.csv")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as bundle:
        bundle.writestr(link, "/etc/passwd")
    return path


def undeclared_column(path: Path) -> Path:
    return spoiled(path, lambda entries: widen(entries, "locations.csv", b"shoe_size", b"43"))


def undeclared_file(path: Path) -> Path:
    return spoiled(path, lambda entries: entries.update({"shoe_sizes.csv": b"id,size\r\np-1,43\r\n"}))


def missing_column(path: Path) -> Path:
    """The manifest declares a column that patients.csv lacks."""
    return spoiled(
        path,
        lambda entries: declare(entries, lambda manifest: entry_of(manifest)["columns"].append("shoe_size")),
    )


def missing_file(path: Path) -> Path:
    return spoiled(path, lambda entries: entries.pop("patients.csv"))


def duplicate_header(path: Path) -> Path:
    return spoiled(path, lambda entries: widen(entries, "patients.csv", b"first_name", b"Jo"))


def duplicate_entry(path: Path) -> Path:
    """Two entries are named patients.csv; which one counts is anybody's guess."""
    entries = sound()
    write(path, entries)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as bundle:
        again = zipfile.ZipInfo("Patients.csv")
        bundle.writestr(again, entries["patients.csv"])
    content = path.read_bytes().replace(b"Patients.csv", b"patients.csv")
    path.write_bytes(content)
    return path


def latin_1(path: Path) -> Path:
    """Patients in Windows' old alphabet: no UTF-8 as soon as there is one accent."""

    def change(entries: Entries) -> None:
        text = entries["patients.csv"].decode().replace("Australia", "Austrália")
        entries["patients.csv"] = text.encode("latin-1", "replace")

    return spoiled(path, change)


def utf_16(path: Path) -> Path:
    return spoiled(
        path, lambda entries: entries.update({"patients.csv": entries["patients.csv"].decode().encode("utf-16")})
    )


def ragged_rows(path: Path) -> Path:
    return spoiled(
        path, lambda entries: entries.update({"patients.csv": entries["patients.csv"] + b"p-1,10001,Mr\r\n"})
    )


def wrong_row_count(path: Path) -> Path:
    """The manifest promises more patients than the file has: an export that broke off."""
    return spoiled(
        path, lambda entries: declare(entries, lambda manifest: entry_of(manifest).update(rows=PATIENTS * 10))
    )


def encrypted_entry(path: Path) -> Path:
    """The flag that says patients.csv needs a password is set in both places a zip keeps it."""
    write(path, sound())
    content = bytearray(path.read_bytes())
    for signature, flags, name in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        place = content.find(signature)
        while place >= 0 and content[place + name : place + name + 12] != b"patients.csv":
            place = content.find(signature, place + 4)
        content[place + flags] |= 1
    path.write_bytes(content)
    return path


def nested_zip(path: Path) -> Path:
    """The whole bundle once more inside, and nothing else."""
    inner = path.with_suffix(".inner")
    content = write(inner, sound()).read_bytes()
    inner.unlink()
    return write(path, {"practice.zip": content})


def no_manifest(path: Path) -> Path:
    return spoiled(path, lambda entries: entries.pop("manifest.json"))


def manifest_not_json(path: Path) -> Path:
    return spoiled(path, lambda entries: entries.update({"manifest.json": b"{'format': nonsense"}))


def unknown_format(path: Path) -> Path:
    return spoiled(
        path, lambda entries: declare(entries, lambda manifest: manifest.update(format="core-practice-export/99"))
    )


def object_twice(path: Path) -> Path:
    """Two lines of the manifest are about patients."""
    return spoiled(
        path, lambda entries: declare(entries, lambda manifest: manifest["objects"].append(entry_of(manifest)))
    )


HOSTILE: Mapping[str, Callable[[Path], Path]] = {
    bundle.__name__: bundle
    for bundle in (
        *(not_a_zip, empty_file, truncated, corrupt_entry, zip_bomb, understated_bomb, too_many_entries),
        *(parent_path, absolute_path, windows_path, declared_parent_path, symbolic_link),
        *(undeclared_column, undeclared_file, missing_column, missing_file, duplicate_header, duplicate_entry),
        *(latin_1, utf_16, ragged_rows, wrong_row_count, encrypted_entry, nested_zip),
        *(no_manifest, manifest_not_json, unknown_format, object_twice),
        *REPORTS,
    )
}
