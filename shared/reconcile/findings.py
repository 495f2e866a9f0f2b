"""What the proof found: counts per object, column and rule, and the address of all that is not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.diff.compare import Outcome, Scales

MOST_LISTED = 200
"""How many wrong fields are listed one by one, per lane and in all; every one of them is counted."""
DIGESTS = 1 << 128
CREATOR, FIRST_LINE = "as its creator", "in its first line"


@dataclass(slots=True)
class Findings:
    """What one lane of the reconciler has found so far. Grows with the kinds of difference, not with the rows.

    ``replaced`` counts staged records that a delta brought again: only the latest word of each is compared.
    ``fields`` = ``equal`` + ``after`` + ``differs`` + ``missing``. ``kept`` counts fields only a create can set, in
    rows that were there before the run: no run can compare those. ``further`` counts the second and later rows of a
    record, ``edited`` the rows with a wrong field that somebody else wrote last, ``rules`` the fields that are equal
    after the rule of that name, ``authors`` the rows of notes by where their author stands, and
    ``recombined`` the notes whose parts together are the whole again.
    """

    records: int = 0
    replaced: int = 0
    rows: int = 0
    further: int = 0
    created: int = 0
    matched: int = 0
    fields: int = 0
    equal: int = 0
    after: int = 0
    differs: int = 0
    missing: int = 0
    missing_rows: int = 0
    kept: int = 0
    recombined: int = 0
    edited: int = 0
    excluded: int = 0
    set_aside: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    authors: dict[str, int] = field(default_factory=dict)
    listed: list[list[str]] = field(default_factory=list)
    digest: str = "0"

    def add_row(self, table: str, row_id: str, wrong: Sequence[tuple[str, Outcome]], *, there: bool, ours: bool,
                further: bool = False, edited: bool = False) -> None:  # fmt: skip
        """Count one compared row and its wrong fields; the right ones come with ``add_weighed``."""
        self.rows += 1
        self.further += further
        self.created += ours
        self.matched += there and not ours
        self.missing_rows += not there
        self.edited += edited and bool(wrong)
        for column, outcome in wrong:
            self.fields += 1
            self.differs += outcome is Outcome.DIFFERS
            self.missing += outcome is Outcome.MISSING
            self.columns[column] = self.columns.get(column, 0) + 1
            if len(self.listed) < MOST_LISTED:
                self.listed.append([table, row_id, column, outcome.value])

    def add_weighed(self, scales: Scales) -> None:
        """Count the right fields of the rows that went over ``scales``, once they all have."""
        for rule, equal, after in zip(scales.rules, scales.equal, scales.after, strict=True):
            self.fields += equal + after
            self.equal += equal
            self.after += after
            if after:
                self.rules[rule] = self.rules.get(rule, 0) + after
        self.kept += scales.kept
        self.digest = f"{(int(self.digest, 16) + scales.digest) % DIGESTS:x}"

    def add_author(self, *, named: bool) -> None:
        """Count a note's row by how it says who wrote it: as its creator where that user is ``named`` so, else in its
        first line (A22)."""
        how = CREATOR if named else FIRST_LINE
        self.authors[how] = self.authors.get(how, 0) + 1

    def add_whole(self, table: str, row_id: str, column: str, *, whole: bool) -> None:
        """Count a record whose rows hold a text in parts: they have to be all of it together, besides each being as
        it should be."""
        self.recombined += whole
        if not whole:
            self.fields += 1
            self.differs += 1
            self.columns[column] = self.columns.get(column, 0) + 1
            if len(self.listed) < MOST_LISTED:
                self.listed.append([table, row_id, column, Outcome.DIFFERS.value])

    def add_excluded(self, rule: str) -> None:
        """Count a record that gets no row by a named rule."""
        self.excluded += 1
        self.reasons[rule] = self.reasons.get(rule, 0) + 1

    def add_set_aside(self, reason: str, *, ours: bool = False, further: bool = False) -> None:
        """Count a record that could not go. ``ours``: its row is there, made by this run and edited by a person."""
        self.set_aside += not further
        self.created += ours
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


def merged(findings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The findings of several lanes as one."""
    total = {name: getattr(Findings(), name) for name in Findings.__slots__}
    for part in findings:
        for name, value in part.items():
            if name == "digest":
                total[name] = f"{(int(total[name], 16) + int(value, 16)) % DIGESTS:x}"
            elif isinstance(value, int):
                total[name] += value
            elif isinstance(value, Mapping):
                for key, count in value.items():
                    total[name][key] = total[name].get(key, 0) + count
            else:
                total[name] = [*total[name], *value][:MOST_LISTED]
    return total
