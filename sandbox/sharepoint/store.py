"""Items and upload sessions in SQLite: what was answered for outlives the process, `kill -9` included.

State only. Who may do what, and what a request means, is decided in `site` and `sessions`.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

_SCHEMA = """
create table if not exists library (id text primary key, name text not null, segment text not null);
create table if not exists item (
    id text primary key, library text not null, parent text, name text not null, key text not null,
    is_folder integer not null, size integer not null, sha256 text not null, quick_xor_hash text not null,
    content text not null, created text not null, modified text not null, version integer not null
);
create unique index if not exists item_by_name on item (library, coalesce(parent, ''), key);
create table if not exists session (
    id text primary key, library text not null, parent text not null, name text not null, key text not null,
    conflict text not null, declared integer, total integer, received integer not null, content text not null,
    expires real not null
);
create table if not exists counter (value integer not null);
"""


@dataclass(frozen=True)
class Library:
    """`segment` is its part of the site's address: the library Documents is at Shared Documents."""

    id: str
    name: str
    segment: str


@dataclass(frozen=True)
class Item:
    """A file or a folder; the root of a library has no parent. Times are ISO-8601 in UTC."""

    id: str
    library: str
    parent: str | None
    name: str
    is_folder: bool
    size: int
    sha256: str
    quick_xor_hash: str
    content: str
    created: str
    modified: str
    version: int = 1


@dataclass(frozen=True)
class Session:
    """An upload under way: `received` bytes of `total`, which the first slice tells. `expires` in epoch seconds."""

    id: str
    library: str
    parent: str
    name: str
    conflict: str
    declared: int | None
    total: int | None
    received: int
    content: str
    expires: float


_ITEM = ", ".join(field.name for field in fields(Item))
_SESSION = ", ".join(field.name for field in fields(Session))


def key_of(name: str) -> str:
    """Names that differ in case only are the same name in SharePoint."""
    return name.casefold()


class Store:
    """One SQLite file; `next_id` gives ids in order, so that the same requests give the same ids."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma locking_mode = exclusive")  # one process at a time
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = off")  # the page cache survives the process, which is what is promised
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is done inside."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def next_id(self) -> str:
        (value,) = self._db.execute("select coalesce(max(value), 0) + 1 from counter").fetchone()
        self._db.execute("delete from counter")
        self._db.execute("insert into counter values (?)", (value,))
        return "01" + base64.b32encode(hashlib.sha256(str(value).encode()).digest()[:20]).decode("ascii")

    def libraries(self) -> list[Library]:
        return [Library(*row) for row in self._db.execute("select id, name, segment from library order by rowid")]

    def add_library(self, library: Library) -> None:
        self._db.execute("insert into library values (?, ?, ?)", (library.id, library.name, library.segment))

    def item(self, library: str, item_id: str) -> Item | None:
        return self._one("library = ? and id = ?", library, item_id)

    def root(self, library: str) -> Item:
        found = self._one("library = ? and parent is null", library)
        assert found is not None
        return found

    def child(self, parent: Item, name: str) -> Item | None:
        return self._one("library = ? and parent = ? and key = ?", parent.library, parent.id, key_of(name))

    def children(self, parent: Item, *, after: str, limit: int) -> list[Item]:
        """In order of their names, from behind the name `after`."""
        where = "library = ? and parent = ? and key > ? order by key limit ?"
        return self._many(where, parent.library, parent.id, key_of(after), limit)

    def count_children(self, parent: Item) -> int:
        query = "select count(*) from item where library = ? and parent = ?"
        return int(self._db.execute(query, (parent.library, parent.id)).fetchone()[0])

    def tree(self, top: Item) -> list[Item]:
        """The item and everything below it."""
        found = [top]
        for item in found:
            if item.is_folder:
                found += self._many("library = ? and parent = ?", item.library, item.id)
        return found

    def path(self, item: Item) -> list[str]:
        """Names from below the root down to the item."""
        names: list[str] = []
        while item.parent is not None:
            names.append(item.name)
            above = self.item(item.library, item.parent)
            assert above is not None
            item = above
        return names[::-1]

    def used(self, library: str) -> int:
        query = "select coalesce(sum(size), 0) from item where library = ?"
        return int(self._db.execute(query, (library,)).fetchone()[0])

    def put(self, item: Item) -> None:
        columns = {**asdict(item), "key": key_of(item.name)}
        self._put("item", columns)

    def remove(self, items: list[Item]) -> None:
        self._db.executemany("delete from item where id = ?", [(item.id,) for item in items])

    def session(self, session_id: str) -> Session | None:
        row = self._db.execute(f"select {_SESSION} from session where id = ?", (session_id,)).fetchone()
        return None if row is None else Session(*row)

    def sessions(self) -> list[Session]:
        return [Session(*row) for row in self._db.execute(f"select {_SESSION} from session")]

    def session_for(self, parent: Item, name: str) -> Session | None:
        query = f"select {_SESSION} from session where library = ? and parent = ? and key = ?"
        row = self._db.execute(query, (parent.library, parent.id, key_of(name))).fetchone()
        return None if row is None else Session(*row)

    def put_session(self, session: Session) -> None:
        self._put("session", {**asdict(session), "key": key_of(session.name)})

    def remove_session(self, session_id: str) -> None:
        self._db.execute("delete from session where id = ?", (session_id,))

    def contents(self) -> set[str]:
        """The content ids in use."""
        query = "select content from item where content <> '' union select content from session"
        return {row[0] for row in self._db.execute(query)}

    def _one(self, where: str, *values: object) -> Item | None:
        found = self._many(where, *values)
        return found[0] if found else None

    def _many(self, where: str, *values: object) -> list[Item]:
        rows = self._db.execute(f"select {_ITEM} from item where {where}", values).fetchall()
        return [replace(item, is_folder=bool(item.is_folder)) for item in (Item(*row) for row in rows)]

    def _put(self, table: str, columns: dict[str, object]) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        renewed = ", ".join(f"{name} = excluded.{name}" for name in columns)
        # Not "insert or replace": that would silently remove another item of the same name.
        query = f"insert into {table} ({names}) values ({marks}) on conflict (id) do update set {renewed}"
        self._db.execute(query, list(columns.values()))
