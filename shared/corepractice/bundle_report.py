"""The layout "report": a table as practice software prints it for people, with a title above and a total below.

The manifest says what each printed heading holds. Everything else is found in the file or refused: a heading that
nobody explained, a record below the gap before the footer, a footer that counts other than there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.corepractice.bundle_archive import malformed, refused, shown
from shared.corepractice.date_order import DateOrder

Row = tuple[int, list[str]]
"""Line or row number in the file, counted from 1, and the cells. Empty cells are empty texts."""

PLAIN, REPORT = "plain", "report"
_MOST_TITLE_ROWS = 20
_LONGEST_NAME = 300
_FOOTER = re.compile(r"Total\b[^\d$-]*(\d{1,3}(?:,\d{3})+|\d{1,12})(?![\d.])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Report:
    """How a file is printed. ``held`` are the fields of each column: two of them where it holds "Last, First".

    ``stated`` is the order of day and month by field, where the manifest gives it.
    """

    title_rows: int
    held: tuple[tuple[str, ...], ...]
    stated: Mapping[str, DateOrder] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a record, in the order of the columns."""
        return tuple(name for names in self.held for name in names)


def report(name: str, columns: Sequence[str], entry: Mapping[str, Any]) -> Report | None:
    """The report that an object's declaration describes; None for the plain layout. Raises Stop."""
    layout = entry.get("layout") or PLAIN
    if layout == PLAIN:
        return None
    if layout != REPORT:
        raise refused("layout-unknown", f"The layout of {name} is neither {PLAIN} nor {REPORT}.")
    title_rows, given = entry.get("title_rows"), entry.get("fields")
    if not isinstance(title_rows, int) or isinstance(title_rows, bool) or not 0 <= title_rows <= _MOST_TITLE_ROWS:
        raise malformed(f"the title_rows of {name} are not a number up to {_MOST_TITLE_ROWS}")
    if not isinstance(given, dict):
        raise malformed(f"{name} is a report without fields")
    for heading in columns:
        if heading not in given:
            raise refused("heading-unknown", f"The manifest does not say which field {shown(heading)} of {name} is.")
    if spare := sorted(set(given) - set(columns)):
        raise malformed(f"the fields of {name} name a heading {shown(spare[0])} that is not among its columns")
    held = tuple(_held(name, heading, given[heading]) for heading in columns)
    fields = [each for names in held for each in names]
    if twice := sorted({each for each in fields if fields.count(each) > 1}):
        raise refused("duplicate-header", f"Two headings of {name} are the field {shown(twice[0])}.")
    return Report(title_rows, held, _stated(name, dict(zip(columns, held, strict=True)), entry.get("date_order")))


def _held(name: str, heading: str, given: object) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not 1 <= len(names) <= 2:
        raise malformed(f"the heading {shown(heading)} of {name} is neither one field nor two")
    for each in names:
        if not isinstance(each, str) or not 0 < len(each) <= _LONGEST_NAME:
            raise malformed(f"the heading {shown(heading)} of {name} names a field that is no text")
    return tuple(names)


def _stated(name: str, held: Mapping[str, tuple[str, ...]], given: object) -> dict[str, DateOrder]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise malformed(f"the date_order of {name} is not by heading")
    orders: dict[str, DateOrder] = {}
    for heading, order in given.items():
        if len(held.get(heading, ())) != 1 or order not in list(DateOrder):
            raise malformed(f"the date_order of {name} is dmy or mdy for a heading of one field")
        orders[held[heading][0]] = DateOrder(order)
    return orders


def below_title(found: Iterator[Row], printed: Report) -> Iterator[Row]:
    """The rows from the heading on."""
    for _ in range(printed.title_rows):
        next(found, None)
    return found


def records(found: Iterator[Row], file: str) -> Iterator[Row]:
    """The rows between the heading and the gap above the footer. Raises Stop at the end where the footer is not true.

    Records end at the first blank row. A record may well begin with "Total"; behind the gap nothing else may.
    """
    count = 0
    gap, total = False, None
    for number, cells in found:
        if not any(cells):
            gap = True
        elif not gap:
            count += 1
            yield number, cells
        elif total is None:
            total = _total(cells, file, number)
        else:
            raise refused("footer-malformed", f"{shown(file)}: row at line {number} stands below the footer.")
    if total is None:
        raise refused("footer-missing", f"{shown(file)} has no footer with a total: it may have been cut short.")
    if total != count:
        raise refused("footer-count", f"{shown(file)}: the footer counts {total} records, there are {count}.")


def _total(cells: Sequence[str], file: str, number: int) -> int:
    found = _FOOTER.match(" ".join(cell.strip() for cell in cells if cell.strip()))
    if found is None:
        text = f"{shown(file)}: row at line {number}, below the records, is not a footer with their total."
        raise refused("footer-malformed", text)
    return int(found[1].replace(",", ""))


def split(cells: list[str], held: Sequence[tuple[str, ...]], file: str, number: int) -> list[str]:
    """The cells with "Last, First" as two. The first comma parts them: a surname has none. Raises Stop without one."""
    parts: list[str] = []
    for cell, names in zip(cells, held, strict=True):
        if len(names) == 1:
            parts.append(cell)
            continue
        last, comma, first = cell.partition(",")
        if cell and not comma:
            place = f"{shown(file)}: row at line {number}"
            text = f'{place} has a name that is not written as "Last, First", so its parts cannot be told.'
            remedy = "Correct the name in Core Practice, or export this object in the plain layout, then start again."
            raise refused("name-unparted", text, remedy)
        parts += (last, first.removeprefix(" "))
    return parts
