"""Core Practice's API, read politely. DOOR

Waits that the source asks for and failures that pass are borne here, for at most ``patience`` seconds a request;
longer ones go back to the story, which waits without holding a process.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from email.utils import parsedate_to_datetime
from time import time
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx

from shared.corepractice import answers
from shared.corepractice.answers import Passing
from shared.corepractice.files import Part, changed, part
from shared.corepractice.source import LARGEST_CHUNK, MOST_RECORDS, Description, OpenFile, Page, Record
from shared.errors import AskPerson, Failure, Stop, TryAgain

LARGEST_ANSWER = 64 << 20
"""Bytes, unpacked. A page has at most 500 records."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
_ANSWER_WITHIN = 60.0
_LONGEST_ASKED = 3600.0
T = TypeVar("T")


class ApiSource:
    """A Source over HTTP. The client is borrowed: ``close`` leaves it open.

    A source that never answered ends in AskPerson (the address may be wrong), one that did in TryAgain.
    """

    def __init__(self, base_url: str, token: str, *, http: httpx.AsyncClient, patience: float = 60.0) -> None:
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise answers.refused_credentials("is empty or holds characters that no token has")
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

    @asynccontextmanager
    async def open_file(
        self, file_id: str, *, start: int = 0, version: str | None = None
    ) -> AsyncIterator[OpenFile | None]:
        """An attachment's bytes; a connection that breaks is mended where it broke."""
        download = _Download(self, f"/files/{quote(file_id, safe='')}", start, version)
        try:
            found = await download.begin()
            if found is None:
                yield None
            else:
                yield OpenFile(found.size, found.content_type, found.version, start, download.chunks())
        finally:
            await download.close()

    async def close(self) -> None:
        """Nothing to let go of: the HTTP client belongs to whoever lent it."""

    async def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> bytes | None:
        """A resource's bytes, or None for 404."""

        async def attempt(within: float) -> bytes | None:
            response = await self._send(path, parameters, {}, within=within)
            try:
                answers.judge(response.status_code, after=_retry_after(response))
                with _transport():
                    return None if response.status_code == 404 else await _content(response)
            finally:
                await response.aclose()

        return await self._insist(attempt)

    async def _insist(self, attempt: Callable[[float], Awaitable[T]]) -> T:
        """As many attempts as patience allows. Each gets the seconds it may take."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        made = 0
        while True:
            try:
                return await attempt(max(1.0, end - loop.time()))
            except Passing as passing:
                wait = _pause(made, passing)
                made += 1
                if loop.time() + wait > end:
                    raise self._given_up(passing, wait) from None
            await asyncio.sleep(wait)

    async def _send(
        self, path: str, parameters: Mapping[str, str] | None, headers: Mapping[str, str], *, within: float
    ) -> httpx.Response:
        """An answer of which only the head has been read. Whoever gets it closes it."""
        timeout = httpx.Timeout(min(_ANSWER_WITHIN, within), connect=min(10.0, within))
        request = self._http.build_request(
            "GET", self._base + path, params=parameters, headers={**self._headers, **headers}, timeout=timeout
        )
        with _transport():
            response = await self._http.send(request, stream=True, follow_redirects=False)
        self._has_answered = True
        return response

    def _given_up(self, passing: Passing, wait: float) -> Failure:
        message = f"The source did not serve a request within {self._patience:.0f} seconds: {passing.reason}."
        if self._has_answered:
            return TryAgain("source-unavailable", message, after=max(5.0, wait))
        return AskPerson(
            "source-unreachable",
            message,
            remedy="Check the base URL, and that the source can be reached from where the app runs.",
        )


class _Download:
    """One file being read. Where the connection breaks, it goes on from there, for as long as patience allows."""

    def __init__(self, source: ApiSource, path: str, place: int, version: str | None) -> None:
        self._source = source
        self._path = path
        self._place = place
        self._version = version
        self._response: httpx.Response | None = None
        self.part: Part | None = None

    async def begin(self) -> Part | None:
        """Ask for the rest of the file, however often it takes. None when there is no such file."""
        self.part = await self._source._insist(self._attempt)
        return self.part

    async def _attempt(self, within: float) -> Part | None:
        asked = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self._place:
            asked["Range"] = f"bytes={self._place}-"
        await self.close()
        response = self._response = await self._source._send(self._path, None, asked, within=within)
        if response.status_code not in (206, 416) or not self._place:
            answers.judge(response.status_code, after=_retry_after(response))
        if response.status_code == 404:
            return None
        found = part(response.status_code, response.headers, self._place)
        if self._version is not None and found.version != self._version and not found.is_empty:
            raise changed()
        self._version = found.version or self._version
        return found

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from the place on."""
        loop = asyncio.get_running_loop()
        end, breaks = loop.time() + self._source._patience, 0
        while self.part is not None and not self.part.is_empty:
            try:
                async for chunk in self._rest(self.part):
                    self._place += len(chunk)
                    yield chunk
                    end, breaks = loop.time() + self._source._patience, 0
                return
            except Passing as passing:
                wait = _pause(breaks, passing)
                breaks += 1
                if loop.time() + wait > end:
                    raise self._source._given_up(passing, wait) from None
            await asyncio.sleep(wait)
            size = self.part.size
            if await self.begin() is None or (size is not None and self.part.size != size):
                raise changed()

    async def _rest(self, found: Part) -> AsyncIterator[bytes]:
        """What one answer holds, without the beginning that we have. Raises Passing where it ends too soon."""
        assert self._response is not None
        position = found.start
        with _transport():
            async for piece in self._response.aiter_raw():
                fresh = piece[max(0, self._place - position) :]
                position += len(piece)
                for cut in range(0, len(fresh), LARGEST_CHUNK):
                    yield fresh[cut : cut + LARGEST_CHUNK]
        if found.size is not None and position != found.size:
            raise Passing("it sent less of a file than it has")

    async def close(self) -> None:
        """Let go of the connection, wherever the reading is."""
        if self._response is not None:
            await self._response.aclose()
            self._response = None


def _pause(made: int, passing: Passing) -> float:
    """Seconds to wait after so many attempts. Half is chance, so that the lanes of a run do not come back at once."""
    return max(passing.after, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**made) * random.uniform(0.5, 1.0))


@contextmanager
def _transport() -> Iterator[None]:
    """Tell a connection that failed, which may be better next time, from an answer that is broken for good."""
    try:
        yield
    except httpx.ConnectError:
        raise Passing("it cannot be reached") from None
    except httpx.TransportError as error:
        raise Passing(f"the connection failed ({type(error).__name__})") from None
    except httpx.DecodingError:
        raise answers.malformed("its compression is broken") from None


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
