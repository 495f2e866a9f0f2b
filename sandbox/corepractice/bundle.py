"""Writes a practice as an export bundle: one zip of CSV files or spreadsheets, the attachments' bytes, a manifest.

    python -m sandbox.corepractice.bundle --patients 2000 --seed 1 --out practice.zip [--format csv|xlsx|mixed]

Records stream from the clinic into the zip. A bundle knows no difference between null and an empty text, and what
a spreadsheet cannot hold (control characters, more than 32,767 characters in a cell) is refused, not mended.
"""

from __future__ import annotations

import argparse
import codecs
import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.folder import Folder
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.shapes import Record

FORMAT = "core-practice-export/1"
FORMATS = ("csv", "xlsx", "mixed")
CUSTOM = "custom_fields."
TOO_LONG = frozenset({"notes"})  # objects with more characters in a cell than a spreadsheet takes: always CSV
MOST_ROWS = 1_048_575  # of a spreadsheet, below its header
MOST_CHARACTERS = 32_767  # of one of its cells
_EPOCH = (2025, 7, 1, 0, 0, 0)  # of every zip entry, so that equal practices give equal bundles


class BundleProblem(ValueError):
    """The practice cannot be written in this format; the message names object and field, never a value."""


@dataclass(frozen=True)
class Entry:
    """One object's line in the manifest."""

    name: str
    file: str
    sheet: str | None
    columns: tuple[str, ...]
    rows: int

    def plain(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "file": self.file,
            "sheet": self.sheet,
            "columns": list(self.columns),
            "rows": self.rows,
        }


def columns_of(practice: Practice, object_name: str) -> tuple[str, ...]:
    """The header row: the fields, custom fields each in a column of its own."""
    custom = tuple(f"{CUSTOM}{name}" for name in practice.custom_fields(object_name))
    fields = practice.records.fields[object_name]
    return tuple(column for name in fields for column in (custom if name == "custom_fields" else (name,)))


def _row(record: Record, columns: tuple[str, ...]) -> list[Any]:
    custom = record.get("custom_fields") or {}
    return [
        _cell(custom.get(column.removeprefix(CUSTOM)) if column.startswith(CUSTOM) else record[column])
        for column in columns
    ]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def write_bundle(
    practice: Practice, path: Path | BinaryIO, *, format: str = "csv", exported_at: str | None = None
) -> None:
    """`format` is csv, xlsx or mixed (every other object a spreadsheet, the CSV files with and without BOM)."""
    if format not in FORMATS:
        raise BundleProblem(f"format must be one of {', '.join(FORMATS)}")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as bundle:
        entries = []
        for number, name in enumerate(practice.objects):
            columns = columns_of(practice, name)
            rows = (_row(record, columns) for record in practice.all(name))
            if name not in TOO_LONG and (format == "xlsx" or (format == "mixed" and number % 2)):
                entries.append(_write_sheet(bundle, name, columns, rows))
            else:
                entries.append(_write_csv(bundle, name, columns, rows, bom=format == "mixed" and number % 4 == 2))
        _write_files(bundle, practice)
        manifest = {
            "format": FORMAT,
            "practice": {"name": practice.name, "timezone": practice.zone.key},
            "exported_at": exported_at or practice.now(),
            "objects": [entry.plain() for entry in entries],
        }
        bundle.writestr(_named("manifest.json"), json.dumps(manifest, ensure_ascii=False, indent=1))


def _named(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _write_csv(
    bundle: zipfile.ZipFile, name: str, columns: tuple[str, ...], rows: Iterator[list[Any]], *, bom: bool
) -> Entry:
    file, count = f"{name}.csv", 0
    with bundle.open(_named(file), "w", force_zip64=True) as raw:
        if bom:
            raw.write(codecs.BOM_UTF8)
        with io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=False) as text:
            writer = csv.writer(text, lineterminator="\r\n")
            writer.writerow(columns)
            for row in rows:
                writer.writerow(row)
                count += 1
    return Entry(name, file, None, columns, count)


def _write_sheet(bundle: zipfile.ZipFile, name: str, columns: tuple[str, ...], rows: Iterator[list[Any]]) -> Entry:
    file, title, count = f"{name}.xlsx", name.capitalize(), 0
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(columns)
    try:
        for row in rows:
            count += 1
            if count > MOST_ROWS:
                raise BundleProblem(f"{name}: a spreadsheet holds {MOST_ROWS:,} rows; use csv")
            sheet.append([_spreadsheet_cell(sheet, name, *pair) for pair in zip(columns, row, strict=True)])
    except BundleProblem:
        sheet.close()  # or its open XML is torn down noisily later
        raise
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as temporary:
        book.save(temporary.name)
        with bundle.open(_named(file), "w", force_zip64=True) as raw, open(temporary.name, "rb") as saved:
            while block := saved.read(1 << 20):
                raw.write(block)
    return Entry(name, file, title, columns, count)


def _spreadsheet_cell(sheet: Any, name: str, column: str, value: Any) -> Any:
    """Text stays text: a cell that begins with = would else become a formula."""
    if not isinstance(value, str):
        return value
    if len(value) > MOST_CHARACTERS or ILLEGAL_CHARACTERS_RE.search(value):
        raise BundleProblem(f"{name}.{column} holds text a spreadsheet cannot; use csv")
    if not value.startswith("="):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def _write_files(bundle: zipfile.ZipFile, practice: Practice) -> None:
    for record in practice.all("attachments"):
        stored = practice.file(record["file_id"]) if record["file_id"] else None
        if stored is not None:
            name = _named(f"files/{record['file_id']}/{PurePosixPath(stored.name).name}")
            with bundle.open(name, "w", force_zip64=True) as raw:
                for piece in stored.read(0, stored.size):
                    raw.write(piece)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.corepractice.bundle")
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timezone", default="Australia/Sydney")
    parser.add_argument("--data", type=Path, help="a folder of NDJSON files instead of a grown clinic")
    parser.add_argument("--format", choices=FORMATS, default="csv")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    records = Folder(asked.data) if asked.data else Clinic(asked.patients, asked.seed, asked.timezone)
    write_bundle(Practice(records), asked.out, format=asked.format)
    print(f"{asked.out}: {asked.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
