"""The one way to Dataverse: every request of every verb goes through `Transport.send`. DOOR

Here live the tokens, the pace, the retries by error class and the honest answer to "did it happen?". Verbs above decide
what a refusal means for their rows; they never see a throttle.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import orjson

from shared.dataverse import batch, odata
from shared.dataverse.batch import Operation, Part, read_error
from shared.dataverse.budget import told_in
from shared.dataverse.faults import NO_ANSWER, NOT_SENT, Fault, FaultKind, classify, failure
from shared.dataverse.gate import Gate
from shared.dataverse.pace import ANY, Pace, Place
from shared.dataverse.pools import Pools
from shared.errors import Stop, TryAgain

PATIENCE = 120.0
"""Seconds a request is retried before the wait goes back to the caller, who can set a durable timer."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_WAITABLE = frozenset({FaultKind.RETRY, FaultKind.THROTTLED, FaultKind.CUSTOMIZATION, FaultKind.AMBIGUOUS})
_LONGEST_BACKOFF = 30.0
FIRST = 0
"""The user that we are, where it matters who asks."""
_TOGETHER = "0x80072326"
_AFFINITY = re.compile(r"\bARRAffinity=([^;,\s]+)")


class TokenSource(Protocol):
    """Whoever can give and take back access tokens."""

    async def token(self, resource: str) -> str: ...

    def forget(self, resource: str) -> None: ...


class OutcomeUnknown(TryAgain):
    """The request may or may not have been carried out: read the rows back before sending it again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``fault`` is None for success, else a refusal of a kind the caller said it would judge. ``seconds``:
    how long it took to come."""

    status: int
    headers: httpx.Headers
    body: bytes
    fault: Fault | None = None
    seconds: float = 0.0

    def json(self) -> Any:
        """The body as JSON; Stop when it is not."""
        try:
            return orjson.loads(self.body)
        except ValueError:
            raise Stop("answer-unreadable", "Dataverse answered something that is not JSON.") from None


@dataclass(frozen=True, slots=True)
class _Request:
    """One request as it goes out, as often as it has to. ``rows`` it writes or asks for: what it may take goes by
    that."""

    method: str
    url: str
    headers: Mapping[str, str]
    data: bytes | None
    where: str
    rows: int
    yields: bool
    user: int | None

    @property
    def like(self) -> str:
        """Its kind and about its size: requests that are alike take about as long."""
        return f"{self.where}/{round(2 * math.log2(max(1, self.rows)))}"


