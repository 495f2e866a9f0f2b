"""What may be asked of a run now, and what to answer to somebody who asks for something else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.bodies import DecisionRequest, PurgeRequest, RepairRequest, RollbackRequest
from shared.corepractice.source import Description
from shared.loading.batches import EDITED
from shared.reconcile.verdict import LEFT_AS_IT_IS
from shared.runs.model import Document, Run
from shared.vocabulary import Gate, Phase

PART = "A part of this run is being put back, or a person erased from it. Ask again when that is done."
DOCUMENT_OF = {Gate.MAPPING: "mapping", Gate.SAMPLE: "sample-diff", Gate.SIGN_OFF: "verdict"}
"""The document each gate is about."""

BEFORE_ANYTHING_WAS_WRITTEN = frozenset({Phase.REGISTERED, Phase.DISCOVER, Phase.PROPOSE, Phase.MAPPING_REVIEW})

PROVABLE = frozenset({Phase.DELTA, Phase.SIGN_OFF, Phase.FINISHED})
"""Where a run waits for somebody and every row has been written."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something cannot be done now: an HTTP status, a code and a sentence that says what to do instead."""

    status: int
    code: str
    detail: str


BUSY = Refusal(409, "busy", "The run is just going on, as somebody asked. Ask again when it waits.")
UNDER_WAY = Refusal(409, "under-way", PART)


def judge(
    run: Run, asked: DecisionRequest, document: Document | None, earlier: Mapping[str, Any] | None
) -> Refusal | None:
    """Whether a decision can be taken. None means yes, or that it was taken before in the very same words."""
    if asked.gate not in list(Gate):
        return Refusal(404, "unknown-gate", f"There is no such gate. Gates are: {', '.join(Gate)}.")
    if asked.decision == "amend" and asked.gate != Gate.MAPPING:
        return Refusal(422, "cannot-amend", "Only the mapping can be amended. Approve or reject this gate.")
    if earlier is not None:
        if earlier["decision"] == asked.decision and earlier["by"] == asked.by:
            return None
        return already(earlier["decision"])
    if run.beside:
        return UNDER_WAY
    if run.waiting_for != asked.gate or run.problem:
        waits = "a problem to be dealt with" if run.problem else run.waiting_for or "nobody"
        return Refusal(409, "gate-not-open", f"The run is in phase {run.phase.value} and waits for {waits}.")
    if document is None or document.digest != asked.digest:
        text = "That is not the digest of the current document. Read it again, then decide."
        return Refusal(409, "other-digest", text)
    return None


def judge_mapping(asked: DecisionRequest, mapping: Mapping[str, Any]) -> Refusal | None:
    """Whether this map can be approved: everything mapped or excluded by name, every warning acknowledged."""
    if asked.gate != Gate.MAPPING or asked.decision != "approve":
        return None
    if mapping["unmapped"]:
        text = f"Neither mapped nor excluded: {', '.join(mapping['unmapped'])}. Amend the map, each with a reason."
        return Refusal(409, "unmapped", text)
    budget = mapping.get("table_budget") or {}
    if budget.get("over") and budget["acknowledge"] not in asked.acknowledge:
        text = (
            f'{budget["text"]} Amend the map to need fewer, or approve with acknowledge: ["{budget["acknowledge"]}"].'
        )
        return Refusal(409, "acknowledgement-missing", text)
    return None


def already(decision: str) -> Refusal:
    """Somebody decided about this document before."""
    return Refusal(409, "already-decided", f"This document was already decided: {decision}.")


