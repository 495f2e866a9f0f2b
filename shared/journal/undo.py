"""The way back, decided row by row: what we made goes, what we changed returns, what a person touched since stays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.journal.entries import FORGOTTEN, MERGED, Entry, Page, PageState

ERASED = "before-values-erased"
"""Why a row stays as it is: what it held before was erased with the person it is about."""
ETAG = "@odata.etag"


@dataclass(frozen=True, slots=True)
class Undo:
    """``deletes``: id, version. ``restores``: entry, version. ``held``: id, reason. ``done``: as it was already."""

    deletes: list[tuple[str, str]] = field(default_factory=list)
    restores: list[tuple[Entry, str]] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)
    done: int = 0


def _none(_: str) -> bool:
    return False


def decide(
    page: Page,
    present: Mapping[str, Mapping[str, Any]],
    *,
    us: Collection[str],
    released: Callable[[str], bool] = _none,
) -> Undo:
    """What undoing a page takes. ``us`` are the users the app writes as, in lower case; ``released``: whether a person
    said that a row may be undone although somebody edited it.

    A page that was intended but never settled has no versions: such a row is ours while we were the last to change it.
    """
    undo = Undo()
    done = 0
    for entry in page.entries:
        there = present.get(entry.id)
        if there is None:
            if entry.before is not None:
                undo.held.append((entry.id, "deleted-since"))
            else:
                done += 1
        elif entry.before == FORGOTTEN:
            undo.held.append((entry.id, ERASED))
        elif entry.before is not None and _as_before(entry.before, there):
            done += 1
        elif not _untouched(page, entry, there, us) and not released(entry.id):
            undo.held.append((entry.id, "edited-since"))
        elif entry.before is None:
            undo.deletes.append((entry.id, str(there[ETAG])))
        else:
            undo.restores.append((entry, str(there[ETAG])))
    return Undo(undo.deletes, undo.restores, undo.held, done)


def _untouched(page: Page, entry: Entry, there: Mapping[str, Any], us: Collection[str]) -> bool:
    if entry.version == MERGED:
        return False
    if page.state is PageState.SETTLED and entry.version:
        return bool(there[ETAG] == entry.version)
    # What we wrote in another user's name was changed by that user, on our behalf.
    who = (str(there.get(name)).lower() for name in ("_modifiedby_value", "_modifiedonbehalfby_value"))
    return any(one in us for one in who)


def _as_before(before: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    return all(there.get(name) == value for name, value in before.items())
