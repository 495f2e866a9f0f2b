"""The writing verbs. Each answers for every row; none repeats blindly what may have happened already.

Fast while all goes well (one bulk message), exact when it does not: a refused bulk message is taken apart by a $batch
that goes on after an error, so that good rows go in and bad ones are named. Whether a lost answer was a success is
settled by reading the rows back: their ids are ours, so nothing has to be guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from shared.dataverse import odata
from shared.dataverse.batch import Operation
from shared.dataverse.callers import acting_as
from shared.dataverse.faults import Fault, FaultKind
from shared.dataverse.reads import Reads
from shared.dataverse.results import Result
from shared.dataverse.singly import each
from shared.dataverse.transport import OutcomeUnknown, Reply
from shared.errors import Stop
from shared.schema.model import Table

Row = Mapping[str, Any]
Results = dict[str, Result]

BULK_ROWS = 1_000
"""The most rows of one bulk message; Dataverse documents no limit, but recommends 100 to 1,000."""

_JUDGED = frozenset({FaultKind.DATA, FaultKind.ALREADY, FaultKind.CONFLICT, FaultKind.TOO_LARGE, FaultKind.BUG})


class Rows(Reads):
    """Verbs on rows in wire form: column names and bind names to values, with the primary id among them.

    A row that cannot go comes back as a Result with a reason. What concerns every row (a missing privilege, a request
    that Dataverse does not understand) is raised. An id may be named only once in a call.
    """

    async def create(self, table: Table, rows: Sequence[Row], *, caller: str | None = None) -> list[Result]:
        """Make the rows, each with the id it names. One that is there already by that id is a success.

        ``caller``: the Entra object id of the user who is to have made them (`callers`); such rows go one by one, in
        batches. Where that user may not make them, they come back with a reason that starts with ``caller-``.
        """
        ids, found = ids_of(table, rows), Results()
        for chunk in chunks_of(rows):
            bulk = caller is None and (await self.bulk(table.name)).create
            found |= await (self._create_bulk(table, chunk) if bulk else self._create_each(table, chunk, caller))
        return [found[row_id] for row_id in ids]

    async def update(self, table: Table, rows: Sequence[Row]) -> list[Result]:
        """Change rows that are there; never makes one. With ``@odata.etag``, only if nobody changed it since."""
        ids, found = ids_of(table, rows), Results()
        guarded = any(odata.ETAG in row for row in rows)
        for chunk in chunks_of(rows):
            bulk = not guarded and len(chunk) > 1 and (await self.bulk(table.name)).update
            found |= await (self._update_bulk(table, chunk) if bulk else self._update_each(table, chunk))
        return [found[row_id] for row_id in ids]

    async def delete(self, table: Table, items: Sequence[tuple[str, str | None]]) -> list[Result]:
        """Delete (id, etag or None). Gone already is a success; ``edited-since`` and ``has-children`` are reasons."""
        work = {}
        for row_id, etag in items:
            headers = {"If-Match": etag} if etag else {}
            work[row_id.lower()] = self._operation("DELETE", odata.record(table.set_name, row_id), headers)
        if len(work) != len(items):
            raise _twice(table)
        results = await each(self._transport, table, work, settle=_unsettled, where=f"delete {table.name}")
        return [_gone(results[row_id.lower()]) for row_id, _ in items]

    async def _create_bulk(self, table: Table, rows: Sequence[Row], *, tries: int = 3) -> Results:
        try:
            reply = await self._send_bulk(table, "CreateMultiple", rows, repeatable=False)
        except OutcomeUnknown as unknown:
            if tries == 1:
                raise
            await self._transport.gate.sleep(unknown.after)
            done = await self._present(table, [row[table.primary_id].lower() for row in rows])
            missing = [row for row in rows if row[table.primary_id].lower() not in done]
            return done | (await self._create_bulk(table, missing, tries=tries - 1) if missing else {})
        if reply.fault is None:
            return all_ok(table, rows, reply.status)
        if reply.fault.kind is FaultKind.TOO_LARGE and len(rows) > 1:
            middle = len(rows) // 2
            first = await self._create_bulk(table, rows[:middle], tries=tries)
            return first | await self._create_bulk(table, rows[middle:], tries=tries)
        return await self._create_each(table, rows)

    async def _create_each(self, table: Table, rows: Sequence[Row], caller: str | None = None) -> Results:
        work = {row[table.primary_id].lower(): self._operation("POST", table.set_name, {}, row) for row in rows}

        async def present(ids: Collection[str]) -> Results:
            return await self._present(table, list(ids))

        async def send(headers: Mapping[str, str]) -> Results:
            where = f"create {table.name}"
            return await each(self._transport, table, work, settle=present, where=where, headers=headers)

        return await acting_as(caller, work, send, present)

    async def _present(self, table: Table, ids: Sequence[str]) -> Results:
        there = await self.rows(table, ids, select=[])
        return {row_id: Result(row_id, True, already=True) for row_id in ids if row_id in there}

    async def _update_bulk(self, table: Table, rows: Sequence[Row]) -> Results:
        reply = await self._send_bulk(table, "UpdateMultiple", rows, repeatable=True)
        if reply.fault is None:
            return all_ok(table, rows, reply.status)
        if reply.fault.kind is FaultKind.TOO_LARGE and len(rows) > 1:
            middle = len(rows) // 2
            return await self._update_bulk(table, rows[:middle]) | await self._update_bulk(table, rows[middle:])
        return await self._update_each(table, rows)

    async def _update_each(self, table: Table, rows: Sequence[Row]) -> Results:
        sent = {row[table.primary_id].lower(): row for row in rows}
        aside = {table.primary_id, odata.ETAG}
        work = {
            row_id: self._operation(
                "PATCH",
                odata.record(table.set_name, row_id),
                {"If-Match": row.get(odata.ETAG) or "*"},
                {name: value for name, value in row.items() if name not in aside},
            )
            for row_id, row in sent.items()
        }

        async def settle(doubtful: Mapping[str, Fault]) -> Results:
            guarded = {row_id: sent[row_id] for row_id in doubtful if sent[row_id].get(odata.ETAG)}
            return await self._compare(table, guarded)

        return await each(self._transport, table, work, settle=settle, where=f"update {table.name}")

    async def _compare(self, table: Table, sent: Mapping[str, Row]) -> Results:
        """Settle guarded updates: ours went in, or someone else's did. Where neither did, say nothing."""
        columns = sorted({name for row in sent.values() for name in odata.columns(table, row)})
        present = await self.rows(table, list(sent), select=columns) if sent else {}
        results = Results()
        for row_id, row in sent.items():
            there = present.get(row_id)
            if there is None:
                results[row_id] = Result(row_id, False, "row-missing")
            elif there.get(odata.ETAG) == row[odata.ETAG]:
                continue  # nobody wrote; nested rows (parties) can differ though every column is the same
            elif odata.shows(table, row, there):
                results[row_id] = Result(row_id, True, already=True)
            else:
                results[row_id] = Result(row_id, False, "edited-since", status=412)
        return results

    async def _send_bulk(self, table: Table, message: str, rows: Sequence[Row], *, repeatable: bool) -> Reply:
        kind = f"Microsoft.Dynamics.CRM.{table.name}"
        return await self._transport.send(
            "POST",
            f"{table.set_name}/Microsoft.Dynamics.CRM.{message}",
            where=f"{message} {table.name}",
            body={"Targets": [{"@odata.type": kind, **row} for row in rows]},
            accept=_JUDGED,
            repeatable=repeatable,
        )

    def _operation(self, method: str, path: str, headers: Mapping[str, str], body: Row | None = None) -> Operation:
        return Operation(method, self._transport.path(path), headers, orjson.dumps(body) if body is not None else None)


async def _unsettled(doubtful: Mapping[str, Fault]) -> Results:
    return {}


def ids_of(table: Table, rows: Sequence[Row]) -> list[str]:
    """Their ids in lower case, in order. Stop when one comes twice: no answer could say which of them it means."""
    ids = [str(row[table.primary_id]).lower() for row in rows]
    if len(set(ids)) != len(ids):
        raise _twice(table)
    return ids


def _twice(table: Table) -> Stop:
    return Stop("id-twice", f"Two rows of one request to {table.name} have the same id.")


def chunks_of(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """As many as one bulk message takes, again and again."""
    return [rows[start : start + BULK_ROWS] for start in range(0, len(rows), BULK_ROWS)]


def all_ok(table: Table, rows: Sequence[Row], status: int) -> Results:
    """The results of a message that went in whole."""
    ids = (row[table.primary_id].lower() for row in rows)
    return {row_id: Result(row_id, True, status=status) for row_id in ids}


def _gone(result: Result) -> Result:
    return Result(result.id, True, status=404, already=True) if result.status == 404 else result
