"""Core Practice's API, read politely. DOOR

Waits that the source asks for and failures that pass are borne here, for at most ``patience`` seconds a request;
longer ones go back to the story, which waits without holding a process.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from urllib.parse import quote, urlsplit

import httpx

from shared.corepractice import answers
from shared.corepractice.source import MOST_RECORDS, Description, Page, Record
from shared.errors import AskPerson, Failure, Stop, TryAgain

LARGEST_ANSWER = 64 << 20
"""Bytes, unpacked. A page has at most 500 records."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
_ANSWER_WITHIN = 60.0
_LONGEST_ASKED = 3600.0


class ApiSource:
    """A Source over HTTP. The client is borrowed: ``close`` leaves it open.

    A source that never answered ends in AskPerson (the address may be wrong), one that did in TryAgain.
    """

    def __init__(self, base_url: str, token: str, *, http: httpx.AsyncClient, patience: float = 60.0) -> None:
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise _refused("is empty or holds characters that no token has")
        self._base = f"{checked_base(base_url)}/v1"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._http = http
        self._patience = patience
        self._has_answered = False

    async def describe(self) -> Description:
        """The practice and its objects, archived records counted apart."""
        content = await self._get("")
        if content is None:
            raise answers.malformed("there is nothing at that address")
        return answers.description(content)

    async def page(
        self, object: str, *, cursor: str | None, since: str | None = None, limit: int = MOST_RECORDS
    ) -> Page:
        """One page of a list, archived records included."""
        asked = {"limit": str(min(limit, MOST_RECORDS)), "include_archived": "true"}
        if since is not None:
            asked["updated_since"] = since
        if cursor is not None:
            asked["cursor"] = cursor
        content = await self._get(f"/{quote(object, safe='')}", asked)
        if content is None:
            raise Stop("source-object-missing", f"The source has no object {object}.")
        page = answers.page(object, content)
        if page.next_cursor is not None and page.next_cursor == cursor:
            raise answers.malformed(f"the list of {object} never ends")
        return page

    async def record(self, object: str, id: str) -> Record | None:
        """One record, also one that no list shows. None when the source answers that there is none."""
        content = await self._get(f"/{quote(object, safe='')}/{quote(id, safe='')}")
        return None if content is None else answers.record(object, content)

    async def close(self) -> None:
        """Nothing to let go of: the HTTP client belongs to whoever lent it."""

    async def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> bytes | None:
        """A resource's bytes, or None for 404, after as many attempts as patience allows."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        attempt = 0
        while True:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
            try:
                return await self._attempt(path, parameters, within=max(1.0, end - loop.time()))
            except _Passing as passing:
                attempt += 1
                # Half of it is chance, so that the lanes of a run do not come back all at once.
                wait = max(passing.after, pause * random.uniform(0.5, 1.0))
                if loop.time() + wait > end:
                    raise self._given_up(passing, wait) from None
            await asyncio.sleep(wait)

    async def _attempt(self, path: str, parameters: Mapping[str, str] | None, *, within: float) -> bytes | None:
        timeout = httpx.Timeout(min(_ANSWER_WITHIN, within), connect=min(10.0, within))
        request = self._http.build_request(
            "GET", self._base + path, params=parameters, headers=self._headers, timeout=timeout
        )
        try:
            response = await self._http.send(request, stream=True, follow_redirects=False)
            try:
                self._has_answered = True
                _judge(response)
                return None if response.status_code == 404 else await _content(response)
            finally:
                await response.aclose()
        except httpx.ConnectError:
            raise _Passing("it cannot be reached") from None
        except httpx.TransportError as error:
            raise _Passing(f"the connection failed ({type(error).__name__})") from None
        except httpx.DecodingError:
            raise answers.malformed("its compression is broken") from None

    def _given_up(self, passing: _Passing, wait: float) -> Failure:
        message = f"The source did not serve a request within {self._patience:.0f} seconds: {passing.reason}."
        if self._has_answered:
            return TryAgain("source-unavailable", message, after=max(5.0, wait))
        return AskPerson(
            "source-unreachable",
            message,
            remedy="Check the base URL, and that the source can be reached from where the app runs.",
        )


class _Passing(Exception):
    """A failure that may be over at the next attempt. ``after`` is the wait the source asked for, in seconds."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


def checked_base(base_url: str) -> str:
    """The base URL without a trailing slash. Raises Stop: a token goes only to https, or to this very machine."""
    try:
        parts = urlsplit(base_url)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_sound = urlsplit(""), False
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    bare = not (parts.username or parts.password or parts.query or parts.fragment or "@" in parts.netloc)
    if not (secure and bare and parts.hostname and port_is_sound):
        raise Stop(
            "source-address-invalid",
            "The source's base URL must be an https address without user name, query or fragment.",
            remedy="Start again with the address of the practice's Core Practice API.",
        )
    return base_url.rstrip("/")


def _refused(why: str) -> AskPerson:
    return AskPerson(
        "source-credentials-refused",
        f"The source's token {why}.",
        remedy="Put a valid token into the configured secret, then resume or post the request again.",
    )


def _judge(response: httpx.Response) -> None:
    """Raise for every status but 200 and 404."""
    status = response.status_code
    if status in (401, 403):
        raise _refused(f"was refused by the source ({status})")
    if status == 429:
        raise _Passing("it asks for fewer requests (429)", _retry_after(response))
    if status >= 500 or status in (408, 425):
        raise _Passing(f"it answered {status}", _retry_after(response))
    if 300 <= status < 400:
        raise Stop(
            "source-redirected",
            "The source answered with a redirect; the token is not sent on to another address.",
            remedy="Start again with the address that it redirects to, if that is the right one.",
        )
    if status == 404:
        return
    if status != 200:
        raise Stop("source-request-refused", f"The source refused a request ({status}).")


def _retry_after(response: httpx.Response) -> float:
    """Seconds out of Retry-After, which is a number or a date (RFC 9110, section 10.2.3). 0 without one."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(text) if text[:1].isdigit() else parsedate_to_datetime(text).timestamp() - time()
    except ValueError:
        return 0.0
    return min(max(0.0, seconds), _LONGEST_ASKED)


async def _content(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise answers.malformed(f"one answer has more than {LARGEST_ANSWER} bytes")
    return bytes(content)
