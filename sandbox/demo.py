"""The main job, told to somebody watching: a practice moves, changes while it moves, is proved, and moves back.

Talks to the app as a customer does, over HTTP, and to the simulators only to change the practice and to read the target
independently of the app.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.screen import Screen
from sandbox.town import Town

APPROVER = "practice.manager@example.com"
PATIENCE = 900.0
"""Seconds until a phase that does not move is called stuck."""


class Disappointed(Exception):
    """The demo did not show what it promises."""


@dataclass(frozen=True, slots=True)
class Api:
    """The app's API, as a customer holds it."""

    url: str
    key: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """One request; Disappointed with the problem's own words when it is refused."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"x-functions-key": self.key, "Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refused:
            raise Disappointed(f"{method} {path}: {refused.code} {refused.read().decode()[:800]}") from None
        found: dict[str, Any] = json.loads(text) if text else {}
        return found


async def demonstrate(town: Town, result: Path, *, patients: int) -> int:
    """Run the demo and write ``result``. The exit code."""
    screen = Screen()
    try:
        found = await asyncio.to_thread(_tell, town, screen, patients)
    except Disappointed as disappointed:
        screen.line(f"The demo failed: {disappointed}")
        return 1
    result.write_text(json.dumps(found, indent=2) + "\n")
    screen.line(f"Written to {result}.")
    clean = not found["differences"] and not found["rollback"]["differences"] and not found["rollback"]["rows_left"]
    return 0 if clean else 1


def _tell(town: Town, screen: Screen, patients: int) -> dict[str, Any]:
    began = time.monotonic()
    api = Api(town.functions_url, town.function_key)
    before = _export(town)
    screen.title(f"A practice of {patients:,} patients moves from Core Practice to Dynamics 365")
    run = _start(api, town)
    screen.line(f"Run {run} is registered; the story begins.")
    here = f"/api/migrations/{run}"
    _until(api, here, screen, waits_for="mapping")
    _show_mapping(api, here, screen)
    _approve(api, here, "mapping", screen)
    _until(api, here, screen, waits_for="sample")
    _show_sample(api, here, screen)
    _approve(api, here, "sample", screen)
    _until(api, here, screen, phase="delta")
    _change_the_practice(api, town, here, screen, patients)
    _until(api, here, screen, waits_for="sign-off")
    verdict = api.call("GET", f"{here}/documents/verdict")["document"]
    screen.title(verdict["headline"])
    _show_verdict(verdict, screen)
    _approve(api, here, "sign-off", screen)
    moved = _until(api, here, screen, phase="finished")
    screen.title("One click back")
    api.call("POST", f"{here}/rollback")
    undone = _until(api, here, screen, phase="rolled-back")
    rows_left, differences = _compare(before, _export(town))
    back = undone["rollback"]
    screen.line(f"{back['rows_undone']:,} rows undone, {back['held']} held; read independently, {rows_left} rows are left")
    screen.line(f"and {differences} lines of the target's full export differ from before the migration.")
    return {
        "run": run,
        "phase": undone["phase"],
        "objects": {name: _five(counts) for name, counts in moved["objects"].items()},
        "fields_verified": verdict["fields_verified"],
        "differences": _problems(verdict),
        "delta": moved["delta"],
        "rollback": {"rows_left": rows_left, "differences": differences},
        "seconds": round(time.monotonic() - began, 1),
    }


def _problems(verdict: Mapping[str, Any]) -> int:
    """Differences of every kind: fields, rows nobody expected, records nobody can account for."""
    strays = [*verdict["rows_unexpected"].values(), *verdict["records_unaccounted_for"].values()]
    return int(verdict["differences"]) + sum(abs(int(stray)) for stray in strays)


def _five(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in ("extracted", "created", "updated", "excluded", "set_aside")}


def _start(api: Api, town: Town) -> str:
    body = {
        "practice": "Harbour Dental",
        "source": {"kind": "api", "base_url": town.corepractice_url, "secret": town.corepractice_secret_name},
        "target": {"url": town.dataverse_url},
        "options": {"fallback_owner": town.fallback_owner, "delta_window_hours": 24},
    }
    return str(api.call("POST", "/api/migrations", body, **{"Idempotency-Key": f"demo-{time.time_ns()}"})["run"])


def _until(api: Api, here: str, screen: Screen, *, waits_for: str = "", phase: str = "") -> dict[str, Any]:
    """Watch until the run waits for a gate or is in a phase. A problem, or no movement, is the end of the demo."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status = api.call("GET", here)
        screen.progress(status)
        if status["problem"]:
            raise Disappointed(f"{status['problem']['code']}: {status['problem']['message']}")
        if (waits_for and status["waiting_for"] == waits_for) or status["phase"] == phase:
            screen.settle()
            return status
        if status["ended_at"]:
            raise Disappointed(f"the run ended in phase {status['phase']}")
        time.sleep(0.3)
    raise Disappointed(f"nothing moved for {PATIENCE:.0f} seconds")


