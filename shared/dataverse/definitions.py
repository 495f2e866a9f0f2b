"""The schema verbs that make: get or create. Each can be repeated after a crash, and says whether it made anything.

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
from shared.errors import Stop
from shared.schema.model import Field, Key, Option, Table

JUDGED = frozenset({FaultKind.DATA, FaultKind.ALREADY, FaultKind.CONFLICT, FaultKind.BUG})
_TRIES = 3


class Definitions(Reads):
    """Verbs that add to the schema, and say whether they did: False means that it was there already.

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

        return await self._make(lambda: self.has_publisher(prefix), "publishers", body, where="create the publisher")

    async def has_publisher(self, prefix: str) -> bool:
        """Whether there is a publisher with that customization prefix."""
        return await self._publisher(prefix) is not None

    async def ensure_solution(self, name: str, prefix: str) -> bool:
        """Our solution, under the publisher with that prefix (ensure_publisher first)."""

        if await self.has_solution(name):
            return False
        publisher = await self._publisher(prefix)
        if publisher is None:
            raise Stop("publisher-missing", "The solution's publisher has to be created first.")
        body = {
            "friendlyname": name,
            "uniquename": name,
            "version": "1.0.0.0",
            "publisherid@odata.bind": odata.reference("publishers", publisher),
        }
        return await self._make(lambda: self.has_solution(name), "solutions", body, where="create the solution")

    async def has_solution(self, name: str) -> bool:
        """Whether there is a solution of that unique name."""
        return await self.find("solutions", "solutionid", f"uniquename eq {odata.quoted(name)}") is not None

    async def create_table(self, table: Table, *, solution: str) -> bool:
        """A user-owned table with its primary name column; add the other columns one by one."""
        path = definition_path(table.name)
        body = creation.table_body(table)
        self._bulk.pop(table.name, None)
        return await self._make(
            lambda: self._exists(path), "EntityDefinitions", body, where=f"create table {table.name}", solution=solution
        )

    async def create_field(self, table: str, field: Field, *, solution: str) -> bool:
        """A column that is not a lookup. A choice's options have their values (shared.schema.gaps numbers them)."""
        return await self._make(
            lambda: self._exists(column_path(table, field.name)),
            f"{definition_path(table)}/Attributes",
            creation.field_body(field),
            where=f"create column {table}.{field.name}",
            solution=solution,
        )

    async def create_lookup(self, table: str, field: Field, *, solution: str) -> bool:
        """A lookup column with its relationship, or relationships where it may point to several tables."""
        several = len(field.targets) > 1
        return await self._make(
            lambda: self._exists(column_path(table, field.name)),
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
                return value in await self.option_values(table, field)

            body = creation.option_body(table, field, option, solution=solution)
            created |= await self._make(there, "InsertOptionValue", body, where=where)
        return created

    async def create_key(self, table: str, key: Key, *, solution: str) -> bool:
        """An alternate key. Its index is built by a job afterwards: ask key_status until it is Active."""

        async def there() -> bool:
            return bool(await self.key_status(table, key))

        path = f"{definition_path(table)}/Keys"
        return await self._make(
            there, path, creation.key_body(key), where=f"create key {table}.{key.name}", solution=solution
        )

    async def key_status(self, table: str, key: Key) -> str:
        """Pending, InProgress, Active or Failed; empty when the table has no key of that name."""
        path = f"{definition_path(table)}/Keys" + odata.query(select=metadata.KEY_SELECT)
        for there in (await self._get(path, where=f"keys of {table}", strong=True))["value"]:
            if there["LogicalName"].lower() == key.name.lower():
                return str(there.get("EntityKeyIndexStatus") or "Pending")
        return ""

    async def publish(self, tables: Sequence[str]) -> None:
        """Make changed labels and options of those tables visible to people."""
        if tables:
            body = creation.publish_body(tables)
            await self._transport.send("POST", "PublishXml", where="publish", body=body)

    async def _publisher(self, prefix: str) -> str | None:
        return await self.find("publishers", "publisherid", f"customizationprefix eq {odata.quoted(prefix)}")

    async def find(self, set_name: str, primary_id: str, filter: str) -> str | None:
        """The id of the first row that matches, or None."""
        path = set_name + odata.query(select=primary_id, filter=filter)
        rows = (await self._get(path, where=f"read {set_name}"))["value"]
        return str(rows[0][primary_id]) if rows else None

    async def _exists(self, path: str) -> bool:
        reply = await self.look(path + odata.query(select="LogicalName"))
        return reply.fault is None

    async def look(self, path: str) -> Reply:
        """A definition, or the reply that says it is not there."""
        where = "read a definition"
        reply = await self._transport.send("GET", path, where=where, headers=odata.STRONG, accept=JUDGED)
        if reply.fault is not None and reply.status != 404:
            raise failure(reply.fault, where)
        return reply

    async def option_values(self, table: str, field: str) -> frozenset[int]:
        """The values of a local choice; none when there is no such choice."""
        cast = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
        path = f"{column_path(table, field)}/{cast}" + odata.query(select="LogicalName", expand="OptionSet")
        reply = await self.look(path)
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
                    "POST", path, where=where, body=body, headers=headers, accept=JUDGED, repeatable=False
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


def publisher_name(prefix: str) -> str:
    """The unique name of a publisher that we made."""
    return f"bridgework{prefix}"


def definition_path(table: str) -> str:
    """The path of a table's definition."""
    return f"EntityDefinitions(LogicalName={odata.quoted(table)})"


def column_path(table: str, field: str) -> str:
    """The path of a column's definition."""
    return f"{definition_path(table)}/Attributes(LogicalName={odata.quoted(field)})"
