"""What kind of item a code names, from its shape alone: no schedule is copied here, so no fee or description either.

Three digits, 011-999, are the Australian Schedule of Dental Services and Glossary (Australian Dental Association, 13th
edition), grouped by the first. Two payers write the same numbers behind a mark of their own: Medicare's Child Dental
Benefits Schedule as 88011, Veterans' Affairs as D011 (dentist), S011 (specialist), T011 (prosthetist). D and four
digits are CDT (American Dental Association). The NHS pays by bands and has no codes of this kind.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Schedule(StrEnum):
    """Whose numbers a code is written in."""

    AUSTRALIAN = "australian-schedule"
    CHILD_DENTAL_BENEFITS = "child-dental-benefits"
    VETERANS = "veterans-affairs"
    CDT = "cdt"


@dataclass(frozen=True, slots=True)
class ItemCode:
    """A code as written, and what it is: three digits for the Australian schedules, ``D`` and four for CDT."""

    raw: str
    canonical: str | None = None
    schedule: Schedule | None = None
    group: str | None = None
    problem: str | None = None


AUSTRALIAN_GROUPS = {
    "0": "Diagnostic",
    "1": "Preventive",
    "2": "Periodontics",
    "3": "Oral surgery",
    "4": "Endodontics",
    "5": "Restorative",
    "6": "Crown and bridge",
    "7": "Removable prosthodontics",
    "8": "Orthodontics",
    "9": "General services",
}
"""The schedule's ten chapters by first digit."""

CDT_GROUPS = (
    ("D0100", "Diagnostic"),
    ("D1000", "Preventive"),
    ("D2000", "Restorative"),
    ("D3000", "Endodontics"),
    ("D4000", "Periodontics"),
    ("D5000", "Removable prosthodontics"),
    ("D5900", "Maxillofacial prosthetics"),
    ("D6000", "Implant services"),
    ("D6200", "Fixed prosthodontics"),
    ("D7000", "Oral surgery"),
    ("D8000", "Orthodontics"),
    ("D9000", "General services"),
)
"""CDT's twelve categories, each from its first code on."""

PROBLEMS = {
    "item-code-unknown": "The shape of no schedule that we know.",
    "item-code-too-short": "One or two digits: perhaps a spreadsheet dropped a zero, perhaps the practice's own code.",
    "item-code-out-of-range": "The right shape, but below the first item of its schedule.",
}
"""Every problem slug, and what it means."""

SHAPES = (
    (re.compile(r"([0-9]{3})"), Schedule.AUSTRALIAN),
    (re.compile(r"88([0-9]{3})"), Schedule.CHILD_DENTAL_BENEFITS),
    (re.compile(r"[DST]([0-9]{3})"), Schedule.VETERANS),
    (re.compile(r"(D[0-9]{4})"), Schedule.CDT),
)


def read(code: str | None) -> ItemCode:
    """What a code is by its shape. An absent code is an empty one, without a problem."""
    raw = (code or "").strip()
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", raw).upper())
    if not plain:
        return ItemCode(raw)
    for shape, schedule in SHAPES:
        if fits := shape.fullmatch(plain):
            return _read(raw, fits[1], schedule)
    return ItemCode(raw, problem="item-code-too-short" if re.fullmatch("[0-9]{1,2}", plain) else "item-code-unknown")


def _read(raw: str, canonical: str, schedule: Schedule) -> ItemCode:
    if canonical < ("D0100" if schedule is Schedule.CDT else "011"):
        return ItemCode(raw, problem="item-code-out-of-range")
    if schedule is Schedule.CDT:
        group = next(name for first, name in reversed(CDT_GROUPS) if canonical >= first)
    else:
        group = AUSTRALIAN_GROUPS[canonical[0]]
    return ItemCode(raw, canonical, schedule, group)
