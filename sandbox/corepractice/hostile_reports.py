"""Report sheets that no reader should swallow: a heading, a title or a total that is not what the manifest says.

All spoil the staff list, a CSV file: title, subtitle, blank, headings, records, blank, total.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sandbox.corepractice.spoiling import Entries, declare, entry_of, spoiled

FILE = "staff.csv"
HEADINGS = 3  # the line of the headings, counted from 0
LAST_COLUMN = "Updated at"


def _with_lines(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> Path:
    def rewrite(entries: Entries) -> None:
        lines = entries[FILE].removesuffix(b"\r\n").split(b"\r\n")
        entries[FILE] = b"\r\n".join(change(lines)) + b"\r\n"

    return spoiled(path, rewrite, "reports")


def _declaring(path: Path, change: Callable[[dict[str, object]], object]) -> Path:
    return spoiled(
        path, lambda entries: declare(entries, lambda manifest: change(entry_of(manifest, "staff"))), "reports"
    )


def report_heading_missing(path: Path) -> Path:
    """The manifest promises a last column that the sheet does not have."""

    def change(lines: list[bytes]) -> list[bytes]:
        table = [line.rsplit(b",", 1)[0] for line in lines[HEADINGS:-2]]
        return [*lines[:HEADINGS], *table, *lines[-2:]]

    return _with_lines(path, change)


def report_heading_undeclared(path: Path) -> Path:
    """The sheet has a last column that the manifest does not mention."""

    def change(lines: list[bytes]) -> list[bytes]:
        table = [lines[HEADINGS] + b",Shoe size", *(line + b",43" for line in lines[HEADINGS + 1 : -2])]
        return [*lines[:HEADINGS], *table, *lines[-2:]]

    return _with_lines(path, change)


def report_heading_unexplained(path: Path) -> Path:
    """Sheet and manifest have the column, but "fields" does not say what it holds."""
    return _declaring(path, lambda staff: _fields(staff).pop(LAST_COLUMN))


def report_field_twice(path: Path) -> Path:
    """Two headings claim to show the same field."""
    return _declaring(path, lambda staff: _fields(staff).update({LAST_COLUMN: "created_at"}))


def report_heading_row_missing(path: Path) -> Path:
    return _with_lines(path, lambda lines: [*lines[:HEADINGS], *lines[HEADINGS + 1 :]])


def report_title_rows_wrong(path: Path) -> Path:
    """The manifest says one row above the headings; there are three."""
    return _declaring(path, lambda staff: staff.update(title_rows=1))


def report_footer_wrong(path: Path) -> Path:
    """The printed total is not the number of records."""
    return _with_lines(path, lambda lines: [*lines[:-1], b"Total,9999"])


def report_footer_missing(path: Path) -> Path:
    """The sheet ends after its last record: a print that broke off."""
    return _with_lines(path, lambda lines: lines[:-2])


def report_rows_after_footer(path: Path) -> Path:
    return _with_lines(path, lambda lines: [*lines, lines[HEADINGS + 1]])


def report_layout_unknown(path: Path) -> Path:
    return _declaring(path, lambda staff: staff.update(layout="pivot"))


def _fields(staff: dict[str, object]) -> dict[str, object]:
    fields = staff["fields"]
    assert isinstance(fields, dict)
    return fields


REPORTS: tuple[Callable[[Path], Path], ...] = (
    *(report_heading_missing, report_heading_undeclared, report_heading_unexplained, report_field_twice),
    *(report_heading_row_missing, report_title_rows_wrong, report_footer_wrong, report_footer_missing),
    *(report_rows_after_footer, report_layout_unknown),
)
