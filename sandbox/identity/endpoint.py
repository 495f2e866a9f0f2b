"""The App Service managed identity endpoint, as documented for `api-version=2019-08-01`.

Served by the local Functions host on its own address, exactly where an app on Azure finds it: the environment names the
address and a secret header, and any client library's managed identity path runs against it unchanged.
"""

from __future__ import annotations

import hmac
import time
import uuid
from collections.abc import Callable

from aiohttp import web

from . import tokens

API_VERSION = "2019-08-01"
PATH = "/msi/token"
SYSTEM_ASSIGNED = "00000000-5a9d-4b0c-8000-5a9db0c5a9db"
LIFETIME_SECONDS = 3600


class IdentityEndpoint:
    """Issues tokens signed with `key` to callers that present `header`. Wall-clock time: tokens leave the sandbox."""

    def __init__(self, *, key: bytes, header: str, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._header = header
        self._now = now

    def token(self, resource: str, client_id: str | None = None) -> str:
        return tokens.issue(
            resource=resource,
            client_id=client_id or SYSTEM_ASSIGNED,
            key=self._key,
            now=self._now(),
            lifetime=LIFETIME_SECONDS,
        )

    async def handle(self, request: web.Request) -> web.Response:
        """GET with `resource`, `api-version` and optionally `client_id`; errors as App Service words them."""
        presented = request.headers.get("X-IDENTITY-HEADER", "")
        if not hmac.compare_digest(presented.encode(), self._header.encode()):
            return _refused(401, "X-IDENTITY-HEADER is missing or wrong.")
        if request.query.get("api-version") != API_VERSION:
            return _refused(400, f"api-version must be {API_VERSION}.")
        unsupported = {"principal_id", "object_id", "mi_res_id"} & set(request.query)
        if unsupported:
            return _refused(501, f"{', '.join(sorted(unsupported))} is not supported; use client_id.")
        resource = request.query.get("resource", "")
        if not resource:
            return _refused(400, "resource is missing.")
        client_id = request.query.get("client_id") or SYSTEM_ASSIGNED
        return web.json_response(
            {
                "access_token": self.token(resource, client_id),
                "expires_on": str(int(self._now()) + LIFETIME_SECONDS),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": client_id,
            }
        )


def _refused(status: int, message: str) -> web.Response:
    body = {"statusCode": status, "message": message, "correlationId": str(uuid.uuid4())}
    return web.json_response(body, status=status)
