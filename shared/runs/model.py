"""A run as the runs table knows it, and what a person may be told about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.runs import parts as parts_of
from shared.runs.parts import Part
from shared.vocabulary import ANOTHER_RULE, Phase, Tally

ENDED = frozenset({Phase.FINISHED, Phase.ROLLED_BACK, Phase.REJECTED, Phase.FAILED})


@dataclass(frozen=True, slots=True)
class Run:
    """One practice's migration. ``request`` is the start request as it was accepted; it never holds a secret.

    ``repair`` is what a person asked for about the latest verdict: ``how`` and ``turn``. ``repaired_by`` is the
    generation that writes it, ``overwrites`` the latest generation that may write over what people changed.
    ``rollbacks`` counts the ways back that were asked for, ``release`` names the rows that the latest one may undo
    although somebody edited them since: ``rows`` by id, ``tables`` by name.
    ``parts`` are what of it was put back alone; ``rehearsing`` is the part that the latest rehearsal is about, if any.
    ``erasing`` is the person whom somebody wants found or erased, for as long as that takes; ``erasures`` counts such
    requests, and ``erased`` holds the keyed ids of the patients who were erased.
    ``bundle`` is the export that the latest pickup reads, where it is a newer one than the run began with, and
    ``bundle_asked`` the one that the next pickup is to read. ``lists_asked`` is the latest pickup that is to look for
    records that are gone, ``lists_in`` the generation that does. ``removes`` names the generations that take rows away.
    ``purge`` is who asked for its health data to go, how much there was, and when it was gone; ``purged_at`` when there
    was a certificate for it. ``claimed_at`` is when it asked for the objects it writes in its environment.
    ``audit_key`` turns ids into the keyed hashes of the audit trail, in hexadecimal; one that a vault wraps would get a
    column of its own beside it. ``audit_head`` is where the trail's story was when the run last came to a phase.
    """

    id: str
    request: Mapping[str, Any]
    phase: Phase = Phase.REGISTERED
    waiting_for: str = ""
    wish: str = ""
    problem: Mapping[str, str] | None = None
    registered_at: str = ""
    ended_at: str = ""
    pickups_asked: int = 0
    pickups_begun: int = 0
    close_asked: bool = False
    generation: int = 0
    overlook_set_aside: bool = False
    proofs_asked: int = 0
    proofs_begun: int = 0
    repair: Mapping[str, Any] | None = None
    repaired_by: str = ""
    overwrites: str = ""
    rollbacks: int = 0
    release: Mapping[str, Any] | None = None
    rehearsals_asked: int = 0
    rehearsals_done: int = 0
    parts: tuple[Part, ...] = ()
    rehearsing: Part | None = None
    erasing: Mapping[str, Any] | None = field(default=None, repr=False)
    erasures: int = 0
    erased: tuple[str, ...] = ()
    bundle: str = ""
    bundle_asked: str = ""
    lists_asked: int = 0
    lists_in: str = ""
    removes: str = ""
    claimed_at: str = ""
    purge: Mapping[str, Any] | None = None
    purged_at: str = ""
    audit_key: str = field(default="", repr=False)
    audit_head: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.phase in ENDED

    @property
    def number(self) -> int:
        """What marks this run's rows in the target (importsequencenumber): 31 bits out of the id's digits."""
        return int(self.id[1:9], 16) & 0x7FFFFFFF

    @property
    def turn(self) -> int:
        """Which way back is under way, or was the last."""
        return max(self.rollbacks, 1)

    @property
    def part(self) -> Part | None:
        """What of it is being put back now, while the rest of it waits."""
        return parts_of.under_way(self.parts)

    @property
    def beside(self) -> bool:
        """Whether something is done to the run while its story waits: then nothing else may begin."""
        return self.part is not None or self.erasing is not None

    @property
    def put_back(self) -> frozenset[str]:
        """The objects whose rows are gone because somebody had them put back."""
        return parts_of.put_back(self.parts)

    @property
    def blob(self) -> str:
        """The export that is read now; nothing where the source is no bundle."""
        return self.bundle or str(self.request["source"].get("blob") or "")

    @property
    def removals(self) -> tuple[str, ...]:
        """The generations in which rows went whose records are gone from the source, in turn."""
        return tuple(self.removes.split())

    def option(self, name: str) -> Any:
        """One option of the start request; defaults were filled in when it was accepted."""
        return self.request["options"].get(name)


@dataclass(frozen=True, slots=True)
class Document:
    """Where a run's document is, and the digest a decision has to name."""

    name: str
    path: str
    digest: str
    sequence: int = 1


@dataclass(frozen=True, slots=True)
class LaneProgress:
    """What one lane has done so far, and where it goes on. Written whole after each batch, so repeats do no harm."""

    step: str
    generation: str
    object: str
    lane: int = 0
    cursor: str = ""
    done: bool = False
    tally: Tally = field(default_factory=Tally)
    reasons: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


def progress_by_object(
    lanes: Iterable[LaneProgress], expected: Mapping[str, int], reads: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    """Counts per object: extracted by the extract lanes, the rest by the load lanes, ``of`` by the inventory.

    ``reads`` names the objects that are made from another's records (calls from communications). Once they are loaded,
    they and their siblings count what each of them took, and an object that has no rule of its own has no line.
    """
    base = [lane for lane in lanes if lane.generation == "base" and lane.step in ("extract", "load")]
    loaded = {lane.object for lane in base if lane.step == "load"}
    shared = {name for pair in reads.items() if pair[0] in loaded for name in pair}
    sums: defaultdict[str, Tally] = defaultdict(Tally)
    for lane in base:
        if lane.step == "load":
            sums[lane.object] += _taken(lane) if lane.object in shared or lane.object not in expected else lane.tally
        elif lane.object in expected and lane.object not in shared:
            sums[lane.object] += lane.tally
    names = {name for name in expected if name not in shared} | set(sums)
    return {
        name: {
            "extracted": tally.extracted,
            "created": tally.created,
            "updated": tally.updated,
            "excluded": tally.excluded,
            "set_aside": tally.set_aside,
            "of": tally.extracted if name in shared else max(expected.get(name, 0), tally.extracted),
        }
        for name, tally in sorted((name, sums[name]) for name in names)
    }


def _taken(lane: LaneProgress) -> Tally:
    """What a rule made of the records that are its own."""
    tally = replace(lane.tally, excluded=lane.tally.excluded - lane.reasons.get(ANOTHER_RULE, 0))
    return replace(tally, extracted=tally.created + tally.updated + tally.excluded + tally.set_aside)


def summary(run: Run, *, now: datetime) -> dict[str, Any]:
    """A run as the API shows it in a list."""
    started = datetime.fromisoformat(run.registered_at)
    over = run.ended and run.ended_at  # a proof asked for after the end takes the run back for a while
    ended = datetime.fromisoformat(run.ended_at) if over else now
    return {
        "run": run.id,
        "practice": run.request["practice"],
        "target": run.request["target"]["url"],
        "phase": run.phase.value,
        "waiting_for": "problem" if run.problem else (run.waiting_for or None),
        "paused": run.wish == "pause",
        "problem": dict(run.problem) if run.problem else None,
        "registered_at": run.registered_at,
        "ended_at": run.ended_at if over else None,
        "purged_at": run.purged_at or None,
        "elapsed_seconds": round((ended - started).total_seconds(), 1),
    }
