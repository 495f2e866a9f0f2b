"""Before a run is registered: can the source be read, can the target be written, with what the app has been given?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from activities.toolbox import Toolbox
from shared.errors import AskPerson, TryAgain
from shared.keys.seal import new_key

PATIENCE = 5.0
"""Seconds to insist on an answer of the source while a customer's webhook waits."""
TARGET_PATIENCE = 10.0
"""The same for the target: three requests and an access token, each a second or two when they come first."""

VERBS = ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign")
TO_PROVISION = frozenset({"prvCreateEntity", "prvCreateAttribute", "prvWriteAttribute", "prvCreateRelationship"})
TO_LOCK = frozenset(f"prv{verb}FieldSecurityProfile" for verb in ("Create", "Read", "Write", "Delete"))
IMPERSONATE = "prvActOnBehalfOfAnotherUser"


def privileges(request: Mapping[str, Any]) -> frozenset[str]:
    """What the app's user must be allowed to do for a start request, by the names Dataverse gives privileges."""
    options: Mapping[str, Any] = request["options"]
    private = any(said["allow"] for said in request["privacy"].values())
    nouns = {"Account", "Contact", "Activity", "Note"}
    nouns |= {"Opportunity"} if options["billing_mode"] != "table" else set()
    needed = {f"prv{verb}{noun}" for noun in nouns for verb in VERBS} | {"prvOverrideCreatedOnCreatedBy"}
    if request["files"]["oversize"] == "sharepoint":
        needed |= {f"prv{verb}SharePointDocumentLocation" for verb in ("Create", "Read", "Append", "Delete")}
        needed |= {f"prv{verb}SharePointSite" for verb in ("Create", "Read")}
    if options["schema"] == "provision":
        needed |= TO_PROVISION | (TO_LOCK if private else frozenset())
    return frozenset(needed | ({IMPERSONATE} if options["impersonate_authors"] else set()))


async def preflight(tools: Toolbox, request: Mapping[str, Any]) -> None:
    """Raises the Failure that says what is missing; nothing has been written by then."""
    source = await tools.open_source(request["source"], patience=PATIENCE)
    try:
        await source.describe()
    finally:
        await source.close()
    probe = new_key()
    if await tools.keys.unwrap(await tools.keys.wrap(probe)) != probe:
        raise AskPerson("key-differs", "The configured key does not open what it closed.", remedy="Configure another.")
    for user, held in await _held(tools, str(request["target"]["url"])):
        missing = sorted(privileges(request) - held)
        if missing:
            raise AskPerson(
                "privilege-missing",
                f"The app's user {user} in the target lacks {', '.join(missing)}.",
                remedy="Give it a security role with these privileges at organisation level, then post again.",
            )


async def _held(tools: Toolbox, url: str) -> list[tuple[str, frozenset[str]]]:
    """The app's users in the target, each with the privileges it has."""
    target = tools.target(url)
    try:
        async with asyncio.timeout(TARGET_PATIENCE):
            ours = await target.ours()
            return list(zip(ours, await asyncio.gather(*map(target.privileges, ours)), strict=True))
    except TimeoutError:
        raise TryAgain(
            "target-unreachable",
            f"The target did not answer within {TARGET_PATIENCE:.0f} seconds.",
            after=30,
            remedy="Check the target's address, and that it can be reached from where the app runs.",
        ) from None
