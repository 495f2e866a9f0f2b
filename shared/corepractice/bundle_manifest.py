"""What an export bundle says about itself, and whether the zip holds just that."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from shared.corepractice.bundle_archive import FILES, MANIFEST, Archive, Limits, malformed, refused, shown
from shared.corepractice.bundle_report import Report, report

FORMAT = "core-practice-export/1"
_ENDINGS = (".csv", ".xlsx")
_OBJECT_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""A practice may have objects that nobody here knows: they are read like the others, and shown as unmapped."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One object's table in the bundle. ``sheet`` is None for CSV; ``rows`` counts records alone.

    ``columns`` is the heading row of the file, ``fields`` what the records have: the same but in a report.
    """

    name: str
    file: str
    sheet: str | None
    columns: tuple[str, ...]
    rows: int
    fields: tuple[str, ...]
    report: Report | None = None


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
        raise malformed("it is not JSON") from None
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


def _manifest(plain: Any, limits: Limits) -> Manifest:
    if not isinstance(plain, dict):
        raise malformed("it is not an object")
    if plain.get("format") != FORMAT:
        raise refused("format-unknown", f"The bundle's format is not {FORMAT}.")
    practice, listed = plain.get("practice"), plain.get("objects")
    if not isinstance(practice, dict):
        raise malformed("it names no practice")
    if not isinstance(listed, list) or not listed:
        raise malformed("it declares no objects")
    tables = tuple(_declared(entry, limits) for entry in listed)
    for what, names in (("object", [t.name for t in tables]), ("file", [t.file for t in tables])):
        if len(set(names)) != len(names):
            raise malformed(f"it declares one {what} twice")
    at = _text(plain, "exported_at")
    return Manifest(_text(practice, "name"), _text(practice, "timezone"), at, tables)


def _declared(entry: Any, limits: Limits) -> Declared:
    if not isinstance(entry, dict):
        raise malformed("an object's declaration is not an object")
    name, file, sheet = _text(entry, "name"), _text(entry, "file"), entry.get("sheet")
    if not _OBJECT_NAME.fullmatch(name):
        raise malformed(f"{shown(name)} is no name of an object")
    if not file.endswith(_ENDINGS) or file.startswith(FILES):
        raise malformed(f"the file of {name} is neither .csv nor .xlsx")
    if file.endswith(".xlsx") != (isinstance(sheet, str) and bool(sheet)):
        raise malformed(f"{name} needs a sheet if it is an .xlsx file, and null if it is not")
    columns, rows = entry.get("columns"), entry.get("rows")
    if not isinstance(columns, list) or not all(isinstance(column, str) and column for column in columns):
        raise malformed(f"the columns of {name} are not a list of names")
    if len(columns) > limits.columns:
        raise malformed(f"{name} has more than {limits.columns} columns")
    if len(set(columns)) != len(columns):
        raise refused("duplicate-header", f"The manifest declares a column of {name} twice.")
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        raise malformed(f"the rows of {name} are not a number")
    printed = report(name, columns, entry)
    fields = printed.fields if printed else tuple(columns)
    if "id" not in fields:
        raise refused("missing-column", f"The manifest declares no column id for {name}.")
    return Declared(name, file, sheet, tuple(columns), rows, fields, printed)


def _text(plain: dict[str, Any], name: str) -> str:
    value = plain.get(name)
    if not isinstance(value, str) or not value or len(value) > 300:
        raise malformed(f"{name} is missing or no text")
    return value
