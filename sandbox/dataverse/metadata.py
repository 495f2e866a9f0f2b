"""The catalogue: which tables, relationships and choices the organisation has at this moment.

State only. Changing it by Dataverse's rules is `customizing`; showing it is `definitions`. `generation` moves on with
every change, so that whoever compiled something from the catalogue knows when to compile again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

from .columns import AlternateKey, Column, GlobalChoice, ManyToMany, Relationship, TableSchema
from .errors import unknown_segment
from .standard_tables import standard_tables

Shape = TableSchema | Relationship | ManyToMany | GlobalChoice
FIRST_CUSTOM_CODE = 10001
PRINCIPALS = ("systemuser", "team")


class Links:
    """Relationships arranged by the questions asked of them; thrown away when the catalogue changes."""

    def __init__(self, relationships: Iterable[Relationship], many: Iterable[ManyToMany]) -> None:
        self.by_navigation: dict[str, dict[str, Relationship]] = defaultdict(dict)
        self.by_collection: dict[str, dict[str, Relationship]] = defaultdict(dict)
        self.to: dict[str, list[Relationship]] = defaultdict(list)
        self.by_column: dict[tuple[str, str], list[Relationship]] = defaultdict(list)
        self.many: dict[str, dict[str, ManyToMany]] = defaultdict(dict)
        for link in relationships:
            self.by_navigation[link.referencing][link.navigation] = link
            self.by_column[link.referencing, link.column].append(link)
            for target in PRINCIPALS if link.referenced == "owner" else (link.referenced,):
                self.by_collection[target][link.collection] = link
                self.to[target].append(link)
        for both in many:
            self.many[both.entity1][both.navigation1] = both
            self.many[both.entity2][both.navigation2] = both


class Catalogue:
    def __init__(self) -> None:
        tables, relationships, many = standard_tables()
        self.tables = {table.logical_name: table for table in tables}
        self.relationships = {link.schema_name: link for link in relationships}
        self.many_to_many = {link.schema_name: link for link in many}
        self.choices: dict[str, GlobalChoice] = {}
        self.visible_at: dict[str, float] = {}
        self.generation = 0
        self.listeners: list[Callable[[str, str, Shape | None], None]] = []
        self.sets = {table.set_name: name for name, table in self.tables.items()}

    # reading

    def table(self, logical_name: str) -> TableSchema | None:
        return self.tables.get(logical_name)

    def by_set(self, set_name: str) -> TableSchema:
        """The table behind a URL segment; names are case-sensitive. Raises the 404 of an unknown segment."""
        name = self.sets.get(set_name)
        if name is None:
            raise unknown_segment(set_name)
        return self.tables[name]

    @cached_property
    def links(self) -> Links:
        return Links(self.relationships.values(), self.many_to_many.values())

    def next_object_type_code(self) -> int:
        used = (table.object_type_code for table in self.tables.values())
        return max(FIRST_CUSTOM_CODE - 1, *used) + 1

    # changing

    def _changed(self, kind: str, name: str, shape: Shape | None) -> None:
        self.generation += 1
        self.__dict__.pop("links", None)
        for listener in self.listeners:
            listener(kind, name, shape)

    def put_table(self, table: TableSchema) -> None:
        self.tables[table.logical_name] = table
        self.sets[table.set_name] = table.logical_name
        self._changed("table", table.logical_name, table)

    def drop_table(self, logical_name: str) -> None:
        table = self.tables.pop(logical_name)
        self.sets.pop(table.set_name, None)
        self._changed("table", logical_name, None)

    def put_column(self, logical_name: str, *columns: Column) -> None:
        table = self.tables[logical_name]
        merged = {**table.columns, **{column.logical_name: column for column in columns}}
        self.put_table(replace(table, columns=merged))

    def drop_columns(self, logical_name: str, names: Iterable[str]) -> None:
        table = self.tables[logical_name]
        gone = set(names)
        kept = {name: column for name, column in table.columns.items() if name not in gone}
        self.put_table(replace(table, columns=kept))

    def put_key(self, logical_name: str, key: AlternateKey) -> None:
        table = self.tables[logical_name]
        others = tuple(k for k in table.keys if k.schema_name != key.schema_name)
        self.put_table(replace(table, keys=(*others, key)))

    def drop_key(self, logical_name: str, key: AlternateKey) -> None:
        table = self.tables[logical_name]
        self.put_table(replace(table, keys=tuple(k for k in table.keys if k.schema_name != key.schema_name)))

    def put_relationship(self, link: Relationship) -> None:
        self.relationships[link.schema_name] = link
        self._changed("relationship", link.schema_name, link)

    def drop_relationship(self, schema_name: str) -> None:
        del self.relationships[schema_name]
        self._changed("relationship", schema_name, None)

    def put_many_to_many(self, link: ManyToMany) -> None:
        self.many_to_many[link.schema_name] = link
        self._changed("many_to_many", link.schema_name, link)

    def drop_many_to_many(self, schema_name: str) -> None:
        del self.many_to_many[schema_name]
        self._changed("many_to_many", schema_name, None)

    def put_choice(self, choice: GlobalChoice) -> None:
        self.choices[choice.name] = choice
        self._changed("choice", choice.name, choice)

    def drop_choice(self, name: str) -> None:
        del self.choices[name]
        self._changed("choice", name, None)
