"""The one way to Dataverse: every request of every verb goes through `Transport.send`. DOOR

Here live the token, the pace, the retries by error class and the honest answer to "did it happen?". Verbs above decide
what a refusal means for their rows; they never see a throttle.
"""

from __future__ import annotations

import http.cookiejar
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import orjson

from shared.dataverse import batch, odata
from shared.dataverse.batch import Operation, Part, read_error
from shared.dataverse.faults import NO_ANSWER, NOT_SENT, Fault, FaultKind, classify, failure
from shared.dataverse.pace import Gate
from shared.errors import Stop, TryAgain

PATIENCE = 120.0
"""Seconds a request is retried before the wait goes back to the caller, who can set a durable timer."""

_TIMEOUT = httpx.Timeout(connect=15.0, read=110.0, write=60.0, pool=None)
_LIMITS = httpx.Limits(max_connections=60, max_keepalive_connections=60, keepalive_expiry=60.0)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_WAITABLE = frozenset({FaultKind.RETRY, FaultKind.THROTTLED, FaultKind.CUSTOMIZATION, FaultKind.AMBIGUOUS})
_LONGEST_BACKOFF = 30.0


class TokenSource(Protocol):
    """Whoever can give and take back access tokens."""

    async def token(self, resource: str) -> str: ...

    def forget(self, resource: str) -> None: ...


class OutcomeUnknown(TryAgain):
    """The request may or may not have been carried out: read the rows back before sending it again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``fault`` is None for success, else a refusal of a kind the caller said it would judge."""

    status: int
    headers: httpx.Headers
    body: bytes
    fault: Fault | None = None

    def json(self) -> Any:
        """The body as JSON; Stop when it is not."""
        try:
            return orjson.loads(self.body)
        except ValueError:
            raise Stop("answer-unreadable", "Dataverse answered something that is not JSON.") from None


def connect(**options: Any) -> httpx.AsyncClient:
    """The process's one HTTP client: kept-alive connections and no cookies.

    The ARRAffinity cookie would pin all load to one web server and so to one server's share of the limits.
    """
    client = httpx.AsyncClient(timeout=_TIMEOUT, limits=_LIMITS, **options)
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client


