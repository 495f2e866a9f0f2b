"""Reads `standard/*.table`: what a new organisation already has, in a notation one can check against the reference.

A table starts with `table SchemaName`; then directives, then one column a line:

    Name Kind arguments [flags] | Label         `->` lines below a lookup: target navigation relationship on-delete

Kinds: String/Memo length [format]; Integer/Double/Decimal/Money low high [precision]; Boolean false-label true-label
[default]; Picklist value=Label... [default=n]; DateTime [DateOnly] [format=DateOnly]; Lookup; Customer; Guid.
Flags: ro, nocreate, noupdate, required=Level. `_` in a label stands for a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from .columns import Column, Kind, ManyToMany, Option, Relationship, TableSchema, label, stable_id
from .intersect_tables import intersect_table
from .platform_columns import (
    Addition,
    base_amount,
    currency_columns,
    image_columns,
    ownership_columns,
    record_columns,
    state_columns,
)
from .standard_groups import activity_lines, address_lines

FOLDER = Path(__file__).parent / "standard"
KINDS = {kind.value: kind for kind in Kind} | {"Guid": Kind.GUID}
DEFAULT_FORMATS = {Kind.STRING: "Text", Kind.MEMO: "TextArea", Kind.INTEGER: "None", Kind.DATETIME: "DateAndTime"}


@dataclass
class _Draft:
    schema_name: str
    set_name: str = ""
    code: int = 0
    text: str = ""
    plural: str = ""
    ownership: str = "UserOwned"
    name: str | None = None
    flags: set[str] = field(default_factory=set)
    messages: frozenset[str] = frozenset()
    states: tuple[Option, ...] = ()
    statuses: tuple[Option, ...] = ()
    columns: dict[str, Column] = field(default_factory=dict)
    links: list[Relationship] = field(default_factory=list)

    @property
    def logical_name(self) -> str:
        return self.schema_name.lower()

    def add(self, addition: Addition) -> None:
        for column in addition.columns:
            self.columns.setdefault(column.logical_name, column)
        self.links.extend(addition.relationships)


def standard_tables() -> tuple[list[TableSchema], list[Relationship], list[ManyToMany]]:
    """Every standard table with all its columns, their relationships, and the many-to-many ones."""
    drafts: list[_Draft] = []
    many: list[ManyToMany] = []
    for path in sorted(FOLDER.glob("*.table")):
        for line in _lines(path):
            word, _, rest = line.partition(" ")
            if word == "many":
                many.append(_many(rest))
            elif word == "table":
                drafts.append(_Draft(rest))
            else:
                _read(drafts[-1], word, rest)
    tables = [_finished(draft) for draft in drafts] + [_intersect(link) for link in many]
    links = [link for draft in drafts for link in draft.links]
    return tables, links, many


def _lines(path: Path) -> Iterator[str]:
    return (line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _read(draft: _Draft, word: str, rest: str) -> None:
    match word:
        case "set":
            draft.set_name = rest
        case "code":
            draft.code = int(rest)
        case "label":
            draft.text, _, draft.plural = rest.partition(" / ")
        case "ownership":
            draft.ownership = rest
        case "name":
            draft.name = rest.lower()
        case "flags":
            draft.flags.update(rest.split())
        case "plain":
            draft.flags.add("plain")
        case "messages":
            draft.messages = frozenset(rest.split())
        case "state":
            draft.states = _states(rest)
        case "status":
            draft.statuses = _statuses(rest)
        case "address":
            for line in address_lines(int(rest)):
                _read_column(draft, line)
        case "activity":
            _read_activity(draft, rest)
        case "->":
            _read_target(draft, rest)
        case _:
            _read_column(draft, f"{word} {rest}".strip())


def _read_activity(draft: _Draft, rest: str) -> None:
    states, _, statuses = rest.partition(" / ")
    draft.states, draft.statuses = _states(states), _statuses(statuses)
    draft.flags.add("activity")
    draft.name = "subject"
    for line in activity_lines(draft.schema_name):
        if line.startswith("-> "):
            _read_target(draft, line[3:])
        else:
            _read_column(draft, line)


def _spaced(text: str) -> str:
    return text.replace("_", " ")


def _states(text: str) -> tuple[Option, ...]:
    found = re.findall(r"(\d+)=(\S+):(\d+)", text)
    return tuple(Option(int(v), label(_spaced(t)), default_status=int(status)) for v, t, status in found)


def _statuses(text: str) -> tuple[Option, ...]:
    found = re.findall(r"(\d+)=(\S+)@(\d+)", text)
    return tuple(Option(int(v), label(_spaced(t)), state=int(state)) for v, t, state in found)


def _read_target(draft: _Draft, rest: str) -> None:
    target, navigation, name, delete = rest.split()
    column = next(reversed(draft.columns.values()))
    widened = replace(column, targets=(*column.targets, target))
    draft.columns[column.logical_name] = widened
    draft.links.append(
        Relationship(
            name,
            stable_id("relationship", name),
            target,
            draft.logical_name,
            column.logical_name,
            navigation,
            name,
            delete,
        )
    )


def _default_label(schema_name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", schema_name)


def _read_column(draft: _Draft, line: str) -> None:
    shape, _, text = line.partition(" | ")
    name, kind_name, *words = shape.split()
    kind = KINDS[kind_name]
    facts: dict[str, object] = {"labels": label(text or _default_label(name)), "format": DEFAULT_FORMATS.get(kind)}
    arguments = [word for word in words if not _read_flag(word, facts)]
    _read_arguments(kind, arguments, facts)
    facts["primary_name"] = name.lower() == draft.name
    column = Column(name, kind, stable_id(draft.logical_name, name.lower()), **facts)  # type: ignore[arg-type]
    draft.columns.pop(column.logical_name, None)
    draft.columns[column.logical_name] = column


def _read_flag(word: str, facts: dict[str, object]) -> bool:
    if word in ("ro", "nocreate", "noupdate"):
        if word != "noupdate":
            facts["creatable"] = False
        if word != "nocreate":
            facts["updatable"] = False
        return True
    name, mark, value = word.partition("=")
    if mark and name in ("required", "format", "default"):
        facts[name] = int(value) if name == "default" else value
        return True
    return False


def _read_arguments(kind: Kind, words: list[str], facts: dict[str, object]) -> None:
    match kind:
        case Kind.STRING | Kind.MEMO:
            facts["max_length"] = int(words[0])
            facts["format"] = words[1] if len(words) > 1 else facts["format"]
        case Kind.ENTITY_NAME:
            facts["max_length"] = 64
        case Kind.INTEGER | Kind.DOUBLE | Kind.DECIMAL | Kind.MONEY:
            facts["minimum"], facts["maximum"] = float(words[0]), float(words[1])
            if kind is not Kind.INTEGER:
                facts["precision"] = int(words[2]) if len(words) > 2 else 2
            if kind is Kind.MONEY:
                facts["precision_source"] = 2
        case Kind.BOOLEAN:
            facts["options"] = (Option(0, label(_spaced(words[0]))), Option(1, label(_spaced(words[1]))))
            facts["default"] = words[2] == "true" if len(words) > 2 else None
        case Kind.PICKLIST:
            pairs = (word.split("=", 1) for word in words)
            facts["options"] = tuple(Option(int(value), label(_spaced(text))) for value, text in pairs)
        case Kind.DATETIME:
            facts["behaviour"] = words[0] if words else "UserLocal"
        case Kind.IMAGE:
            facts["max_size_kb"] = int(words[0])
        case _:
            pass


def _finished(draft: _Draft) -> TableSchema:
    table = draft.logical_name
    primary_id = "activityid" if "activity" in draft.flags else f"{table}id"
    identity = Column(
        f"{draft.schema_name}Id",
        Kind.GUID,
        stable_id(table, primary_id),
        label(draft.text),
        required="SystemRequired",
        updatable=False,
    )
    if primary_id == "activityid":
        identity = replace(identity, schema_name="ActivityId")
    draft.add(record_columns(table))
    if draft.ownership == "UserOwned":
        draft.add(ownership_columns(table))
    if draft.states:
        draft.add(state_columns(table, draft.states, draft.statuses))
    money = [column for column in draft.columns.values() if column.kind is Kind.MONEY]
    if money:
        draft.add(currency_columns(table))
        draft.add(Addition(tuple(base_amount(table, column) for column in money)))
    for column in [column for column in draft.columns.values() if column.kind is Kind.IMAGE]:
        draft.add(Addition(image_columns(table, column)))
    return TableSchema(
        schema_name=draft.schema_name,
        set_name=draft.set_name,
        collection_schema_name=draft.plural.replace(" ", "") or draft.schema_name,
        metadata_id=stable_id(table),
        object_type_code=draft.code,
        primary_id=primary_id,
        primary_name=draft.name,
        columns={primary_id: identity, **draft.columns},
        labels=label(draft.text),
        collection_labels=label(draft.plural),
        ownership=draft.ownership,
        messages=draft.messages,
        activity="activity" in draft.flags,
        notes="notes" in draft.flags,
        activities="activities" in draft.flags,
        documents="documents" in draft.flags,
        fixed="fixed" in draft.flags,
    )


def _many(rest: str) -> ManyToMany:
    name, intersect, entity1, entity2 = rest.split()
    return ManyToMany(
        name, stable_id("relationship", name), intersect, entity1, entity2, name, name, f"{entity1}id", f"{entity2}id"
    )


def _intersect(link: ManyToMany) -> TableSchema:
    return intersect_table(link, code=0)
