"""`context.call_http`: the extension's built-in activity, here inside the host.

Simpler than the real one: an answer 202 with a Location is polled inside the activity (the real one sets timers between
polls), so after a kill the first request is sent again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aiohttp

from ..clock import Clock
from ..engine.activities import ActivityFailed
from .replay import HTTP_ACTIVITY

_DEFAULT_POLL_SECONDS = 30.0
_TOTAL_SECONDS = 100.0


class HttpCalls:
    """Performs durable HTTP requests; `token(resource)` gives the bearer token of the app's managed identity."""

    def __init__(self, clock: Clock, *, token: Callable[[str], str]) -> None:
        self._clock = clock
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    async def run(self, input_json: str | None) -> str:
        """The response as JSON text; raises ActivityFailed when there is none."""
        request: dict[str, Any] = json.loads(input_json or "{}")
        headers = dict(request.get("headers") or {})
        source = request.get("tokenSource")
        if source:
            headers["Authorization"] = f"Bearer {self._token(str(source['resource']).removesuffix('/.default'))}"
        try:
            answer = await self._send(str(request["method"]), str(request["uri"]), headers, request.get("content"))
            while answer["statusCode"] == 202 and "Location" in answer["headers"]:
                pause = answer["headers"].get("Retry-After", "")
                await self._clock.sleep(float(pause) if pause.isdigit() else _DEFAULT_POLL_SECONDS)
                answer = await self._send("GET", answer["headers"]["Location"], headers, None)
        except (TimeoutError, aiohttp.ClientError) as error:
            text = f"{type(error).__name__}: {error}"
            raise ActivityFailed(f"Activity function '{HTTP_ACTIVITY}' failed: {text}", text) from error
        return json.dumps(answer)

    async def _send(self, method: str, uri: str, headers: dict[str, str], content: str | None) -> dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TOTAL_SECONDS))
        if content is not None and not any(name.lower() == "content-type" for name in headers):
            headers = {**headers, "Content-Type": "application/json"}
        async with self._session.request(method, uri, headers=headers, data=content) as response:
            text = await response.text()
            return {"statusCode": response.status, "headers": dict(response.headers), "content": text}

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
