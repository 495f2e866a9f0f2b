"""What only activities and opportunities have: parties, and an end that is an action of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.dataverse import odata
from shared.dataverse.faults import Fault
from shared.dataverse.results import Closing, Result
from shared.dataverse.singly import each
from shared.dataverse.states import States
from shared.schema.model import Table

Party = tuple[int, str, str]
"""Participation type, table (empty for an address that is nobody's row), row id or address."""

OPPORTUNITY = Table("opportunity", "opportunities", "opportunityid", "name")
_PARTY_COLUMNS = "participationtypemask,_partyid_value,addressused,_activityid_value"
_LOGICAL_NAME = "_partyid_value@Microsoft.Dynamics.CRM.lookuplogicalname"
_WON, _LOST = 1, 2


class Activities(States):
    """Verbs beyond rows."""

    async def parties(self, ids: Iterable[str]) -> dict[str, frozenset[Party]]:
        """Who takes part in activities, by activity; one without parties is absent.

        Parties are rows that nobody can write on their own: they come nested in their activity. Dataverse adds some by
        itself (9, the owner, and 8, what it is about).
        """
        found: dict[str, set[Party]] = {}
        wanted = list(dict.fromkeys(id_.lower() for id_ in ids))
        for rule in odata.either("_activityid_value", wanted, room=self._room(_PARTY_COLUMNS)):
            path = "activityparties" + odata.query(select=_PARTY_COLUMNS, filter=rule)
            async for page in self._follow(path, where="read activityparty", size=5000, annotations=True):
                for row in page:
                    activity = str(row["_activityid_value"]).lower()
                    found.setdefault(activity, set()).add(_party(row))
        return {activity: frozenset(parties) for activity, parties in found.items()}

    async def close_opportunities(self, rows: Sequence[Closing]) -> list[Result]:
        """Win or lose opportunities. One that has ended in the same state already is a success.

        An action makes an opportunityclose beside it, whose end and revenue Dataverse copies to the opportunity
        (11.2). After a lost answer the state is read back: a second action would be refused, or close it twice.
        """
        work = {
            one.id.lower(): self._operation("POST", "WinOpportunity" if one.won else "LoseOpportunity", {}, _body(one))
            for one in rows
        }
        states = {one.id.lower(): _WON if one.won else _LOST for one in rows}

        async def settle(doubtful: Mapping[str, Fault]) -> dict[str, Result]:
            present = await self.rows(OPPORTUNITY, list(doubtful), select=["statecode"])
            return {
                id_: Result(id_, True, already=True)
                for id_ in doubtful
                if present.get(id_, {}).get("statecode") == states[id_]
            }

        there = await self.rows(OPPORTUNITY, list(work), select=["statecode"])
        ended = {id_ for id_ in work if there.get(id_, {}).get("statecode") == states[id_]}
        waiting = {id_: operation for id_, operation in work.items() if id_ not in ended}
        found = {id_: Result(id_, True, already=True) for id_ in ended}
        if waiting:
            found |= await each(self._transport, OPPORTUNITY, waiting, settle=settle, where="close opportunity")
        return [found[one.id.lower()] for one in rows]


def _party(row: Mapping[str, Any]) -> Party:
    who = row.get("_partyid_value")
    mask = int(row["participationtypemask"])
    if who is None:
        return mask, "", str(row.get("addressused") or "")
    return mask, str(row.get(_LOGICAL_NAME) or ""), str(who).lower()


def _body(closing: Closing) -> dict[str, Any]:
    ended = "Won" if closing.won else "Lost"
    close: dict[str, Any] = {
        "@odata.type": "Microsoft.Dynamics.CRM.opportunityclose",
        "subject": closing.subject or ended,
        "opportunityid@odata.bind": odata.reference("opportunities", closing.id),
    }
    if closing.actual_end:
        close["actualend"] = f"{closing.actual_end}T00:00:00Z"
    if closing.actual_revenue is not None:
        close["actualrevenue"] = closing.actual_revenue
    return {"Status": closing.status, "OpportunityClose": close}
