"""A mapping compiled against the live target, once per run: the hot path from a record to a row.

The loader and the reconciler both come here for what a row should be; neither looks at what the other did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.attachments.router import Route, route
from shared.errors import Stop
from shared.mapping.composed import talk
from shared.mapping.composed.circumstances import Circumstances
from shared.mapping.composed.notes import PART, parts_of
from shared.mapping.crosswalk import Crosswalk
from shared.mapping.getters import AT_CLOSING, CREATED_ON, Getters
from shared.mapping.model import FieldMap, FieldRule, ObjectRule
from shared.mapping.placements.talk import PARTIES
from shared.mapping.rows import ACTIVE, INACTIVE, Column, Excluded, Row, SetAside, State, same, state_there
from shared.mapping.straight import Fixed, How, Link, Values, values_of, wire_of
from shared.mapping.transforms import Unfit, Value
from shared.schema.model import Kind, Table
from shared.vocabulary import ANOTHER_RULE

NUMBER = "importsequencenumber"
BESIDES = ("statecode", "statuscode", NUMBER, "modifiedby")
AUTHOR, ON_BEHALF = "createdby", "modifiedonbehalfby"
"""Who made a row, and for whom it was last changed: asked for where rows are made in other users' names."""
CHANGED_BY = ("modifiedby", ON_BEHALF)
LOCKED_WHEN_CLOSED = frozenset({"email", "opportunity"})
"""A completed e-mail is read-only, says its reference, and a closed opportunity may be: they are changed while open."""
PARTIES_READ = "@parties"
"""Under which a row that was read back carries its parties: they lie in a table of their own."""


