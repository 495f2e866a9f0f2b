"""What only activities have: parties, which nobody can write on their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.dataverse import odata
from shared.dataverse.states import States

Party = tuple[int, str, str]
"""Participation type, table (empty for an address that is nobody's row), row id or address."""

_PARTY_COLUMNS = "participationtypemask,_partyid_value,addressused,_activityid_value"
_LOGICAL_NAME = "_partyid_value@Microsoft.Dynamics.CRM.lookuplogicalname"


class Activities(States):
    """Verbs on activities."""

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


def _party(row: Mapping[str, Any]) -> Party:
    who = row.get("_partyid_value")
    mask = int(row["participationtypemask"])
    if who is None:
        return mask, "", str(row.get("addressused") or "")
    return mask, str(row.get(_LOGICAL_NAME) or ""), str(who).lower()
