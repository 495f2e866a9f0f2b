"""Writing in somebody's name: the header that says whose, and what it means when Dataverse will not have it.

A row's createdby cannot be written; it is whoever made the row, or in whose name it was made (section 10). What is done
then needs the rights of both: ours, and theirs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from shared.dataverse.results import Result
from shared.errors import AskPerson

DELEGATE = "prvActOnBehalfOfAnotherUser"
"""The privilege that the application user needs for it. Without it a person is asked: no row can go this way."""

REASONS = {
    "user-disabled": "caller-disabled",
    "not-a-member": "caller-unknown",
    "owner-without-role": "caller-without-role",
    "user-unlicensed": "caller-unlicensed",
    "privilege-missing": "caller-lacks-privilege",
    "column-locked": "caller-lacks-privilege",
}
"""Refusals that concern the named user rather than us, as the reason their rows get. In our own name they can go."""

Results = Mapping[str, Result]


def header(caller: str | None) -> dict[str, str]:
    """What goes with a request in the name of a user, by Entra object id.

    It goes with a whole $batch: in a single part of one it is ignored (dynamics-365-customer-engagement issue 531).
    """
    return {"CallerObjectId": caller} if caller else {}


async def acting_as(
    caller: str | None,
    ids: Collection[str],
    send: Callable[[Mapping[str, str]], Awaitable[dict[str, Result]]],
    done: Callable[[Collection[str]], Awaitable[dict[str, Result]]],
) -> dict[str, Result]:
    """The results of ``send`` with the header. Where the user is refused, ``done`` says what went in before that."""
    try:
        return await send(header(caller))
    except AskPerson as refusal:
        reason = REASONS.get(refusal.code)
        if not caller or reason is None or DELEGATE in refusal.message:
            raise
        there = await done(ids)
        return {row_id: there.get(row_id) or Result(row_id, False, reason, status=403) for row_id in ids}
