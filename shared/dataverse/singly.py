"""Many single writes in batches, until each one's outcome is known. Apart because this loop is the careful part."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping

from shared.dataverse.batch import Operation
from shared.dataverse.faults import NO_ANSWER, Fault, FaultKind, failure
from shared.dataverse.results import Result
from shared.dataverse.together import together
from shared.dataverse.transport import OutcomeUnknown, Transport, backoff, part_fault
from shared.schema.model import Table

Settle = Callable[[Mapping[str, Fault]], Awaitable[dict[str, Result]]]

_TRIES = 5
_OPERATIONS = 100
_BYTES = 8_000_000
_DOUBTFUL = frozenset({FaultKind.ALREADY, FaultKind.CONFLICT, FaultKind.AMBIGUOUS})
_AGAIN = frozenset({FaultKind.RETRY, FaultKind.THROTTLED, FaultKind.CUSTOMIZATION, FaultKind.AMBIGUOUS})


async def each(
    transport: Transport,
    table: Table,
    work: Mapping[str, Operation],
    *,
    settle: Settle,
    where: str,
    headers: Mapping[str, str] | None = None,
    user: int | None = None,
) -> dict[str, Result]:
    """The outcome of every operation, by row id.

    ``settle`` gets the ids whose outcome an answer does not tell (lost, there already, a condition that did not hold)
    and answers for those it can. A lost one it leaves out is sent again; others fail with their fault's reason.
    Raises TryAgain when some could not be brought to an end, and whatever concerns all of them. ``headers`` go with the
    batch itself: whom it acts for is a matter of the whole request. ``user``: as whom of us; None: as any.
    """
    results: dict[str, Result] = {}
    pending = dict(work)
    for attempt in range(1, _TRIES + 1):
        faults = await _send(transport, pending, results, where=where, headers=headers or {}, user=user)
        doubtful = {row_id: fault for row_id, fault in faults.items() if fault.kind in _DOUBTFUL}
        results |= await settle(doubtful) if doubtful else {}
        again: dict[str, Fault] = {}
        for row_id, fault in faults.items():
            if row_id in results:
                continue
            if fault.kind is FaultKind.CONFIGURATION:
                raise failure(fault, where)
            if fault.kind in _AGAIN and not (fault.poison and attempt >= fault.tries):
                again[row_id] = fault
            else:
                column = fault.column if fault.column and table.field(fault.column) else None
                results[row_id] = Result(row_id, False, fault.reason, column, fault.status)
        _stop_if_ours(faults, work, where=where)
        if not again:
            return results
        pending = {row_id: work[row_id] for row_id in again}
        slowest = max(again.values(), key=lambda fault: fault.wait)
        if slowest.kind is FaultKind.THROTTLED:
            transport.gate.pace.close(transport.gate.clock(), slowest.wait)
        elif attempt < _TRIES:
            await transport.gate.sleep(backoff(slowest, attempt))
    raise failure(slowest, where)


def _stop_if_ours(faults: Mapping[str, Fault], work: Mapping[str, Operation], *, where: str) -> None:
    """A request that is refused as malformed for every row is our mistake; for one row, that row is odd."""
    bugs = [fault for fault in faults.values() if fault.kind is FaultKind.BUG]
    if len(work) > 1 and len(bugs) == len(work):
        raise failure(bugs[0], where)


async def _send(
    transport: Transport,
    pending: Mapping[str, Operation],
    results: dict[str, Result],
    *,
    where: str,
    headers: Mapping[str, str],
    user: int | None,
) -> dict[str, Fault]:
    faults: dict[str, Fault] = {}

    async def send(group: list[str]) -> None:
        try:
            operations = [pending[row_id] for row_id in group]
            parts = await transport.batch(operations, where=where, repeatable=False, headers=headers, user=user)
        except OutcomeUnknown:
            faults.update(dict.fromkeys(group, NO_ANSWER))
            return
        for row_id, part in zip(group, parts, strict=True):
            fault = part_fault(part)
            if fault is None:
                results[row_id] = Result(row_id, True, status=part.status)
            else:
                faults[row_id] = fault

    await together(send(group) for group in _groups(pending))
    return faults


def _groups(work: Mapping[str, Operation]) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for row_id, operation in work.items():
        length = len(operation.body or b"")
        if group and (len(group) == _OPERATIONS or size + length > _BYTES):
            yield group
            group, size = [], 0
        group.append(row_id)
        size += length
    if group:
        yield group
