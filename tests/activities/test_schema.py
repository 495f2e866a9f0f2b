"""The schema step against a simulated environment and the storage emulator: asked for, made, verified and unmade."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import orjson
import pytest

from activities import components
from activities.schema import LANE
from shared.errors import AskPerson, TryAgain
from shared.journal.entries import Entry, Page, PageState
from shared.mapping.model import FieldRule
from shared.mapping.wanted import tables
from shared.schema.model import Field, Key, Kind
from tests.activities.desks import MAP, PATIENTS, TREATMENTS, Desks, by_hand
from tests.shared.dataverse.environment import SOLUTION, people


async def test_r4_r122_a12_the_app_makes_everything_and_it_is_there(desks: Desks) -> None:
    desk = await desks.open()
    await desk.until_done()
    live = await desk.live()
    for table in desk.wanted:
        assert {field.name for field in table.fields} <= {field.name for field in live[table.name].fields}
    redo = live["bw_treatmenthistory"].field("bw_redoofid")
    assert redo is not None
    assert redo.targets == ("bw_treatmenthistory",)
    assert await desk.step() is False


async def test_what_the_app_made_it_unmakes_and_the_environment_is_as_before(desks: Desks) -> None:
    desk = await desks.open()
    before = await desk.live()
    await desk.until_done()
    assert await desk.undo() == {}
    after = await desk.live()
    assert "bw_treatmenthistory" not in after
    assert after["contact"].keys == before["contact"].keys
    custom = {field.name for field in after["contact"].fields if field.name.startswith("bw_")}
    assert custom == set()


async def test_two_hundred_custom_columns_are_made_in_a_few_calls(desks: Desks) -> None:
    many = tuple(
        FieldRule(f"cf.{n}", f"bw_cf{n}", "text", Kind.TEXT, f"Custom {n}", "Custom.", f"bw_Cf{n}", True, 100)
        for n in range(200)
    )
    desk = await desks.open(replace(MAP, objects=(replace(PATIENTS, fields=(*PATIENTS.fields, *many)), TREATMENTS)))
    assert await desk.until_done() <= 6
    contact = (await desk.live())["contact"]
    assert all(contact.field(f"bw_cf{n}") for n in range(200))


async def test_r122_by_hand_the_run_stops_and_counts_what_is_missing_and_writes_nothing(desks: Desks) -> None:
    desk = await desks.open(how="guide")
    before = await desk.live()
    problem = await desk.problem()
    assert problem.code == "schema-incomplete"
    parts = (await desk.guide())["missing"]
    assert problem.message == f"{parts['count']} parts of the set-up guide are missing: {parts['words']}."
    assert "1 table, " in problem.message
    assert "2 lookups and 2 keys" in problem.message
    assert await desk.live() == before


async def test_r128_each_resume_looks_again_and_the_guide_shows_only_what_is_still_missing(desks: Desks) -> None:
    desk = await desks.open(how="guide")
    await desk.problem()
    first = (await desk.guide())["missing"]["count"]
    await by_hand(desk, leave_out="bw_heard")
    problem = await desk.problem()
    assert problem.message == "1 part of the set-up guide is missing: 1 column."
    missing = (await desk.guide())["missing"]
    assert first > missing["count"] == 1
    assert [(part["table"], part["name"]) for part in missing["parts"]] == [("contact", "bw_Heard")]
    await by_hand(desk)
    await desk.until_done()
    assert (await desk.guide())["missing"]["count"] == 0


async def test_r123_the_guide_is_kept_as_json_markdown_and_a_page(desks: Desks) -> None:
    desk = await desks.open(how="guide")
    await desk.problem()
    guide = await desk.guide()
    assert guide["markdown"].startswith("# Setup guide")
    assert guide["html"].startswith("<!doctype html>")
    assert "Treatment History" in guide["html"]
    assert guide["licence"]["needed"] == 1


WRONG = {
    "short": ("bw_sourceid", Field("bw_sourceid", Kind.TEXT, "bw_SourceId", "Source id", max_length=20), "too short"),
    "number": ("bw_fee", Field("bw_fee", Kind.DECIMAL, "bw_Fee", "Fee"), "Decimal where Currency is needed"),
    "text": ("bw_heard", Field("bw_heard", Kind.TEXT, "bw_Heard", "Heard", max_length=100), "Choice is needed"),
    "time": ("bw_treatmentdate", Field("bw_treatmentdate", Kind.INSTANT, "bw_TreatmentDate", "Day"), "Date only"),
    "elsewhere": (
        "bw_patientid", Field("bw_patientid", Kind.LOOKUP, "bw_PatientId", "Patient", targets=("account",)),
        "cannot point to contact",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG)
def test_every_case_names_a_wanted_column(how: str) -> None:
    assert any(table.field(WRONG[how][0]) for table in tables(MAP))


@pytest.mark.parametrize("how", WRONG)
async def test_r128_what_was_made_in_another_shape_is_named_in_the_portals_words(desks: Desks, how: str) -> None:
    name, made, words = WRONG[how]
    desk = await desks.open(how="guide")
    await by_hand(desk, wrong={name: replace(made, custom=True)})
    problem = await desk.problem()
    assert problem.code == "schema-in-the-way"
    assert f".{name}: " in problem.message
    assert words in problem.message
    guide = await desk.guide()
    assert {blocker["field"] for blocker in guide["blockers"]} == {name}
    assert "To settle first" in guide["html"]


async def test_r126_labels_that_a_choice_lacks_are_named(desks: Desks) -> None:
    desk = await desks.open(how="guide")
    heard = next(table.field("bw_heard") for table in desk.wanted if table.name == "contact")
    assert heard is not None
    first = (replace(heard.options[0], value=727_000_900),)
    await by_hand(desk, wrong={"bw_heard": replace(heard, options=first)})
    problem = await desk.problem()
    assert "1 choice without all its labels" in problem.message
    parts = (await desk.guide())["missing"]["parts"]
    assert [part["text"] for part in parts] == ["Labels to add: “Web”"]


async def test_a_key_by_another_name_is_waited_for_until_it_is_active(desks: Desks) -> None:
    desk = await desks.open(how="guide")
    await by_hand(desk, leave_out="keys")
    await desk.town.target.create_key("contact", Key("bw_Own", ("bw_sourceid",)), solution=SOLUTION)
    await by_hand(desk)
    await desk.until_done()
    keys = (await desk.live())["contact"].keys
    assert [(key.name, key.status) for key in keys if "sourceid" in key.fields[0]] == [("bw_own", "Active")]


async def test_columns_with_somebodys_values_stay_and_are_named(desks: Desks) -> None:
    desk = await desks.open()
    await desk.until_done()
    live = await desk.live()
    await desk.town.target.create(live["contact"], people(1, bw_sourceid="theirs"))
    held = await desk.undo()
    assert held == {"field|contact|bw_sourceid": "holds-values"}
    assert (await desk.live())["contact"].field("bw_sourceid") is not None


async def test_what_a_call_made_before_it_died_is_known_as_ours(desks: Desks) -> None:
    desk = await desks.open()
    journal = await desk.tools.journal(desk.run)
    entry = Entry("field|contact|bw_heard", None)
    await journal.put(Page(0, "schema", LANE, 1, PageState.INTENDED, (entry,)))
    heard = next(table.field("bw_heard") for table in desk.wanted if table.name == "contact")
    assert heard is not None
    await desk.make("contact", heard)
    await desk.until_done()
    assert await desk.undo() == {}
    assert (await desk.live())["contact"].field("bw_heard") is None


async def test_what_a_person_makes_while_a_call_waits_for_them_is_theirs(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await desks.open()
    real = components.create

    async def forbidden(target: Any, part: components.Part, **more: Any) -> bool:
        if components.name_of(part) == "field|contact|bw_sourceid":
            raise AskPerson("privilege-missing", "It may not.", remedy="Give it the privilege.")
        return await real(target, part, **more)

    monkeypatch.setattr(components, "create", forbidden)
    assert (await desk.problem()).code == "privilege-missing"
    pages = {page.entries[0].id: page for page in await (await desk.tools.journal(desk.run)).read(LANE)}
    assert pages["field|contact|bw_heard"].number > pages["field|contact|bw_sourceid"].number, "it was still to come"
    heard = next(table.field("bw_heard") for table in desk.wanted if table.name == "contact")
    assert heard is not None
    await desk.make("contact", heard)
    monkeypatch.setattr(components, "create", real)
    await desk.until_done()
    assert await desk.undo() == {}
    contact = (await desk.live())["contact"]
    assert contact.field("bw_sourceid") is None
    assert contact.field("bw_heard") is not None


@pytest.mark.parametrize("after", [0, 1, 4])
async def test_a_call_that_is_cut_short_amid_its_parts_knows_what_it_made_and_unmade(
    desks: Desks, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    desk = await desks.open()
    before = await desk.live()
    for name, through in (("create", desk.until_done), ("drop", desk.undo)):
        real, calls = getattr(components, name), itertools.count()

        async def cut(*given: Any, real: Any = real, calls: Any = calls, **more: Any) -> Any:
            if next(calls) == after:
                raise TryAgain("target-unavailable", "It went away.", after=1)
            return await real(*given, **more)

        monkeypatch.setattr(components, name, cut)
        with pytest.raises(TryAgain):
            await (desk.step() if name == "create" else desk.undo())
        pages = await (await desk.tools.journal(desk.run)).read(LANE)
        done = PageState.SETTLED if name == "create" else PageState.UNDONE
        assert sum(page.state is done and bool(page.entries[0].version) for page in pages) == after
        await through()
    assert await desk.live() == before
    told = Counter([orjson.loads(line)["kind"] async for line in desk.tools.audit.each(desk.run)])
    assert (told["schema-change"], told["schema-undone"]) == (len(pages), len(pages))


async def test_what_was_there_before_is_not_unmade(desks: Desks) -> None:
    desk = await desks.open()
    fee = next(table.field("bw_fee") for table in desk.wanted if table.name == "contact")
    assert fee is not None
    await desk.make("contact", fee)
    await desk.until_done()
    assert await desk.undo() == {}
    assert (await desk.live())["contact"].field("bw_fee") is not None


async def test_the_way_back_looks_at_a_table_once_for_all_of_its_parts(desks: Desks, monkeypatch: pytest.MonkeyPatch):
    desk = await desks.open()
    await desk.until_done()
    asked: list[str] = []
    read = type(desk.town.target).tables

    async def counted(target: Any, names: Any) -> Any:
        asked.extend(names)
        return await read(target, names)

    monkeypatch.setattr(type(desk.town.target), "tables", counted)
    assert await desk.undo() == {}
    assert len(asked) == len(set(asked)) > 0
