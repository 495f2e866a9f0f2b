"""The writing verbs. Each answers for every row; none repeats blindly what may have happened already.

Fast while all goes well (bulk messages, several at once), exact when it does not: a refused bulk message is taken
apart by a $batch that goes on after an error, so that good rows go in and bad ones are named. Whether a lost answer
was a success is settled by reading the rows back: their ids are ours, so nothing has to be guessed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson

from shared.dataverse import odata
from shared.dataverse.batch import Operation
from shared.dataverse.callers import acting_as
from shared.dataverse.faults import Fault, FaultKind
from shared.dataverse.reads import Reads
from shared.dataverse.results import Result
from shared.dataverse.singly import each
from shared.dataverse.sizes import Sizes, fitting
from shared.dataverse.together import together
from shared.dataverse.transport import FIRST, OutcomeUnknown, Reply, Transport
from shared.errors import Stop
from shared.memory import lasting_json
from shared.schema.model import Table

Row = Mapping[str, Any]
Results = dict[str, Result]
Wire = dict[str, bytes]
"""Rows as they travel, encoded once, by their ids in lower case."""

MESSAGES_AT_ONCE = 4
"""Of one call: as many as one user may have under way on one server on average (1,200 s of execution in 300 s)."""
SIGNED = "annotation"
"""Under a note stands who made it, so those that nobody else makes are all made by the same of us (A22)."""
FIRST_ROWS = 10
"""Of the first bulk message to a table. The platform makes SQL types for it then, and a second one meanwhile is refused
(0x80044150), so it goes alone; nobody should wait long for it."""

_JUDGED = frozenset({FaultKind.DATA, FaultKind.ALREADY, FaultKind.CONFLICT, FaultKind.TOO_LARGE, FaultKind.BUG})


class Rows(Reads):
    """Verbs on rows in wire form: column names and bind names to values, with the primary id among them.

    A row that cannot go comes back as a Result with a reason. What concerns every row (a missing privilege, a request
    that Dataverse does not understand) is raised. An id may be named only once in a call.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self._sizes = Sizes()
        self._warm: set[str] = set()
        self._warming: dict[str, asyncio.Lock] = {}

    async def create(self, table: Table, rows: Iterable[Row], *, caller: str | None = None) -> list[Result]:
        """Make the rows, each with the id it names. One that is there already by that id is a success. They are encoded
        as they come, so those of a generator never lie there as dictionaries.

        ``caller``: the Entra object id of the user who is to have made them (`callers`); such rows go one by one, in
        batches. Where that user may not make them, they come back with a reason that starts with ``caller-``.
        """
        wire = Wire()
        for row in rows:
            row_id = _id_of(table, row)
            if row_id in wire:
                raise _twice(table)
            wire[row_id] = lasting_json(row)
        ids = list(wire)
        if caller is None and (await self.bulk(table.name)).create:
            found = await self._create_in_bulk(table, wire)
        else:
            found = await self._create_each(table, wire, caller)
        return [found[row_id] for row_id in ids]

    async def update(self, table: Table, rows: Sequence[Row]) -> list[Result]:
        """Change rows that are there; never makes one. With ``@odata.etag``, only if nobody changed it since."""
        ids = ids_of(table, rows)
        guarded = any(odata.ETAG in row for row in rows)
        if not guarded and len(rows) > 1 and (await self.bulk(table.name)).update:
            size = self._sizes.of(table.name).part_of(len(rows))
            chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
            found = _merged(await together(self._update_bulk(table, chunk) for chunk in chunks))
        else:
            found = await self._update_each(table, rows)
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

    async def _create_in_bulk(self, table: Table, wire: Wire) -> Results:
        """By bulk messages of the size that pays, several side by side; the first to a table goes alone.

        A message is cut only when it is about to go: what was learnt from those before it counts.
        """
        found = Results()
        if table.name not in self._warm:
            async with self._warming.setdefault(table.name, asyncio.Lock()):
                if table.name not in self._warm:
                    first = dict(list(wire.items())[:FIRST_ROWS])
                    found = await self._create_bulk(table, first)
                    self._warm.add(table.name)
                    wire = {row_id: row for row_id, row in wire.items() if row_id not in first}
        rest, idle, gate = deque(wire.items()), MESSAGES_AT_ONCE, self._transport.gate

        async def send() -> None:
            nonlocal idle
            while rest:
                await gate.clear()
                if not rest:
                    break  # others took it meanwhile
                most = self._sizes.of(table.name).part_of(len(rest), places=min(idle, gate.free))
                count = fitting((len(row) for _, row in rest), rows=most)
                idle -= 1
                found.update(await self._create_bulk(table, dict(rest.popleft() for _ in range(count))))
                idle += 1

        await together(send() for _ in range(MESSAGES_AT_ONCE))
        return found

    async def _create_bulk(self, table: Table, wire: Wire, *, tries: int = 3) -> Results:
        size = self._sizes.of(table.name)
        try:
            reply = await self._send_bulk(table, "CreateMultiple", wire.values(), repeatable=False)
        except OutcomeUnknown as unknown:
            if tries == 1:
                raise
            await self._transport.gate.sleep(unknown.after)
            done = await self._present(table, list(wire))
            missing = {row_id: row for row_id, row in wire.items() if row_id not in done}
            return done | (await self._create_bulk(table, missing, tries=tries - 1) if missing else {})
        if reply.fault is None:
            size.took(len(wire), reply.seconds)
            return all_ok(wire, reply.status)
        if reply.fault.kind is FaultKind.TOO_LARGE and len(wire) > 1:
            middle = len(wire) // 2
            size.shrink(len(wire), to=middle)
            items = list(wire.items())
            first = await self._create_bulk(table, dict(items[:middle]), tries=tries)
            return first | await self._create_bulk(table, dict(items[middle:]), tries=tries)
        return await self._create_each(table, wire)

    async def _create_each(self, table: Table, wire: Wire, caller: str | None = None) -> Results:
        path = self._transport.path(table.set_name)
        work = {row_id: Operation("POST", path, {}, row) for row_id, row in wire.items()}

        async def present(ids: Collection[str]) -> Results:
            return await self._present(table, list(ids))

        async def send(headers: Mapping[str, str]) -> Results:
            user = FIRST if table.name == SIGNED else None
            where = f"create {table.name}"
            return await each(self._transport, table, work, settle=present, where=where, headers=headers, user=user)

        return await acting_as(caller, work, send, present)

    async def _present(self, table: Table, ids: Sequence[str]) -> Results:
        there = await self.rows(table, ids, select=[])
        return {row_id: Result(row_id, True, already=True) for row_id in ids if row_id in there}

    async def _update_bulk(self, table: Table, rows: Sequence[Row]) -> Results:
        reply = await self._send_bulk(table, "UpdateMultiple", list(map(orjson.dumps, rows)), repeatable=True)
        if reply.fault is None:
            return all_ok(ids_of(table, rows), reply.status)
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

    async def _send_bulk(self, table: Table, message: str, rows: Collection[bytes], *, repeatable: bool) -> Reply:
        """One bulk message of encoded rows: each only gets the name of its table in front."""
        kind = b'{"@odata.type":"Microsoft.Dynamics.CRM.%b",' % table.name.encode()
        targets = b",".join(kind + row[1:] for row in rows)
        return await self._transport.send(
            "POST",
            f"{table.set_name}/Microsoft.Dynamics.CRM.{message}",
            where=f"{message} {table.name}",
            content=(odata.JSON, b'{"Targets":[%b]}' % targets),
            accept=_JUDGED,
            repeatable=repeatable,
            rows=len(rows),
            user=None,
        )

    def _operation(self, method: str, path: str, headers: Mapping[str, str], body: Row | None = None) -> Operation:
        return Operation(method, self._transport.path(path), headers, lasting_json(body) if body is not None else None)


async def _unsettled(doubtful: Mapping[str, Fault]) -> Results:
    return {}


def ids_of(table: Table, rows: Sequence[Row]) -> list[str]:
    """Their ids in lower case, in order. Stop when one comes twice: no answer could say which of them it means."""
    ids = [_id_of(table, row) for row in rows]
    if len(set(ids)) != len(ids):
        raise _twice(table)
    return ids


def _id_of(table: Table, row: Row) -> str:
    return str(row[table.primary_id]).lower()


def _twice(table: Table) -> Stop:
    return Stop("id-twice", f"Two rows of one request to {table.name} have the same id.")


def all_ok(ids: Iterable[str], status: int) -> Results:
    """The results of a message that went in whole."""
    return {row_id: Result(row_id, True, status=status) for row_id in ids}


def _merged(found: Iterable[Results]) -> Results:
    return {row_id: result for some in found for row_id, result in some.items()}


def _gone(result: Result) -> Result:
    return Result(result.id, True, status=404, already=True) if result.status == 404 else result
