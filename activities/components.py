"""The parts of a schema by name: how each is made, and how it is unmade only while nobody else's data is in it.

A name is what the journal keeps: ``field|contact|bw_sourceid``. It is enough to remove the part again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.dataverse import odata
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


def containers(prefix: str, option_prefix: int) -> list[Publisher | Solution]:
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
            return await target.ensure_security_profile(part.profile, part.columns, await target.ours())


Count = Callable[[Table, str], Awaitable[int]]
"""How many rows of a table match a rule, or are there at all where the rule is empty."""


Looked = dict[str, Table | None]
"""Tables as they were when they were looked at first: reading one takes half a dozen requests, and a call unmakes many
parts of a few tables. What is gone since is as good as gone; whether a part is in use is asked anew for each."""


async def drop(target: Dataverse, name: str, *, made_tables: frozenset[str], looked: Looked | None = None) -> str:
    """Unmake a part. Answers why it stays, or with nothing when it is gone. ``looked``: kept from part to part."""
    kind, owner, *rest = name.split("|")
    if kind == "publisher":
        return await _emptied(target.drop_publisher(owner))
    if kind == "solution":
        return await _emptied(target.drop_solution(owner))
    if kind == "profile":
        return await _emptied(target.drop_security_profile(owner))
    live = await _live(target, name, made_tables, looked)
    if live is None:
        return ""
    if kind == "key":
        return await _emptied(target.drop_key(owner, Key(rest[0], ())))
    if why := await _in_use(live, name, target.count):
        return why
    if kind == "table":
        await target.drop_table(live.name)
    elif field := live.field(rest[0]):
        await _drop_from(target, live, field, kind, rest)
    return ""


async def why_stays(
    target: Dataverse, name: str, *, made_tables: frozenset[str], count: Count, looked: Looked | None = None
) -> str:
    """Why ``drop`` would leave a part, if ``count`` says what is left then; nothing where it would go."""
    live = None if name.partition("|")[0] in (*_LAST_OUT, "key") else await _live(target, name, made_tables, looked)
    return await _in_use(live, name, count) if live else ""


async def _live(target: Dataverse, name: str, made_tables: frozenset[str], looked: Looked | None) -> Table | None:
    """The table that a part belongs to; None where there is nothing to do about the part.

    What lives in a table of ours goes with the table, so it is not unmade piece by piece; but a lookup from one of our
    tables to another goes first, because Dataverse drops no table that something points to (0x8004f01f).
    """
    kind, owner, *rest = name.split("|")
    if owner in made_tables and kind not in ("table", "lookup"):
        return None
    seen = {} if looked is None else looked
    if owner not in seen:
        seen[owner] = (await target.tables([owner])).get(owner)
    live = seen[owner]
    if live and kind == "lookup" and owner in made_tables and not _leads_out(live, rest, made_tables):
        return None
    return live


def _leads_out(table: Table, rest: list[str], made_tables: frozenset[str]) -> bool:
    field = table.field(rest[0])
    return field is not None and bool(set(field.targets) & (made_tables - {table.name}))


async def _emptied(dropping: Awaitable[Any]) -> str:
    await dropping
    return ""


async def _in_use(live: Table, name: str, count: Count) -> str:
    kind, _, *rest = name.split("|")
    if kind == "table":
        return "holds-rows" if await count(live, "") else ""
    if kind == "secure":
        return ""
    for rule in held_by(live, kind, rest):
        if await count(live, rule):
            return "holds-values"
    return ""


def held_by(live: Table, kind: str, rest: Sequence[str]) -> list[str]:
    """The rules for the rows that keep a column, or one of its choices, in use."""
    field = live.field(rest[0])
    if field is None:
        return []
    if kind == "options":
        return [f"{field.name} eq {value}" for value in rest[1].split(",")]
    return [f"{odata.read_name(live, field.name)} ne null"]


async def _drop_from(target: Dataverse, table: Table, field: Field, kind: str, rest: Sequence[str]) -> None:
    if kind == "secure":
        await target.secure_field(table.name, field.name, secured=False)
    elif kind == "options":
        options = [Option(int(value), "") for value in rest[1].split(",")]
        await target.remove_options(table.name, field.name, options)
    elif field.kind is Kind.LOOKUP:
        await target.drop_lookup(table.name, field)
    else:
        await target.drop_field(table.name, field.name)
