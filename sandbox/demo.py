"""The main job, told to somebody watching: a practice moves, changes while it moves, is proved, and moves back.

Talks to the app as a customer does, over HTTP, and to the simulators only to change the practice and to read the target
independently of the app.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.customer import APPROVER, PATIENCE, Api, Customer, Disappointed
from sandbox.screen import Screen
from sandbox.town import Town

ANOTHER_RULE = "moved-by-another-rule"
"""A record that a sibling rule takes is not left out: a call is no e-mail."""


async def demonstrate(town: Town, result: Path, *, patients: int) -> int:
    """Run the demo and write ``result``. The exit code."""
    screen = Screen()
    try:
        found = await asyncio.to_thread(_tell, town, screen, result, patients=patients)
    except Disappointed as disappointed:
        screen.line(f"The demo failed: {disappointed}")
        return 1
    result.write_text(json.dumps(found, indent=2) + "\n")
    screen.line(f"Written to {result}.")
    clean = not found["differences"] and not found["rollback"]["differences"] and not found["rollback"]["rows_left"]
    return 0 if clean else 1


def _tell(town: Town, screen: Screen, result: Path, *, patients: int) -> dict[str, Any]:
    began = time.monotonic()
    customer = Customer(town)
    before = customer.export()
    screen.title(f"A practice of {patients:,} patients moves from Core Practice to Dynamics 365")
    run = customer.start(customer.request(delta_window_hours=24))
    screen.line(f"Run {run} is registered; the story begins.")
    customer.until(run, waits_for="mapping", watch=screen.progress)
    _show_mapping(customer.document(run, "mapping")["document"], screen)
    _approve(customer, run, "mapping", screen)
    customer.until(run, waits_for="sample", watch=screen.progress)
    _show_sample(customer.document(run, "sample-diff", shown=True)["document"], screen)
    _approve(customer, run, "sample", screen)
    customer.until(run, phase="delta", watch=screen.progress)
    _change_the_practice(customer, run, screen, patients)
    customer.let_the_window_pass(run, watch=screen.progress)
    verdict = customer.document(run, "verdict")["document"]
    screen.title(verdict["headline"])
    _show_verdict(verdict, screen)
    _show_files(verdict["files"], screen)
    _keep_pages(customer, run, result.parent, screen)
    _approve(customer, run, "sign-off", screen)
    moved = customer.until(run, phase="finished", watch=screen.progress)
    _keep_evidence(customer, run, result.parent, screen)
    screen.title("One click back")
    customer.ask(run, "rollback")
    undone = customer.until(run, phase="rolled-back", watch=screen.progress)
    rows_left, differences = _compare(before, customer.export())
    back = undone["rollback"]
    screen.line(f"{back['rows_undone']:,} rows undone, {back['held']} held. Read independently of the app,")
    screen.line(f"{rows_left} rows are left, and {differences} lines of the target's export differ from before.")
    return {
        "run": run,
        "phase": undone["phase"],
        "objects": {name: _five(counts) for name, counts in moved["objects"].items()},
        "fields_verified": verdict["fields_verified"],
        "differences": _problems(verdict),
        "delta": {name: moved["delta"][name] for name in ("created", "updated")},
        "rollback": {"rows_left": rows_left, "differences": differences},
        "seconds": round(time.monotonic() - began, 1),
    }


def _keep_pages(customer: Customer, run: str, folder: Path, screen: Screen) -> None:
    """The reports as a person would save them from the browser."""
    for name, form in (("verdict", "html"), ("sample-diff", "html"), ("exceptions", "html"), ("exceptions", "csv")):
        path = folder / f"{name}.{form}"
        path.write_bytes(customer.report(run, name, form))
        screen.line(f"  {name} as {form}: {path}")


def _keep_evidence(customer: Customer, run: str, folder: Path, screen: Screen) -> None:
    """The pack as an auditor gets it, checked as an auditor does: by the program in it, in a Python of its own."""
    path, program = folder / "evidence.zip", folder / "verify_evidence.py"
    path.write_bytes(customer.evidence(run, fresh=True))
    with zipfile.ZipFile(path) as archive:
        program.write_bytes(archive.read(program.name))
    command = [sys.executable, "-I", "-S", str(program), str(path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    if checked.returncode:
        raise Disappointed(f"the evidence pack does not hold: {checked.stdout[-500:]}")
    screen.title("The evidence, to keep")
    screen.line(f"  {path}: {path.stat().st_size:,} bytes, checked offline by {program.name} in it:")
    for line in checked.stdout.splitlines()[-3:]:
        screen.line(f"  {line}")


def _problems(verdict: Mapping[str, Any]) -> int:
    """Differences of every kind: fields, rows nobody expected, records nobody can account for."""
    strays = [*verdict["rows_unexpected"].values(), *verdict["records_unaccounted_for"].values()]
    strays += [verdict["files"]["differs"], verdict["files"]["missing"]]
    return int(verdict["differences"]) + sum(abs(int(stray)) for stray in strays)


def _five(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in ("extracted", "created", "updated", "excluded", "set_aside")}


def _approve(customer: Customer, run: str, gate: str, screen: Screen) -> None:
    customer.decide(run, gate, comment="demo")
    screen.line(f"{APPROVER} approves: {gate}.")


def _show_mapping(document: Mapping[str, Any], screen: Screen) -> None:
    facts = document["compatibility"]
    screen.title("Gate: the map")
    screen.line(
        f"{facts['source_objects_mapped']} source objects by {facts['mapping_rules']} rules; "
        f"{facts['fields_mapped']} fields mapped, {facts['fields_excluded']} excluded by name"
    )
    for rule in document["objects"]:
        some = ", ".join(f"{field['source']} → {field['target']}" for field in rule["fields"][1:4])
        screen.line(f"  {rule['object']:<21}→ {rule['table']:<22} {some}, …")
    for name, found in document["privacy"].items():
        why = f" ({found['reason']})" if found["reason"] else ""
        screen.line(f"  class {name:<12}{found['fields']:>4} fields, {found['secured']:>3} of them locked{why}")
    for gap in document["excluded"]:
        screen.line(f"  left out: {gap['object']}{'.' if gap['field'] else ''}{gap['field']} ({gap['reason']})")
    screen.line(f"  {document['table_budget']['text']}")


def _show_sample(document: Mapping[str, Any], screen: Screen) -> None:
    screen.title("Gate: the sample")
    screen.line(document["headline"])
    for name in ("patients", "treatments", "appointments", "invoices", "phone_calls"):
        rows = document["objects"].get(name, {}).get("rows", [])
        for line in rows[0]["fields"][1:5] if rows else []:
            shown = f"{line['source']!s:<28} | {line['target']!s:<28} | {line['outcome']}"
            screen.line(f"  {name:<13}{line['label']:<22} {shown}")


def _show_verdict(verdict: Mapping[str, Any], screen: Screen) -> None:
    screen.line(f"  {'object':<21}{'rows':>8}{'fields':>11}{'differ':>8}{'excluded':>10}{'set aside':>11}")
    for name, found in verdict["objects"].items():
        reasons = {reason: count for reason, count in found["reasons"].items() if reason != ANOTHER_RULE}
        excluded = found["excluded"] - found["reasons"].get(ANOTHER_RULE, 0)
        why = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        screen.line(
            f"  {name:<21}{found['rows']:>8,}{found['fields']:>11,}{found['differs']:>8,}{excluded:>10,}"
            f"{found['set_aside']:>11,}  {why}"
        )


def _show_files(files: Mapping[str, Any], screen: Screen) -> None:
    refused = ", ".join(f"{count} {reason}" for reason, count in files["refused"].items())
    screen.line(
        f"  {files['files']:,} files with {files['bytes']:,} bytes read back; {files['differs']} differ, "
        f"{files['missing']} missing" + (f"; not brought: {refused}" if refused else "")
    )


def _change_the_practice(customer: Customer, run: str, screen: Screen, patients: int) -> None:
    """While the window is open, people keep working: patients arrive and change. Then two days pass."""
    screen.title("The delta window is open; the practice goes on working")
    edits = {"seed": 3, "created": max(3, patients // 200), "updated": max(5, patients // 100), "deleted": 0}
    Api(customer.town.corepractice_url).call("POST", "/sandbox/change", edits)
    customer.host.call("POST", "/admin/functions/delta_pickup", {})
    deadline = time.monotonic() + PATIENCE
    while not sum(customer.status(run)["delta"].values()):
        if time.monotonic() > deadline:
            raise Disappointed("the delta brought nothing")
        time.sleep(0.3)
    screen.line("The timer fired and the changes are coming over. Now the clock jumps past the end of the window.")


def _compare(before: list[str], after: list[str]) -> tuple[int, int]:
    """Rows that are there now and were not, and lines that differ at all."""
    new, gone = set(after) - set(before), set(before) - set(after)
    return max(0, len(after) - len(before)), len(new) + len(gone)
