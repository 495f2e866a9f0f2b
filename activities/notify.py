"""Tell the customer's own system. A notice is a courtesy: that it did not get through holds nothing up."""

from __future__ import annotations

import hashlib
import logging
import time

import httpx

from activities.toolbox import Toolbox
from shared.notices import messages
from shared.runs.model import Run

log = logging.getLogger("bridgework")


async def notify(tools: Toolbox, run: Run) -> None:
    """Post where the run is now to its callback address, if it has one."""
    url = run.request.get("callback_url")
    if not url or not tools.settings.allows_source(str(url)):
        return
    content = messages.body(run)
    # The same notice has the same id, so a receiver can drop a repeat.
    notice_id = "msg_" + hashlib.sha256(content).hexdigest()[:24]
    try:
        signed = messages.headers(notice_id, int(time.time()), content, tools.settings.notice_secret)
        await tools.http.post(str(url), content=content, headers=signed, timeout=10)
    except httpx.HTTPError as error:
        log.warning("notice for %s did not get through: %s", run.id, type(error).__name__)
