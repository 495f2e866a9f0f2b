"""What leads to a table, over the whole environment: people's own tables and activities among it."""

from __future__ import annotations

from collections.abc import Collection

from shared.dataverse import odata
from shared.dataverse.faults import FaultKind
from shared.dataverse.reads import Reads
from shared.schema.model import Field, Kind, Table

NAMES = "LogicalName,EntitySetName,PrimaryIdAttribute"
NO_CASCADE = "NoCascade"


class Links(Reads):
    """Verbs on relationships."""

    async def leading_to(self, table: str) -> list[tuple[Table, str]]:
        """Every table with a lookup to ``table`` that a delete would follow: its rows go too, lose their link, or
        forbid the delete. A table comes as far as it takes to ask for its rows by that lookup."""
        path = f"EntityDefinitions(LogicalName={odata.quoted(table)})/OneToManyRelationships"
        select = odata.query(select="ReferencingEntity,ReferencingAttribute,CascadeConfiguration")
        links = (await self._get(path + select, where=f"relationships of {table}"))["value"]
        followed = {
            (str(link["ReferencingEntity"]), str(link["ReferencingAttribute"]))
            for link in links
            if (link.get("CascadeConfiguration") or {}).get("Delete", NO_CASCADE) != NO_CASCADE
        }
        definitions = (await self._get("EntityDefinitions" + odata.query(select=NAMES), where="tables"))["value"]
        known = {str(one["LogicalName"]): one for one in definitions if one.get("EntitySetName")}
        return [(_light(known[name], lookup), lookup) for name, lookup in sorted(followed) if name in known]

    async def touched_by_others(self, table: Table, lookup: str, *, us: Collection[str]) -> bool | None:
        """Whether anybody but ``us`` last changed a row that points anywhere by ``lookup``; None for a table that does
        not say who changed its rows, or that nobody can ask: the platform's own."""
        others = " and ".join(f"_modifiedby_value ne {one}" for one in us)
        rule = f"_{lookup}_value ne null and {others}"
        query = odata.query(select=table.primary_id, filter=rule, top="1")
        reply = await self._transport.send(
            "GET",
            table.set_name + query,
            where=f"read {table.name}",
            accept={FaultKind.DATA, FaultKind.CONFIGURATION, FaultKind.BUG},
        )
        return None if reply.fault is not None else bool(reply.json()["value"])


def _light(definition: dict[str, str], lookup: str) -> Table:
    name, rows, id_ = (definition[key] for key in ("LogicalName", "EntitySetName", "PrimaryIdAttribute"))
    return Table(name, rows, id_, "", fields=(Field(lookup, Kind.LOOKUP),))
