"""What an export bundle says about itself, and whether the zip holds just that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from shared.corepractice.bundle_archive import FILES, MANIFEST, Archive, Limits, refused, shown
from shared.corepractice.catalog import OBJECTS, known_object

FORMAT = "core-practice-export/1"
_ENDINGS = (".csv", ".xlsx")


@dataclass(frozen=True, slots=True)
class Declared:
    """One object's table in the bundle. ``sheet`` is None for CSV; ``rows`` does not count the header."""

    name: str
    file: str
    sheet: str | None
    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole declaration. ``exported_at`` is ISO-8601 text."""

    practice_name: str
    timezone: str
    exported_at: str
    objects: tuple[Declared, ...]


def read(archive: Archive, limits: Limits) -> Manifest:
    """The manifest, well-formed and true to the zip's directory. Raises Stop naming what is wrong."""
    if MANIFEST not in archive.entries:
        raise refused("manifest-missing", f"The bundle has no {MANIFEST} at its top.")
    try:
        plain = orjson.loads(archive.read(MANIFEST, limits.manifest_bytes).removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise _malformed("it is not JSON") from None
    manifest = _manifest(plain, limits)
    _agrees(manifest, archive.entries)
    return manifest


def _agrees(manifest: Manifest, entries: Collection[str]) -> None:
    declared = {table.file for table in manifest.objects}
    for file in sorted(declared - set(entries)):
        raise refused("missing-file", f"The manifest declares {shown(file)}; the bundle does not have it.")
    for file in sorted(set(entries) - declared - {MANIFEST}):
        if not file.startswith(FILES):
            raise refused("undeclared-file", f"The bundle has {shown(file)}, which its manifest does not declare.")
    files = sum(entry.startswith(FILES) for entry in entries)
    attachments = sum(table.rows for table in manifest.objects if table.name == "attachments")
    if files > attachments:
        text = f"The bundle has {files} entries under {FILES} and declares {attachments} attachments."
        raise refused("too-many-entries", text)


def _malformed(what: str) -> Exception:
    return refused("manifest-malformed", f"{MANIFEST} cannot be understood: {what}.")


def _manifest(plain: Any, limits: Limits) -> Manifest:
    if not isinstance(plain, dict):
        raise _malformed("it is not an object")
    if plain.get("format") != FORMAT:
        raise refused("format-unknown", f"The bundle's format is not {FORMAT}.")
    practice, listed = plain.get("practice"), plain.get("objects")
    if not isinstance(practice, dict):
        raise _malformed("it names no practice")
    if not isinstance(listed, list) or not listed:
        raise _malformed("it declares no objects")
    tables = tuple(_declared(entry, limits) for entry in listed)
    for what, names in (("object", [t.name for t in tables]), ("file", [t.file for t in tables])):
        if len(set(names)) != len(names):
            raise _malformed(f"it declares one {what} twice")
    at = _text(plain, "exported_at")
    return Manifest(_text(practice, "name"), _text(practice, "timezone"), at, tables)


def _declared(entry: Any, limits: Limits) -> Declared:
    if not isinstance(entry, dict):
        raise _malformed("an object's declaration is not an object")
    name, file, sheet = _text(entry, "name"), _text(entry, "file"), entry.get("sheet")
    if known_object(name) is None:
        known = ", ".join(found.name for found in OBJECTS)
        raise refused("unknown-object", f"The manifest declares {shown(name)}; the objects are {known}.")
    if not file.endswith(_ENDINGS) or file.startswith(FILES):
        raise _malformed(f"the file of {name} is neither .csv nor .xlsx")
    if file.endswith(".xlsx") != (isinstance(sheet, str) and bool(sheet)):
        raise _malformed(f"{name} needs a sheet if it is an .xlsx file, and null if it is not")
    columns, rows = entry.get("columns"), entry.get("rows")
    if not isinstance(columns, list) or not all(isinstance(column, str) and column for column in columns):
        raise _malformed(f"the columns of {name} are not a list of names")
    if len(columns) > limits.columns:
        raise _malformed(f"{name} has more than {limits.columns} columns")
    if len(set(columns)) != len(columns):
        raise refused("duplicate-header", f"The manifest declares a column of {name} twice.")
    if "id" not in columns:
        raise refused("missing-column", f"The manifest declares no column id for {name}.")
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        raise _malformed(f"the rows of {name} are not a number")
    return Declared(name, file, sheet, tuple(columns), rows)


def _text(plain: dict[str, Any], name: str) -> str:
    value = plain.get(name)
    if not isinstance(value, str) or not value or len(value) > 300:
        raise _malformed(f"{name} is missing or no text")
    return value
