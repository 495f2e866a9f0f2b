"""A mapping compiled against the live target, once per run: the hot path from a record to a row.

The loader and the reconciler both come here for what a row should be; neither looks at what the other did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import Stop
from shared.mapping import transforms
from shared.mapping.crosswalk import Crosswalk
from shared.mapping.model import FieldMap, FieldRule, ObjectRule
from shared.mapping.transforms import Transform, Unfit, Value
from shared.mapping.wanted import TARGETS_OF
from shared.schema.model import Field, Kind, Table
from shared.vocabulary import row_id

CREATED_ON = "createdon"
LONGEST_TEXT = 4000
NUMBER = "importsequencenumber"
BESIDES = ("statecode", "statuscode", NUMBER, "modifiedby")
ACTIVE, INACTIVE = (0, 1), (1, 2)
"""State and status reason of standard and custom tables' default states (the Web API's entity reference)."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a record should be at the target: its id and its columns in the form they read back in."""

    id: str
    values: dict[str, Value]
    active: bool


@dataclass(frozen=True, slots=True)
class Excluded:
    """A record that gets no row of its own, by a named rule."""

    rule: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that cannot go, and why: a slug and a column, never a value."""

    reason: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table as it is written and read. ``read`` differs from ``name`` for lookups."""

    name: str
    read: str
    label: str
    rule: str
    source: str
    bind: str = ""
    bind_set: str = ""
    create_only: bool = False


Getter = Callable[[Mapping[str, Any]], Value]


