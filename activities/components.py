"""The parts of a schema by name: how each is made, and how it is unmade only while nobody else's data is in it.

A name is what the journal keeps: ``field|contact|bw_sourceid``. It is enough to remove the part again.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from shared.dataverse.client import Dataverse
from shared.schema.gaps import (
    AddField,
    AddKey,
    AddLookup,
    AddOptions,
    AllowColumns,
    CreateTable,
    SecureColumn,
    Step,
)
from shared.schema.model import Field, Key, Kind, Option, Table


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who the schema belongs to; carries the prefix of every name."""

    prefix: str
    option_prefix: int


@dataclass(frozen=True, slots=True)
class Solution:
    """The one solution that holds everything we make."""

    name: str


Part = Publisher | Solution | Step


def solution_name(prefix: str) -> str:
    """The unique name of our solution under a publisher prefix."""
    return f"{prefix}_bridgework"


def containers(prefix: str, option_prefix: int) -> list[Part]:
    """What has to be there before the first table or column."""
    return [Publisher(prefix, option_prefix), Solution(solution_name(prefix))]


def name_of(part: Part) -> str:
    """The part's name in the journal."""
    match part:
        case Publisher():
            return f"publisher|{part.prefix}"
        case Solution():
            return f"solution|{part.name}"
        case CreateTable():
            return f"table|{part.table.name}"
        case AddLookup():
            return f"lookup|{part.table}|{part.field.name}"
        case AddOptions():
            return f"options|{part.table}|{part.field}|{','.join(str(option.value) for option in part.options)}"
        case AddKey():
            return f"key|{part.table}|{part.key.name}"
        case AddField():
            return f"field|{part.table}|{part.field.name}"
        case SecureColumn():
            return f"secure|{part.table}|{part.field}"
        case AllowColumns():
            return f"profile|{part.profile}"


_LAST_OUT = ("profile", "solution", "publisher")


def lateness(name: str) -> int:
    """How late a part is unmade, whatever it was made after.

    While the profile is there we can still see whether a secured column holds somebody's values.
    """
    kind = name.partition("|")[0]
    return _LAST_OUT.index(kind) + 1 if kind in _LAST_OUT else 0


async def is_there(target: Dataverse, part: Publisher | Solution) -> bool:
    """Whether a container was there before us."""
    match part:
        case Publisher():
            return await target.has_publisher(part.prefix)
        case Solution():
            return await target.has_solution(part.name)


async def create(target: Dataverse, part: Part, *, prefix: str) -> bool:
    """Make a part if it is not there. Answers whether it was made now."""
    solution = solution_name(prefix)
    match part:
        case Publisher():
            return await target.ensure_publisher(part.prefix, part.option_prefix)
        case Solution():
            return await target.ensure_solution(part.name, prefix)
        case CreateTable():
            return await target.create_table(part.table, solution=solution)
        case AddField():
            return await target.create_field(part.table, part.field, solution=solution)
        case AddLookup():
            return await target.create_lookup(part.table, part.field, solution=solution)
        case AddOptions():
            return await target.add_options(part.table, part.field, part.options, solution=solution)
        case AddKey():
            return await target.create_key(part.table, part.key, solution=solution)
        case SecureColumn():
            return await target.secure_field(part.table, part.field)
        case AllowColumns():
            us = (await target.who_am_i()).user_id
            return await target.ensure_security_profile(part.profile, part.columns, [us])


async def drop(target: Dataverse, name: str, *, made_tables: frozenset[str]) -> str:
    """Unmake a part. Answers why it stays, or with nothing when it is gone.

    What lives in a table of ours goes with the table, so it is not unmade piece by piece; but a lookup from one of our
    tables to another goes first, because Dataverse drops no table that something points to (0x8004f01f).
    """
    kind, owner, *rest = name.split("|")
    if kind == "publisher":
        return await _emptied(target.drop_publisher(owner))
    if kind == "solution":
        return await _emptied(target.drop_solution(owner))
    if kind == "profile":
        return await _emptied(target.drop_security_profile(owner))
    if owner in made_tables and kind not in ("table", "lookup"):
        return ""
    live = (await target.tables([owner])).get(owner)
    if live is None or (kind != "table" and owner in made_tables and not _leads_out(live, kind, rest, made_tables)):
        return ""
    if kind == "table":
        return await _drop_table(target, live)
    if kind == "key":
        await target.drop_key(owner, Key(rest[0], ()))
        return ""
    field = live.field(rest[0])
    if field is None:
        return ""
    if kind == "secure":
        await target.secure_field(owner, field.name, secured=False)
        return ""
    if kind == "options":
        return await _drop_options(target, live, field, [Option(int(value), "") for value in rest[1].split(",")])
    return await _drop_field(target, live, field)


def _leads_out(table: Table, kind: str, rest: list[str], made_tables: frozenset[str]) -> bool:
    field = table.field(rest[0]) if kind == "lookup" else None
    return field is not None and bool(set(field.targets) & (made_tables - {table.name}))


async def _emptied(dropping: Awaitable[bool]) -> str:
    await dropping
    return ""


async def _drop_table(target: Dataverse, table: Table) -> str:
    if await target.count(table):
        return "holds-rows"
    await target.drop_table(table.name)
    return ""


async def _drop_options(target: Dataverse, table: Table, field: Field, options: list[Option]) -> str:
    for option in options:
        if await target.count(table, f"{field.name} eq {option.value}"):
            return "holds-values"
    await target.remove_options(table.name, field.name, options)
    return ""


async def _drop_field(target: Dataverse, table: Table, field: Field) -> str:
    linked = field.kind is Kind.LOOKUP
    column = f"_{field.name}_value" if linked else field.name
    if await target.count(table, f"{column} ne null"):
        return "holds-values"
    if linked:
        await target.drop_lookup(table.name, field)
    else:
        await target.drop_field(table.name, field.name)
    return ""
