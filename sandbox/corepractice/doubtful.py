"""Sound bundles of report sheets whose dates a reader must not guess at (N16); `DOUBTFUL` lists them.

All are of one small clinic and differ from the plain export in the dates of one column alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.corepractice.bundle import write_bundle
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.spoiling import EXPORTED_AT, PATIENTS, Entries, spoiled

OBJECT, FIELD = "treatments", "treated_on"


def undecidable_dates(path: Path) -> Path:
    """No treatment was on a day after the 12th: day and month cannot be told apart, whichever order it is."""
    practice = Practice(Clinic(PATIENTS))
    for record in list(practice.all(OBJECT)):
        year, month, day = (record[FIELD] or "2024-01-13").split("-")
        early = f"{year}-{month}-{(int(day) - 1) % 12 + 1:02d}"
        practice.edit(OBJECT, record["id"], {FIELD: early, "updated_at": record["updated_at"]})
    write_bundle(practice, path, format="reports", exported_at=EXPORTED_AT)
    return path


def month_first(path: Path) -> Path:
    """Treatments were dated by a machine set to American English; every other column is Australian."""
    practice = Practice(Clinic(PATIENTS))
    write_bundle(practice, path, format="reports", exported_at=EXPORTED_AT, month_first={(OBJECT, FIELD)})
    return path


def contradictory_dates(path: Path) -> Path:
    """One invoice of many is due on a day that only American order allows: the column follows no order at all."""

    def change(entries: Entries) -> None:
        due = re.compile(rb"(,\d+/\d+/\d{4},)(1[3-9]|2\d|3[01])/(\d+)/(\d{4},\$)")
        entries["invoices.csv"], changed = due.subn(rb"\1\3/\2/\4", entries["invoices.csv"], count=1)
        assert changed == 1

    return spoiled(path, change, "reports")


DOUBTFUL: Mapping[str, Callable[[Path], Path]] = {
    bundle.__name__: bundle for bundle in (undecidable_dates, month_first, contradictory_dates)
}