class ObjectMap:
    """One object's rule, ready to run. Building it fails with Stop when the target lacks something it needs."""

    def __init__(self, rule: ObjectRule, mapping: FieldMap, live: Mapping[str, Table], crosswalk: Crosswalk) -> None:
        if rule.table not in live:
            raise Stop("target-table-missing", f"The target has no table {rule.table}.")
        self.object = rule.object
        self.wave = rule.wave
        self.table = live[rule.table]
        self._rule = rule
        self._system = mapping.source_system
        self._crosswalk = crosswalk
        self._live = live
        self._defaults = mapping.rule("defaults") is not None
        self.columns: list[Column] = []
        self._getters: list[tuple[str, Getter]] = []
        for field_rule in rule.fields:
            self._add(field_rule)
        self._add_owner()
        self.by_name = {column.name: column for column in self.columns}
        self.select = [self.table.primary_id, *(column.name for column in self.columns), *BESIDES]
        """What a row is read back with: every mapped column, its state, and who made and last changed it."""

    def _add(self, rule: FieldRule) -> None:
        live = self.table.field(rule.target)
        if live is None:
            raise Stop("target-column-missing", f"The target has no column {self.table.name}.{rule.target}.")
        if rule.kind is Kind.LOOKUP:
            self._add_lookup(rule, live)
            return
        create_only = rule.target == CREATED_ON
        self.columns.append(
            Column(rule.target, rule.target, rule.label, rule.transform, rule.source, create_only=create_only)
        )
        self._getters.append((rule.target, self._getter(rule, live)))

    def _getter(self, rule: FieldRule, live: Field) -> Getter:
        source = rule.source
        if rule.transform == "source_key":
            return lambda record: f"{self._system}|{self.object}|{record['id']}"
        if rule.transform == "appointment_name":
            return _appointment_name
        if rule.transform == "constant":
            number = _numbers(rule, live)[rule.choices[0][0]]
            return lambda record: number
        transform: Transform
        if rule.transform == "choice":
            transform = transforms.choice(_numbers(rule, live))
        elif rule.transform == "shortened":
            transform = transforms.shortened_text(live.max_length or LONGEST_TEXT)
        elif rule.transform == "text" and live.max_length:
            transform = transforms.bounded_text(live.max_length)
        else:
            transform = transforms.PLAIN[rule.transform]
        return lambda record: transform(record.get(source))

    def _add_lookup(self, rule: FieldRule, live: Field) -> None:
        groups = {"users"} if "users" in rule.refers_to else set(rule.refers_to)
        target = self._target_of(rule)
        bind = live.navigation_to(target)
        if bind is None or target not in self._live:
            raise Stop("target-lookup-missing", f"{self.table.name}.{rule.target} cannot point to {target}.")
        self.columns.append(
            Column(
                rule.target, f"_{rule.target}_value", rule.label, rule.transform, rule.source,
                f"{bind}@odata.bind", self._live[target].set_name,
            )
        )  # fmt: skip
        referred = rule.refers_to[0]
        has_default = "defaults" in rule.refers_to and self._defaults
        default = row_id(self._system, "defaults", DEFAULT_ACCOUNT) if has_default else None

        def linked(record: Mapping[str, Any]) -> Value:
            source_id = record.get(rule.source)
            if source_id is None or source_id == "":
                return default
            found = self._crosswalk.resolve(referred, str(source_id))
            if found is None:
                raise Unfit("parent-missing")
            return found[1] if found[0] in groups else None

        self._getters.append((rule.target, linked))

    def _target_of(self, rule: FieldRule) -> str:
        if "users" in rule.refers_to:
            return "systemuser"
        return TARGETS_OF.get(rule.refers_to[0]) or {"staff": "contact", "patients": "contact"}[rule.refers_to[0]]

    def _add_owner(self) -> None:
        source = self._rule.owner_from
        self.columns.append(
            Column("ownerid", "_ownerid_value", "Owner", "owner", source, "ownerid@odata.bind", "systemusers")
        )
        owner = self._crosswalk.owner
        self._getters.append(("ownerid", lambda record: owner(record.get(source)) if source else owner(None)))

    def row(self, record: Mapping[str, Any]) -> Row | Excluded | SetAside:
        """What becomes of one record."""
        source_id = str(record["id"])
        if self.object == "staff" and source_id in self._crosswalk.users:
            return Excluded("is-a-dynamics-user")
        if self._crosswalk.merged_away(self.object, source_id):
            return Excluded("same-organisation")
        values: dict[str, Value] = {}
        for name, get in self._getters:
            try:
                values[name] = get(record)
            except Unfit as unfit:
                return SetAside(unfit.reason, name)
        return Row(self.row_id(record), values, self._is_active(record))

    def row_id(self, record: Mapping[str, Any]) -> str:
        """The id of the row that a record becomes, if it becomes one."""
        return row_id(self._system, self.object, str(record["id"]))

    def _is_active(self, record: Mapping[str, Any]) -> bool:
        state = record.get(self._rule.state_from) if self._rule.state_from else None
        return state is None or str(state).lower() in self._rule.active_values

    def to_create(self, row: Row, number: int) -> dict[str, Any]:
        """The row in wire form for a create. State is not in it: a create always lands in the default state."""
        wire: dict[str, Any] = {self.table.primary_id: row.id, NUMBER: number}
        for name, value in row.values.items():
            if value is not None:
                self._put(wire, self.by_name[name], value)
        return wire

    def to_update(self, row: Row, names: list[str]) -> dict[str, Any]:
        """Only the named columns, in wire form, with the row's id."""
        wire: dict[str, Any] = {self.table.primary_id: row.id}
        for name in names:
            self._put(wire, self.by_name[name], row.values[name])
        return wire

    @staticmethod
    def _put(wire: dict[str, Any], column: Column, value: Value) -> None:
        if column.bind:
            wire[column.bind] = None if value is None else f"/{column.bind_set}({value})"
        elif column.create_only:
            wire[f"overridden{column.name}"] = value
        else:
            wire[column.name] = value

    def readable(self, name: str, value: Any) -> Any:
        """A value as a person would say it: a choice by its label, anything else as it is."""
        field = self.table.field(name)
        labels = {option.value: option.label for option in field.options} if field else {}
        return labels.get(value, value) if field and field.kind is Kind.CHOICE else value

    def restore(self, id_: str, before: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
        """A row's earlier values, in wire form: ``before`` holds them under the names they are read by."""
        wire: dict[str, Any] = {self.table.primary_id: id_}
        for name in names:
            column = self.by_name[name]
            if not column.create_only:
                self._put(wire, column, before.get(column.read))
        return wire

    def differing(self, row: Row, present: Mapping[str, Any]) -> list[str]:
        """The columns whose value at the target is not what it should be."""
        return [name for name, value in row.values.items() if not same(value, present.get(self.by_name[name].read))]


DEFAULT_ACCOUNT = "individual-patient"


def same(expected: Value, actual: Any) -> bool:
    """Equality in the form of reading back: text exactly, GUIDs without regard to case, numbers as numbers."""
    if expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return True
    if isinstance(expected, str) and isinstance(actual, str) and len(expected) == 36 == len(actual):
        return expected.lower() == actual.lower() and expected.count("-") == 4
    return False


def state_of(row: Row) -> tuple[int, int]:
    """The state and status reason a row should be in."""
    return ACTIVE if row.active else INACTIVE


def is_active(present: Mapping[str, Any]) -> bool:
    """Whether a row that was read back is active."""
    return bool(present.get("statecode") == ACTIVE[0])


def _numbers(rule: FieldRule, live: Field) -> dict[str, int]:
    by_label = {option.label.casefold(): option.value for option in live.options}
    missing = [label for _, label in rule.choices if label.casefold() not in by_label]
    if missing:
        raise Stop("target-option-missing", f"The target's column {rule.target} lacks {len(missing)} options.")
    return {value: by_label[label.casefold()] for value, label in rule.choices}


def _appointment_name(record: Mapping[str, Any]) -> Value:
    kind = str(record.get("type") or "appointment").replace("_", " ").capitalize()
    return f"{kind} {str(record.get('starts_at') or '')[:16].replace('T', ' ')}".strip()


def compile_objects(mapping: FieldMap, live: Mapping[str, Table], crosswalk: Crosswalk) -> dict[str, ObjectMap]:
    """Every object's rule against the live target."""
    return {rule.object: ObjectMap(rule, mapping, live, crosswalk) for rule in mapping.objects}
