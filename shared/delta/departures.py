"""What became of records that are gone from the source, and of patients who were archived: told, never guessed (A28).

A patient who was merged into another leaves like one who was deleted. The difference is in what hung on them: all of it
that is still there hangs on one other patient now.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

DELETED, MERGED = "deleted", "merged"
ARCHIVED, RESTORED = "archived", "restored"
GONE_IN_SOURCE = "gone-in-source"
"""What is said of a row whose record is gone, until a person has decided."""
REMOVED = {DELETED: "deleted-in-source", MERGED: "merged-in-source"}
"""The rule by which a record has no row any more, once a person decided so."""

Dependent = tuple[str, str]
"""An object and a source id."""


def survivors(
    then: Mapping[Dependent, str], now: Mapping[Dependent, str | None], *, gone: Container[str]
) -> dict[str, str]:
    """Of patients who are gone, those who were merged, each with the patient whom they were merged into.

    ``then``: the records that referred to a patient who is ``gone``, and to whom; ``now``: to whom those of them refer
    that are still there.
    """
    leads: dict[str, set[str | None]] = {}
    for dependent, patient in then.items():
        if dependent in now:
            leads.setdefault(patient, set()).add(now[dependent])
    found = {patient: next(iter(to)) for patient, to in leads.items() if len(to) == 1}
    return {patient: to for patient, to in found.items() if to and to != patient and to not in gone}


def flip(then: str | None, now: Mapping[str, Any]) -> str:
    """Whether a patient was put into the archive or taken out of it; nothing where neither. ``then``: the status that
    the patient had, None where there was none before."""
    was, is_ = then == ARCHIVED, now.get("status") == ARCHIVED
    if then is None or was == is_:
        return ""
    return ARCHIVED if is_ else RESTORED
