"""What the hands tell the audit trail when they die between two lines, and what the front door believes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import orjson

from activities import auditing, bookkeeping, reception
from activities.attach import attach
from activities.load import load
from activities.reception import asker
from activities.toolbox import Toolbox
from shared.audit.event import STORY
from shared.audit.keyed import keyed
from shared.settings import Settings, read
from shared.vocabulary import row_id
from shared.wire.payloads import Look, Mark, Problem, Slice, Trouble
from tests.activities.filing import SYSTEM, TO_LIBRARY, Cabinet, Filing


async def told(filing: Filing, kind: str, chain: str = STORY) -> list[dict[str, Any]]:
    lines = [orjson.loads(line) async for line in filing.tools.audit.each(filing.run_id, chain)]
    return [line["facts"] for line in lines if line["kind"] == kind]


async def intact(filing: Filing) -> bool:
    return bool((await auditing.verified(filing.tools, await filing.run())).body["intact"])


async def died_before_its_progress(filing: Filing, step: str) -> None:
    """The lane's row as it was before the call, everything else as the call left it."""
    runs = filing.tools.runs
    lane = await runs.lane(filing.run_id, step, "base", "attachments", 0)
    await runs.put_lane(filing.run_id, replace(lane, cursor="", done=False))


async def test_r143_a_batch_repeated_after_a_crash_is_told_once(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    for number in range(3):
        filing.file(f"a-{number}", b"x")
    await filing.stage()
    slice_ = Slice(filing.run_id, "load", "base", "attachments", 0, 1)
    for _ in range(3):
        await load(filing.tools, slice_)
        await died_before_its_progress(filing, "load")
    await filing.load()
    (batch,) = await told(filing, "batch-loaded", chain := "load.base.attachments.000")
    assert (batch["created"], batch["set_aside"]) == (3, 0)
    key = (await filing.run()).audit_key
    assert batch["rows"] == [keyed(key, row_id(SYSTEM, "attachments", f"a-{number}")) for number in range(3)]
    (closed,) = [facts for facts in await told(filing, "chain-closed") if facts["chain"] == chain]
    assert closed["n"] == 1
    assert await intact(filing)


async def test_r143_a_file_is_told_with_its_way_and_digest_and_once(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    filing.file("a-1", b"small")
    filing.file("a-2", bytes(2 << 20))
    filing.file("a-3", b"promised")
    filing.lose("a-3")
    await filing.bring()
    await died_before_its_progress(filing, "attach")
    await filing.attach()
    files = await told(filing, "file-attached", "attach.base.attachments.000")
    key = (await filing.run()).audit_key
    by_file = {facts["file"]: facts for facts in files}
    assert len(files) == len(by_file) == 3
    note, library, lost = (by_file[keyed(key, f"a-{number}")] for number in (1, 2, 3))
    assert (note["route"], note["sha256"], note["size"]) == ("note", hashlib.sha256(b"small").hexdigest(), 5)
    assert (library["route"], library["refused"]) == ("sharepoint", "")
    assert lost["refused"] == "file-missing-in-source"
    assert await intact(filing)


async def test_r143_the_receipt_of_a_file_that_nobody_was_told_of_is_never_done(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    filing.file("a-1", b"x-ray")
    await filing.bring()
    receipt = await filing.receipt("a-1")
    await filing.tools.receipts.put(filing.run_id, replace(receipt, state="intended"))  # it died after it was told
    await died_before_its_progress(filing, "attach")
    await attach(filing.tools, Slice(filing.run_id, "attach", "base", "attachments", 0, 1))
    assert (await filing.receipt("a-1")).state == "done"
    assert len(await told(filing, "file-attached", "attach.base.attachments.000")) == 1


async def test_r143_files_and_rows_taken_back_are_told(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    filing.file("a-1", bytes(2 << 20))
    await filing.bring()
    await filing.back()
    key = (await filing.run()).audit_key
    row = keyed(key, row_id(SYSTEM, "attachments", "a-1"))
    (rows,) = await told(filing, "batch-undone", "undo.base.attachments.000")
    (files,) = await told(filing, "files-undone", "undo.files.files.000")
    (folders,) = await told(filing, "folders-undone", "undo.files.files.000")
    assert (rows["undone"], rows["rows"]) == (1, [row])
    assert (files["undone"], files["rows"]) == (1, [row])
    assert (folders["undone"], folders["held"]) == (1, 0)
    assert await intact(filing)


async def test_r143_a_problem_is_told_by_its_code_and_again_after_it_was_dealt_with(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    trouble = Trouble(filing.run_id, Problem("source-unreachable", "It does not answer.", "Wait."))
    for _ in range(2):
        for _ in range(2):  # the step is repeated
            await bookkeeping.trouble(filing.tools, trouble)
        await reception.resume(filing.tools, await filing.run())
    problems = await told(filing, "problem")
    assert [facts["code"] for facts in problems] == ["source-unreachable"] * 2
    assert len(await told(filing, "resume-asked")) == 2


async def test_r143_a_phase_the_run_comes_to_twice_is_told_twice(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    for phase in ("reconcile", "reconcile", "delta", "reconcile"):
        await bookkeeping.mark(filing.tools, Mark(filing.run_id, phase))
    assert [facts["phase"] for facts in await told(filing, "phase")] == ["reconcile", "delta", "reconcile"]


async def test_r143_a_story_that_was_cut_off_is_found_by_the_head_in_the_run_s_row(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    await bookkeeping.mark(filing.tools, Mark(filing.run_id, "load"))
    lines = [line async for line in filing.tools.audit.each(filing.run_id)]
    container = filing.tools.staging.service.get_container_client("audit")
    blob = container.get_blob_client(f"{filing.run_id}/story-0000.ndjson")
    await blob.upload_blob(b"\n".join(lines[:-1]) + b"\n", blob_type="AppendBlob", overwrite=True)
    answer = await auditing.verified(filing.tools, await filing.run())
    assert answer.body["first_broken"] == {"chain": STORY, "n": len(lines), "why": "cut-off"}


async def test_r143_a_decision_nobody_told_is_told_before_the_story_follows_it(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    document = await filing.tools.runs.document(filing.run_id, "mapping")
    assert document is not None
    taken = {"decision": "approve", "by": "manager@practice.example", "changes": [], "who": "function-key"}
    await filing.tools.runs.decide(filing.run_id, "mapping", document.digest, taken)  # and there its process died
    for _ in range(2):
        seen = await bookkeeping.look(filing.tools, Look(filing.run_id, "mapping", "waiter", "wake"))
        assert seen.answer == "approve"
    (decision,) = await told(filing, "decision")
    assert (decision["by"], decision["digest"]) == ("manager@practice.example", document.digest)


async def test_r143_a_long_chain_is_read_in_pieces(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    for phase in ("load", "reconcile", "delta", "reconcile", "sign-off"):
        await bookkeeping.mark(filing.tools, Mark(filing.run_id, phase))
    run = await filing.run()
    whole = (await auditing.lines(filing.tools, run, STORY)).text
    read_so_far, after = "", "0"
    while after:
        answer = await auditing.lines(filing.tools, run, STORY, after=after, most=700)
        assert len(answer.text) < 1_400
        read_so_far += answer.text
        after = answer.headers["Link"].partition("after=")[2].partition(">")[0] if answer.headers else ""
    assert read_so_far == whole


def test_r143_a_name_in_a_header_is_believed_only_where_the_platform_signs_people_in(azurite: str) -> None:
    for environment, name in (({}, "function-key"), ({"WEBSITE_AUTH_ENABLED": "True"}, "jane@practice.example")):
        signing_in = read(environment).users_sign_in
        tools = Toolbox(Settings(storage_connection=azurite, users_sign_in=signing_in))
        assert asker(tools, "jane@practice.\nexample") == name
        assert asker(tools, "") == "function-key"
