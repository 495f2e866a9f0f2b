"""How opportunities end and begin again. Apart from states: an end is an action of its own (0x80100005 otherwise)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from shared.dataverse import odata
from shared.dataverse.activities import Activities
from shared.dataverse.callers import acting_as
from shared.dataverse.faults import Fault
from shared.dataverse.results import Closing, Result
from shared.dataverse.rows import Results, ids_of
from shared.dataverse.singly import each
from shared.schema.model import Table

OPPORTUNITY = Table("opportunity", "opportunities", "opportunityid", "name")
IN_PROGRESS = 1
"""The first status reason of an open opportunity."""
_OPEN, _WON, _LOST = 0, 1, 2
_ON_THAT_DAY = "T10:30:00Z"
"""The column holds a moment, of which people see the day: this one is the same day from Honolulu to Auckland."""


class Opportunities(Activities):
    """Verbs on the ends of opportunities. Each looks first, so that it may be repeated."""

    async def close_opportunities(self, rows: Sequence[Closing], *, caller: str | None = None) -> list[Result]:
        """Win or lose opportunities. One that has ended in that state already is a success, however it ended there.

        An action makes an opportunityclose beside it, whose end and revenue Dataverse copies to the opportunity
        (11.2). After a lost answer the state is read back: a second action would be refused, or close it twice.
        Reasons: ``closed-otherwise`` for one that ended in the other state (it has to be reopened first), those of
        ``callers`` where ``caller`` is to have closed it, or the fault's own.
        """
        ids = ids_of(OPPORTUNITY, [{OPPORTUNITY.primary_id: one.id} for one in rows])
        wanted = {one.id.lower(): _WON if one.won else _LOST for one in rows}

        async def ended(some: Collection[str]) -> Results:
            present = await self.rows(OPPORTUNITY, some, select=["statecode"])
            states = {row_id: row.get("statecode") for row_id, row in present.items()}
            return {id_: _ended(id_, state, wanted[id_]) for id_, state in states.items() if state in (_WON, _LOST)}

        async def settle(doubtful: Mapping[str, Fault]) -> Results:
            return await ended(doubtful)

        found = await ended(ids)
        work = {
            one.id.lower(): self._operation("POST", "WinOpportunity" if one.won else "LoseOpportunity", {}, _body(one))
            for one in rows
            if one.id.lower() not in found
        }

        async def send(headers: Mapping[str, str]) -> Results:
            where = "close opportunity"
            return await each(self._transport, OPPORTUNITY, work, settle=settle, where=where, headers=headers)

        if work:
            found |= await acting_as(caller, work, send, ended)
        return [found[row_id] for row_id in ids]

    async def reopen(self, ids: Iterable[str]) -> list[Result]:
        """Open won and lost opportunities again, in progress. One that is open already is left as it is.

        The opportunityclose of each stays, as a record of what happened.
        """
        wanted = ids_of(OPPORTUNITY, [{OPPORTUNITY.primary_id: id_} for id_ in ids])
        present = await self.rows(OPPORTUNITY, wanted, select=["statecode"])
        closed = [
            {OPPORTUNITY.primary_id: id_, "statecode": _OPEN, "statuscode": IN_PROGRESS}
            for id_ in wanted
            if present.get(id_, {}).get("statecode") in (_WON, _LOST)
        ]
        found = await self._set_each(OPPORTUNITY, closed) if closed else Results()
        for id_ in wanted:
            if id_ not in found:
                found[id_] = Result(id_, True, already=True) if id_ in present else Result(id_, False, "row-missing")
        return [found[id_] for id_ in wanted]


def _ended(id_: str, state: Any, wanted: int) -> Result:
    return Result(id_, True, already=True) if state == wanted else Result(id_, False, "closed-otherwise")


def _body(closing: Closing) -> dict[str, Any]:
    ended = "Won" if closing.won else "Lost"
    close: dict[str, Any] = {
        "@odata.type": "Microsoft.Dynamics.CRM.opportunityclose",
        "subject": closing.subject or ended,
        "opportunityid@odata.bind": odata.reference("opportunities", closing.id),
    }
    if closing.actual_end:
        close["actualend"] = closing.actual_end + _ON_THAT_DAY
    if closing.actual_revenue is not None:
        close["actualrevenue"] = closing.actual_revenue
    return {"Status": closing.status, "OpportunityClose": close}
