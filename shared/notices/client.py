"""Notices on their way out. DOOR"""

from __future__ import annotations

import logging
import time

import httpx

from shared.notices import messages
from shared.runs.model import Run

log = logging.getLogger("bridgework")
PATIENCE = 10.0
"""Seconds a receiver may take. A notice is a courtesy: that it did not get through holds nothing up."""


async def send(http: httpx.AsyncClient, url: str, run: Run, *, digest: str | None, secret: str) -> None:
    """Post where the run is now, and the digest of what it waits to have decided. Failures are logged by their kind
    and otherwise ignored."""
    content = messages.body(run, digest=digest)
    headers = messages.headers(messages.notice_id(content), int(time.time()), content, secret)
    try:
        await http.post(url, content=content, headers=headers, timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.warning("notice for %s did not get through: %s", run.id, type(error).__name__)