class Transport:
    """Sends requests to one environment. ``url`` is its address without a path, which is also the token's resource."""

    def __init__(
        self, url: str, tokens: TokenSource, *, client: httpx.AsyncClient | None = None, gate: Gate | None = None
    ) -> None:
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.root = self.origin + odata.ROOT
        self.gate = gate or Gate()
        self._tokens = tokens
        self._client = client or connect()
        self._owns_client = client is None

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        if self._owns_client:
            await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        where: str,
        body: Any = None,
        content: tuple[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[FaultKind] = (),
        repeatable: bool = True,
    ) -> Reply:
        """One request, retried while that can help, for at most PATIENCE seconds.

        ``path`` is relative to the service root, or an absolute address of the same environment (a next link).
        ``content`` is a Content-Type and bytes, in place of a JSON ``body``. Faults of the kinds in ``accept`` come
        back in the reply; others are raised as TryAgain, AskPerson or Stop, with ``where`` to say what was tried.
        Unless ``repeatable``, an answer that never came raises OutcomeUnknown.
        """
        kind, data = content or (odata.JSON, orjson.dumps(body) if body is not None else None)
        head = {**odata.HEADERS, **({"Content-Type": kind} if data is not None else {}), **(headers or {})}
        url = self._address(path)
        deadline = self.gate.clock() + PATIENCE
        tries, refreshed = 0, False
        while True:
            reply = await self._once(method, url, head, data, deadline=deadline, where=where)
            fault = reply.fault
            if fault is None:
                return reply
            if reply.status == 401 and not refreshed:
                self._tokens.forget(self.origin)
                refreshed = True
                continue
            if fault.kind is FaultKind.AMBIGUOUS and not repeatable:
                raise OutcomeUnknown(fault.reason, f"{where}: {fault.text}.", after=fault.wait)
            tries += 1
            if fault.tries and tries >= fault.tries and FaultKind.DATA in accept:
                return replace(reply, fault=replace(fault, kind=FaultKind.DATA))
            if fault.kind not in _WAITABLE:
                if fault.kind in accept:
                    return reply
                raise failure(fault, where)
            wait = backoff(fault, tries)
            if self.gate.clock() + wait > deadline:
                raise failure(replace(fault, wait=wait), where)
            if fault.kind is not FaultKind.THROTTLED:  # a throttle closed the gate, which makes everybody wait
                await self.gate.sleep(wait)

    async def batch(
        self,
        operations: Sequence[Operation],
        *,
        where: str,
        repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> list[Part]:
        """One $batch that goes on after an error: an answer per operation, in order."""
        reply = await self.send(
            "POST",
            "$batch",
            where=where,
            content=batch.encode(operations),
            headers={"Prefer": "odata.continue-on-error", **(headers or {})},
            repeatable=repeatable,
        )
        try:
            parts = batch.decode(reply.headers.get("content-type", ""), reply.body)
        except ValueError as error:
            raise Stop("answer-unreadable", f"{where}: {error}.") from None
        if len(parts) != len(operations):
            raise OutcomeUnknown("batch-cut-short", f"{where}: the batch's answer is cut short.")
        return parts

    def path(self, relative: str) -> str:
        """The address of an operation inside a batch."""
        return odata.ROOT + relative

    def _address(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return self.root + path
        parts = urlsplit(path)
        if f"{parts.scheme}://{parts.netloc}".lower() != self.origin.lower():
            raise Stop("foreign-link", "Dataverse answered with a link to another host; no token is sent there.")
        return path

    async def _once(
        self, method: str, url: str, headers: Mapping[str, str], data: bytes | None, *, deadline: float, where: str
    ) -> Reply:
        closed = await self.gate.enter(patience=max(0.0, deadline - self.gate.clock()))
        if closed:
            raise TryAgain("throttled", f"{where}: Dataverse asks us to slow down.", after=closed)
        try:
            token = await self._tokens.token(self.origin)
            answer = await self._client.request(
                method, url, content=data, headers={**headers, "Authorization": f"Bearer {token}"}
            )
        except _NOT_SENT:
            return Reply(0, httpx.Headers(), b"", NOT_SENT)
        except httpx.RequestError:
            return Reply(0, httpx.Headers(), b"", NO_ANSWER)
        finally:
            await self.gate.leave()
        answer.stream = httpx.ByteStream(b"")  # it points back at the answer: bodies would wait for the collector
        fault = None if answer.is_success or answer.status_code == 304 else _fault(answer)
        if fault is not None and fault.kind is FaultKind.THROTTLED:
            self.gate.pace.throttled(self.gate.clock(), fault.wait)
        elif fault is None:
            self.gate.pace.succeeded(hint=_number(answer.headers.get("x-ms-dop-hint")))
        return Reply(answer.status_code, answer.headers, answer.content, fault)


def backoff(fault: Fault, tries: int) -> float:
    """Seconds before the next try: what was asked for, doubled with each try, with a little chance against step."""
    if fault.kind is FaultKind.THROTTLED:
        return fault.wait
    doubled = fault.wait * 2.0 ** (tries - 1)
    return max(fault.wait, min(doubled, _LONGEST_BACKOFF)) * random.uniform(1.0, 1.25)


def part_fault(part: Part) -> Fault | None:
    """What an answer inside a batch means; None for success."""
    if part.status < 400:
        return None
    return classify(part.status, *part.error(), _seconds(part.headers.get("retry-after")))


def _fault(answer: httpx.Response) -> Fault:
    code, message = read_error(answer.content)
    return classify(answer.status_code, code, message, _seconds(answer.headers.get("retry-after")))


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None  # the date form of Retry-After: Dataverse does not use it


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
