"""Reproducible misfortune for every simulator: which request fails and how, written down beforehand.

A client's resilience is only proven against failures that can be repeated, so a schedule holds no hidden
chance: each fault counts the requests it matches and decides from that count (or from `random.Random(seed)`,
drawn once a match).

    schedule = FaultSchedule([Fault("throttle", match=r"^GET /v1/patients$", at=(2, 5), retry_after=1)])
    app = web.Application(middlewares=[faults_middleware(schedule)])
    add_fault_routes(app, schedule)          # POST, GET and DELETE /sandbox/faults

Kinds: `drop` closes the connection before the handler; `drop_after` lets the handler commit, then closes
without an answer; `delay` waits `seconds` first; `throttle` is 429 with Retry-After; `error` is a 5xx;
`expire` is 401; `half_fail` sets request["fault"] for a simulator able to do half a batch only; `slow`
trickles the answer over `seconds`; `reset` breaks the connection amid the answer; `stall` does so after `seconds` of
silence. A handler that streams its own answer has already sent it: the last three cannot change it, `drop_after` cuts
off its end.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.broken_answers import break_off, hang_up, trickle

KINDS = ("drop", "drop_after", "delay", "throttle", "error", "expire", "half_fail", "slow", "stall", "reset")
CONTROL_PATH = "/sandbox/"

ErrorBody = Callable[[int, str, str], object]
Answering = Callable[["Fault"], web.Response]

# kind -> (status, code, message) where the fault itself names none
ANSWERS: Mapping[str, tuple[int, str, str]] = {
    "throttle": (429, "rate_limited", "Too many requests; try again after the time in Retry-After."),
    "error": (503, "unavailable", "The service is unavailable for the moment."),
    "expire": (401, "unauthorized", "The token has expired."),
}


@dataclass(frozen=True)
class Fault:
    """One misfortune. At most one of `at`, `every`, `rate` says which matches it strikes; none means all.

    Matches count from 1: `at=(1, 3)` is the first and the third matching request, `every=4` the 4th, 8th,
    12th. Each strike is a storm of `in_a_row` matches; `times` is the most it strikes at all. `seconds` is for delay,
    slow and stall, what follows it for answers with a body.
    """

    kind: str
    match: str = ""
    at: tuple[int, ...] = ()
    every: int | None = None
    rate: float | None = None
    seed: int = 0
    in_a_row: int = 1
    times: int | None = None
    seconds: float = 1.0
    status: int | None = None
    code: str | None = None
    message: str | None = None
    retry_after: float | str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", tuple(self.at))
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault kind {self.kind!r}; known: {', '.join(KINDS)}")
        if sum((bool(self.at), self.every is not None, self.rate is not None)) > 1:
            raise ValueError("a fault takes one of at, every and rate, not several")
        if any(not isinstance(index, int) or index < 1 for index in self.at):
            raise ValueError("at counts matching requests from 1")
        if self.every is not None and self.every < 1:
            raise ValueError("every must be 1 or more")
        if self.in_a_row < 1:
            raise ValueError("in_a_row must be 1 or more")
        if self.rate is not None and not 0 <= self.rate <= 1:
            raise ValueError("rate must lie between 0 and 1")
        if self.seconds < 0:
            raise ValueError("seconds must not be negative")
        try:
            re.compile(self.match)
        except re.error as problem:
            raise ValueError(f"match is not a regular expression: {problem}") from problem

    @classmethod
    def parse(cls, document: object) -> Fault:
        """A fault from plain JSON; ValueError names what is unknown or wrong."""
        if not isinstance(document, dict):
            raise ValueError("a fault must be an object")
        unknown = sorted(set(document) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"unknown fault field: {', '.join(unknown)}")
        try:
            return cls(**document)
        except TypeError as problem:
            raise ValueError(f"not a fault: {problem}") from problem


class _Watch:
    """One fault together with what it has seen so far."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.pattern = re.compile(fault.match)
        self.chance = random.Random(fault.seed)
        self.matched = 0
        self.struck = 0
        self._to_come = 0

    def strikes(self, request_line: str) -> bool:
        if not self.pattern.search(request_line):
            return False
        self.matched += 1
        if self._chosen():
            self._to_come = self.fault.in_a_row
        if not self._to_come or (self.fault.times is not None and self.struck >= self.fault.times):
            return False
        self._to_come -= 1
        self.struck += 1
        return True

    def _chosen(self) -> bool:
        fault = self.fault
        if fault.at:
            return self.matched in fault.at
        if fault.every is not None:
            return self.matched % fault.every == 0
        if fault.rate is not None:
            return self.chance.random() < fault.rate
        return True

    def counts(self) -> dict[str, Any]:
        fault = {
            field.name: getattr(self.fault, field.name)
            for field in fields(Fault)
            if getattr(self.fault, field.name) != field.default
        }
        return {**fault, "matched": self.matched, "struck": self.struck}


