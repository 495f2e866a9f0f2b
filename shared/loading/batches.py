"""What one batch has to do, decided from what should be there and what is.

The same decision serves a first attempt, a repeat after a crash and a second run: what is there already is not sent
again, and what a person changed since is not written over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.delta.three_way import Merge
from shared.journal.entries import MERGED, Entry, Page, PageState
from shared.mapping.compiled import NUMBER, ObjectMap
from shared.mapping.placements.talk import PARTIES
from shared.mapping.rows import ACTIVE, Excluded, Row, SetAside, state_there

ETAG = "@odata.etag"
Weigh = Callable[[Row, Mapping[str, Any]], Merge | None]
EDITED = "edited-since"
"""Why a record is set aside whose row a person changed after us."""
KEPT = "edit-kept"
"""Why a record's row is not all that the source says: what a person changed in other fields stands."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """One batch of records: those with a row to be, those excluded by rule, those that cannot go."""

    rows: dict[str, Row]
    excluded: dict[str, int]
    set_aside: list[tuple[str, SetAside]]
    source_ids: dict[str, str]


@dataclass(frozen=True, slots=True)
class Batch:
    """What to send: ``creates`` are the ids of the rows to make, which are put into wire form only as they go;
    ``updates`` are in wire form. ``touched`` are the ids that will differ afterwards; ``conflicts`` are left alone.
    ``merges`` are rows that somebody had edited: what of the source's changes went in, and what stands.

    ``states`` are the second writes that set a state, with the columns that go along. ``reopened`` are closed rows that
    must be open while they are changed.
    """

    creates: list[str] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    states: list[tuple[str, int, int]] = field(default_factory=list)
    closing: dict[str, dict[str, Any]] = field(default_factory=dict)
    reopened: list[tuple[str, int, int]] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    merges: dict[str, Merge] = field(default_factory=dict)


def sort_records(object_map: ObjectMap, records: Iterable[Mapping[str, Any]]) -> Sorted:
    """Every record into one of three."""
    found = Sorted({}, {}, [], {})
    for record in records:
        result = object_map.rows(record)
        if isinstance(result, list):
            source_id = str(record["id"])
            for row in result:
                found.rows[row.id] = row
                found.source_ids[row.id] = source_id
        elif isinstance(result, Excluded):
            found.excluded[result.rule] = found.excluded.get(result.rule, 0) + 1
        else:
            found.set_aside.append((str(record["id"]), result))
    return found


def decide(
    object_map: ObjectMap,
    rows: Mapping[str, Row],
    present: Mapping[str, Mapping[str, Any]],
    *,
    number: int,
    half_done: Page | None,
    left: Mapping[str, Entry],
    weigh: Weigh | None = None,
    ours_again: Container[str] = (),
) -> Batch:
    """What to send for ``rows``. ``left`` holds the entry of every row this run wrote before, in another batch.
    ``weigh`` says how a row that somebody edited goes together with it; without a word, such a row is left alone.
    ``ours_again`` are rows that a person gave back to the source: written down as ours, even when they hold it all."""
    batch = Batch()
    theirs = edited(rows, present, half_done=half_done, left=left)
    for id_, row in rows.items():
        there = present.get(id_)
        if there is None:
            batch.creates.append(id_)
            batch.touched.append(id_)
            if not object_map.opens_in(row):
                _set_state(batch, object_map, row)
            continue
        made = created_by(number, there)
        names = [name for name in object_map.differing(row, there) if _may_change(object_map, name, made=made)]
        moves = not object_map.in_state(row, there)
        if id_ in theirs and weigh and (merged := weigh(row, there)):
            # Noted even when nothing is to be written: what was weighed now is what the next change is held against.
            batch.merges[id_] = merged
            batch.touched.append(id_)
            names, moves = list(merged.write), merged.moves
        elif id_ in theirs and (names or moves):
            batch.conflicts.append(id_)
            continue
        elif names or moves or id_ in ours_again:
            batch.touched.append(id_)
        locked = bool(names) and object_map.locks_when_closed and state_there(there)[0] != ACTIVE[0]
        if locked:
            batch.reopened.append((id_, *ACTIVE))
        if names:
            update = object_map.to_update(row, names)
            # A row that we wrote before may be edited at this very moment: then the update is refused, not the edit.
            guarded = id_ in left and not locked
            batch.updates.append({**update, ETAG: there[ETAG]} if guarded else update)
        if moves or locked:
            _set_state(batch, object_map, row)
    return batch


