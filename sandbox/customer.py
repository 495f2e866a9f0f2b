"""A customer of the app: starts a migration, watches it, decides at its gates. Over HTTP, with the standard library."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.town import Town

APPROVER = "practice.manager@example.com"
PATIENCE = 900.0
QUICK, SLOW = 0.15, 0.6
"""Seconds between two looks at a run: what is soon there is soon seen, and a long wait costs little."""
DOCUMENT_OF = {"mapping": "mapping", "sample": "sample-diff", "sign-off": "verdict"}

Watch = Callable[[dict[str, Any]], None]


class Disappointed(Exception):
    """The app did not do what it promises."""


class Refused(Disappointed):
    """The app answered with problem details."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        words = (problem.get(name, "") for name in ("type", "detail", "remedy", "complaints"))
        super().__init__(f"{status} " + " ".join(str(word) for word in words if word))
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Api:
    """One service and the key to it."""

    url: str
    key: str = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """One request with a JSON body; Refused with the problem's own words when it is refused."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"x-functions-key": self.key, "Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refused:
            raise Refused(refused.code, _problem(refused.read())) from None
        found: dict[str, Any] = json.loads(text) if text else {}
        return found


def _problem(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"detail": text.decode(errors="replace")[:500]}
    return found if isinstance(found, dict) else {"detail": str(found)}


@dataclass(frozen=True, slots=True)
class Customer:
    """What one practice does with the app."""

    town: Town
    practice: str = "Harbour Dental"

    @property
    def api(self) -> Api:
        """The app with the function key."""
        return Api(self.town.functions_url, self.town.function_key)

    @property
    def patience(self) -> float:
        """Seconds until a run that does not get where it is expected is called stuck."""
        return PATIENCE

    @property
    def host(self) -> Api:
        """The host's admin API with the master key."""
        return Api(self.town.functions_url, self.town.master_key)

    def request(self, **options: Any) -> dict[str, Any]:
        """A good start request for this town."""
        return {
            "practice": self.practice,
            "source": {
                "kind": "api",
                "base_url": self.town.corepractice_url,
                "secret": self.town.corepractice_secret_name,
            },
            "target": {"url": self.town.dataverse_url},
            "options": {"fallback_owner": self.town.fallback_owner, **options},
            "privacy": {"health": {"allow": True, "reason": "The practice goes on treating these patients."}},
            "files": {"oversize": "sharepoint", "sharepoint": {"site_url": self.town.sharepoint_site}},
        }

    def start(self, body: Any = None, *, key: str | None = None) -> str:
        """Post the webhook; the run's id."""
        headers = {"Idempotency-Key": key or f"start-{time.time_ns()}"}
        return str(self.api.call("POST", "/api/migrations", body or self.request(), **headers)["run"])

    def status(self, run: str) -> dict[str, Any]:
        """Where the run is."""
        return self.api.call("GET", f"/api/migrations/{run}")

    def document(self, run: str, name: str, *, shown: bool = False) -> dict[str, Any]:
        """A document with its digest."""
        return self.api.call("GET", f"/api/migrations/{run}/documents/{name}{'?values=shown' if shown else ''}")

    def report(self, run: str, name: str, form: str) -> bytes:
        """A document as a page or a sheet, as a browser gets it."""
        return self._download(f"/api/migrations/{run}/documents/{name}?format={form}")

    def evidence(self, run: str, *, fresh: bool = False) -> bytes:
        """The evidence pack."""
        return self._download(f"/api/migrations/{run}/evidence{'?fresh=true' if fresh else ''}")

    def _download(self, path: str) -> bytes:
        asked = urllib.request.Request(self.api.url + path, headers={"x-functions-key": self.api.key})
        with urllib.request.urlopen(asked, timeout=120) as answer:
            content: bytes = answer.read()
        return content

    def decide(self, run: str, gate: str, decision: str = "approve", **more: Any) -> dict[str, Any]:
        """Decide about what the gate shows now."""
        digest = self.document(run, DOCUMENT_OF[gate])["digest"]
        body = {"gate": gate, "decision": decision, "digest": digest, "by": APPROVER, **more}
        return self.api.call("POST", f"/api/migrations/{run}/decisions", body)

    def ask(self, run: str, what: str) -> dict[str, Any]:
        """rollback, pause, resume, pickup."""
        return self.api.call("POST", f"/api/migrations/{run}/{what}", b"")

    def until(
        self, run: str, *, waits_for: str = "", phase: str = "", problem: str = "", watch: Watch | None = None
    ) -> dict[str, Any]:
        """Watch until the run waits for something, is in a phase, or shows a problem. Anything else that ends it is
        a disappointment."""
        deadline, pause = time.monotonic() + self.patience, QUICK
        while time.monotonic() < deadline:
            status = self.status(run)
            if watch:
                watch(status)
            shown = status["problem"]
            if shown and shown["code"] == problem:
                return status
            if shown:
                raise Disappointed(f"{shown['code']}: {shown['message']}")
            if (waits_for and status["waiting_for"] == waits_for) or status["phase"] == phase:
                return status
            if status["ended_at"]:
                raise Disappointed(f"the run ended in phase {status['phase']}")
            time.sleep(pause)
            pause = min(SLOW, pause * 1.1)
        raise Disappointed(f"not there after {self.patience:.0f} seconds: {status['phase']}")

    def approve_until_delta(self, run: str, *, watch: Watch | None = None) -> dict[str, Any]:
        """Wave the run through its first two gates, to the open delta window."""
        for gate in ("mapping", "sample"):
            self.until(run, waits_for=gate, watch=watch)
            self.decide(run, gate)
        return self.until(run, phase="delta", watch=watch)

    def let_the_window_pass(self, run: str, *, watch: Watch | None = None) -> dict[str, Any]:
        """Jump the host's clock past the end of the delta window; the run then waits for the sign-off."""
        self.host.call("POST", "/sandbox/clock", {"advance_seconds": 8 * 24 * 3600})
        return self.until(run, waits_for="sign-off", watch=watch)

    def refusal(self, asking: Callable[[], Any]) -> Refused:
        """How the app refuses what ``asking`` asks for; a disappointment when it does not."""
        try:
            asking()
        except Refused as refused:
            return refused
        raise Disappointed("the app accepted what it should refuse")

    def export(self) -> list[str]:
        """The target as it is, read past the app: one canonical line per row and per piece of schema."""
        with urllib.request.urlopen(f"{self.town.dataverse_url}/sandbox/export", timeout=120) as answer:
            return [line.decode() for line in answer]