class Transport:
    """Sends requests to one environment. ``url`` is its address without a path, which is also the tokens' resource.

    ``users`` are the application users it may send as, each with limits of his own; the first is the one we are.
    """

    def __init__(
        self,
        url: str,
        users: Sequence[TokenSource],
        *,
        client: httpx.AsyncClient | None = None,
        gate: Gate | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.root = self.origin + odata.ROOT
        self.gate = gate or Gate(Pace(users=len(users)))
        self.users = len(users)
        self._users = tuple(users)
        self._pools = Pools(client)

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        self.gate.close()
        await self._pools.close()

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
        rows: int = 1,
        yields: bool = False,
        user: int | None = FIRST,
    ) -> Reply:
        """One request, retried while that can help, for at most PATIENCE seconds beside its turn at the gate.

        ``path`` is relative to the service root, or an absolute address of the same environment (a next link).
        ``content`` is a Content-Type and bytes, in place of a JSON ``body``. Faults of the kinds in ``accept`` come
        back in the reply; others are raised as TryAgain, AskPerson or Stop, with ``where`` to say what was tried.
        Unless ``repeatable``, an answer that never came raises OutcomeUnknown. ``rows`` is what it is about, ``yields``
        lets other requests pass. ``user`` is whom it is sent as; None: whoever of us has most room.
        """
        kind, data = content or (odata.JSON, orjson.dumps(body) if body is not None else None)
        head = {**odata.HEADERS, **({"Content-Type": kind} if data is not None else {}), **(headers or {})}
        request = _Request(method, self._address(path), head, data, where, rows, yields, user)
        deadline = self.gate.clock() + PATIENCE
        tries, refreshed = 0, set[int]()
        while True:
            place, held_back = await self._place(request, patience=deadline - self.gate.clock())
            deadline += held_back
            reply = await self._once(request, place)
            fault = reply.fault
            if fault is None:
                return reply
            if reply.status == 401 and place.user not in refreshed:
                self._users[place.user].forget(self.origin)
                refreshed.add(place.user)
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
            if fault.kind is not FaultKind.THROTTLED:  # a throttle closed the book, which makes everybody wait
                await self.gate.sleep(wait)

    async def batch(
        self,
        operations: Sequence[Operation],
        *,
        where: str,
        repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
        rows: int | None = None,
        yields: bool = False,
        user: int | None = None,
    ) -> list[Part]:
        """One $batch that goes on after an error: an answer per operation, in order. ``rows``: how many it is about,
        where they are not as many as the operations."""
        reply = await self.send(
            "POST",
            "$batch",
            where=where,
            content=batch.encode(operations),
            headers={"Prefer": "odata.continue-on-error", **(headers or {})},
            repeatable=repeatable,
            rows=len(operations) if rows is None else rows,
            yields=yields,
            user=user,
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

    async def _place(self, request: _Request, *, patience: float) -> tuple[Place, float]:
        """A place at the gate, and the seconds that our own book made us wait for it, which are nobody's refusal."""
        began = self.gate.clock()
        closed = self.gate.pace.closed(began, user=request.user)
        place = await self.gate.enter(
            request.like, patience=max(0.0, patience), yields=request.yields, user=request.user
        )
        if not isinstance(place, Place):
            raise TryAgain("throttled", f"{request.where}: Dataverse asks us to slow down.", after=place)
        return place, max(0.0, self.gate.clock() - began - closed)

    async def _once(self, request: _Request, place: Place) -> Reply:
        clock, pace = self.gate.clock, self.gate.pace
        answer: httpx.Response | None = None
        lost: Fault | None = None
        try:
            headers = {**request.headers, "Authorization": f"Bearer {await self._users[place.user].token(self.origin)}"}
            if place.server != ANY:
                headers["Cookie"] = f"ARRAffinity={place.server}"
            place = pace.sent(place, clock())
            answer = await self._pools.request(request.method, request.url, content=request.data, headers=headers)
        except _NOT_SENT:
            return Reply(0, httpx.Headers(), b"", NOT_SENT)
        except httpx.RequestError:
            lost = NO_ANSWER
            return Reply(0, httpx.Headers(), b"", lost)
        finally:
            if answer is None:
                (pace.lost if lost else pace.withdrawn)(place, clock())
                self.gate.leave()
        answer.stream = httpx.ByteStream(b"")  # it points back at the answer: bodies would wait for the collector
        fault = None if answer.is_success or answer.status_code == 304 else _fault(answer)
        self._told(place, request, answer, fault)
        self.gate.leave()
        return Reply(answer.status_code, answer.headers, answer.content, fault, clock() - place.at)

    def _told(self, place: Place, request: _Request, answer: httpx.Response, fault: Fault | None) -> None:
        """What an answer says about the pace."""
        now, pace = self.gate.clock(), self.gate.pace
        named = [_AFFINITY.search(text) for text in answer.headers.get_list("set-cookie")]
        server = next((found[1] for found in named if found), None)
        if fault is not None and fault.kind is FaultKind.THROTTLED:
            told = told_in(read_error(answer.content)[1], pace.allowance)
            pace.refused(place, now, fault.wait, server=server, together=fault.code == _TOGETHER, told=told)
        else:
            hint = _number(answer.headers.get("x-ms-dop-hint"))
            pace.answered(place, now, request.like, server=server, hint=hint)


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
