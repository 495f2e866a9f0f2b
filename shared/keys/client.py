"""Wrap a run's data key, so that storage never holds it bare. DOOR

In Azure the wrapping key never leaves the vault (RSA-OAEP-256, Key Vault REST 7.4); elsewhere it is a setting.
"""

from __future__ import annotations

import base64
import secrets
from typing import Protocol

import httpx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.dataverse.tokens import Tokens
from shared.errors import AskPerson, Failure, TryAgain

API = "7.4"
RESOURCE = "https://vault.azure.net"
ALGORITHM = "RSA-OAEP-256"
NONCE = 12
KEY = 32
LOCAL = "local"
ROLE = "Give the app's identity the role Key Vault Crypto User on the key, then resume."


class Keys(Protocol):
    """Wraps and unwraps. What ``wrap`` answers may be kept anywhere."""

    async def wrap(self, key: bytes) -> str:
        """The key as it may be stored. Raises AskPerson or TryAgain."""
        ...

    async def unwrap(self, wrapped: str) -> bytes:
        """The key again, also after the wrapping key got a newer version."""
        ...


def keys(*, url: str, local: str, tokens: Tokens, http: httpx.AsyncClient) -> Keys:
    """Whichever the settings name: the vault's key at ``url``, else the ``local`` one, in Base64."""
    if url:
        return VaultKeys(url, tokens, http)
    return LocalKeys(local)


class LocalKeys:
    """A wrapping key of 32 bytes out of the settings: for the sandbox, and for a machine of one's own."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def wrap(self, key: bytes) -> str:
        """AES-256-GCM under the local key."""
        nonce = secrets.token_bytes(NONCE)
        return f"{LOCAL}|{base64.b64encode(nonce + self._cipher().encrypt(nonce, key, None)).decode()}"

    async def unwrap(self, wrapped: str) -> bytes:
        """The key again."""
        kind, _, text = wrapped.partition("|")
        content = base64.b64decode(text)
        try:
            if kind != LOCAL:
                raise InvalidTag
            return self._cipher().decrypt(content[:NONCE], content[NONCE:], None)
        except InvalidTag:
            raise AskPerson(
                "key-differs",
                "The run's data key was wrapped by another key than the configured one.",
                remedy="Configure the key that was there when the run began, then resume.",
            ) from None

    def _cipher(self) -> AESGCM:
        try:
            found = base64.b64decode(self._secret, validate=True)
        except ValueError:
            found = b""
        if len(found) != KEY:
            raise AskPerson(
                "key-missing",
                "No key is configured that the values before each change could be sealed with.",
                remedy="Set BRIDGEWORK_KEY_URL to a Key Vault key, or BRIDGEWORK_LOCAL_KEY to 32 bytes in Base64.",
            )
        return AESGCM(found)


class VaultKeys:
    """A key in Key Vault, by its address without a version: the newest wraps, whichever wrapped unwraps."""

    def __init__(self, url: str, tokens: Tokens, http: httpx.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._tokens = tokens
        self._http = http

    async def wrap(self, key: bytes) -> str:
        """By the newest version; what is kept names it."""
        answer = await self._call(f"{self._url}/wrapkey", key)
        return f"{answer['kid']}|{answer['value']}"

    async def unwrap(self, wrapped: str) -> bytes:
        """By the version that wrapped it."""
        kid, _, value = wrapped.rpartition("|")
        if not kid.startswith(f"{self._url}/"):
            raise AskPerson(
                "key-differs",
                "The run's data key was wrapped by another key than the configured one.",
                remedy="Configure the key that was there when the run began, then resume.",
            )
        return _bytes((await self._call(f"{kid}/unwrapkey", _bytes(value)))["value"])

    async def _call(self, url: str, value: bytes) -> dict[str, str]:
        token = await self._tokens.token(RESOURCE)
        body = {"alg": ALGORITHM, "value": base64.urlsafe_b64encode(value).rstrip(b"=").decode()}
        try:
            answer = await self._http.post(
                url, params={"api-version": API}, json=body, headers={"Authorization": f"Bearer {token}"}
            )
        except httpx.HTTPError as error:
            raise TryAgain("vault-unreachable", f"The key vault did not answer: {type(error).__name__}.") from None
        if answer.is_success:
            found: dict[str, str] = answer.json()
            return found
        raise self._failure(answer)

    def _failure(self, answer: httpx.Response) -> Failure:
        status = answer.status_code
        if status == 401:
            self._tokens.forget(RESOURCE)
        if status in (401, 408, 429) or status >= 500:
            waits = answer.headers.get("Retry-After", "")
            after = float(waits) if waits.isdigit() else 5.0
            return TryAgain("vault-busy", f"The key vault answered {status}.", after=after)
        return AskPerson("key-refused", f"The key vault answered {status} to the app's identity.", remedy=ROLE)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