class ObjectMap:
    """One object's rule, ready to run. Building it fails with Stop when the target lacks something it needs."""

    def __init__(self, rule: ObjectRule, mapping: FieldMap, live: Mapping[str, Table], around: Circumstances) -> None:
        if rule.table not in live:
            raise Stop("target-table-missing", f"The target has no table {rule.table}.")
        self.object, self.source, self.wave = rule.object, rule.source, rule.wave
        self.table = live[rule.table]
        self.rule = rule
        self.prefix = mapping.prefix
        self.files = around.files
        self._around = around
        self._crosswalk = around.crosswalk
        self._states = {said: (state, status) for said, state, status in rule.states}
        ambiguous = rule.object == "patients" and bool(around.crosswalk.ambiguous)
        parted = rule.object in ("staff", "referrers") or rule.source == "attachments"
        self._may_go_elsewhere = ambiguous or parted or bool(rule.only)
        self._state_fields = rule.state_from.split("/") if rule.state_from else []
        self.has_state = self.table.field("statecode") is not None
        self.columns: list[Column] = []
        self._getters: list[tuple[str, How]] = []
        build = Getters(rule, mapping, live, around)
        for field_rule in rule.fields:
            self._add(field_rule, build)
        self._add_owner()
        self._names_authors = rule.object == "notes" and bool(around.authors)
        if self._names_authors:
            self._add_author()
        self.by_name = {column.name: column for column in self.columns}
        self._values = values_of(self._getters)
        self._one_by_one: list[tuple[str, Values]] = []
        self._wire = wire_of(
            self.table.primary_id,
            NUMBER,
            [
                (column, self._parties if column.name == PARTIES else None)
                for column in self.columns
                if not column.at_closing and column.name != AUTHOR
            ],
        )
        self.has_parties = PARTIES in self.by_name
        self.locks_when_closed = rule.table in LOCKED_WHEN_CLOSED
        asked = (*BESIDES, ON_BEHALF) if self._names_authors else BESIDES
        besides = [name for name in asked if self.table.field(name) is not None]
        self.select = [self.table.primary_id, *(c.name for c in self.columns if c.name != PARTIES), *besides]
        """What a row is read back with: every mapped column, its state, and who made and last changed it."""
        self.last_changed = [name for name in besides if name in CHANGED_BY]

    def _add(self, rule: FieldRule, build: Getters) -> None:
        if rule.kind is Kind.FILE:
            return  # bytes do not travel with a row
        bind = bind_set = ""
        read = rule.target
        if rule.target == PARTIES:
            read = PARTIES_READ
        elif rule.kind is Kind.LOOKUP:
            read = f"_{rule.target}_value"
            bind, bind_set = build.bind(rule)
        self.columns.append(
            Column(
                rule.target, read, rule.label, rule.transform, rule.source, bind, bind_set,
                create_only=rule.target in (CREATED_ON, PARTIES),
                at_closing=rule.transform in AT_CLOSING,
            )
        )  # fmt: skip
        self._getters.append((rule.target, build.getter(rule)))

    def _add_owner(self) -> None:
        source = self.rule.owner_from
        self.columns.append(
            Column("ownerid", "_ownerid_value", "Owner", "owner", source, "ownerid@odata.bind", "systemusers")
        )
        users, fallback = self._crosswalk.users, self._crosswalk.fallback_owner

        def owner(staff_id: str) -> str:
            return users.get(staff_id, fallback)

        self._getters.append(("ownerid", Link(source, owner, fallback) if source else Fixed(fallback)))

    def _add_author(self) -> None:
        """Never written: it is whoever sends the row. But it is read back and compared like any other column."""
        self.columns.append(Column(AUTHOR, f"_{AUTHOR}_value", "Created by", "author", "author_id", create_only=True))
        self._getters.append((AUTHOR, lambda record: self._around.writer(record) or self._around.us))

    @property
    def crosswalk(self) -> Crosswalk:
        """Where the references of this object's records lead."""
        return self._crosswalk

    def rows(self, record: Mapping[str, Any]) -> list[Row] | Excluded | SetAside:
        """What becomes of one record."""
        if self._may_go_elsewhere and (elsewhere := self._elsewhere(record)):
            return elsewhere
        if self.object != "notes":
            row = self._row(record, self.row_id(record), 1)
            return [row] if isinstance(row, Row) else row
        found: list[Row] = []
        for part in parts_of(record):
            row = self._row(part, self.row_id(record, part[PART]), part[PART])
            if isinstance(row, SetAside):
                return row
            found.append(row)
        return found

    def _elsewhere(self, record: Mapping[str, Any]) -> Excluded | SetAside | None:
        """Whether another rule, or none, is for this record."""
        source_id = str(record["id"])
        for name, values in self.rule.only:
            value = str(record.get(name) or "")
            if value not in values and not (value and "*" in values):
                return Excluded(ANOTHER_RULE)
        if self.object == "staff" and source_id in self._crosswalk.users:
            return Excluded("is-a-dynamics-user")
        if self._crosswalk.merged_away(self.object, source_id):
            return Excluded("same-organisation")
        if self.object == "patients" and source_id in self._crosswalk.ambiguous:
            return SetAside("matches-several-contacts")
        if self.source == "attachments":
            return self._routed(record)
        return None

    def _routed(self, record: Mapping[str, Any]) -> Excluded | SetAside | None:
        routed = route(record, self._around.files)
        if routed.route is Route.QUARANTINE:
            return SetAside(routed.reason) if self.object == "attachments" else Excluded(ANOTHER_RULE)
        in_column = routed.route is Route.FILE_COLUMN
        return None if in_column == (self.object == "documents") else Excluded(ANOTHER_RULE)

    def _row(self, record: Mapping[str, Any], id_: str, part: int) -> Row | SetAside:
        try:
            values = self._values(record)
        except Unfit:
            return self._unfit(record)
        writer = self._around.writer(record) if self._names_authors else ""
        return Row(id_, values, self._state(record), part, writer)

    def _unfit(self, record: Mapping[str, Any]) -> SetAside:
        """Which column it is that does not go, and why."""
        if not self._one_by_one:
            self._one_by_one = [(name, values_of([(name, how)])) for name, how in self._getters]
        for name, get in self._one_by_one:
            try:
                get(record)
            except Unfit as unfit:
                return SetAside(unfit.reason, name)
        raise AssertionError("a record that does not go has a column that does not")

    def row_id(self, record: Mapping[str, Any], part: int = 1) -> str:
        """The id of the row that a record becomes, if it becomes one; of one of its parts, if it becomes several."""
        source_id = str(record["id"])
        return self._crosswalk.row_id(self.object, source_id if part == 1 else f"{source_id}#{part}")

    def _state(self, record: Mapping[str, Any]) -> State:
        if not self._state_fields:
            return ACTIVE
        if self._states:
            said = "/".join([str(record.get(name) or "") for name in self._state_fields])
            return self._states.get(said) or self._states[""]
        state = record.get(self._state_fields[0])
        return ACTIVE if state is None or str(state).lower() in self.rule.active_values else INACTIVE

    def in_state(self, row: Row, present: Mapping[str, Any]) -> bool:
        """Whether a row that is there is in the state it should be in. Where a practice only says active or not, an
        organisation may have status reasons of its own."""
        if not self.has_state:
            return True
        there = state_there(present)
        return there == row.state if self._states else there[0] == row.state[0]

    def opens_in(self, row: Row) -> bool:
        """Whether a row is in its state as soon as it is made: a create always lands in the default state."""
        return not self.has_state or row.state == ACTIVE

    def to_create(self, row: Row, number: int) -> dict[str, Any]:
        """The row in wire form for a create, without its state and what goes with it."""
        return self._wire(row.id, number, row.values)

    def to_update(self, row: Row, names: list[str]) -> dict[str, Any]:
        """Only the named columns, in wire form, with the row's id."""
        wire: dict[str, Any] = {self.table.primary_id: row.id}
        for name in names:
            self._put(wire, self.by_name[name], row.values[name])
        return wire

    def closing(self, row: Row) -> dict[str, Any]:
        """The columns that go with the write that sets the state."""
        wire: dict[str, Any] = {}
        for column in self.columns:
            if column.at_closing and row.values[column.name] is not None:
                self._put(wire, column, row.values[column.name])
        return wire

    def author_of(self, row: Row) -> str | None:
        """The user as whom a note is written, by the Entra object id that impersonation wants; None for ourselves."""
        return self._around.authors.get(row.writer)

    def _put(self, wire: dict[str, Any], column: Column, value: Value) -> None:
        if column.name == PARTIES:
            wire |= self._parties(value)
        elif column.bind:
            wire[column.bind] = None if value is None else f"/{column.bind_set}({value})"
        elif column.create_only:
            wire[f"overridden{column.name}"] = value
        else:
            wire[column.name] = value

    def _parties(self, value: Value) -> dict[str, Any]:
        return {f"{self.table.name}_activity_parties": [_party(*one) for one in talk.read(str(value))]}

    def readable(self, name: str, value: Any) -> Any:
        """A value as a person would say it: a choice by its label, anything else as it is."""
        field = self.table.field(name)
        labels = {option.value: option.label for option in field.options} if field else {}
        return labels.get(value, value) if field and field.kind is Kind.CHOICE else value

    def restore(self, before: Mapping[str, Any], id_: str) -> dict[str, Any]:
        """A row's earlier values, in wire form: ``before`` holds them under the names they are read by."""
        wire: dict[str, Any] = {self.table.primary_id: id_}
        for column in self.columns:
            if not column.create_only:
                self._put(wire, column, before.get(column.read))
        return wire

    def differing(self, row: Row, present: Mapping[str, Any]) -> list[str]:
        """The columns whose value at the target is not what it should be."""
        return [name for name, value in row.values.items() if not same(value, present.get(self.by_name[name].read))]


def _party(mask: int, table: str, who: str) -> dict[str, Any]:
    if not table:
        return {"addressused": who, "participationtypemask": mask}
    return {f"partyid_{table}@odata.bind": f"/{table}s({who})", "participationtypemask": mask}


def compile_objects(mapping: FieldMap, live: Mapping[str, Table], around: Circumstances) -> dict[str, ObjectMap]:
    """Every object's rule against the live target."""
    return {rule.object: ObjectMap(rule, mapping, live, around) for rule in mapping.objects}
