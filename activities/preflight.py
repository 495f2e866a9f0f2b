"""Before a run is registered: can the source be read, can the target be written, with what the app has been given?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.toolbox import Toolbox
from shared.errors import AskPerson

PATIENCE = 5.0
"""Seconds to insist on an answer while a customer's webhook waits."""

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
    target = tools.target(str(request["target"]["url"]))
    identity = await target.who_am_i()
    held = await target.privileges(identity.user_id)
    needed = TO_LOAD | (TO_PROVISION if request["options"]["schema"] == "provision" else frozenset())
    missing = sorted(needed - held)
    if missing:
        raise AskPerson(
            "privilege-missing",
            f"The app's user in the target lacks {', '.join(missing)}.",
            remedy="Give it a security role with these privileges at organisation level, then post the request again.",
        )
