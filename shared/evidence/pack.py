"""What goes into a pack: names of files, and what is said in those that nobody else writes. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import orjson

from shared.gates import DOCUMENT_OF
from shared.runs.model import Run
from shared.version import VERSION
from shared.vocabulary import Gate

FORMAT = 1
NAME = "evidence"
"""Under this name the pack stands among the run's documents."""
PROGRAM = "verify_evidence.py"
RUN, REQUEST, COUNTS = "run.json", "start-request.json", "counts.json"
DOCUMENTS, APPROVALS, SET_ASIDE = "documents.json", "approvals.json", "set-aside.ndjson"
GUIDE, GUIDE_FORMS = "setup-guide", {"markdown": "setup-guide.md", "html": "setup-guide.html"}

README = """\
This archive is the evidence of one migration: run {run} of {practice}, from Core Practice to {target}, as it stood at
{as_of}, packed by Bridgework {version}.

It holds what was asked for (start-request.json), who decided what about which document (approvals.json), every version
of every document (documents.json names them, with the digests that decisions name; among them are the mapping, the
inventory, the owners, the comparison of the sample, what the sample covers, the files, the exceptions, conservation,
money and the verdicts), the set-up guide (setup-guide.md and .html), the counts (counts.json), every record that was
set aside (set-aside.ndjson) and the audit trail (audit/).

It holds no record's values: those in the comparison of the sample are masked, and the crosswalk of ids is left out;
what stands here are names, counts, digests, and the ids by which source and target find a record again.

manifest.json names every file with its size and its SHA-256, and manifest.sha256 holds the digest of manifest.json.

To check the archive, take verify_evidence.py from the release of Bridgework {version}, not from here, because whoever
alters an archive can alter the program in it too; then run

    python3 -I verify_evidence.py evidence.zip --digest DIGEST

where DIGEST is what the app showed in the run's status (documents, evidence, digest) and should be kept elsewhere,
for example with the signed acceptance, since without it nobody can tell this archive from one that was made all anew.

The program needs Python 3.8 or later, nothing else and no network, and works on the unpacked folder just as well.

It prints one line for each check, and ends with 0 when all is as it was packed, else with 1 and the file that is not.

It works out again the digest of every file, that none is missing and none was added, every link of every audit chain
and that each ends where the story says, that each decision names a document that is here, and the sums of each verdict.

By hand, "sha256sum -c manifest.sha256" checks the manifest, and "sha256sum documents/mapping-1.json" gives the digest
that a decision about that mapping names; files named .masked.json carry the digest of the document they are made from.

The archive shows what the app found when it looked; to compare the target with it today, ask the app to verify again
(POST /api/migrations/{run}/verify).
"""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document. ``file``: where it is in the pack, None when it is not, and ``why`` not. ``digest``:
    what decisions name, None when nobody can tell any more. ``masked``: the values in it are."""

    name: str
    sequence: int
    digest: str | None
    file: str | None
    masked: bool = False
    why: str = ""


def content(body: Any) -> tuple[bytes, str]:
    """A document in the form whose SHA-256 is its digest, and that digest."""
    plain = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return plain, hashlib.sha256(plain).hexdigest()


def document_file(name: str, sequence: int, *, masked: bool = False) -> str:
    """Where a version of a document is in the pack."""
    return f"documents/{name}-{sequence}{'.masked' if masked else ''}.json"


def part_file(chain: str, number: int) -> str:
    """Where a part of a chain is in the pack."""
    return f"audit/{chain}-{number:04d}.ndjson"


def index(versions: Iterable[Version]) -> list[dict[str, Any]]:
    """What the pack says of its documents."""
    return [asdict(version) for version in versions]


def approvals(decisions: Iterable[Mapping[str, Any]], versions: Sequence[Version]) -> list[dict[str, Any]]:
    """Who decided what and when, each with the document it was about, in the order of their times."""
    where = {(version.name, version.digest): version.file for version in versions}
    found = [{**one, "document": where.get((DOCUMENT_OF[Gate(one["gate"])], one["digest"]))} for one in decisions]
    return sorted(found, key=lambda one: (one["at"], one["gate"], one["digest"]))


def about_run(run: Run) -> dict[str, Any]:
    """The run, as it was when it was packed."""
    return {
        "run": run.id,
        "practice": run.request["practice"],
        "target": run.request["target"]["url"],
        "phase": run.phase.value,
        "waiting_for": run.waiting_for,
        "problem": dict(run.problem) if run.problem else None,
        "registered_at": run.registered_at,
        "ended_at": run.ended_at,
        "deltas": run.generation,
        "repair": dict(run.repair) if run.repair else None,
        "number_of_its_rows": run.number,
    }


def latest(instants: Iterable[str]) -> str:
    """The last of several instants (ISO 8601), empty ones left out: a pack is as old as the last thing it tells, not
    as the minute it was made in, or two packs of the same would differ."""
    known = [instant for instant in instants if instant]
    return max(known, key=datetime.fromisoformat, default="")


def readme(run: Run, *, as_of: str) -> bytes:
    """What an auditor reads first."""
    said = {"run": run.id, "practice": run.request["practice"], "target": run.request["target"]["url"]}
    return README.format(**said, as_of=as_of, version=VERSION).encode()


def about(run: Run, *, as_of: str, events: int, open_chains: Sequence[str]) -> dict[str, Any]:
    """What the manifest says besides the files. ``open_chains``: those whose end is not in the story (yet)."""
    return {
        "format": FORMAT,
        "run": run.id,
        "app": VERSION,
        "as_of": as_of,
        "events": events,
        "open_chains": list(open_chains),
    }


def program() -> bytes:
    """The program that checks a pack, as it is in this release."""
    return files("shared.evidence").joinpath(PROGRAM).read_bytes()
