"""Resolve owners before anything is written: who is a Dynamics user, and who falls to the fallback owner."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from activities import documents
from activities.toolbox import Toolbox
from shared import owners as ownership
from shared.audit.event import APP, Event
from shared.corepractice.source import Source
from shared.dataverse.client import Dataverse
from shared.errors import AskPerson
from shared.runs.model import Run
from shared.wire.payloads import About, Nothing


async def owners(tools: Toolbox, about: About) -> Nothing:
    """Match staff to users by e-mail and publish the owner table."""
    run = await tools.run(about.run)
    target = tools.target_of(run)
    identity = await target.who_am_i()
    users = await target.users()
    named = run.option("fallback_owner")
    fallback = ownership.fallback(named, users, us=identity.user_id)
    if fallback is None:
        raise AskPerson(
            "fallback-owner-unknown",
            "The fallback owner named in the start request is not exactly one enabled user of the environment.",
            remedy="Enable that user, or start again with another fallback_owner; then resume the run.",
        )
    staff = await _everybody(await tools.source_of(run))
    lines = ownership.match(staff, users)
    body = ownership.document(lines, fallback_owner=fallback, fallback_named=bool(named))
    if run.option("impersonate_authors"):
        body |= await fit_to_write(target, ownership.authors(lines, users))
    facts = {"mark": "owners", "fallback_named": bool(named), "staff": len(lines), "counts": body["counts"]}
    await tools.audit.add(run.id, Event("owners-settled", APP, facts))
    await documents.publish(tools, run.id, "owners", body)
    return Nothing()


WRITES_NOTES = frozenset({"prvCreateNote", "prvAppendNote", "prvAppendToContact", "prvOverrideCreatedOnCreatedBy"})
"""What an author has to be allowed as well: whoever acts for another has the rights that both have."""


async def fit_to_write(target: Dataverse, users: Mapping[str, str]) -> dict[str, Any]:
    """``authors``: the users as whom notes can be written, to their Entra ids. ``authors_unfit``: those who lack a
    privilege for it, and which; their notes say in a first line who wrote them."""
    held = dict(zip(users, await asyncio.gather(*map(target.privileges, users)), strict=True))
    unfit = {user: sorted(WRITES_NOTES - held[user]) for user in users if WRITES_NOTES - held[user]}
    return {"authors": {user: users[user] for user in users if user not in unfit}, "authors_unfit": unfit}


async def still_fit(tools: Toolbox, run: Run) -> None:
    """Look again before rows are written: people wait days at a gate, and a window is open for days. Raises for a
    person where somebody who is to own rows cannot own any more; nothing is ever written to such a user."""
    crosswalk = await documents.need(tools, run.id, "crosswalk")
    owners = {str(crosswalk["fallback_owner"]), *map(str, crosswalk["users"].values())}
    lost = ownership.lost(owners, await tools.target_of(run).users())
    if lost:
        told = ", ".join(f"{user} ({reason})" for user, reason in list(lost.items())[:10])
        raise AskPerson(
            "owner-unfit-since",
            f"{len(lost)} of the users who are to own rows cannot any more: {told}.",
            remedy="Make them fit to own rows until the run has ended, then resume; or roll back and start again, so "
            "that their rows go to the fallback owner.",
        )


async def _everybody(source: Source) -> list[dict[str, Any]]:
    """All staff: tens of people, so they fit in memory in any practice."""
    if "staff" not in [found.name for found in (await source.describe()).objects]:
        return []
    staff: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await source.page("staff", cursor=cursor)
        staff += page.records
        cursor = page.next_cursor
        if cursor is None:
            return staff
