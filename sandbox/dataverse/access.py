"""Who is calling: tokens into users, and impersonation headers into callers."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jwt
import orjson

from sandbox.identity.tokens import ISSUER, verify

from .errors import DataverseError
from .people import Caller
from .seed import DEFAULT_APPLICATION, application_user
from .values import guid

if TYPE_CHECKING:
    from .organisation import Organisation


def unauthorized(detail: str) -> DataverseError:
    return DataverseError(401, "0x80072560", detail, {"WWW-Authenticate": 'Bearer authorization_uri="sandbox"'})


IMPERSONATING = frozenset({"callerobjectid", "mscrmcallerid"})
OPEN_KEY = b"an open organisation checks no signature"
USER_CLIENT = "51f81489-12ee-4a9e-aaae-a2591f45987d"
"""The public client with which people sign in; what counts in their tokens is the object id."""


def user_token(user: Mapping[str, Any], *, resource: str, key: bytes | None, now: float | None = None) -> str:
    """A token of a person (a row of systemuser), as if signed in; good for an hour. `resource` is the URL."""
    issued = int(time.time() if now is None else now)
    claims = {
        "iss": ISSUER,
        "aud": resource.rstrip("/"),
        "appid": USER_CLIENT,
        "oid": user["azureactivedirectoryobjectid"],
        "iat": issued,
        "nbf": issued,
        "exp": issued + 3600,
    }
    return jwt.encode(claims, key or OPEN_KEY, algorithm="HS256")


class Access:
    """`key` is the identity endpoint's signing key; None accepts any bearer token (`--open`)."""

    def __init__(self, org: Organisation, key: bytes | None) -> None:
        self._org, self._key = org, key

    def caller(self, headers: Mapping[str, str], root_url: str) -> Caller:
        """The caller of a request to the organisation at `root_url`; raises 401 or 403."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("The request has no bearer token.")
        people = self._org.people
        appid, object_id = self._application(token.strip(), root_url)
        person = people.by_object_id(object_id) if object_id is not None else None
        if person is not None and not person.get("applicationid"):
            user_id = str(person["systemuserid"])
        else:
            user_id = application_user(self._org, appid, object_id=object_id)
        people.require_enabled(user_id)
        if people.gaps(user_id) is None:
            raise DataverseError(403, "0x80042f09", f"The user Id={user_id} has not been assigned any roles.")
        return impersonated(self._org, headers, user_id)

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


def impersonated(org: Organisation, headers: Mapping[str, str], real_id: str) -> Caller:
    """The caller that the impersonation headers make of a user; raises the 403s of who may not or cannot be it."""
    named = {name.lower(): value.strip().lower() for name, value in headers.items() if name.lower() in IMPERSONATING}
    people, real = org.people, Caller(real_id, real_id)
    if not named:
        return real
    by_object = named.get("callerobjectid")
    found = people.by_object_id(by_object) if by_object else people.user(named.get("mscrmcallerid", ""))
    people.require(real, "prvActOnBehalfOfAnotherUser", "systemuser")
    if found is None:
        raise DataverseError(403, "0x80072560", "The user to impersonate is not a member of the organization.")
    people.require_enabled(str(found["systemuserid"]))
    return Caller(str(found["systemuserid"]), real_id)


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
