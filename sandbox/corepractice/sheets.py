"""Tables inside a bundle: rows into a CSV file or a spreadsheet of the zip, streamed, text kept as text."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

MOST_ROWS = 1_048_576  # of a spreadsheet
MOST_CHARACTERS = 32_767  # of one of its cells
_EPOCH = (2025, 7, 1, 0, 0, 0)  # of every zip entry, so that equal practices give equal bundles


class BundleProblem(ValueError):
    """The practice cannot be written in this format; the message names object and field, never a value."""


def named(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def write_csv(bundle: zipfile.ZipFile, name: str, rows: Iterable[Sequence[Any]], *, bom: bool) -> str:
    """Writes all rows and returns the file's name. An empty row is an empty line."""
    file = f"{name}.csv"
    with bundle.open(named(file), "w", force_zip64=True) as raw:
        if bom:
            raw.write(codecs.BOM_UTF8)
        with io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=False) as text:
            csv.writer(text, lineterminator="\r\n").writerows(rows)
    return file


def write_sheet(
    bundle: zipfile.ZipFile, name: str, rows: Iterable[Sequence[Any]], columns: Sequence[str]
) -> tuple[str, str]:
    """Writes all rows and returns the file's and the sheet's name; `columns` name what a refusal is about."""
    file, title = f"{name}.xlsx", name.capitalize()
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    try:
        for count, row in enumerate(rows, start=1):
            if count > MOST_ROWS:
                raise BundleProblem(f"{name}: a spreadsheet holds {MOST_ROWS:,} rows; use csv")
            sheet.append([_cell(sheet, name, *pair) for pair in zip(columns, row, strict=False)])
    except BundleProblem:
        sheet.close()  # or its open XML is torn down noisily later
        raise
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as temporary:
        book.save(temporary.name)
        with bundle.open(named(file), "w", force_zip64=True) as raw, open(temporary.name, "rb") as saved:
            while block := saved.read(1 << 20):
                raw.write(block)
    return file, title


def _cell(sheet: Any, name: str, column: str, value: Any) -> Any:
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
