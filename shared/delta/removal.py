"""Rows whose records are gone, judged before they go as well: only what we made, and nobody touched since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.journal.entries import Entry
from shared.loading.batches import EDITED, ETAG, created_by

WAS_THERE_BEFORE = "was-there-before"
"""Why a row stays: it is older than the run, and not ours to delete."""


@dataclass(frozen=True, slots=True)
class Removal:
    """``deletes``: id and the version it must still have. ``held``: id and why the row stays."""

    deletes: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)

    def holding(self, held: Mapping[str, str]) -> Removal:
        """The same, with these rows staying as well."""
        deletes = {id_: version for id_, version in self.deletes.items() if id_ not in held}
        return Removal(deletes, {**self.held, **held})


def judge(
    ids: Iterable[str], present: Mapping[str, Mapping[str, Any]], *, left: Mapping[str, Entry], number: int
) -> Removal:
    """What becomes of the rows that are there. ``left``: how this run left each of them, by the journal; ``number`` is
    the run's, which the rows that it made bear."""
    removal = Removal()
    for id_ in ids:
        there, entry = present.get(id_), left.get(id_)
        if there is None:
            continue
        if not created_by(number, there) or (entry is not None and entry.before is not None):
            removal.held[id_] = WAS_THERE_BEFORE
        elif entry is None or entry.version != there[ETAG]:
            removal.held[id_] = EDITED
        else:
            removal.deletes[id_] = str(there[ETAG])
    return removal
