"""The schema verbs: get or create, and drop. Each can be repeated after a crash, and says whether it changed anything.

Dataverse carries out one customization at a time per environment; the transport waits for another one to end. All that
is made goes into one solution, so that people can see it together, and take it away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from shared.dataverse import creation, metadata, odata
from shared.dataverse.faults import FaultKind, failure
from shared.dataverse.reads import Reads
from shared.dataverse.transport import OutcomeUnknown, Reply
from shared.schema.model import Field, Key, Option, Table

_JUDGED = frozenset({FaultKind.DATA, FaultKind.ALREADY, FaultKind.CONFLICT, FaultKind.BUG})
_TRIES = 3


class Definitions(Reads):
    """Verbs on the schema. Creating verbs say whether they created it, dropping ones whether it was there.

    Field, key and solution names are given as wanted (schema case); Dataverse's logical names are their lower case.
    """

    async def ensure_publisher(self, prefix: str, option_prefix: int) -> bool:
        """Our publisher: any that has the customization prefix will do."""
        body = {
            "friendlyname": f"Bridgework ({prefix})",
            "uniquename": publisher_name(prefix),
            "description": "Columns and tables made by a Bridgework migration.",
            "customizationprefix": prefix,
            "customizationoptionvalueprefix": option_prefix,
        }

        async def there() -> bool:
            return await self._publisher(prefix) is not None

        return await self._make(there, "publishers", body, where="create the publisher")

    async def ensure_solution(self, name: str, prefix: str) -> bool:
        """Our solution, under the publisher with that prefix (ensure_publisher first)."""

        async def there() -> bool:
            return await self._solution(name) is not None

        if await there():
            return False
        publisher = await self._publisher(prefix)
        body = {
            "friendlyname": name,
            "uniquename": name,
            "version": "1.0.0.0",
            "publisherid@odata.bind": odata.reference("publishers", str(publisher)),
        }
        return await self._make(there, "solutions", body, where="create the solution")

    async def create_table(self, table: Table, *, solution: str) -> bool:
        """A user-owned table with its primary name column; add the other columns one by one."""
        path = _definition(table.name)
        body = creation.table_body(table)
        created = await self._make(
            lambda: self._exists(path), "EntityDefinitions", body, where=f"create table {table.name}", solution=solution
        )
        self._bulk.pop(table.name, None)
        return created

    async def create_field(self, table: str, field: Field, *, solution: str) -> bool:
        """A column that is not a lookup. A choice's options have their values (shared.schema.gaps numbers them)."""
        return await self._make(
            lambda: self._exists(_column(table, field.name)),
            f"{_definition(table)}/Attributes",
            creation.field_body(field),
            where=f"create column {table}.{field.name}",
            solution=solution,
        )

    async def create_lookup(self, table: str, field: Field, *, solution: str) -> bool:
        """A lookup column with its relationship, or relationships where it may point to several tables."""
        several = len(field.targets) > 1
        return await self._make(
            lambda: self._exists(_column(table, field.name)),
            "CreatePolymorphicLookupAttribute" if several else "RelationshipDefinitions",
            creation.polymorphic_body(table, field) if several else creation.lookup_body(table, field),
            where=f"create lookup {table}.{field.name}",
            solution=solution,
        )

    async def add_options(self, table: str, field: str, options: Sequence[Option], *, solution: str) -> bool:
        """More values for a local choice; those that are there are left alone. Publish the table afterwards."""
        where = f"add choices to {table}.{field}"
        created = False
        for option in options:

            async def there(value: int = option.value) -> bool:
                return value in await self._option_values(table, field)

            body = creation.option_body(table, field, option, solution=solution)
            created |= await self._make(there, "InsertOptionValue", body, where=where)
        return created

    async def create_key(self, table: str, key: Key, *, solution: str) -> bool:
        """An alternate key. Its index is built by a job afterwards: ask key_status until it is Active."""

        async def there() -> bool:
            return bool(await self.key_status(table, key))

        path = f"{_definition(table)}/Keys"
        return await self._make(
            there, path, creation.key_body(key), where=f"create key {table}.{key.name}", solution=solution
        )

    async def key_status(self, table: str, key: Key) -> str:
        """Pending, InProgress, Active or Failed; empty when the table has no key of that name."""
        path = f"{_definition(table)}/Keys" + odata.query(select=metadata.KEY_SELECT)
        for there in (await self._get(path, where=f"keys of {table}", strong=True))["value"]:
            if there["LogicalName"].lower() == key.name.lower():
                return str(there.get("EntityKeyIndexStatus") or "Pending")
        return ""

    async def publish(self, tables: Sequence[str]) -> None:
        """Make changed labels and options of those tables visible to people."""
        if tables:
            body = creation.publish_body(tables)
            await self._transport.send("POST", "PublishXml", where="publish", body=body)

    async def drop_key(self, table: str, key: Key) -> bool:
        """Remove an alternate key."""
        path = f"{_definition(table)}/Keys(LogicalName={odata.quoted(key.name.lower())})"
        return await self._drop(path, where=f"drop key {table}.{key.name}")

    async def drop_relationship(self, name: str) -> bool:
        """Remove a relationship by its schema name; its lookup column goes with it."""
        path = f"RelationshipDefinitions(SchemaName={odata.quoted(name)})"
        return await self._drop(path, where=f"drop relationship {name}")

    async def drop_lookup(self, table: str, field: Field) -> bool:
        """Remove a lookup of ours: its relationships, and the column if it outlives them."""
        dropped = False
        for target in field.targets:
            dropped |= await self.drop_relationship(creation.relationship_name(table, field, target))
        return await self.drop_field(table, field.name) or dropped

    async def drop_field(self, table: str, field: str) -> bool:
        """Remove a column with everything in it."""
        return await self._drop(_column(table, field), where=f"drop column {table}.{field}")

    async def drop_table(self, table: str) -> bool:
        """Remove a table with all its rows."""
        self._bulk.pop(table, None)
        return await self._drop(_definition(table), where=f"drop table {table}")

    async def remove_options(self, table: str, field: str, options: Sequence[Option]) -> bool:
        """Take values out of a local choice. Publish the table afterwards."""
        there = await self._option_values(table, field)
        body = {"EntityLogicalName": table, "AttributeLogicalName": field}
        removed = False
        for option in options:
            if option.value in there:
                where = f"remove choices from {table}.{field}"
                reply = await self._transport.send(
                    "POST", "DeleteOptionValue", where=where, body={**body, "Value": option.value}, accept=_JUDGED
                )
                if reply.fault is not None and option.value in await self._option_values(table, field):
                    raise failure(reply.fault, where)
                removed = True
        return removed

    async def drop_solution(self, name: str) -> bool:
        """Remove the solution. What is in it stays: unmanaged solutions only list."""
        found = await self._solution(name)
        return found is not None and await self._drop(odata.record("solutions", found), where="drop the solution")

    async def drop_publisher(self, prefix: str) -> bool:
        """Remove our publisher; one that someone else made with the same prefix stays."""
        found = await self._find("publishers", "publisherid", f"uniquename eq {odata.quoted(publisher_name(prefix))}")
        return found is not None and await self._drop(odata.record("publishers", found), where="drop the publisher")

    async def _publisher(self, prefix: str) -> str | None:
        return await self._find("publishers", "publisherid", f"customizationprefix eq {odata.quoted(prefix)}")

    async def _solution(self, name: str) -> str | None:
        return await self._find("solutions", "solutionid", f"uniquename eq {odata.quoted(name)}")

    async def _find(self, set_name: str, primary_id: str, filter: str) -> str | None:
        path = set_name + odata.query(select=primary_id, filter=filter)
        rows = (await self._get(path, where=f"read {set_name}"))["value"]
        return str(rows[0][primary_id]) if rows else None

    async def _exists(self, path: str) -> bool:
        reply = await self._look(path + odata.query(select="LogicalName"))
        return reply.fault is None

    async def _look(self, path: str) -> Reply:
        """A definition, or the reply that says it is not there."""
        where = "read a definition"
        reply = await self._transport.send("GET", path, where=where, headers=odata.STRONG, accept=_JUDGED)
        if reply.fault is not None and reply.status != 404:
            raise failure(reply.fault, where)
        return reply

    async def _option_values(self, table: str, field: str) -> frozenset[int]:
        cast = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
        path = f"{_column(table, field)}/{cast}" + odata.query(select="LogicalName", expand="OptionSet")
        reply = await self._look(path)
        if reply.fault is not None:
            return frozenset()
        return frozenset(option["Value"] for option in reply.json()["OptionSet"]["Options"])

    async def _make(
        self,
        there: Callable[[], Awaitable[bool]],
        path: str,
        body: Mapping[str, Any],
        *,
        where: str,
        solution: str = "",
    ) -> bool:
        """Create what is not there. A lost answer is settled by looking: making tables outlasts many a timeout."""
        if await there():
            return False
        headers = {"MSCRM.SolutionUniqueName": solution} if solution else {}
        for attempt in range(1, _TRIES + 1):
            try:
                reply = await self._transport.send(
                    "POST", path, where=where, body=body, headers=headers, accept=_JUDGED, repeatable=False
                )
            except OutcomeUnknown as unknown:
                await self._transport.gate.sleep(unknown.after)
                if await there():
                    return True
                if attempt == _TRIES:
                    raise
                continue
            if reply.fault is None:
                return True
            if await there():
                return attempt > 1  # by an earlier try of ours, else by someone else at the same moment
            raise failure(reply.fault, where)
        raise AssertionError("the last try returns or raises")

    async def _drop(self, path: str, *, where: str) -> bool:
        reply = await self._transport.send("DELETE", path, where=where, accept=_JUDGED)
        if reply.fault is not None and reply.status != 404:
            raise failure(reply.fault, where)
        return reply.fault is None


def publisher_name(prefix: str) -> str:
    """The unique name of a publisher that we made."""
    return f"bridgework{prefix}"


def _definition(table: str) -> str:
    return f"EntityDefinitions(LogicalName={odata.quoted(table)})"


def _column(table: str, field: str) -> str:
    return f"{_definition(table)}/Attributes(LogicalName={odata.quoted(field)})"