def judge_rollback(run: Run, *, held: int = 0) -> Refusal | None:
    """Whether a run can be asked to go back. ``held``: how much the last way back had to leave."""
    asked = run.wish == "rollback" and run.phase not in (Phase.FINISHED, Phase.ROLLED_BACK)
    # After the end a request also starts the way back. It may be repeated, in case it was cut off before that.
    if run.phase is Phase.ROLLBACK or asked:
        return Refusal(409, "already-rolling-back", "This run is being rolled back.")
    if run.phase is Phase.ROLLED_BACK and not held:
        return Refusal(409, "already-rolling-back", "This run was rolled back, and nothing of it was left.")
    if run.phase in (Phase.REJECTED, Phase.FAILED):
        return Refusal(409, "nothing-to-roll-back", "This run ended before it wrote anything.")
    return UNDER_WAY if run.erasing or (run.part and not held_up(run)) else None


def held_up(run: Run) -> bool:
    """Whether somebody or something keeps the run from going on."""
    return bool(run.problem) or run.wish == "pause"


def judge_part(run: Run, *, sample: bool) -> Refusal | None:
    """Whether a part of a run can go back alone: where the run waits, and nothing was asked of it."""
    if run.beside:
        return UNDER_WAY
    if run.problem or run.wish:
        return Refusal(409, "held-up", "The run is held up by a pause, a problem or a rollback. Deal with that first.")
    at = {Phase.SAMPLE_REVIEW} if sample else PROVABLE
    if run.phase not in at or not (run.waiting_for or run.ended):
        where = "while the sample waits to be judged" if sample else "in the delta window, at sign-off or after"
        text = f"The run is in phase {run.phase.value}; that part can go back alone {where}. All of it can go back now."
        return Refusal(409, "part-not-now", text)
    return BUSY if _asked_for_more(run) else None


def judge_erase(run: Run) -> Refusal | None:
    """Whether a person can be found or erased: where the run waits with its records staged, or has ended."""
    if run.beside:
        return UNDER_WAY
    if run.problem or run.wish:
        return Refusal(409, "held-up", "The run is held up by a pause, a problem or a rollback. Deal with that first.")
    if run.phase in (Phase.REJECTED, Phase.FAILED):
        return Refusal(409, "nothing-staged", "This run ended before it staged anybody's records.")
    if not run.ended and (run.phase not in {Phase.SAMPLE_REVIEW, *PROVABLE} or not run.waiting_for):
        text = "Ask when it waits for the sample or the sign-off, in the window, or after its end."
        return Refusal(409, "not-now", f"The run is in phase {run.phase.value}. {text}")
    return BUSY if _asked_for_more(run) else None


def _asked_for_more(run: Run) -> bool:
    """Whether the run is about to go on with something that somebody, or the timer, asked for."""
    beside = run.proofs_asked > run.proofs_begun or run.rehearsals_asked > run.rehearsals_done
    return beside or (run.phase is Phase.DELTA and (run.pickups_asked > run.pickups_begun or run.close_asked))


def not_confirmed() -> Refusal:
    """The id of the person has to be there twice."""
    return Refusal(409, "not-confirmed", "Give the same id as confirm. Nothing brings back what is erased.")


def nothing_of(said: Mapping[str, Any], *, known: Sequence[str] = ()) -> Refusal:
    """Nothing of that was written."""
    (what,) = said.items()
    text = f"This run has written nothing that is {what[0]} {what[1]}."
    return Refusal(409, "nothing-of-it", f"{text} It has written: {', '.join(known)}." if known else text)


def needs_a_word(objects: Sequence[str], others: Sequence[str]) -> Refusal:
    """A part cannot go without a word about what points at it."""
    text = (
        f"Rows of {', '.join(others)} may point at rows of {', '.join(objects)}. Say with_dependents: true to take "
        "all of those back too, or false to leave standing whatever something points at."
    )
    return Refusal(409, "has-dependents", text)


def judge_release(asked: RollbackRequest, held: Document | None) -> Refusal | None:
    """Whether edited rows can be released: only by somebody who names the list they were read from."""
    if asked.release is None:
        return None
    if held is None:
        text = (
            "No list of held rows was made yet. Ask for a rehearsal (?dry_run=true), read rollback-held, then decide."
        )
        return Refusal(409, "nothing-held", text)
    if held.digest != asked.digest:
        text = "That is not the digest of the current rollback-held. Read it again, then decide."
        return Refusal(409, "other-digest", text)
    return None


