"""The rules of activities: who may take part and as what, when they ended, and that a sent e-mail stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import errors
from .columns import TableSchema
from .tables import Row
from .work import Work
from .writing import Written

OPEN, COMPLETED, CANCELED = 0, 1, 2
REGARDING, OWNER = 8, 9
PLATFORM_MASKS = (REGARDING, OWNER)
MASKS = {
    "appointment": frozenset({5, 6, 7}),
    "email": frozenset({1, 2, 3, 4, 13}),
    "letter": frozenset({1, 2, 3, 4}),
    "phonecall": frozenset({1, 2}),
}
"""Documented: the party types of each activity. The others (a task, a closed opportunity) have the platform's only."""
PEOPLE = frozenset({"account", "contact", "lead", "systemuser"})
UNTOUCHED = frozenset({"ownerid", "ownerid@type", "regardingobjectid", "regardingobjectid@type"})
"""What may change in a completed e-mail: it can be assigned, and be filed elsewhere."""


def invalid_party(detail: str) -> errors.DataverseError:
    return errors.invalid(f"Invalid party mapping. {detail}", "0x80043515")


def party(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    """A party inside the activity it is created with."""
    mask, activity = row.get("participationtypemask"), str(row.get("activityid@type"))
    if mask is None:
        raise errors.invalid("Missing participation type mask found for party.", "0x80040201")
    if mask not in MASKS.get(activity, frozenset()):
        raise invalid_party(f"The participation type {mask} is not valid for {activity}.")
    kind = row.get("partyid@type")
    if kind is None:
        if not row.get("addressused"):
            raise errors.invalid("A party needs a partyid or an addressused.", "0x80040203")
        return
    if kind not in PEOPLE:
        raise invalid_party(f"A {kind} cannot take part in {activity} as {mask}.")
    if work.org.behaviour.email_from_users_only and (activity, mask) == ("email", 1) and kind != "systemuser":
        raise invalid_party(f"A {kind} cannot be the sender of an email.")


def keep_platform_parties(work: Work, table: TableSchema, row: Row, before: Row | None) -> None:
    """The owner and what an activity regards are parties too; the platform keeps them in step."""
    if not work.org.behaviour.platform_parties:
        return
    for mask, column in ((OWNER, "ownerid"), (REGARDING, "regardingobjectid")):
        wanted, kind = row.get(column), row.get(f"{column}@type")
        if before is not None:
            if before.get(column) == wanted:
                continue
            _drop_parties(work, row["activityid"], (mask,))
        if wanted is not None and kind in work.org.catalogue.tables["activityparty"].columns["partyid"].targets:
            _put_party(work, table, row, mask, (wanted, kind))


def _put_party(work: Work, table: TableSchema, activity: Row, mask: int, who: tuple[str, str]) -> None:
    party_id = work.org.new_id()
    work.transaction.put(
        "activityparty",
        party_id,
        {
            "activitypartyid": party_id,
            "activityid": activity["activityid"],
            "activityid@type": table.logical_name,
            "partyid": who[0],
            "partyid@type": who[1],
            "participationtypemask": mask,
            "versionnumber": work.org.next_version(),
        },
    )


def replace_parties(work: Work, activity_id: str) -> None:
    """An update that brings parties brings all of them: the present ones make room."""
    _drop_parties(work, activity_id, frozenset().union(*MASKS.values()))


def _drop_parties(work: Work, activity_id: str, masks: frozenset[int] | tuple[int, ...]) -> None:
    for row in work.org.store("activityparty").having("activityid", activity_id):
        if row.get("participationtypemask") in masks:
            work.transaction.put("activityparty", row["activitypartyid"], None)


def stamp_times(work: Work, table: TableSchema, old: Row, row: Row, changes: Mapping[str, Any]) -> None:
    """Ending an activity stamps its end with now, whatever it was, unless the same write sends it; a start that is
    missing likewise."""
    ends = table.activity and row["statecode"] != old["statecode"] and row["statecode"] in (COMPLETED, CANCELED)
    if not ends:
        return
    if changes.get("actualend") is None:
        row["actualend"] = work.now
    if "actualstart" not in row:
        row["actualstart"] = work.now


def check_editable(work: Work, table: TableSchema, old: Row, written: Written) -> None:
    """Raises for a change to the content of an e-mail that is completed or cancelled, and is not being reopened."""
    if table.logical_name != "email" or not _closed(work, old) or written.state == OPEN:
        return
    content = {name for name in written.changes if name not in UNTOUCHED and not _custom(table, name)}
    if content or written.nested:
        raise _read_only()


def check_attachments(work: Work, table: TableSchema, row: Row) -> None:
    """Raises when an attachment is added to, changed in or taken from an e-mail that is completed or cancelled."""
    if table.logical_name == "activitymimeattachment" and row.get("objectid@type") == "email":
        email = work.org.store("email").rows.get(row["objectid"])
        if email is not None and _closed(work, email):
            raise _read_only()


def _closed(work: Work, email: Row) -> bool:
    return work.org.behaviour.closed_email_read_only and email.get("statecode") in (COMPLETED, CANCELED)


def _custom(table: TableSchema, name: str) -> bool:
    column = table.columns.get(name.partition("@")[0])
    return column is not None and column.custom


def _read_only() -> errors.DataverseError:
    return errors.invalid("The object cannot be updated because it is read-only.", "0x8004022e")
