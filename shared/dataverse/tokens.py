"""Access tokens, by whichever way the app proves who it is. DOOR

The only file that knows msal. Its calls block, so they run in a thread; one call at a time per resource, and its answer
is kept until five minutes before it expires.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import msal
import requests  # type: ignore[import-untyped,unused-ignore]
from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions

from shared.errors import AskPerson, Stop, TryAgain

MARGIN = 300.0
"""Seconds before its expiry at which a token is no longer used."""

EXCHANGE = "api://AzureADTokenExchange"
"""The audience of a token that stands in for a secret in a federated credential."""

KINDS = ("managed-identity", "client-secret", "federated")
_TIMEOUT = 20.0
_PASSING = ("temporarily_unavailable", "server_error", "timeout")


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the app proves who it is: by one of KINDS.

    ``client_id`` is the application's (empty: the system-assigned identity). ``federated`` presents, in place of a
    secret, the text of ``assertion_file`` or, without one, a token of the user-assigned managed identity
    ``identity_client_id``. ``authority`` differs only in sovereign clouds.
    """

    kind: str
    client_id: str = ""
    tenant_id: str = ""
    client_secret: str = field(default="", repr=False)
    assertion_file: str = ""
    identity_client_id: str = ""
    authority: str = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True)
class _Kept:
    text: str = field(repr=False)
    expires: float


class Tokens:
    """Gives tokens for resources (``https://org.crm6.dynamics.com``). ``clock`` is in Unix seconds."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        session: Callable[[], requests.Session] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if credentials.kind not in KINDS:
            raise Stop("credentials-kind", f"Credentials are one of {', '.join(KINDS)}; not {credentials.kind!r}.")
        self._credentials = credentials
        self._session = session or partial(_session, local=credentials.kind == "managed-identity")
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def token(self, resource: str) -> str:
        """An access token for the resource, without a path or a trailing slash. Raises AskPerson or TryAgain."""
        return (await self.fetch(resource)).text

    async def fetch(self, resource: str) -> _Kept:
        """The token with its expiry in Unix seconds."""
        async with self._locks.setdefault(resource, asyncio.Lock()):
            kept = self._kept.get(resource)
            if kept is None or kept.expires - MARGIN <= self._clock():
                kept = await asyncio.to_thread(self._acquire, resource)
                self._kept[resource] = kept
            return kept

    def forget(self, resource: str) -> None:
        """Do not give that token again: it was refused."""
        self._kept.pop(resource, None)

    def _acquire(self, resource: str) -> _Kept:
        try:
            answer = self._ask(resource)
        except (requests.RequestException, msal.ManagedIdentityError, OSError, ValueError) as error:
            raise TryAgain(
                "token-unreachable", f"No access token: {type(error).__name__} while asking for one.", after=15.0
            ) from None
        if "access_token" in answer:
            return _Kept(answer["access_token"], self._clock() + float(answer.get("expires_in", 3600)))
        raise _refusal(str(answer.get("error", "")), str(answer.get("error_description", "")))

    def _ask(self, resource: str) -> dict[str, Any]:
        # A new client for each question: msal keeps tokens of its own, which would bring back a forgotten one.
        given = self._credentials
        with self._session() as session:
            if given.kind == "managed-identity":
                return _by_identity(given.client_id, resource, session)
            secret: Any = given.client_secret
            if given.kind == "federated":
                secret = {"client_assertion": self._assertion}
            client = msal.ConfidentialClientApplication(
                given.client_id,
                authority=f"{given.authority}/{given.tenant_id}",
                client_credential=secret,
                http_client=session,
                instance_discovery=False,  # the authority is configured: nothing to discover, one request less
            )
            return dict(client.acquire_token_for_client(scopes=[f"{resource}/.default"]))

    def _assertion(self) -> str:
        if self._credentials.assertion_file:
            return Path(self._credentials.assertion_file).read_text(encoding="utf-8").strip()
        with _session(local=True) as session:
            answer = _by_identity(self._credentials.identity_client_id, EXCHANGE, session)
        if "access_token" not in answer:
            raise _refusal(str(answer.get("error", "")), str(answer.get("error_description", "")))
        return str(answer["access_token"])


class StorageCredential:
    """The same tokens in the form that azure-core's clients ask for (AsyncTokenCredential)."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token for the first scope (``https://storage.azure.com/.default``)."""
        kept = await self._tokens.fetch(_resource(scopes))
        return AccessToken(kept.text, int(kept.expires))

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """The same, as newer clients ask for it."""
        kept = await self._tokens.fetch(_resource(scopes))
        return AccessTokenInfo(kept.text, int(kept.expires))

    async def close(self) -> None:
        """Nothing is held open."""

    async def __aenter__(self) -> StorageCredential:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self.close()


def _by_identity(client_id: str, resource: str, session: requests.Session) -> dict[str, Any]:
    identity = (
        msal.UserAssignedManagedIdentity(client_id=client_id) if client_id else msal.SystemAssignedManagedIdentity()
    )
    return dict(msal.ManagedIdentityClient(identity, http_client=session).acquire_token_for_client(resource=resource))


class _Session(requests.Session):  # type: ignore[misc,unused-ignore]
    """A session whose requests do not wait for ever."""

    def request(self, *args: Any, **options: Any) -> requests.Response:
        options.setdefault("timeout", _TIMEOUT)
        return super().request(*args, **options)


def _session(*, local: bool) -> requests.Session:
    session = _Session()
    session.trust_env = not local  # the identity endpoint is inside the machine: no proxy leads there
    return session


def _resource(scopes: tuple[str, ...]) -> str:
    return scopes[0].removesuffix("/.default").rstrip("/")


def _refusal(error: str, description: str) -> AskPerson | TryAgain:
    """A refusal without its description's text, which can name people; only the AADSTS number is taken."""
    number = next((word.rstrip(":") for word in description.split() if word.startswith("AADSTS")), "")
    if error in _PASSING or description.startswith(("429", "500", "502", "503")):
        return TryAgain("token-unavailable", "The identity service cannot give a token now.", after=15.0)
    reason = " ".join(filter(None, (error, number))) or "no reason given"
    return AskPerson(
        "token-refused",
        f"The identity service refused an access token ({reason}).",
        remedy="Check the app's identity: client id, tenant, secret or federated credential.",
    )
