"""Writes a practice as an export bundle: one zip of CSV files or spreadsheets, the attachments' bytes, a manifest.

    python -m sandbox.corepractice.bundle --patients 2000 --seed 1 --out practice.zip
        [--format csv|xlsx|mixed|reports]

Records stream from the clinic into the zip. A bundle knows no difference between null and an empty text, and what
a spreadsheet cannot hold (control characters, more than 32,767 characters in a cell) is refused, not mended.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.folder import Folder
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.records import Records
from sandbox.corepractice.reports import CUSTOM, report_of
from sandbox.corepractice.shapes import Record
from sandbox.corepractice.sheets import BundleProblem, named, write_csv, write_sheet

FORMAT = "core-practice-export/1"
FORMATS = ("csv", "xlsx", "mixed", "reports")
TOO_LONG = frozenset({"notes"})  # objects with more characters in a cell than a spreadsheet takes: always CSV


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


@dataclass
class _Counted:
    """All records of one object, counted while they pass."""

    practice: Practice
    name: str
    count: int = 0

    def __iter__(self) -> Iterator[Record]:
        for record in self.practice.all(self.name):
            self.count += 1
            yield record


def write_bundle(
    practice: Practice,
    path: Path | BinaryIO,
    *,
    format: str = "csv",
    exported_at: str | None = None,
    month_first: Collection[tuple[str, str]] = (),
) -> None:
    """`format` is csv, xlsx, mixed (every other object a spreadsheet, CSV with and without BOM) or reports.

    `month_first` names (object, field) whose dates the reports write as M/D/YYYY. Raises BundleProblem.
    """
    if format not in FORMATS:
        raise BundleProblem(f"format must be one of {', '.join(FORMATS)}")
    stamp = exported_at or practice.now()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as bundle:
        entries = []
        for number, name in enumerate(practice.objects):
            records = _Counted(practice, name)
            columns = columns_of(practice, name)
            entry: dict[str, Any] = {"name": name, "file": None, "sheet": None, "columns": list(columns), "rows": 0}
            rows: Iterator[list[Any]]
            if format == "reports":
                months = {field for owner, field in month_first if owner == name}
                report = report_of(name, columns, practice.zone, brackets=number % 4 > 1, month_first=months)
                printed = datetime.fromisoformat(stamp).date()
                rows, columns = report.rows(records, practice=practice.name, printed=printed), report.headings
                entry |= report.manifest()
            else:
                rows = _plain_rows(records, columns)
            if name not in TOO_LONG and (format == "xlsx" or (format != "csv" and number % 2)):
                entry["file"], entry["sheet"] = write_sheet(bundle, name, rows, columns)
            else:
                entry["file"] = write_csv(bundle, name, rows, bom=format == "mixed" and number % 4 == 2)
            entry["rows"] = records.count
            entries.append(entry)
        _write_files(bundle, practice)
        manifest = {
            "format": FORMAT,
            "practice": {"name": practice.name, "timezone": practice.zone.key},
            "exported_at": stamp,
            "objects": entries,
        }
        bundle.writestr(named("manifest.json"), json.dumps(manifest, ensure_ascii=False, indent=1))


def _plain_rows(records: _Counted, columns: tuple[str, ...]) -> Iterator[list[Any]]:
    yield list(columns)
    for record in records:
        yield _row(record, columns)


def _write_files(bundle: zipfile.ZipFile, practice: Practice) -> None:
    for record in practice.all("attachments"):
        stored = practice.file(record["file_id"]) if record["file_id"] else None
        if stored is not None:
            name = named(f"files/{record['file_id']}/{PurePosixPath(stored.name).name}")
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
    records: Records = Folder(asked.data) if asked.data else Clinic(asked.patients, asked.seed, asked.timezone)
    write_bundle(Practice(records), asked.out, format=asked.format)
    print(f"{asked.out}: {asked.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
