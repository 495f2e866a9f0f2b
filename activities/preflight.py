"""Before a run is registered: can the source be read, can the target be written, with what the app has been given?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from activities.toolbox import Toolbox
from shared.errors import AskPerson, TryAgain

PATIENCE = 5.0
"""Seconds to insist on an answer of the source while a customer's webhook waits."""
TARGET_PATIENCE = 10.0
"""The same for the target: three requests and an access token, each a second or two when they come first."""

TO_LOAD = frozenset(
    f"prv{verb}{table}" for verb in ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign")
    for table in ("Account", "Contact")
) | {"prvOverrideCreatedOnCreatedBy"}  # fmt: skip
TO_PROVISION = frozenset({"prvCreateEntity", "prvCreateAttribute", "prvCreateRelationship"})


async def preflight(tools: Toolbox, request: Mapping[str, Any]) -> None:
    """Raises the Failure that says what is missing; nothing has been written by then."""
    source = await tools.open_source(request["source"], patience=PATIENCE)
    try:
        await source.describe()
    finally:
        await source.close()
    held = await _held(tools, str(request["target"]["url"]))
    needed = TO_LOAD | (TO_PROVISION if request["options"]["schema"] == "provision" else frozenset())
    missing = sorted(needed - held)
    if missing:
        raise AskPerson(
            "privilege-missing",
            f"The app's user in the target lacks {', '.join(missing)}.",
            remedy="Give it a security role with these privileges at organisation level, then post the request again.",
        )


async def _held(tools: Toolbox, url: str) -> frozenset[str]:
    """The privileges of the app's user in the target."""
    target = tools.target(url)
    try:
        async with asyncio.timeout(TARGET_PATIENCE):
            identity = await target.who_am_i()
            return await target.privileges(identity.user_id)
    except TimeoutError:
        raise TryAgain(
            "target-unreachable",
            f"The target did not answer within {TARGET_PATIENCE:.0f} seconds.",
            after=30,
            remedy="Check the target's address, and that it can be reached from where the app runs.",
        ) from None
