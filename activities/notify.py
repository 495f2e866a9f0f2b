"""Tell the customer's own system. A notice is a courtesy: that it did not get through holds nothing up."""

from __future__ import annotations

import hashlib
import logging
import time

import httpx

from activities.toolbox import Toolbox
from shared.gates import DOCUMENT_OF
from shared.notices import messages
from shared.runs.model import Run
from shared.vocabulary import Gate

log = logging.getLogger("bridgework")


async def notify(tools: Toolbox, run: Run) -> None:
    """Post where the run is now to its callback address, if it has one."""
    url = run.request.get("callback_url")
    if not url or not tools.settings.allows_source(str(url)):
        return
    content = messages.body(run, digest=await _digest(tools, run))
    # The same notice has the same id, so a receiver can drop a repeat; another document makes it another notice.
    notice_id = "msg_" + hashlib.sha256(content).hexdigest()[:24]
    try:
        signed = messages.headers(notice_id, int(time.time()), content, tools.settings.notice_secret)
        await tools.http.post(str(url), content=content, headers=signed, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.warning("notice for %s did not get through: %s", run.id, type(error).__name__)


async def _digest(tools: Toolbox, run: Run) -> str | None:
    """The digest of the document a gate shows now, when the run waits at one."""
    if run.problem or run.waiting_for not in list(Gate):
        return None
    shown = await tools.runs.document(run.id, DOCUMENT_OF[Gate(run.waiting_for)])
    return shown.digest if shown else None
