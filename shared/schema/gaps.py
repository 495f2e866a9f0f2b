"""What the target lacks, and what stands in the way: a plain comparison of wanted tables with the live ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.schema.model import Field, Key, Kind, Option, Table


@dataclass(frozen=True, slots=True)
class CreateTable:
    """A table to make, with its primary name column; its other columns are steps of their own."""

    table: Table


@dataclass(frozen=True, slots=True)
class AddField:
    """A column to make. The options of a choice carry their values already."""

    table: str
    field: Field


@dataclass(frozen=True, slots=True)
class AddOptions:
    """Values to add to a choice that is there."""

    table: str
    field: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class AddLookup:
    """A lookup to make, with its relationship."""

    table: str
    field: Field


@dataclass(frozen=True, slots=True)
class AddKey:
    """An alternate key to make."""

    table: str
    key: Key


Step = CreateTable | AddField | AddOptions | AddLookup | AddKey


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something a person has to settle before the schema can be applied. ``field`` is empty for a whole table.

    ``missing`` says that it is not there at all, rather than there in another shape.
    """

    table: str
    field: str
    text: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Gaps:
    """The steps in the order they have to be taken, and what makes them pointless until someone acts."""

    steps: tuple[Step, ...]
    blockers: tuple[Blocker, ...]


_ORDER = (CreateTable, AddField, AddOptions, AddLookup, AddKey)

_FITS: dict[Kind, frozenset[Kind]] = {
    Kind.TEXT: frozenset({Kind.TEXT, Kind.MEMO}),
    Kind.MEMO: frozenset({Kind.MEMO, Kind.TEXT}),
    Kind.LOOKUP: frozenset({Kind.LOOKUP, Kind.OWNER}),
}
"""Which live kinds can hold a wanted kind besides the kind itself: what travels on the wire is the same."""


def gaps(wanted: Sequence[Table], live: Mapping[str, Table], *, option_prefix: int = 72700) -> Gaps:
    """Steps and blockers. ``option_prefix`` is the publisher's: new choice values start at ten thousand times it."""
    steps: list[Step] = []
    blockers: list[Blocker] = []
    for table in wanted:
        present = live.get(table.name)
        if present is None and not table.custom:
            text = "This standard table is not in the environment, or the application user cannot see it."
            blockers.append(Blocker(table.name, "", text, missing=True))
            continue
        if present is None:
            steps.append(CreateTable(table))
        for field in table.fields:
            _compare(table, field, present, steps, blockers, option_prefix)
        for key in table.keys:
            _compare_key(table, key, present, steps, blockers)
    steps.sort(key=lambda step: _ORDER.index(type(step)))
    return Gaps(tuple(steps), tuple(blockers))


def _compare(
    table: Table,
    field: Field,
    present: Table | None,
    steps: list[Step],
    blockers: list[Blocker],
    option_prefix: int,
) -> None:
    there = present.field(field.name) if present else None
    if there is None:
        if present is None and field.name in (table.primary_name, table.primary_id):
            return
        if not field.custom and not (present is None and field.name in _EVERY_TABLE):
            text = "This standard column is not in the environment."
            blockers.append(Blocker(table.name, field.name, text, missing=True))
        elif field.custom and field.kind is Kind.LOOKUP:
            steps.append(AddLookup(table.name, field))
        elif field.custom:
            numbered = replace(field, options=number(field.options, (), option_prefix=option_prefix))
            steps.append(AddField(table.name, numbered))
        return
    text = _mismatch(field, there)
    if text:
        blockers.append(Blocker(table.name, field.name, text))
        return
    missing = _missing(field.options, there.options)
    if missing:
        values = number(missing, there.options, option_prefix=option_prefix)
        steps.append(AddOptions(table.name, field.name, values))


_EVERY_TABLE = frozenset(
    {"createdon", "modifiedon", "overriddencreatedon", "importsequencenumber", "ownerid", "statecode", "statuscode"}
)
"""Columns that Dataverse itself puts on every user-owned table it makes."""


def _mismatch(field: Field, there: Field) -> str:
    if there.kind is not field.kind and there.kind not in _FITS.get(field.kind, frozenset()):
        return f"The column is there with another kind: {there.kind} where {field.kind} is needed."
    if field.max_length and there.max_length and there.max_length < field.max_length:
        return f"The column is too short: {there.max_length} characters where {field.max_length} are needed."
    if field.kind is Kind.LOOKUP:
        missing = [target for target in field.targets if target not in there.targets]
        if missing:
            return f"The lookup is there but cannot point to {', '.join(missing)}."
    return ""


def _compare_key(table: Table, key: Key, present: Table | None, steps: list[Step], blockers: list[Blocker]) -> None:
    for there in present.keys if present else ():
        same_fields = set(there.fields) == set(key.fields)
        if there.name.lower() != key.name.lower() and not same_fields:
            continue
        if not same_fields:
            text = f"A key named {there.name} is there over other columns: {', '.join(there.fields)}."
            blockers.append(Blocker(table.name, there.name, text))
        elif there.status == "Failed":
            text = f"The key {there.name} could not be built: rows with the same value are there already."
            blockers.append(Blocker(table.name, there.name, text))
        return
    steps.append(AddKey(table.name, key))


def _missing(wanted: Iterable[Option], live: Iterable[Option]) -> tuple[Option, ...]:
    labels = {_plain(option.label) for option in live}
    return tuple(option for option in wanted if _plain(option.label) not in labels)


def _plain(label: str) -> str:
    return " ".join(label.casefold().split())


def number(options: Sequence[Option], taken: Iterable[Option], *, option_prefix: int) -> tuple[Option, ...]:
    """The options with a value each: their own, or the next free one of the publisher's range."""
    used = {option.value for option in (*taken, *options) if option.value}
    following = option_prefix * 10_000
    numbered = []
    for option in options:
        if not option.value:
            while following in used:
                following += 1
            option = replace(option, value=following)
            used.add(following)
        numbered.append(option)
    return tuple(numbered)
