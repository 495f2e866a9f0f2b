"""The schema verbs that unmake. What is gone already is no failure, so each can be repeated after a crash.

Apart from `definitions` because these destroy: whether they may is decided by whoever calls them.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.dataverse import metadata, odata
from shared.dataverse.definitions import JUDGED, Definitions, column_path, definition_path, publisher_name
from shared.dataverse.faults import failure
from shared.schema.model import Field, Key, Option


class Removals(Definitions):
    """Verbs that take away from the schema, and say whether there was anything to take away."""

    async def drop_key(self, table: str, key: Key) -> bool:
        """Remove an alternate key, found by its name."""
        path = f"{definition_path(table)}/Keys(LogicalName={odata.quoted(key.name.lower())})"
        return await self._drop(path, where=f"drop key {table}.{key.name}")

    async def drop_relationship(self, name: str) -> bool:
        """Remove a relationship by its schema name; its lookup column goes with it."""
        path = f"RelationshipDefinitions(SchemaName={odata.quoted(name)})"
        return await self._drop(path, where=f"drop relationship {name}")

    async def drop_lookup(self, table: str, field: Field) -> bool:
        """Remove a lookup column with its relationships, found by the column's name."""
        query = odata.query(select=metadata.LINK_SELECT)
        reply = await self.look(f"{definition_path(table)}/ManyToOneRelationships{query}")
        dropped = False
        for link in reply.json()["value"] if reply.fault is None else ():
            if link["ReferencingAttribute"] == field.name:
                dropped |= await self.drop_relationship(link["SchemaName"])
        return await self.drop_field(table, field.name) or dropped

    async def drop_field(self, table: str, field: str) -> bool:
        """Remove a column with everything in it."""
        return await self._drop(column_path(table, field), where=f"drop column {table}.{field}")

    async def drop_table(self, table: str) -> bool:
        """Remove a table with all its rows."""
        self._bulk.pop(table, None)
        return await self._drop(definition_path(table), where=f"drop table {table}")

    async def remove_options(self, table: str, field: str, options: Sequence[Option]) -> bool:
        """Take values out of a local choice. Publish the table afterwards."""
        where = f"remove choices from {table}.{field}"
        there = await self.option_values(table, field)
        removed = False
        for value in (option.value for option in options):
            if value in there:
                body = {"EntityLogicalName": table, "AttributeLogicalName": field, "Value": value}
                reply = await self._transport.send("POST", "DeleteOptionValue", where=where, body=body, accept=JUDGED)
                if reply.fault is not None and value in await self.option_values(table, field):
                    raise failure(reply.fault, where)
                removed = True
        return removed

    async def drop_solution(self, name: str) -> bool:
        """Remove the solution; whether it is gone now. What is in it stays: an unmanaged solution only lists."""
        return await self._drop_row("solutions", "solutionid", f"uniquename eq {odata.quoted(name)}")

    async def drop_publisher(self, prefix: str) -> bool:
        """Remove our publisher; whether it is gone now. It stays while another solution is under it."""
        name = odata.quoted(publisher_name(prefix))
        return await self._drop_row("publishers", "publisherid", f"uniquename eq {name}")

    async def _drop_row(self, set_name: str, primary_id: str, filter: str) -> bool:
        found = await self.find(set_name, primary_id, filter)
        if found is None:
            return True
        path = odata.record(set_name, found)
        reply = await self._transport.send("DELETE", path, where=f"delete from {set_name}", accept=JUDGED)
        return reply.fault is None or reply.status == 404

    async def _drop(self, path: str, *, where: str) -> bool:
        reply = await self._transport.send("DELETE", path, where=where, accept=JUDGED)
        if reply.fault is not None and reply.status != 404:
            raise failure(reply.fault, where)
        return reply.fault is None
