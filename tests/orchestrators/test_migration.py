"""The story follows what it is told: decisions, problems, pauses and wishes. Told on the local host, in strict mode."""

from __future__ import annotations

from sandbox.host.store.instances import Query
from tests.orchestrators.conftest import SMOOTH, Tell, reply, slices

PROBLEM = {"problem": {"code": "privilege-missing", "message": "m", "remedy": "r"}}


async def test_a_smooth_run_asks_for_every_step_in_order(tell: Tell):
    async with tell({}) as story:
        assert await story.ends() == {"run": "r1", "phase": "finished"}
        assert story.calls() == [
            "profile", "inventory", "propose", "schema", "owners", "link", "choose_sample", "load", "sample_diff",
            "load", "begin_proof", "money", "verdict", "evidence", "open_window", "begin_pickup", "link", "load",
            "conflicts", "begin_proof", "money", "verdict", "evidence", "finish", "evidence",
        ]  # fmt: skip
        assert story.phases() == [
            "discover", "propose", "mapping-review", "schema", "owners", "extract", "sample", "sample-review", "load",
            "reconcile", "delta", "reconcile", "sign-off", "finished",
        ]  # fmt: skip


async def test_a_rejected_map_ends_the_run_before_anything_is_written(tell: Tell):
    async with tell({"look:mapping": [reply(answer="reject")]}) as story:
        assert await story.ends() == {"run": "r1", "phase": "rejected"}
        assert story.calls() == ["profile", "inventory", "propose", "finish", "evidence"]


async def test_an_amended_map_is_shown_again(tell: Tell):
    looks = [reply(answer="amend"), reply(answer="approve")]
    async with tell({"look:mapping": looks}) as story:
        assert (await story.ends())["phase"] == "finished"
        assert story.calls()[2:5] == ["propose", "amend", "schema"]


async def test_a_rejected_sample_turns_the_run_back(tell: Tell):
    async with tell({"look:sample": [reply(answer="reject")]}) as story:
        assert await story.ends() == {"run": "r1", "phase": "rolled-back"}
        assert story.calls()[-4:] == ["undo_files", "undo_schema", "finish", "evidence"]


async def test_a_problem_is_shown_and_the_step_repeated_after_the_resume(tell: Tell):
    async with tell({"owners": [PROBLEM, reply()], "look:problem": [reply(answer="resume")]}) as story:
        assert (await story.ends())["phase"] == "finished"
        assert story.calls()[3:7] == ["schema", "owners", "trouble", "owners"]


async def test_a_problem_in_a_lane_holds_the_phase_and_is_repeated_whole(tell: Tell):
    plan = slices("profile", "patients", "staff")
    script = {"plan:profile": [plan], "profile": [PROBLEM, reply()], "look:problem": [reply(answer="resume")]}
    async with tell(script) as story:
        assert (await story.ends())["phase"] == "finished"
        assert story.calls()[:6].count("profile") == 4
        assert story.calls().count("trouble") == 1


async def test_a_wish_to_go_back_is_followed_in_the_middle_of_the_load(tell: Tell):
    async with tell({"load": [{"wish": "rollback"}], "plan:undo": [slices("undo", "patients")]}) as story:
        assert (await story.ends())["phase"] == "rolled-back"
        assert story.calls()[-6:] == ["load", "undo", "undo_files", "undo_schema", "finish", "evidence"]


async def test_a_pause_holds_the_step_until_the_run_is_resumed(tell: Tell):
    async with tell({"schema": [{"wish": "pause"}, reply()], "look:paused": [reply(answer="resume")]}) as story:
        assert (await story.ends())["phase"] == "finished"
        assert story.calls().count("schema") == 2


async def test_a_step_that_says_again_is_called_again_after_its_time(tell: Tell):
    async with tell({"owners": [{"again": 100.0}, reply()]}) as story:
        assert (await story.ends_while_time_passes(30))["phase"] == "finished"
        assert story.calls().count("owners") == 2


async def test_a_step_that_is_lost_becomes_a_problem_and_not_the_end(tell: Tell):
    async with tell({"owners": ["raise", reply()], "look:problem": [reply(answer="resume")]}) as story:
        assert (await story.ends())["phase"] == "finished"
        assert story.calls().count("trouble") == 1


async def test_r141_the_window_closes_by_itself_when_its_time_is_over(tell: Tell):
    async with tell({"look:window": [reply(answer="wait")]}) as story:
        await story.has_asked("open_window", 1)
        assert (await story.ends_while_time_passes(3600))["phase"] == "finished"
        assert story.calls().count("begin_pickup") == 1


async def test_a_gate_looks_by_itself_when_a_wake_up_is_lost(tell: Tell):
    async with tell({"look:sign-off": [reply(answer="wait"), reply(answer="approve")]}) as story:
        await story.has_asked("verdict", 2)
        assert (await story.ends_while_time_passes(600))["phase"] == "finished"


