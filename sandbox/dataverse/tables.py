"""The rows: kept in memory, in order of creation, with the indexes that keep big loads linear.

State apart from protocol: nothing here knows HTTP, columns or rules. A row is a dict of the values that are not null,
with its rowversion under "versionnumber", its place in the order of creation under "@n", and for a lookup that may
point at several tables the table it points at under "<column>@type". A row is never changed in place.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

Row = dict[str, Any]
KeyValues = tuple[Any, ...]


def folded(value: Any) -> Any:
    """How values compare: text without regard to case."""
    return value.casefold() if isinstance(value, str) else value


class Table:
    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[str, Row] = {}
        self.version = 0
        self.added = 0
        self._sequence: list[int] = []
        self._order: list[str] = []
        self._indexes: dict[str, dict[Any, set[str]]] = {}
        self._keys: dict[str, tuple[tuple[str, ...], dict[KeyValues, str]]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def put(self, row_id: str, row: Row | None) -> Row | None:
        """Set or (None) remove a row; answers what was there. A new row without a place gets the next one."""
        old = self.rows.get(row_id)
        self.version += 1
        if row is None:
            if old is not None:
                del self.rows[row_id]
        else:
            if "@n" not in row:
                self.added += 1
                row["@n"] = self.added
            if old is None or old["@n"] != row["@n"]:
                self._place(row_id, row["@n"])
            self.rows[row_id] = row
        if self._indexes or self._keys:
            self._reindex(row_id, old, row)
        return old

    def _place(self, row_id: str, place: int) -> None:
        self.added = max(self.added, place)
        if not self._sequence or place > self._sequence[-1]:
            self._sequence.append(place)
            self._order.append(row_id)
        else:
            at = bisect_right(self._sequence, place)
            if at and self._sequence[at - 1] == place and self._order[at - 1] == row_id:
                return
            self._sequence.insert(at, place)
            self._order.insert(at, row_id)

    def _reindex(self, row_id: str, old: Row | None, new: Row | None) -> None:
        for column, index in self._indexes.items():
            before = folded(old.get(column)) if old else None
            after = folded(new.get(column)) if new else None
            if before == after:
                continue
            if before is not None and (found := index.get(before)):
                found.discard(row_id)
            if after is not None:
                index.setdefault(after, set()).add(row_id)
        for columns, keys in self._keys.values():
            before_key = key_values(old, columns) if old else None
            after_key = key_values(new, columns) if new else None
            if before_key == after_key:
                continue
            if before_key is not None and keys.get(before_key) == row_id:
                del keys[before_key]
            if after_key is not None:
                keys[after_key] = row_id

    def compact(self) -> None:
        """Forget the places of deleted rows once they outnumber the living."""
        if len(self._order) > 2 * len(self.rows) + 1000:
            pairs = sorted((row["@n"], row_id) for row_id, row in self.rows.items())
            self._sequence = [place for place, _ in pairs]
            self._order = [row_id for _, row_id in pairs]

    # reading

    def after(self, place: int = 0) -> Iterator[Row]:
        """Rows in order of creation, those beyond a place; stays valid while rows come and go."""
        start = bisect_right(self._sequence, place)
        for at in range(start, len(self._order)):
            row = self.rows.get(self._order[at])
            if row is not None and row["@n"] == self._sequence[at]:
                yield row

    def having(self, column: str, value: Any) -> list[Row]:
        """Rows whose column equals the value, by an index that is built at the first question."""
        found = self._index(column).get(folded(value))
        if not found:
            return []
        return sorted((self.rows[row_id] for row_id in found), key=_place_of)

    def how_many_have(self, column: str, value: Any) -> int:
        """How many rows `having` would give."""
        return len(self._index(column).get(folded(value), ()))

    def _index(self, column: str) -> dict[Any, set[str]]:
        index = self._indexes.get(column)
        if index is None:
            index = self._indexes[column] = {}
            for row_id, row in self.rows.items():
                value = folded(row.get(column))
                if value is not None:
                    index.setdefault(value, set()).add(row_id)
        return index

    def drop_column(self, column: str) -> None:
        self._indexes.pop(column, None)
        for row_id, row in list(self.rows.items()):
            if column in row:
                self.rows[row_id] = {name: value for name, value in row.items() if name != column}

    # alternate keys

    def add_key(self, name: str, columns: tuple[str, ...]) -> bool:
        """Start enforcing a key; False (and nothing enforced) when present rows already repeat its values."""
        keys: dict[KeyValues, str] = {}
        for row_id, row in self.rows.items():
            values = key_values(row, columns)
            if values is None:
                continue
            if values in keys:
                return False
            keys[values] = row_id
        self._keys[name] = (columns, keys)
        return True

    def drop_key(self, name: str) -> None:
        self._keys.pop(name, None)

    def holder(self, name: str, values: KeyValues) -> str | None:
        """The id of the row that has these key values."""
        held = self._keys.get(name)
        return None if held is None else held[1].get(tuple(folded(value) for value in values))

    def clash(self, row_id: str, row: Row) -> tuple[str, str] | None:
        """(key, id of the other row) when the row would repeat a key."""
        for name, (columns, keys) in self._keys.items():
            values = key_values(row, columns)
            if values is not None and keys.get(values, row_id) != row_id:
                return name, keys[values]
        return None


def key_values(row: Row, columns: tuple[str, ...]) -> KeyValues | None:
    """None when a part is null: such rows are not held unique."""
    values = tuple(folded(row.get(column)) for column in columns)
    return None if None in values else values


def _place_of(row: Row) -> int:
    place: int = row["@n"]
    return place


Change = tuple[str, str, Row | None, Row | None]


class Transaction:
    """Changes made together: `rollback` puts every row back, `changes` says what to write to the journal."""

    def __init__(self, tables: Callable[[str], Table]) -> None:
        self._table = tables
        self.changes: list[Change] = []

    def put(self, table: str, row_id: str, row: Row | None) -> None:
        old = self._table(table).put(row_id, row)
        self.changes.append((table, row_id, old, row))

    def rollback(self, to: int = 0) -> None:
        """Undo back to the moment when there were `to` changes."""
        while len(self.changes) > to:
            table, row_id, old, _ = self.changes.pop()
            self._table(table).put(row_id, old)
