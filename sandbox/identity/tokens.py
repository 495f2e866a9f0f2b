"""Signed tokens shaped like Entra ID's, so that clients and simulators can disagree about them.

Kept apart from the endpoint because the simulators verify what the endpoint issues: both need the rule, and
only one the web server. Real tokens are RS256 with published keys; here one shared secret stands in for them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jwt

if TYPE_CHECKING:
    from jwt.types import Options

ISSUER = "https://sts.windows.net/sandbox/"
_OBJECTS = uuid.UUID("6f1d6e1c-55c5-4f9f-9c0e-6b8f3a1f7a10")


@dataclass(frozen=True)
class Claims:
    """What a valid token says. Times are seconds since 1970; `aud` is the resource without its last slash."""

    aud: str
    appid: str
    oid: str
    iat: int
    exp: int


def object_id(client_id: str) -> str:
    """The service principal's object id: a function of the client id, so every process agrees on it."""
    return str(uuid.uuid5(_OBJECTS, client_id))


def issue(*, resource: str, client_id: str, key: bytes, now: float, lifetime: int = 3600) -> str:
    """A token for `resource`, valid from `now` (epoch seconds) for `lifetime` seconds, signed with `key`."""
    claims = {
        "iss": ISSUER,
        "aud": resource.rstrip("/"),
        "appid": client_id,
        "oid": object_id(client_id),
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + lifetime,
    }
    return jwt.encode(claims, key, algorithm="HS256")


def verify(token: str, *, key: bytes, now: float) -> Claims | None:
    """The token's claims; None when it was not signed with `key`, lacks a claim, or is not valid at `now`.

    The audience is left to the caller, who alone knows its own names.
    """
    # The library would compare with the wall clock; the town's clock may have been moved.
    unchecked: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], options=unchecked)
        found = Claims(
            aud=str(claims["aud"]),
            appid=str(claims["appid"]),
            oid=str(claims["oid"]),
            iat=int(claims["iat"]),
            exp=int(claims["exp"]),
        )
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        return None
    return found if found.iat <= now + 300 and now < found.exp else None
