"""The rows of one file in a bundle as plain text cells, from CSV or a spreadsheet, streaming.

Errors name file and line (of a CSV) or row (of a spreadsheet), never what stands there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO, cast

from shared.corepractice.bundle_archive import Archive, Limits, refused, shown
from shared.corepractice.bundle_manifest import Declared
from shared.corepractice.bundle_report import Row, below_title, records, split
from shared.corepractice.bundle_sheets import sheet_rows
from shared.errors import Stop

_BOM = b"\xef\xbb\xbf"


def rows(archive: Archive, declared: Declared, limits: Limits) -> Iterator[Row]:
    """Every record of an object's file, its cells in the order of the fields. Raises Stop where the file is not sound.

    A report's cells are as printed, but a name that one cell holds has become two cells.
    """
    found = _printed_rows(archive, declared, limits)
    order = _order(*_heading(found, declared), declared)
    straight = order == list(range(len(order)))
    printed = declared.report
    parted = printed is not None and len(printed.fields) > len(printed.held)
    for number, cells in records(found, declared.file) if printed else found:
        if not cells:
            continue
        if declared.sheet and len(cells) < len(order):
            cells += [""] * (len(order) - len(cells))
        if len(cells) != len(order):
            raise refused(
                "ragged-row", f"{shown(declared.file)}: row at line {number} has {len(cells)} cells, not {len(order)}."
            )
        if not straight:
            cells = [cells[place] for place in order]
        yield number, split(cells, printed.held, declared.file, number) if printed and parted else cells


def check_header(archive: Archive, declared: Declared, limits: Limits) -> None:
    """Read an object's header row and nothing below. Raises Stop where it is not the declared one."""
    _order(*_heading(_printed_rows(archive, declared, limits), declared), declared)


def _printed_rows(archive: Archive, declared: Declared, limits: Limits) -> Iterator[Row]:
    """Every row of the file, blank ones among them. A spreadsheet's end where their last filled cell is."""
    return sheet_rows(archive, declared, limits) if declared.sheet else _csv_rows(archive, declared.file, limits)


def _heading(found: Iterator[Row], declared: Declared) -> Row:
    if declared.report:
        return next(below_title(found, declared.report), (1, []))
    return next(((number, cells) for number, cells in found if cells), (1, []))


def _order(number: int, header: Sequence[str], declared: Declared) -> list[int]:
    """Where each declared column stands in the file."""
    file = shown(declared.file)
    if header and not set(header) & set(declared.columns):
        # It may well be a record, which must not be quoted.
        raise refused("heading-missing", f"{file}: row at line {number} has none of the headings that are declared.")
    if len(set(header)) != len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        raise refused("duplicate-header", f"{file} has the column {shown(twice[0])} twice.")
    for name in sorted(set(header) - set(declared.columns)):
        raise refused("undeclared-column", f"{file} has a column {shown(name)} that the manifest does not declare.")
    for name in sorted(set(declared.columns) - set(header)):
        raise refused("missing-column", f"{file} lacks the column {shown(name)} that the manifest declares.")
    return [header.index(name) for name in declared.columns]


def _csv_rows(archive: Archive, file: str, limits: Limits) -> Iterator[Row]:
    # The longest cell is a setting of the whole process; nothing else in the app reads CSV.
    csv.field_size_limit(limits.cell_characters)
    with archive.open(file) as opened:
        reader = csv.reader(_lines(opened, file, limits), strict=True)
        try:
            for cells in reader:
                yield reader.line_num, cells
        except csv.Error:
            raise refused(
                "csv-malformed", f"{shown(file)}: line {reader.line_num} is not RFC 4180, or a cell is too long."
            ) from None


def _lines(opened: IO[bytes], file: str, limits: Limits) -> Iterator[str]:
    """The file's lines as text. A line is never read further than it may be long."""
    buffered = io.BufferedReader(cast(io.RawIOBase, opened), 1 << 16)
    number, size = 0, 0
    while line := buffered.readline(limits.line_bytes):
        number += 1
        size += len(line)
        if len(line) >= limits.line_bytes or size > limits.entry_bytes:
            raise refused("too-large", f"{shown(file)}: line {number} is too long.")
        yield _text(line.removeprefix(_BOM) if number == 1 else line, file, number)


def _text(line: bytes, file: str, number: int) -> str:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_utf_8(file, number) from None
    if "\0" in text:
        raise _not_utf_8(file, number)
    return text


def _not_utf_8(file: str, number: int) -> Stop:
    remedy = "Export it as UTF-8, then start again."
    return refused("encoding", f"{shown(file)}: line {number} is not UTF-8 text.", remedy)
