"""What the target lacks, and what stands in the way: a plain comparison of wanted tables with the live ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.schema.fit import matching_key, mismatch, securable, secured
from shared.schema.model import Field, Key, Kind, Option, Table
from shared.schema.portal import listed
from shared.schema.room import Notice, notices, too_many

PROFILE = "Bridgework: health data"
"""The column security profile that lets the app's own user write what it locks away. Nobody else is added by us."""


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
class SecureColumn:
    """Column security to switch on for a column that is there without it."""

    table: str
    field: str


@dataclass(frozen=True, slots=True)
class AddLookup:
    """A lookup to make, with its relationship, or relationships."""

    table: str
    field: Field


@dataclass(frozen=True, slots=True)
class AddKey:
    """An alternate key to make."""

    table: str
    key: Key


@dataclass(frozen=True, slots=True)
class AllowColumns:
    """The profile that lets the app's user read and write the secured columns, each as table and column."""

    profile: str
    columns: tuple[tuple[str, str], ...]


Step = CreateTable | AddField | AddOptions | SecureColumn | AddLookup | AddKey | AllowColumns


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
    """The steps in the order they have to be taken, and what makes them pointless until someone acts.

    ``notices`` are for a person to know; they stop nothing.
    """

    steps: tuple[Step, ...]
    blockers: tuple[Blocker, ...]
    notices: tuple[Notice, ...] = ()


_ORDER = (CreateTable, AddField, AddOptions, SecureColumn, AddLookup, AddKey, AllowColumns)


def gaps(
    wanted: Sequence[Table],
    live: Mapping[str, Table],
    *,
    option_prefix: int = 72700,
    allowed: Iterable[tuple[str, str]] | None = None,
) -> Gaps:
    """Steps and blockers. ``option_prefix`` is the publisher's: new choice values start at ten thousand times it.

    ``allowed`` are the secured columns that the app's user may read and write by now; None when nobody has asked,
    and then the profile is no step.
    """
    steps: list[Step] = []
    blockers: list[Blocker] = []
    known = frozenset(live) | {table.name for table in wanted}
    for table in wanted:
        present = live.get(table.name)
        if present is None and not table.custom:
            text = "This standard table is not in the environment, or the application user cannot see it."
            blockers.append(Blocker(table.name, "", text, missing=True))
            continue
        if text := too_many(table, present):
            blockers.append(Blocker(table.name, "", text))
        if present is None:
            steps.append(CreateTable(_lockable(table)))
        for field in _lockable(table).fields:
            there = present.field(field.name) if present else None
            if there is None:
                _absent(table, field, present, known, steps, blockers, option_prefix)
            else:
                _present(table.name, field, there, steps, blockers, option_prefix)
        for key in table.keys:
            _compare_key(table, key, present, steps, blockers)
    steps += _profile(wanted, allowed)
    steps.sort(key=lambda step: _ORDER.index(type(step)))
    noticed = (notice for table in wanted for notice in notices(table, live.get(table.name)))
    return Gaps(tuple(steps), tuple(blockers), tuple(noticed))


def secured_columns(wanted: Sequence[Table]) -> tuple[tuple[str, str], ...]:
    """Every column to be locked, as table and column."""
    return tuple((table.name, name) for table in wanted for name in secured(table))


def _lockable(table: Table) -> Table:
    """The table without a wish for column security where it cannot be had."""
    fields = (
        replace(field, secured=False) if field.secured and not securable(table, field) else field
        for field in table.fields
    )
    return replace(table, fields=tuple(fields))


def _absent(
    table: Table,
    field: Field,
    present: Table | None,
    known: frozenset[str],
    steps: list[Step],
    blockers: list[Blocker],
    option_prefix: int,
) -> None:
    """A column that is not there."""
    if present is None and field.name in (table.primary_name, table.primary_id):
        return
    if not field.custom:
        if not _comes_by_itself(table, field, present):
            text = "This standard column is not in the environment."
            blockers.append(Blocker(table.name, field.name, text, missing=True))
    elif field.kind is Kind.LOOKUP:
        nowhere = [target for target in field.targets if target not in known]
        if nowhere or not field.targets:
            text = f"The lookup has to point to {listed(nowhere) or 'a table'}, which is not in the environment."
            blockers.append(Blocker(table.name, field.name, text))
        else:
            steps.append(AddLookup(table.name, field))
    else:
        numbered = replace(field, options=number(field.options, (), option_prefix=option_prefix))
        steps.append(AddField(table.name, numbered))


_EVERY_TABLE = frozenset(
    {"createdon", "modifiedon", "overriddencreatedon", "importsequencenumber", "ownerid", "statecode", "statuscode"}
)
"""Columns that Dataverse itself puts on every user-owned table it makes."""
_WITH_MONEY = frozenset({"transactioncurrencyid", "exchangerate"})
"""Columns that it adds together with a table's first currency column."""


def _comes_by_itself(table: Table, field: Field, present: Table | None) -> bool:
    """Whether Dataverse makes the column along with something that we make."""
    if field.name in _WITH_MONEY:
        money = (other for other in table.fields if other.kind is Kind.MONEY and other.custom)
        return any(present is None or present.field(other.name) is None for other in money)
    return present is None and field.name in _EVERY_TABLE


def _present(
    table: str, field: Field, there: Field, steps: list[Step], blockers: list[Blocker], option_prefix: int
) -> None:
    """A column that is there, in this shape or another."""
    text = mismatch(field, there)
    if text:
        blockers.append(Blocker(table, field.name, text))
        return
    missing = _missing(field.options, there.options)
    if missing:
        steps.append(AddOptions(table, field.name, number(missing, there.options, option_prefix=option_prefix)))
    if field.secured and not there.secured:
        steps.append(SecureColumn(table, field.name))


def _profile(wanted: Sequence[Table], allowed: Iterable[tuple[str, str]] | None) -> list[Step]:
    columns = secured_columns(wanted)
    if allowed is None or set(columns) <= set(allowed):
        return []
    return [AllowColumns(PROFILE, columns)]


def _compare_key(table: Table, key: Key, present: Table | None, steps: list[Step], blockers: list[Blocker]) -> None:
    there = matching_key(present, key)
    if there is None:
        steps.append(AddKey(table.name, key))
    elif set(there.fields) != set(key.fields):
        text = f"A key named {there.name} is there over other columns: {', '.join(there.fields)}."
        blockers.append(Blocker(table.name, there.name, text))
    elif there.status == "Failed":
        text = f"The key {there.name} could not be built: rows with the same value are there already."
        blockers.append(Blocker(table.name, there.name, text))


def unready_keys(wanted: Sequence[Table], live: Mapping[str, Table]) -> tuple[tuple[str, str], ...]:
    """Table and name of each key whose index is still being built; rows written before may be refused."""
    return tuple(
        (table.name, there.name)
        for table in wanted
        for key in table.keys
        if (there := matching_key(live.get(table.name), key)) and there.status.lower() not in ("active", "")
    )


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
