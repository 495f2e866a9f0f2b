"""A clock that only sleeping moves, and an environment that answers by a script: no server, no waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from shared.dataverse.client import Dataverse
from shared.dataverse.gate import Gate
from shared.dataverse.pace import Pace
from shared.dataverse.pools import connect

URL = "https://org.crm6.dynamics.com"
Answer = httpx.Response | type[Exception]


@dataclass
class Clock:
    """Seconds, moved by whoever sleeps."""

    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@dataclass
class Issuer:
    """Gives a numbered token, and a new one after each forgetting."""

    forgotten: int = 0

    async def token(self, resource: str) -> str:
        assert resource == URL
        return f"token-{self.forgotten}"

    def forget(self, resource: str) -> None:
        self.forgotten += 1


@dataclass
class Scripted:
    """An environment that answers each request by the next line of the script, or by a rule."""

    rule: Callable[[httpx.Request], Answer] | None = None
    script: list[Answer] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    issuer: Issuer = field(default_factory=Issuer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.script.pop(0) if self.script else self.rule(request) if self.rule else httpx.Response(204)
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("as scripted", request=request)

    def client(self, *, pace: Pace | None = None) -> Dataverse:
        gate = Gate(pace, clock=self.clock, sleep=self.clock.sleep)
        return Dataverse(URL, self.issuer, http=connect(transport=httpx.MockTransport(self._answer)), pace=gate)

    def lines(self) -> list[str]:
        """Method and path of each request so far, without the service root and the query."""
        root = "/api/data/v9.2/"
        return [f"{request.method} {request.url.path.removeprefix(root)}" for request in self.seen]


def refused(status: int, code: str = "", message: str = "", **headers: str) -> httpx.Response:
    """An error answer."""
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=headers)


def batch_answer(*parts: tuple[int, str]) -> httpx.Response:
    """A $batch answer of (status, error code) parts."""
    lines = []
    for status, code in parts:
        body = json.dumps({"error": {"code": code, "message": ""}}) if status >= 400 else ""
        lines.append(
            "--batchresponse_x\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            f"HTTP/1.1 {status} Whatever\r\nOData-Version: 4.0\r\n\r\n{body}\r\n"
        )
    text = "".join(lines) + "--batchresponse_x--\r\n"
    return httpx.Response(
        200, content=text.encode(), headers={"Content-Type": "multipart/mixed; boundary=batchresponse_x"}
    )


def found(rows: Iterable[dict[str, Any]]) -> httpx.Response:
    """A page of rows."""
    return httpx.Response(200, json={"value": list(rows)})


@pytest.fixture
def environment() -> Scripted:
    return Scripted()


@pytest.fixture
def answers() -> Any:
    """The ways to write an answer: refused, batch and found."""

    class Answers:
        pass

    Answers.refused, Answers.batch, Answers.found = map(staticmethod, (refused, batch_answer, found))  # type: ignore
    return Answers
