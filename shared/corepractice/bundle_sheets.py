"""The rows of a spreadsheet in a bundle as text cells, in the form the CSV would have.

A spreadsheet is a zip in the zip, so it is distrusted the same way. Formulas and error cells are refused: what they
stand for was never exported. openpyxl keeps a book's distinct texts in memory; ``Limits.shared_texts_bytes`` bounds it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime, time
from typing import IO, Any

from shared.corepractice.bundle_archive import Archive, Limits, refused, shown
from shared.corepractice.bundle_manifest import Declared
from shared.errors import Failure

_PARTS = 1_000
_SHARED_TEXTS = "xl/sharedStrings.xml"
_BLANK_ROWS = 10_000
"""Empty rows in a row after which a sheet is taken for a trap: row numbers may leap to the last of a million."""


def sheet_rows(archive: Archive, declared: Declared, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    """Row numbers and cells, from the first row. Empty cells at a row's end are left off, so a blank row has none."""
    with _workbook(archive, declared.file, limits) as book, _as_refusals(declared.file):
        if declared.sheet not in book.sheetnames or not hasattr(book[declared.sheet], "iter_rows"):
            raise refused("missing-sheet", f"{shown(declared.file)} has no sheet {shown(declared.sheet or '')}.")
        sheet = book[declared.sheet]
        sheet.reset_dimensions()
        blank = 0
        for number, row in enumerate(sheet.iter_rows(), start=1):
            cells = [_text(cell, declared.file, number) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            blank = 0 if cells else blank + 1
            if blank > _BLANK_ROWS:
                raise refused("spreadsheet-malformed", f"{shown(declared.file)}: too many blank rows at row {number}.")
            yield number, cells


@contextmanager
def _workbook(archive: Archive, file: str, limits: Limits) -> Iterator[Any]:
    # Not above: it would be a fifth of every cold start, and few sources are spreadsheets.
    from openpyxl import load_workbook

    with tempfile.TemporaryFile(prefix="bridgework-") as unpacked:
        with archive.open(file) as packed:
            _copy(packed, unpacked, file, limits)
        inner = Archive(unpacked, replace(limits, entries=_PARTS), what=shown(file))
        texts = inner.entries.get(_SHARED_TEXTS)
        if texts and texts.file_size > limits.shared_texts_bytes:
            raise refused("too-large", f"{shown(file)} has too many texts for a spreadsheet; export it as CSV.")
        inner.close()
        with _as_refusals(file), closing(load_workbook(unpacked, read_only=True, keep_links=False)) as book:
            yield book


def _copy(packed: IO[bytes], unpacked: IO[bytes], file: str, limits: Limits) -> None:
    size = 0
    while block := packed.read(1 << 20):
        size += len(block)
        if size > limits.entry_bytes:
            raise refused("too-large", f"{shown(file)} expands beyond {limits.entry_bytes} bytes.")
        unpacked.write(block)
    unpacked.seek(0)


@contextmanager
def _as_refusals(file: str) -> Iterator[None]:
    """openpyxl raises whatever its parts raise for a book that is not sound: all of it means the same here."""
    try:
        yield
    except (Failure, MemoryError, OSError):
        raise
    except Exception as error:
        text = f"{shown(file)} cannot be read as a spreadsheet ({type(error).__name__})."
        raise refused("spreadsheet-malformed", text) from None


def _text(cell: Any, file: str, number: int) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in ("f", "e"):
        raise refused("formula", f"{shown(file)}: row {number} has a formula or an error in place of a value.")
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        # A spreadsheet's own dates have no offset: those without a time of day are dates, the others stay as they are.
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return value.isoformat() if isinstance(value, (date, time)) else str(value)
