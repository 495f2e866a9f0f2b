"""The proof of rows may die anywhere and counts nothing twice; its memory does not know how many rows there are."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from activities import documents
from activities.counting import count_staged
from activities.money import money
from activities.proof import LaneProof, each_lane
from activities.reconcile import reconcile
from activities.repair import begin_proof
from activities.sweep import found_in
from activities.verdict import verdict
from shared.vocabulary import row_id
from shared.wire.payloads import About, Slice
from tests.activities.filing import SYSTEM, Cabinet, Filing


class Died(Exception):
    """As if the process had ended here."""


async def filed(cabinet: Cabinet, files: int = 6) -> Filing:
    """Notes at the target, staged in two shards."""
    filing = await cabinet.open()
    for number in range(files):
        filing.file(f"a-{number}", b"x-ray")
    ids = list(filing.records)
    listed = {"objects": {"attachments": {"records": files}}}
    await documents.publish(filing.tools, filing.run_id, "inventory", listed)
    for shard, some in enumerate((ids[: files // 2], ids[files // 2 :])):
        records = [filing.records[id_] for id_ in some]
        await count_staged(filing.tools, filing.run_id, "attachments", shard, records)
        address = await filing.tools.staging.write_shard(filing.run_id, "attachments", "base", shard, records)
        await filing.tools.runs.put_shard(filing.run_id, "attachments", "base", shard, address)
    await filing.load()
    await filing.attach()
    return filing


async def proved(filing: Filing) -> dict[str, Any]:
    """A whole proof, as the story has it done."""
    about = About(filing.run_id)
    repair = await begin_proof(filing.tools, about)
    if repair.generation:
        await filing.load(repair.generation)
        await filing.attach(repair.generation)
    for step in ("reconcile", "sweep", "prove_files"):
        await filing.phase(step, "all")
    assert not (await money(filing.tools, about)).more
    await verdict(filing.tools, about)
    body = await filing.tools.runs.document(filing.run_id, "verdict")
    assert body is not None
    return await filing.tools.staging.read_document(body.path)


def part(body: dict[str, Any]) -> dict[str, Any]:
    """What must be the same in every verdict about the same rows."""
    return {name: value for name, value in body.items() if name not in ("turn", "version", "at")}


async def test_n11_a_proof_that_dies_at_any_write_counts_nothing_twice(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing = await filed(cabinet)
    undisturbed = part(await proved(filing))
    assert undisturbed["rows_verified"] == 6
    assert undisturbed["proved"], undisturbed["because"]
    deaths = 0
    for door, name in ((filing.tools.staging, "write_bytes"), (filing.tools.runs, "put_lane")):
        for after in (False, True):
            with monkeypatch.context() as patched:
                write, died = getattr(door, name), False

                async def mortal(*given: Any, write: Any = write, after: bool = after) -> Any:
                    nonlocal died
                    if not died and not after:
                        died = True
                        raise Died
                    answer = await write(*given)
                    if not died:
                        died = True
                        raise Died
                    return answer

                patched.setattr(door, name, mortal)
                with pytest.raises(Died):
                    await proved(filing)
                deaths += died
            assert part(await proved(filing)) == undisturbed
    assert deaths == 4


async def test_n1_a_row_too_many_is_named_and_other_people_s_rows_are_only_counted(cabinet: Cabinet) -> None:
    filing = await filed(cabinet)
    stray, run = str(uuid.uuid4()), await filing.run()
    ours = {"annotationid": stray, "subject": "Nobody's", "importsequencenumber": run.number}
    await filing.as_somebody("POST", "annotations", ours)
    await filing.as_somebody("POST", "annotations", {"subject": "A note of theirs"})
    body = await proved(filing)
    assert body["unexpected"] == [["annotation", stray]]
    assert body["rows_unexpected"] == {"annotation": 1}
    assert body["rows_made_by_others"]["annotation"] >= 1
    assert not body["proved"]


async def test_a_repair_of_what_a_proof_found_wrong_goes_the_way_of_a_delta(cabinet: Cabinet) -> None:
    filing = await filed(cabinet)
    gone = row_id(SYSTEM, "attachments", "a-4")
    await filing.as_somebody("DELETE", f"annotations({gone})", None)
    body = await proved(filing)
    assert (body["differences"] > 0, body["objects"]["attachments"]["missing_rows"]) == (True, 1)
    turn = body["turn"]
    await filing.tools.runs.note(filing.run_id, repair=f'{{"how":"rewrite","by":"x","turn":"{turn}","at":""}}')
    again = [await begin_proof(filing.tools, About(filing.run_id)) for _ in range(2)]
    assert {about.generation for about in again} == {"delta-0001"}
    shards = await filing.tools.runs.shards(filing.run_id, "delta-0001", "attachments")
    assert [(await filing.tools.staging.read_shard(one))[0]["id"] for one in shards] == ["a-4"]
    repaired = await proved(filing)
    assert repaired["proved"], repaired["because"]
    assert (await filing.notes())["a-4"]["documentbody"]
    assert (await begin_proof(filing.tools, About(filing.run_id))).generation == ""


async def test_what_a_lane_keeps_does_not_grow_with_its_rows(cabinet: Cabinet) -> None:
    filing = await filed(cabinet, 24)
    await proved(filing)
    run = await filing.run()
    lanes = [one async for one in each_lane(filing.tools, run, 1)]
    assert {lane.object async for lane, _ in each_lane(filing.tools, run, 1, of=["attachments"])} == {"attachments"}
    assert not [one async for one in each_lane(filing.tools, run, 1, of=["patients"])]
    assert sum(len(proof.expected) for _, proof in lanes) == 24
    assert len((await found_in(filing.tools, run, 1, "annotation")).there) == 24
    kept = [await _kept(filing, proof) for _, proof in lanes]
    assert max(map(len, kept)) < 64 * 1024  # three cells a row until all of them are in use, then no more
    assert not [one for one in kept if b"2026-01" in one]
    notes = [proof for lane, proof in lanes if lane.object == "attachments"]
    months = [cells for proof in notes async for cells in proof.each_cells(filing.tools)]
    assert months == [{"created": {"-|2026-01": 12}}] * 2  # each of the two shards has a blob of its own


async def _kept(filing: Filing, proof: LaneProof) -> bytes:
    return await filing.tools.staging.find_bytes(proof.path) or b""


async def test_a_lane_that_has_ended_does_nothing_more(cabinet: Cabinet) -> None:
    filing = await filed(cabinet)
    await proved(filing)
    run = await filing.run()
    for lane in await filing.tools.runs.lanes(run.id, "reconcile"):
        slice_ = Slice(run.id, "reconcile", lane.generation, lane.object, lane.lane, 2)
        assert not (await reconcile(filing.tools, slice_)).more


@pytest.mark.parametrize("stage", ["extract", "staging", "load"])
async def test_n2_what_is_lost_between_two_stages_breaks_the_equation_there(cabinet: Cabinet, stage: str) -> None:
    filing = await filed(cabinet)
    if stage == "extract":
        listed = {"objects": {"attachments": {"records": 7}}}
        await documents.publish(filing.tools, filing.run_id, "inventory", listed)
    elif stage == "staging":
        some = [filing.records[id_] for id_ in ("a-3", "a-4")]
        address = await filing.tools.staging.write_shard(filing.run_id, "attachments", "base", 1, some)
        await filing.tools.runs.put_shard(filing.run_id, "attachments", "base", 1, address)
    else:
        await filing.as_somebody("DELETE", f"annotations({row_id(SYSTEM, 'attachments', 'a-2')})", None)
    body = await proved(filing)
    assert body["conservation"]["holds"] is False
    assert [(one["object"], one["stage"], one["missing"]) for one in body["conservation"]["broken"]] == [
        ("attachments", stage, 1)
    ]


async def test_a_row_whose_later_word_does_not_fit_stays_as_the_earlier_one_left_it(cabinet: Cabinet) -> None:
    filing = await filed(cabinet, files=2)
    later = {**filing.records["a-1"], "name": "virus.exe"}
    address = await filing.tools.staging.write_shard(filing.run_id, "attachments", "delta-0001", 0, [later])
    await filing.tools.runs.put_shard(filing.run_id, "attachments", "delta-0001", 0, address)
    await filing.tools.runs.note(filing.run_id, generation=1)
    await filing.load("delta-0001")
    body = await proved(filing)
    assert body["objects"]["attachments"]["set_aside"] == 1
    assert not [reason for reason in body["because"] if "nobody expected" in reason]