def judge_rehearsal(run: Run) -> Refusal | None:
    """Whether the way back can be rehearsed: while nobody writes, so that what is foretold stays true."""
    if run.phase in (Phase.REJECTED, Phase.FAILED):
        return Refusal(409, "nothing-to-roll-back", "This run ended before it wrote anything.")
    if run.phase is Phase.ROLLBACK or (run.wish == "rollback" and not run.ended):
        return Refusal(409, "already-rolling-back", "This run is being rolled back.")
    if run.beside:
        return UNDER_WAY
    if not (run.waiting_for or run.problem or run.ended or run.wish == "pause"):
        text = f"The run is busy ({run.phase.value}). Pause it, or ask when it waits for a decision."
        return Refusal(409, "busy", text)
    return None


def judge_pause(run: Run) -> Refusal | None:
    """Whether a run can be paused."""
    if run.ended and not run.part:
        return Refusal(409, "run-has-ended", f"This run has ended ({run.phase.value}).")
    if run.wish == "rollback" and run.phase is not Phase.ROLLBACK:
        return Refusal(409, "rolling-back", "This run was asked to roll back; let it begin, then pause it.")
    return None


def judge_resume(run: Run) -> Refusal | None:
    """Whether there is anything to resume: a pause, or a problem somebody has dealt with."""
    if run.ended and not run.part:
        return Refusal(409, "run-has-ended", f"This run has ended ({run.phase.value}).")
    if run.wish != "pause" and not run.problem:
        return Refusal(409, "not-held-up", "This run is neither paused nor held up by a problem.")
    return None


def judge_purge(run: Run, asked: PurgeRequest) -> Refusal | None:
    """Whether a run's health data can go: when it has ended, nothing is under way, and the body names the run."""
    if asked.run != run.id:
        return Refusal(
            409, "another-run", "The body names another run than the address. Name the run to purge in both."
        )
    if not run.ended:
        text = f"The run is in phase {run.phase.value}. Sign it off or roll it back first."
        return Refusal(409, "not-ended", text)
    if run.wish or run.beside or run.proofs_asked > run.proofs_begun or run.rehearsals_asked > run.rehearsals_done:
        return Refusal(409, "busy", "Something of this run is still under way. Ask again when it has ended.")
    return judge_kept(run) if run.purged_at else None


def judge_kept(run: Run) -> Refusal | None:
    """Whether a run still has its records."""
    if run.purge is None:
        return None
    text = f"The records of this run were purged, as {run.purge['by']} asked. Its reports and approvals are still here."
    return Refusal(410, "purged", text)


def judge_verify(run: Run) -> Refusal | None:
    """Whether a run can be proved again: any time after its load, while nothing else is going on."""
    if run.phase not in PROVABLE:
        text = f"The run is in phase {run.phase.value}; ask again when it is in its delta window, at sign-off or after."
        return Refusal(409, "not-to-be-proved-now", text)
    if run.beside:
        return UNDER_WAY
    if run.problem or run.wish:
        return Refusal(409, "held-up", "The run is held up by a pause, a problem or a rollback. Deal with that first.")
    return None


def judge_reload(run: Run) -> Refusal | None:
    """Whether there is anything to load again."""
    if refusal := judge_verify(run):
        return refusal
    if not run.put_back:
        return Refusal(409, "nothing-put-back", "No object of this run was put back alone.")
    return None


def judge_repair(run: Run, how: str, verdict: Mapping[str, Any] | None) -> Refusal | None:
    """Whether there is anything to repair."""
    if refusal := judge_verify(run):
        return refusal
    if verdict is None or not wrong_in(verdict, held=how == "overwrite"):
        text = "The latest verdict names no field, row or file of ours that differs, so there is nothing to repair."
        return Refusal(409, "nothing-to-repair", text)
    if run.repair and int(run.repair["turn"]) == verdict["turn"]:
        return Refusal(409, "repair-under-way", "A repair was asked for already; its verdict is not there yet.")
    return None


