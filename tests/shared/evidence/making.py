"""A whole small pack, as the activity would make it, and everything that somebody may do to one afterwards."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson

import shared.evidence
from shared.diff.compare import Outcome
from shared.diff.masking import masked_document
from shared.evidence import pack, verify_evidence
from shared.evidence.archive import MANIFEST, SEAL, Archive
from shared.evidence.pack import Version
from shared.evidence.trail import Chain, Story
from shared.reconcile.findings import Findings
from shared.reconcile.verdict import Found, Strays, verdict
from shared.runs.model import Run

PROGRAM = Path(shared.evidence.__path__[0]) / pack.PROGRAM
RUN = Run(
    "r0123456789abcdef0123",
    {"practice": "Here Dental", "target": {"url": "https://here.crm.dynamics.com"}, "source": {"kind": "api"}},
    registered_at="2026-03-01T08:00:00.000+00:00",
    ended_at="2026-03-02T08:00:00.000+00:00",
)
PATIENT = "Quirina Zanzibar"
LANE = "load.base.patients.000"
AT = "2026-03-01T09:00:00.000+00:00"
Contents = dict[str, bytes]


# Chains, written down from the format and not by the app's own code.


def canonical(body: Any) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Teller:
    """Writes one chain."""

    chain: str
    lines: list[bytes] = field(default_factory=list)
    hash: str = ""

    def tell(self, kind: str, **facts: Any) -> Teller:
        body = {
            "at": AT, "chain": self.chain, "facts": facts, "kind": kind, "n": len(self.lines) + 1, "prev": self.hash,
            "who": "bridgework",
        }  # fmt: skip
        self.hash = hashlib.sha256(canonical(body)).hexdigest()
        self.lines.append(canonical({**body, "hash": self.hash}) + b"\n")
        return self

    def close(self, lane: Teller) -> Teller:
        return self.tell("chain-closed", chain=lane.chain, n=len(lane.lines), hash=lane.hash)


def lane_chain() -> Teller:
    lane = Teller(LANE)
    for batch in range(5):
        lane.tell("batch-loaded", batch=batch, created=20, rows=[f"{batch:032x}"])
    return lane


def rewritten(lines: list[bytes], change: Callable[[list[dict[str, Any]]], None]) -> bytes:
    """A chain made anew after a change to its events, so that every link fits again."""
    bodies = [json.loads(line) for line in lines]
    change(bodies)
    teller = Teller(bodies[0]["chain"])
    for body in bodies:
        teller.tell(body["kind"], **body["facts"])
    return b"".join(teller.lines)


# Documents


def a_verdict(*, differs: int = 0, rows: int = 100) -> dict[str, Any]:
    """A verdict as the app makes it, about two objects."""
    patients, notes = Findings(), Findings()
    for name, found in (("contact", patients), ("annotation", notes)):
        for number in range(rows):
            wrong = [("lastname", Outcome.DIFFERS)] if number < differs and found is patients else []
            found.add_row(name, f"row-{number}", wrong, there=True, ours=True)
        found.records = rows + 2
        found.equal, found.after = rows * 7, rows * 3
        found.fields += rows * 10
        found.rules["lookup"] = rows * 3
        found.digest = "abc" if found is patients else "def"
        found.add_excluded("nothing-in-it")
        found.add_set_aside("too-long")
    objects = {"patients": {"table": "contact", **asdict(patients)}, "notes": {"table": "annotation", **asdict(notes)}}
    strays = {"contact": Strays(rows, rows), "annotation": Strays(rows, rows)}
    body = verdict(Found(objects, dict.fromkeys(objects, rows + 2), strays, {"differs": 0, "missing": 0}))
    holds = {"holds": True, "broken": []}
    return {"turn": 1, "version": 1, "at": AT, **body, "conservation": holds, "money": {"holds": True, "broken": 0}}


def a_sample() -> dict[str, Any]:
    line = {"label": "Name", "column": "fullname", "source": PATIENT, "expected": PATIENT, "target": PATIENT}
    return {"headline": "1 field", "objects": {"patients": {"rows": [{"row": "row-1", "fields": [line]}]}}}


@cache
def whole(*, trail: bool = True, differs: int = 3) -> bytes:
    """The archive of a finished run with two mappings, two verdicts, three decisions and two chains."""
    file = io.BytesIO()
    archive, versions, story, decisions = Archive(file), [], Teller("story"), []
    story.tell("run-registered", run=RUN.id, request="0" * 64)

    def publish(name: str, sequence: int, body: dict[str, Any]) -> str:
        content, digest = pack.content(body)
        masked = name == "sample-diff"
        path = pack.document_file(name, sequence, masked=masked)
        if masked:
            content = pack.content({"digest": digest, "document": masked_document(body)})[0]
        archive.add(path, content)
        versions.append(Version(name, sequence, digest, path, masked))
        story.tell("document-published", mark=f"document/{name}", name=name, digest=digest, sequence=sequence)
        return digest

    def decide(gate: str, digest: str, decision: str) -> None:
        decisions.append({"gate": gate, "digest": digest, "decision": decision, "by": "a person", "at": AT})
        story.tell("decision", gate=gate, digest=digest, decision=decision, by="a person")

    publish("inventory", 1, {"objects": {"patients": {"records": 102}}})
    decide("mapping", publish("mapping", 1, {"objects": [1]}), "amend")
    decide("mapping", publish("mapping", 2, {"objects": [2]}), "approve")
    guide = {"tables": [], "markdown": "# Guide", "html": "<h1>Guide</h1>"}
    publish("setup-guide", 1, guide)
    for form, path in pack.GUIDE_FORMS.items():
        archive.add(path, guide[form].encode())
    decide("sample", publish("sample-diff", 1, a_sample()), "approve")
    versions.append(Version("crosswalk", 1, "c" * 64, None, why="It is made of records' ids."))
    story.tell("document-published", mark="document/crosswalk", name="crosswalk", digest="c" * 64, sequence=1)
    lane = lane_chain()
    story.close(lane)
    publish("verdict", 1, a_verdict(differs=differs))
    decide("sign-off", publish("verdict", 2, a_verdict()), "approve")
    archive.add_json(pack.DOCUMENTS, pack.index(versions))
    archive.add_json(pack.APPROVALS, pack.approvals(decisions, versions))
    archive.add_json(pack.REQUEST, dict(RUN.request))
    archive.add_json(pack.RUN, pack.about_run(RUN))
    archive.add_json(pack.COUNTS, {"patients": {"extracted": 102}})
    archive.add(pack.SET_ASIDE, b'{"column":"","id":"p-1","object":"patients","reason":"too-long"}\n')
    seen, lanes = (
        Story({version.name: version.sequence for version in versions}, {_named(one) for one in decisions}),
        {},
    )
    if trail:
        archive.add(pack.part_file("story", 0), seen.taken(b"".join(story.lines)))
        lanes[LANE] = Chain()
        for number, lines in enumerate((lane.lines[:3], lane.lines[3:])):
            archive.add(pack.part_file(LANE, number), lanes[LANE].taken(b"".join(lines)))
    archive.add("README.txt", pack.readme(RUN, as_of=AT))
    archive.add(pack.PROGRAM, pack.program())
    events = seen.events + sum(one.events for one in lanes.values())
    archive.seal(pack.about(RUN, as_of=AT, events=events, open_chains=seen.open_among(lanes)))
    return file.getvalue()


def _named(decision: Mapping[str, str]) -> tuple[str, str]:
    return decision["gate"], decision["digest"]


# Tampering and checking


def contents(archive: bytes) -> Contents:
    """What is in an archive, by name."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: Mapping[str, bytes]) -> bytes:
    """Those files as an archive, byte for byte as the app would write it; its manifest says what it said."""
    file = io.BytesIO()
    archive = Archive(file)
    for name, content in files.items():
        archive.add(name, content)
    archive._zip.close()
    return file.getvalue()


