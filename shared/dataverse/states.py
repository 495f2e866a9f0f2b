"""The second write that a state other than the default needs. Apart from rows: how it may be sent is not documented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from shared.dataverse import odata
from shared.dataverse.results import Result
from shared.dataverse.rows import Results, Row, Rows, all_ok, ids_of
from shared.dataverse.transport import Transport
from shared.schema.model import Table

BULK_ROWS = 1_000
"""The most rows of one bulk message; Dataverse documents no limit, but recommends 100 to 1,000."""


class States(Rows):
    """Verbs on states and status reasons."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self._states_in_bulk: dict[str, bool] = {}

    async def set_state(
        self,
        table: Table,
        rows: Sequence[tuple[str, int, int]],
        *,
        values: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> list[Result]:
        """Set (id, statecode, statuscode) for each row. One that is in that state already is a success.

        ``values`` are columns that must go along with it, by row: an activity's actual end is stamped with now
        otherwise (section 10). Such rows go one by one, in batches.

        That UpdateMultiple changes states is not documented. So the first time one row of a table is read back; where
        it was refused or did nothing, single PATCHes do it, then and ever after.
        """
        more = {row_id.lower(): columns for row_id, columns in (values or {}).items()}
        bodies: list[dict[str, Any]] = [
            {table.primary_id: row_id, "statecode": state, "statuscode": status, **more.get(row_id.lower(), {})}
            for row_id, state, status in rows
        ]
        ids, found = ids_of(table, bodies), Results()
        alone = [body for body in bodies if more.get(body[table.primary_id].lower())]
        alike = [body for body in bodies if not more.get(body[table.primary_id].lower())]
        for start in range(0, len(alike), BULK_ROWS):
            found |= await self._set_states(table, alike[start : start + BULK_ROWS])
        if alone:
            found |= await self._set_each(table, alone)
        return [found[row_id] for row_id in ids]

    async def _set_states(self, table: Table, bodies: Sequence[Row]) -> Results:
        known = self._states_in_bulk.get(table.name)
        bulk = known is not False and len(bodies) > 1 and (await self.bulk(table.name)).update
        if bulk and await self._set_in_bulk(table, bodies, known=known is not None):
            return all_ok(ids_of(table, bodies), 204)
        results = await self._set_each(table, bodies)
        if bulk and all(result.ok for result in results.values()):
            self._states_in_bulk[table.name] = False  # there was nothing wrong with the rows
        return results

    async def _set_in_bulk(self, table: Table, bodies: Sequence[Row], *, known: bool) -> bool:
        reply = await self._send_bulk(table, "UpdateMultiple", list(map(orjson.dumps, bodies)), repeatable=True)
        if reply.fault is not None or known:
            return reply.fault is None
        row_id = bodies[0][table.primary_id]
        present = await self.rows(table, [row_id], select=["statecode", "statuscode"])
        self._states_in_bulk[table.name] = odata.shows(table, bodies[0], present.get(row_id.lower(), {}))
        return self._states_in_bulk[table.name]

    async def _set_each(self, table: Table, bodies: Sequence[Row]) -> Results:
        """One by one. A closed activity may refuse every change, even to what it is: so refusals are looked into."""
        results = await self._update_each(table, bodies)
        refused = [body for body in bodies if not results[body[table.primary_id].lower()].ok]
        if refused:
            columns = sorted({name for body in refused for name in odata.columns(table, body)})
            present = await self.rows(table, [body[table.primary_id] for body in refused], select=columns)
            for body in refused:
                row_id = body[table.primary_id].lower()
                if row_id in present and odata.shows(table, body, present[row_id]):
                    results[row_id] = Result(row_id, True, already=True)
        return results