def judge_choices(
    run: Run, asked: RepairRequest, document: Document | None, conflicts: Mapping[str, Any] | None
) -> Refusal | None:
    """Whether these fields can be decided about: by somebody who has read what is in dispute now."""
    if refusal := judge_verify(run):
        return refusal
    if document is None or conflicts is None:
        return Refusal(409, "nothing-in-dispute", "No field is in dispute: no two sides changed the same one.")
    if document.digest != asked.digest:
        return Refusal(409, "other-digest", "That is not the digest of the current conflicts. Read it again.")
    known = {(one["object"], one["source"], one["column"]) for one in conflicts["fields"]}
    unknown = [one for one in asked.fields if (one.object, one.source, one.column) not in known]
    if unknown:
        text = f"{len(unknown)} of the fields are not in dispute. Name object, source and column as conflicts does."
        return Refusal(409, "not-in-dispute", text)
    return None


def judge_removal(
    run: Run, asked: RepairRequest, document: Document | None, gone: Mapping[str, Collection[str]]
) -> Refusal | None:
    """Whether these rows can be taken out: by somebody who has read what is gone from the source now."""
    if refusal := judge_verify(run):
        return refusal
    if document is None or not gone:
        return Refusal(409, "nothing-gone", "No record of a row that is there is gone from the source.")
    if document.digest != asked.digest:
        return Refusal(409, "other-digest", "That is not the digest of the current source-changes. Read it again.")
    unknown = [one for one in asked.objects if one not in gone]
    unknown += [one.source for one in asked.records if one.source not in gone.get(one.object, ())]
    if unknown:
        text = f"{len(unknown)} of what you name is not gone. Name objects and records as source-changes lists them."
        return Refusal(409, "not-gone", text)
    return None


def judge_newer(*, now: Description, newer: Description) -> Refusal | None:
    """Whether an export may take the place of the one that a run reads ``now``."""
    if (newer.practice_name, newer.timezone) != (now.practice_name, now.timezone):
        return Refusal(
            422, "another-practice", "That export is of another practice than the run's, or in another zone."
        )
    lacks = sorted({one.name for one in now.objects} - {one.name for one in newer.objects})
    if lacks:
        text = f"That export lacks {', '.join(lacks)}: all of it would look deleted. Export the whole practice."
        return Refusal(422, "bundle-lacks-objects", text)
    if _is_older(newer.exported_at, now.exported_at):
        text = "That export is older than the one that was read last. It would take back what was changed since."
        return Refusal(422, "bundle-older", text)
    return None


def _is_older(one: str, other: str) -> bool:
    try:
        return datetime.fromisoformat(one) < datetime.fromisoformat(other)
    except (ValueError, TypeError):
        return False


def wrong_in(verdict: Mapping[str, Any], *, held: bool = False) -> int:
    """How many fields and files a repair could put right; with those that are ``held`` because of a person."""
    files = verdict["files"]
    wrong = int(verdict["differences"] + files.get("differs", 0) + files.get("missing", 0))
    if held:
        reasons = [*(found["reasons"] for found in verdict["objects"].values()), files.get("refused", {})]
        wrong += sum(int(counts.get(why, 0)) for counts in reasons for why in (EDITED, LEFT_AS_IT_IS))
    return wrong


def judge_pickup(run: Run, *, bundle: str = "") -> Refusal | None:
    """Whether the delta window is open, and a newer export is a thing that this run can read."""
    if run.phase is not Phase.DELTA:
        return Refusal(409, "window-not-open", f"The delta window is not open; the run is in phase {run.phase.value}.")
    if bundle and not run.blob:
        return Refusal(409, "not-from-a-bundle", "This run reads an API: it finds what changed there. Name no bundle.")
    return UNDER_WAY if run.beside else None
