"""Who is calling: tokens into users, and impersonation headers into callers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.identity.tokens import verify

from .errors import DataverseError
from .people import Caller
from .seed import DEFAULT_APPLICATION, application_user
from .values import guid

if TYPE_CHECKING:
    from .organisation import Organisation


def unauthorized(detail: str) -> DataverseError:
    return DataverseError(401, "0x80072560", detail, {"WWW-Authenticate": 'Bearer authorization_uri="sandbox"'})


class Access:
    """`key` is the identity endpoint's signing key; None accepts any bearer token (`--open`)."""

    def __init__(self, org: Organisation, key: bytes | None) -> None:
        self._org, self._key = org, key

    def caller(self, headers: Mapping[str, str], root_url: str) -> Caller:
        """The caller of a request to the organisation at `root_url`; raises 401 or 403."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("The request has no bearer token.")
        appid, object_id = self._application(token.strip(), root_url)
        user_id = application_user(self._org, appid, object_id=object_id)
        people = self._org.people
        people.require_enabled(user_id)
        if people.gaps(user_id) is None:
            raise DataverseError(403, "0x80042f09", f"The user Id={user_id} has not been assigned any roles.")
        return self._impersonated(headers, user_id)

    def _application(self, token: str, root_url: str) -> tuple[str, str | None]:
        if self._key is None:
            claims = _claims(token)
            return guid(claims.get("appid")) or DEFAULT_APPLICATION, guid(claims.get("oid"))
        found = verify(token, key=self._key, now=self._org.clock.now())
        if found is None:
            raise unauthorized("The token is not valid or has expired.")
        if found.aud.rstrip("/") != root_url.rstrip("/"):
            raise unauthorized(f"The token's audience {found.aud!r} is not this organization.")
        return found.appid.lower(), guid(found.oid)

    def _impersonated(self, headers: Mapping[str, str], user_id: str) -> Caller:
        people = self._org.people
        if "CallerObjectId" in headers:
            found = people.by_object_id(headers["CallerObjectId"].lower())
        elif "MSCRMCallerID" in headers:
            found = people.user(headers["MSCRMCallerID"].lower())
        else:
            return Caller(user_id, user_id)
        real = Caller(user_id, user_id)
        people.require(real, "prvActOnBehalfOfAnotherUser", "systemuser")
        if found is None:
            raise DataverseError(403, "0x80072560", "The user to impersonate is not a member of the organization.")
        people.require_enabled(str(found["systemuserid"]))
        return Caller(str(found["systemuserid"]), user_id)


def _claims(token: str) -> dict[str, Any]:
    """What a token says of itself, unchecked: enough to tell applications apart in an open organisation."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
