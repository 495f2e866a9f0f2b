"""One organisation: its catalogue, its rows, its people, its clock; made whole by replaying its journal.

Everything with a lifetime longer than a request hangs here. Protocol does not: `app` turns HTTP into calls.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .behaviour import Behaviour
from .bulk_delete import Pending
from .columns import (
    TableSchema,
    choice_from,
    many_to_many_from,
    relationship_from,
    table_from,
    to_document,
)
from .files import FileRoom
from .journal import Entry, Journal
from .metadata import Catalogue, Shape
from .people import Caller, People
from .plans import Plan
from .tables import Table, Transaction
from .work import Work
from .writing import CREATE, UPDATE, Writer

BIN = "~"


class Clock:
    """The organisation's time; it can be moved forward, never back."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._second, self._text = -1, ""

    def now(self) -> float:
        return time.time() + self.ahead

    def text(self) -> str:
        second = int(self.now())
        if second != self._second:
            self._second = second
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._text


class Organisation:
    def __init__(self, behaviour: Behaviour | None = None, journal: Journal | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.clock = Clock()
        self.catalogue = Catalogue()
        self.stores: dict[str, Table] = {}
        self.people = People(self.store)
        folder = None if journal is None else journal.path.with_name(f"{journal.path.name}.files")
        self.files = FileRoom(self.store, self.new_id, folder)
        self.settings: dict[str, Any] = {}
        self.version = 1_000_000
        self.counts_taken: tuple[float, dict[str, int]] | None = None
        self.warm: set[str] = set()
        self._random: list[str] = []
        self.pending_deletes: list[Pending] = []
        self.denials: dict[tuple[Any, ...], frozenset[str]] = {}
        self.sorted_results: OrderedDict[tuple[Any, ...], list[tuple[tuple[Any, ...], str]]] = OrderedDict()
        self._journal: Journal | None = None
        self._together: Transaction | None = None
        self._pending: list[Entry] = []
        self._writers: dict[tuple[str, str], Writer] = {}
        self._plans: dict[str, Plan] = {}
        self._compiled_for = -1
        if journal is not None:
            self._replay(journal)
            self.files.tidy()
        self.catalogue.listeners.append(self._catalogue_changed)
        self._journal = journal

    @classmethod
    def seeded(
        cls,
        behaviour: Behaviour | None = None,
        *,
        users: Iterable[dict[str, Any]] = (),
        privileges_missing: Iterable[str] = (),
        state: Path | None = None,
    ) -> Organisation:
        """A new organisation with its seed rows, or the one that `state` remembers."""
        from .seed import seed

        org = cls(behaviour, Journal(state) if state is not None else None)
        seed(org, users=users, privileges_missing=privileges_missing)
        return org

    # rows

    def store(self, table: str) -> Table:
        found = self.stores.get(table)
        if found is None:
            found = self.stores[table] = Table(table)
        return found

    def bin(self, table: str) -> Table:
        """Deleted rows of a table, if the organisation keeps them: a table of its own, so that they roll back too."""
        return self.store(f"{BIN}{table}")

    def row_exists(self, table: str, row_id: str) -> bool:
        store = self.stores.get(table)
        return store is not None and row_id in store.rows

    def next_version(self) -> int:
        self.version += 1
        return self.version

    @contextmanager
    def work(self, caller: Caller) -> Iterator[Work]:
        """A transaction: kept and journalled if the block ends well, undone if it raises.

        Inside `together` it is a part of the larger one, which alone is journalled.
        """
        outer = self._together
        transaction = Transaction(self.store) if outer is None else outer
        before, pending = len(transaction.changes), len(self._pending)
        try:
            yield Work(self, caller, transaction, self.clock.text())
        except BaseException:
            self.files.undo(transaction.changes[before:])
            transaction.rollback(before)
            del self._pending[pending:]
            raise
        if outer is None:
            self.commit(transaction)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All work inside succeeds or fails as one: the changeset of a $batch."""
        transaction, pending = Transaction(self.store), len(self._pending)
        self._together = transaction
        try:
            yield
        except BaseException:
            self.files.undo(transaction.changes)
            transaction.rollback()
            del self._pending[pending:]
            raise
        finally:
            self._together = None
        self.commit(transaction)

    def commit(self, transaction: Transaction) -> None:
        for name in {change[0] for change in transaction.changes}:
            self.store(name).compact()
        if self._journal is not None:
            entries: list[Entry] = [("row", table, row_id, new) for table, row_id, _, new in transaction.changes]
            self._journal.append([*self._pending, *entries])
            self._pending.clear()
        self.files.settle(transaction.changes)
        transaction.changes = []

    def remember(self, kind: str, name: str, key: str, value: Any) -> None:
        """Journal something that is neither a row nor metadata; written with the next `flush` or commit."""
        if self._journal is not None:
            self._pending.append((kind, name, key, value))

    def flush(self) -> None:
        if self._journal is not None and self._pending:
            self._journal.append(self._pending)
            self._pending = []

    def set_setting(self, name: str, value: Any) -> None:
        self.settings[name] = value
        self.remember("setting", name, "", value)

    def close(self) -> None:
        self.flush()
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        self.files.close()

    # compiled from the catalogue

    def writer(self, table: TableSchema, operation: str) -> Writer:
        if self._compiled_for != self.catalogue.generation:
            self._writers.clear()
            self._compiled_for = self.catalogue.generation
        key = (table.logical_name, operation)
        found = self._writers.get(key)
        if found is None:
            assert operation in (CREATE, UPDATE)
            found = self._writers[key] = Writer(self.catalogue, self, table, operation)
        return found

    def plan(self, table: TableSchema) -> Plan:
        found = self._plans.get(table.logical_name)
        if found is None or found.table is not table:
            found = self._plans[table.logical_name] = Plan(table)
        return found

    def referenced(self, reference: str) -> tuple[str, str]:
        """Resolve an entity reference by alternate key (the Writer has already met the ones by guid)."""
        from .addresses import resolve_reference

        return resolve_reference(self, reference)

    def system_caller(self) -> Caller:
        system = str(self.settings["system_user"])
        return Caller(system, system)

    def new_id(self) -> str:
        """A random (version 4) guid; randomness is fetched for many at once, for the sake of bulk loads."""
        if not self._random:
            pool = os.urandom(16 * 512).hex()
            self._random = [pool[at : at + 32] for at in range(0, len(pool), 32)]
        digits = self._random.pop()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    # memory

    def _catalogue_changed(self, kind: str, name: str, shape: Shape | None) -> None:
        self.remember(kind, name, "", None if shape is None else to_document(shape))

    def _replay(self, journal: Journal) -> None:
        for kind, name, key, value in journal.read():
            self._replay_entry(kind, name, key, value)
        for table in self.catalogue.tables.values():
            for alternate in table.keys:
                if alternate.status == "Active":
                    self.store(table.logical_name).add_key(alternate.schema_name, alternate.columns)
        live = sum(len(store) for store in self.stores.values())
        if journal.entries > 2 * live + 10_000:
            journal.rewrite(self._snapshot())

    def _replay_entry(self, kind: str, name: str, key: str, value: Any) -> None:
        match kind:
            case "row":
                self.store(name).put(key, value)
                if value is not None:
                    self.version = max(self.version, value.get("versionnumber", 0))
            case "table":
                self._replay_table(name, value)
            case "relationship":
                self._replay_shape(value and relationship_from(value), name)
            case "many_to_many":
                self._replay_shape(value and many_to_many_from(value), name, many=True)
            case "choice" if value is None:
                self.catalogue.drop_choice(name)
            case "choice":
                self.catalogue.put_choice(choice_from(value))
            case "setting":
                self.settings[name] = value
            case _:
                raise ValueError(f"the journal holds an unknown kind of entry: {kind}")

    def _replay_table(self, name: str, value: Any) -> None:
        if value is None:
            self.catalogue.drop_table(name)
            self.stores.pop(name, None)
            return
        before = self.catalogue.table(name)
        table = table_from(value)
        self.catalogue.put_table(table)
        for gone in set(before.columns if before else ()) - set(table.columns):
            self.store(name).drop_column(gone)

    def _replay_shape(self, shape: Any, name: str, *, many: bool = False) -> None:
        if shape is not None:
            (self.catalogue.put_many_to_many if many else self.catalogue.put_relationship)(shape)
        elif many:
            self.catalogue.drop_many_to_many(name)
        else:
            self.catalogue.drop_relationship(name)

    def _snapshot(self) -> Iterator[Entry]:
        """The whole state as entries: metadata that differs from the standard, settings, rows, files."""
        standard = Catalogue()
        for name, table in self.catalogue.tables.items():
            if standard.tables.get(name) != table:
                yield "table", name, "", to_document(table)
        for link in self.catalogue.relationships.values():
            if link.custom:
                yield "relationship", link.schema_name, "", to_document(link)
        for both in self.catalogue.many_to_many.values():
            if both.custom:
                yield "many_to_many", both.schema_name, "", to_document(both)
        for choice in self.catalogue.choices.values():
            yield "choice", choice.name, "", to_document(choice)
        for name, value in self.settings.items():
            yield "setting", name, "", value
        for name, store in self.stores.items():
            for row_id, row in store.rows.items():
                yield "row", name, row_id, row