async def test_a_gate_asks_to_be_woken_by_another_name_each_time(tell: Tell):
    async with tell({"look:sign-off": [reply(answer="wait"), reply(answer="wait"), reply(answer="approve")]}) as story:
        await story.has_asked("look", 4)
        (gate,) = [
            instance
            for instance in story.host.operations.find(Query())
            if instance.name == "gate" and not instance.finished
        ]
        story.host.operations.raise_event(gate.id, "wake-0", "{}")
        await story.has_asked("look", 5)
        story.host.operations.raise_event(gate.id, "wake-1", "{}")
        assert (await story.ends())["phase"] == "finished"


async def test_a_long_lane_begins_anew_so_that_its_history_stays_short(tell: Tell):
    more = [reply(more=True)] * 120 + [reply()]
    async with tell({"profile": more}, "lane", slices("profile", "patients")["reply"]["waves"][0][0]) as story:
        assert (await story.ends())["problem"] is None
        assert story.calls().count("profile") == 121
        assert len(story.host.operations.history("r1")) < 200


def test_the_smooth_script_covers_every_topic():
    assert {name for name in SMOOTH if name.startswith("look:")} == {
        "look:mapping", "look:sample", "look:sign-off", "look:window",
    }  # fmt: skip


async def test_r131_another_verdict_is_made_when_somebody_asks_before_signing_off(tell: Tell):
    async with tell({"look:sign-off": [reply(answer="prove-again"), reply(answer="approve")]}) as story:
        assert (await story.ends())["phase"] == "finished"
        assert story.calls().count("verdict") == 3
        assert story.phases()[-4:] == ["sign-off", "reconcile", "sign-off", "finished"]


async def test_another_verdict_inside_the_window_leaves_the_window_open(tell: Tell):
    async with tell({"look:window": [reply(answer="prove-again"), reply(answer="close")]}) as story:
        assert (await story.ends())["phase"] == "finished"
        assert story.phases()[-5:] == ["delta", "reconcile", "delta", "reconcile", "sign-off", "finished"][-5:]
        assert story.calls().count("verdict") == 3


async def test_a18_a_repair_is_loaded_before_its_proof(tell: Tell):
    repair = [reply(run="r1"), reply(run="r1"), reply(run="r1", generation="delta-0002"), reply(run="r1")]
    answers = {"look:sign-off": [reply(answer="prove-again"), reply(answer="approve")], "begin_proof": repair}
    async with tell(answers) as story:
        assert (await story.ends())["phase"] == "finished"
        after = story.calls()[-8:]
        assert after == ["begin_proof", "load", "conflicts", "money", "verdict", "evidence", "finish", "evidence"]


async def test_n3_a_part_goes_back_and_leaves_the_run_s_phase_alone(tell: Tell):
    script = {"plan:undo_part": [slices("undo_part", "notes")], "undo_part_files": [reply(more=True), reply()]}
    async with tell(script, "partial_rollback", {"run": "r1"}) as story:
        assert await story.ends() == {"run": "r1"}
        assert story.calls() == ["undo_part", "undo_part_files", "undo_part_files", "part_undone", "evidence"]
        assert story.phases() == []


async def test_n3_a_part_that_is_held_up_goes_on_after_the_resume_or_is_overtaken(tell: Tell):
    script = {"plan:undo_part": [slices("undo_part", "notes")], "undo_part": [PROBLEM, reply()]}
    async with tell({**script, "look:problem": [reply(answer="resume")]}, "partial_rollback", {"run": "r1"}) as story:
        await story.ends()
        assert story.calls() == ["undo_part", "trouble", "undo_part", "undo_part_files", "part_undone", "evidence"]


async def test_n3_a_part_that_the_whole_run_overtakes_stops_where_it_is(tell: Tell):
    script = {"plan:undo_part": [slices("undo_part", "notes")], "undo_part": [PROBLEM]}
    async with tell({**script, "look:problem": [reply(answer="rollback")]}, "partial_rollback", {"run": "r1"}) as story:
        assert await story.ends() == {"run": "r1"}
        assert story.calls() == ["undo_part", "trouble"]


async def test_a37_an_erasure_looks_everywhere_before_it_clears_anything(tell: Tell):
    more = [reply(more=True)] * 3
    script = {"find_person": [*more, reply()], "erase_person": [*more[:2], reply()]}
    async with tell(script, "erasure", {"run": "r1"}) as story:
        assert await story.ends() == {"run": "r1"}
        calls = story.calls()
        assert calls[:4] == ["find_person"] * 4
        assert (calls.count("erase_person"), calls[-1]) == (3, "person_erased")


async def test_a37_an_erasure_that_is_held_up_tries_again_by_itself(tell: Tell):
    async with tell({"erase_person": [PROBLEM, reply()]}, "erasure", {"run": "r1"}) as story:
        assert await story.ends_while_time_passes(300) == {"run": "r1"}
        assert story.calls().count("erase_person") == 2