def _may_change(object_map: ObjectMap, name: str, *, made: bool) -> bool:
    """Whether a column can be written into a row that is there. The parties of an activity are replaced as one: where
    this run ``made`` it they follow when a patient is merged into another, anybody else's are theirs."""
    return not object_map.by_name[name].create_only or (name == PARTIES and made)


def edited(
    rows: Iterable[str],
    present: Mapping[str, Mapping[str, Any]],
    *,
    half_done: Page | None,
    left: Mapping[str, Entry],
) -> set[str]:
    """Which rows that we wrote in an earlier batch are not as we left them. After a crash that may be our own doing:
    then they are weighed like the others, and turn out to be what the source says."""
    left = {**left, **_settled(half_done)}
    return {id_ for id_ in rows if id_ in present and id_ in left and left[id_].version != present[id_].get(ETAG)}


def mixed(batch: Batch, half_done: Page | None) -> set[str]:
    """The rows that hold a person's changes beside ours, as far as anybody can tell after a crash."""
    began = {entry.id: entry for entry in half_done.entries} if half_done and is_half_done(half_done) else {}
    alone = {id_ for id_, entry in began.items() if entry.version != MERGED}
    return {id_ for id_, merged in batch.merges.items() if merged.stands or id_ not in alone}


def _set_state(batch: Batch, object_map: ObjectMap, row: Row) -> None:
    batch.states.append((row.id, *row.state))
    if values := object_map.closing(row):
        batch.closing[row.id] = values


def is_half_done(page: Page | None) -> bool:
    """Whether an earlier attempt at a batch was cut off before it knew what it left behind."""
    return page is not None and page.state is PageState.INTENDED


def _settled(page: Page | None) -> dict[str, Entry]:
    """What an earlier attempt at a batch left behind, if it got that far: a person may have changed it since."""
    if page is None or page.state is not PageState.SETTLED:
        return {}
    return {entry.id: entry for entry in page.entries if entry.version}


def entries_for(
    object_map: ObjectMap,
    touched: Iterable[str],
    present: Mapping[str, Mapping[str, Any]],
    *,
    half_done: Page | None,
    left: Mapping[str, Entry],
    merged: Container[str] = (),
) -> tuple[Entry, ...]:
    """The journal entries of a batch about to go out: the very first before-value of each row wins. Rows that were
    ``merged`` with somebody's changes are marked, so that no later writer takes them for ours alone."""
    first = dict(left) | ({entry.id: entry for entry in half_done.entries} if half_done else {})
    kept = {entry.id: entry for entry in half_done.entries} if half_done else {}
    columns = [column.read for column in object_map.columns if column.name != PARTIES]
    columns += ["statecode", "statuscode"] if object_map.has_state else []
    for id_ in touched:
        if id_ not in kept:
            there = present.get(id_)
            before = None if there is None else {name: there.get(name) for name in columns}
            kept[id_] = Entry(id_, first[id_].before if id_ in first else before)
    return tuple(replace(entry, version=MERGED) if entry.id in merged else entry for entry in kept.values())


def created_by(number: int, there: Mapping[str, Any] | None) -> bool:
    """Whether a row that is there was created by the run of that number."""
    return there is not None and there.get(NUMBER) == number


def edited_by_another(there: Mapping[str, Any] | None, *, us: Collection[str]) -> bool:
    """Whether somebody else than the users we write as (their ids, in lower case) was the last to change a row. What we
    wrote in another user's name was changed by that user, on our behalf."""
    if there is None or not there.get("_modifiedby_value"):
        return False
    who = (str(there.get(name) or "").lower() for name in ("_modifiedby_value", "_modifiedonbehalfby_value"))
    return not any(one in us for one in who)
