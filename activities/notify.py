"""Tell the customer's own system where a run is."""

from __future__ import annotations

from activities.toolbox import Toolbox
from shared.gates import DOCUMENT_OF
from shared.notices import client
from shared.runs.model import Run
from shared.vocabulary import Gate


async def notify(tools: Toolbox, run: Run) -> None:
    """Send a notice to the run's callback address, if it has one that the app may talk to."""
    url = str(run.request.get("callback_url") or "")
    if url and tools.settings.allows_source(url):
        await client.send(tools.http, url, run, digest=await _digest(tools, run), secret=tools.settings.notice_secret)


async def _digest(tools: Toolbox, run: Run) -> str | None:
    """The digest of the document a gate shows now, when the run waits at one."""
    if run.problem or run.waiting_for not in list(Gate):
        return None
    shown = await tools.runs.document(run.id, DOCUMENT_OF[Gate(run.waiting_for)])
    return shown.digest if shown else None
