"""Tell the customer's own system where a run is."""

from __future__ import annotations

from activities.toolbox import Toolbox
from shared.notices import client
from shared.runs.model import Run


async def notify(tools: Toolbox, run: Run) -> None:
    """Send a notice to the run's callback address, if it has one that the app may talk to."""
    url = str(run.request.get("callback_url") or "")
    if url and tools.settings.allows_source(url):
        await client.send(tools.http, url, run, secret=tools.settings.notice_secret)