def sealed(files: Contents) -> Contents:
    """The same files with a manifest that fits them: as somebody would make it who covers up what they did."""
    said = json.loads(files[MANIFEST])
    listed = {name: one for name, one in files.items() if name not in (MANIFEST, SEAL)}
    said["files"] = {
        name: {"size": len(one), "sha256": hashlib.sha256(one).hexdigest()} for name, one in listed.items()
    }
    manifest = orjson.dumps(said)
    digest = hashlib.sha256(manifest).hexdigest()
    return {**listed, MANIFEST: manifest, SEAL: f"{digest}  {MANIFEST}\n".encode()}


def digest_of(archive: bytes) -> str:
    """What the app shows."""
    return hashlib.sha256(contents(archive)[MANIFEST]).hexdigest()


def verified(path: Path, *, digest: str = "", python: str = sys.executable, program: Path = PROGRAM) -> tuple[int, str]:
    """Run the program as an auditor does, alone with the standard library; its exit code and what it printed."""
    command = [python, "-I", "-S", str(program), str(path), *(["--digest", digest] if digest else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def verified_here(path: Path) -> tuple[int, str]:
    """The same within this process, for whoever asks hundreds of times: to start Python takes longer than to check."""
    given, said = sys.argv, io.StringIO()
    sys.argv = [str(PROGRAM), str(path)]
    try:
        with redirect_stdout(said):
            return verify_evidence.main(), said.getvalue()
    finally:
        sys.argv = given