class FaultSchedule:
    """All faults in force. A request counts on every fault; delays add up, of the others the first wins."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._watches = [_Watch(fault) for fault in faults]

    def add(self, faults: Iterable[Fault]) -> None:
        self._watches.extend(_Watch(fault) for fault in faults)

    def clear(self) -> None:
        self._watches.clear()

    def strike(self, request_line: str) -> tuple[Fault, ...]:
        """The faults that strike this "METHOD /path" (decoded, without its query); the counters move on."""
        return tuple(watch.fault for watch in self._watches if watch.strikes(request_line))

    def counts(self) -> list[dict[str, Any]]:
        """Per fault: itself, `matched` requests and times it `struck`."""
        return [watch.counts() for watch in self._watches]


def parse_faults(document: object) -> list[Fault]:
    """Faults from plain JSON: one, a list, or {"faults": [...]}. Raises ValueError."""
    if isinstance(document, dict) and "faults" in document:
        document = document["faults"]
    return [Fault.parse(entry) for entry in (document if isinstance(document, list) else [document])]


def load_faults(path: str | Path | None) -> FaultSchedule:
    """The schedule of `--faults FILE`; an empty one without a file."""
    if path is None:
        return FaultSchedule()
    return FaultSchedule(parse_faults(json.loads(Path(path).read_text(encoding="utf-8"))))


def plain_error_body(status: int, code: str, message: str) -> object:
    return {"error": {"code": code, "message": message}}


def fault_answer(fault: Fault, error_body: ErrorBody = plain_error_body) -> web.Response:
    """The answer of a throttle, error or expire fault."""
    status, code, message = ANSWERS[fault.kind]
    status = fault.status or status
    body = error_body(status, fault.code or code, fault.message or message)
    headers = {}
    retry_after = 1 if fault.retry_after is None and fault.kind == "throttle" else fault.retry_after
    if retry_after is not None:
        headers["Retry-After"] = retry_after if isinstance(retry_after, str) else f"{retry_after:g}"
    if fault.kind == "expire":
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return web.json_response(body, status=status, headers=headers)


def faults_middleware(
    schedule: FaultSchedule, error_body: ErrorBody = plain_error_body, *, answering: Answering | None = None
) -> Middleware:
    """An aiohttp middleware; put it first, so that it sees all. Paths under /sandbox/ are never struck.

    ``answering``: how a service answers whose refusals are not JSON.
    """
    answer = answering or partial(fault_answer, error_body=error_body)

    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PATH):
            return await handler(request)
        struck = schedule.strike(f"{request.method} {request.path}")
        await asyncio.sleep(sum(fault.seconds for fault in struck if fault.kind == "delay"))
        others = [fault for fault in struck if fault.kind != "delay"]
        return await (_suffer(others[0], request, handler, answer) if others else handler(request))

    return strike


async def _suffer(fault: Fault, request: web.Request, handler: Handler, answering: Answering) -> web.StreamResponse:
    if fault.kind in ANSWERS:
        return answering(fault)
    if fault.kind == "drop":
        return hang_up(request)
    if fault.kind == "half_fail":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # aiohttp would rather have a key object, simulators a plain word
            request["fault"] = "half_fail"
        return await handler(request)
    answer = await handler(request)
    if fault.kind == "drop_after":
        return hang_up(request)
    if answer.prepared or not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return answer
    if fault.kind == "slow":
        return await trickle(request, answer.body, answer, fault.seconds)
    return await break_off(request, answer.body, answer, fault.seconds if fault.kind == "stall" else 0)


def add_fault_routes(app: web.Application, schedule: FaultSchedule) -> None:
    """POST adds, GET shows with counts, DELETE removes all; each answers with what is in force."""

    async def show(request: web.Request) -> web.Response:
        return web.json_response({"faults": schedule.counts()})

    async def add(request: web.Request) -> web.Response:
        try:
            schedule.add(parse_faults(await request.json()))
        except ValueError as problem:
            return web.json_response(plain_error_body(400, "bad_request", str(problem)), status=400)
        return await show(request)

    async def clear(request: web.Request) -> web.Response:
        schedule.clear()
        return await show(request)

    app.router.add_get("/sandbox/faults", show)
    app.router.add_post("/sandbox/faults", add)
    app.router.add_delete("/sandbox/faults", clear)