def _approve(api: Api, here: str, gate: str, screen: Screen) -> None:
    name = {"mapping": "mapping", "sample": "sample-diff", "sign-off": "verdict"}[gate]
    digest = api.call("GET", f"{here}/documents/{name}")["digest"]
    decision = {"gate": gate, "decision": "approve", "digest": digest, "by": APPROVER, "comment": "demo"}
    api.call("POST", f"{here}/decisions", decision)
    screen.line(f"{APPROVER} approves {gate}, digest {digest[:12]}…")


def _show_mapping(api: Api, here: str, screen: Screen) -> None:
    document = api.call("GET", f"{here}/documents/mapping")["document"]
    facts = document["compatibility"]
    screen.title("Gate: the map")
    screen.line(
        f"{facts['source_objects_mapped']} source objects by {facts['mapping_rules']} rules; "
        f"{facts['fields_mapped']} fields mapped, {facts['fields_excluded']} excluded by name"
    )
    for rule in document["objects"]:
        some = ", ".join(f"{field['source']} → {field['target']}" for field in rule["fields"][1:4])
        screen.line(f"  {rule['object']:<13}→ {rule['table']:<22} {some}, …")
    for gap in document["excluded"]:
        screen.line(f"  left out: {gap['object']}{'.' if gap['field'] else ''}{gap['field']} ({gap['reason']})")


def _show_sample(api: Api, here: str, screen: Screen) -> None:
    document = api.call("GET", f"{here}/documents/sample-diff")["document"]
    screen.title("Gate: the sample")
    screen.line(document["headline"])
    for name in ("patients", "appointments"):
        rows = document["objects"].get(name, {}).get("rows", [])
        for line in rows[0]["fields"][1:5] if rows else []:
            shown = f"{line['source']!s:<28} | {line['target']!s:<28} | {line['outcome']}"
            screen.line(f"  {name:<13}{line['label']:<20} {shown}")


def _show_verdict(verdict: Mapping[str, Any], screen: Screen) -> None:
    for name, found in verdict["objects"].items():
        screen.line(
            f"  {name:<13}{found['rows']:>7,} rows {found['fields']:>9,} fields  {found['differs']:>3} differ  "
            f"{found['excluded']:>4} excluded  {found['set_aside']:>3} set aside"
        )
        for reason, count in found["reasons"].items():
            screen.line(f"               {count:>7,} {reason}")


def _change_the_practice(api: Api, town: Town, here: str, screen: Screen, patients: int) -> None:
    """While the window is open, people keep working: patients arrive and change. Then two days pass."""
    screen.title("The delta window is open; the practice goes on working")
    edits = {"seed": 3, "created": max(3, patients // 200), "updated": max(5, patients // 100), "deleted": 0}
    Api(town.corepractice_url, "").call("POST", "/sandbox/change", edits)
    host = Api(town.functions_url, town.master_key)
    host.call("POST", "/admin/functions/delta_pickup", {})
    deadline = time.monotonic() + PATIENCE
    while not sum(api.call("GET", here)["delta"].values()):
        if time.monotonic() > deadline:
            raise Disappointed("the delta brought nothing")
        time.sleep(0.3)
    screen.line("The timer fired and the changes are coming over. Now the clock jumps past the end of the window.")
    host.call("POST", "/sandbox/clock", {"advance_seconds": 24 * 3600 + 60})


def _export(town: Town) -> list[str]:
    """The target as it is, read past the app: one canonical line per row and per piece of schema."""
    with urllib.request.urlopen(f"{town.dataverse_url}/sandbox/export", timeout=120) as answer:
        return [line.decode() for line in answer]


def _compare(before: list[str], after: list[str]) -> tuple[int, int]:
    """Rows that are there now and were not, and lines that differ at all."""
    new, gone = set(after) - set(before), set(before) - set(after)
    return max(0, len(after) - len(before)), len(new) + len(gone)
