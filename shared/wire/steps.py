"""The catalogue of steps, in the order the story tells them: the table of contents of the app."""

from __future__ import annotations

from shared.wire.payloads import About, Look, Mark, Nothing, Plan, Progress, Seen, Slice, Trouble, Window
from shared.wire.step import Step

PAUSE_ONLY = frozenset({"pause"})
NEVER_HELD: frozenset[str] = frozenset()

MARK = Step("mark", Mark, Nothing, NEVER_HELD)
LOOK = Step("look", Look, Seen, NEVER_HELD)
TROUBLE = Step("trouble", Trouble, Nothing, NEVER_HELD)

PLAN = Step("plan", Slice, Plan, NEVER_HELD)
PROFILE = Step("profile", Slice, Progress)
INVENTORY = Step("inventory", About, Nothing)
PROPOSE = Step("propose", About, Nothing)
AMEND = Step("amend", About, Nothing)
SCHEMA = Step("schema", About, Progress)
OWNERS = Step("owners", About, Nothing)
EXTRACT = Step("extract", Slice, Progress)
LINK = Step("link", About, Nothing)
CHOOSE_SAMPLE = Step("choose_sample", About, Nothing)
LOAD = Step("load", Slice, Progress)
ATTACH = Step("attach", Slice, Progress)
SAMPLE_DIFF = Step("sample_diff", About, Nothing)
BEGIN_PROOF = Step("begin_proof", About, About)
RECONCILE = Step("reconcile", Slice, Progress)
SWEEP = Step("sweep", Slice, Progress)
MONEY = Step("money", About, Progress)
PROVE_FILES = Step("prove_files", Slice, Progress)
VERDICT = Step("verdict", About, Nothing)
EVIDENCE = Step("evidence", About, Nothing, NEVER_HELD)
OPEN_WINDOW = Step("open_window", About, Window)
BEGIN_PICKUP = Step("begin_pickup", About, About)
CONFLICTS = Step("conflicts", About, Nothing)
UNDO = Step("undo", Slice, Progress, PAUSE_ONLY)
UNDO_FILES = Step("undo_files", About, Progress, PAUSE_ONLY)
UNDO_SCHEMA = Step("undo_schema", About, Progress, PAUSE_ONLY)
UNDO_PART = Step("undo_part", Slice, Progress, PAUSE_ONLY)
UNDO_PART_FILES = Step("undo_part_files", About, Progress, PAUSE_ONLY)
PART_UNDONE = Step("part_undone", About, Nothing, NEVER_HELD)
REHEARSE = Step("rehearse", Slice, Progress, NEVER_HELD)
REHEARSE_FILES = Step("rehearse_files", About, Progress, NEVER_HELD)
REHEARSE_SCHEMA = Step("rehearse_schema", About, Nothing, NEVER_HELD)
REHEARSAL_FAILED = Step("rehearsal_failed", Trouble, Nothing, NEVER_HELD)
FIND_PERSON = Step("find_person", About, Progress, NEVER_HELD)
ERASE_PERSON = Step("erase_person", About, Progress, NEVER_HELD)
PERSON_ERASED = Step("person_erased", About, Nothing, NEVER_HELD)
FINISH = Step("finish", Mark, Nothing, NEVER_HELD)
PURGE = Step("purge_records", About, Progress, NEVER_HELD)

ALL: tuple[Step[object, object], ...] = (
    MARK, LOOK, TROUBLE, PLAN, PROFILE, INVENTORY, PROPOSE, AMEND, SCHEMA, OWNERS, EXTRACT, LINK, CHOOSE_SAMPLE, LOAD,
    ATTACH, SAMPLE_DIFF, BEGIN_PROOF, RECONCILE, SWEEP, MONEY, PROVE_FILES, VERDICT, EVIDENCE, OPEN_WINDOW,
    BEGIN_PICKUP, CONFLICTS, UNDO, UNDO_FILES, UNDO_SCHEMA, UNDO_PART, UNDO_PART_FILES, PART_UNDONE, REHEARSE,
    REHEARSE_FILES, REHEARSE_SCHEMA, REHEARSAL_FAILED, FIND_PERSON, ERASE_PERSON, PERSON_ERASED, FINISH, PURGE,
)  # type: ignore[assignment]  # fmt: skip

BY_NAME = {step.name: step for step in ALL}
