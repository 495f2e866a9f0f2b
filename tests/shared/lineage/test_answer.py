"""What a lineage says, put together from what was gathered: every state that a row can be in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.journal.entries import Entry, Page, PageState
from shared.lineage.answer import lineage, without_values
from shared.lineage.facts import Approved, Facts, Proof, Staged, There, Written
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import FieldMap
from shared.mapping.rows import Excluded, SetAside
from shared.runs.model import Document, Run
from shared.vocabulary import Address
from tests.shared.mapping.test_compiled import PATIENT, row

RUN = Run("r" + "1" * 20, {})
US, SOMEBODY = "00000000-0000-4000-8000-0000000000aa", "00000000-0000-4000-8000-0000000000bb"
GENERATIONS = ("sample", "base", "delta-0001")
NOON, ONE, TWO = (f"2026-01-01T{hour}:00:00+00:00" for hour in (12, 13, 14))


def staged(generation: str, **more: Any) -> Staged:
    return Staged(generation, 3, Address(f"r/patients/{generation}/000003", "ab" * 32, 9, 2), 2, {**PATIENT, **more})


def written(generation: str, version: str, *, at: str = NOON, state: PageState = PageState.SETTLED) -> Written:
    lane = f"0000{GENERATIONS.index(generation) + 1}|{generation}|patients|000"
    entry = Entry("row", None, version)
    return Written(Page(2, "contact", lane, 7, state, (entry,), at=at), entry)


@pytest.fixture
def facts(maps: dict[str, ObjectMap], mapping: FieldMap) -> Facts:
    """A contact as it was left, staged in the base, approved, not yet proved."""
    patients = maps["patients"]
    expected = row(patients, PATIENT)
    there = {patients.by_name[name].read: value for name, value in expected.values.items()}
    there |= {"@odata.etag": "W/1", "importsequencenumber": RUN.number, "_modifiedby_value": US, "statecode": 0}
    by = {"decision": "approve", "by": "Dr Practice", "at": NOON}
    return Facts(
        RUN, mapping, patients, expected.id, US, [staged("base")], expected,
        there=There(there, "", None, RUN.id),
        generations=GENERATIONS,
        writes=[written("base", "W/1")],
        loaded=frozenset({"sample", "base", "delta-0001"}),
        left=Entry(expected.id, None, "W/1"),
        mapping=Approved(Document("mapping", "p", "cd" * 32, 2), by),
        sample=Approved(Document("sample-diff", "p", "ef" * 32), None),
        aside=None,
        proof=None,
        receipt=None,
    )  # fmt: skip


def test_n25_every_field_names_its_column_source_rule_and_the_version_of_the_map(facts: Facts):
    said = lineage(facts)
    assert {field["column"] for field in said["fields"]} == {*facts.map.by_name, "statecode"}
    last = next(field for field in said["fields"] if field["column"] == "lastname")
    assert (last["from"], last["rule"], last["mapping"]) == (
        ["last_name"],
        "text",
        {"digest": "cd" * 32, "sequence": 2},
    )
    assert (last["source"], last["expected"], last["target"]) == ({"last_name": "O'Neill"}, "O'Neill", "O'Neill")
    state = next(field for field in said["fields"] if field["column"] == "statecode")
    assert state["from"] == ["status"]
    assert said["mapping"]["approved_by"] == "Dr Practice"
    assert said["sample"] == {
        "digest": "ef" * 32, "sequence": 1, "approved_by": None, "approved_at": None, "has_it": False,
    }  # fmt: skip
    assert said["replay"][1].startswith("Expand it with zstd: line 2 is the record P1")


def test_n25_masking_hides_every_value_and_nothing_else(facts: Facts):
    shown = lineage(facts)
    hidden = without_values(shown)
    assert "O'Neill" not in str(hidden["fields"])
    last = next(field for field in hidden["fields"] if field["column"] == "lastname")
    assert (last["source"], last["expected"], last["target"]) == ({"last_name": "a'aaaaa"}, "a'aaaaa", "a'aaaaa")
    assert {k: v for k, v in hidden.items() if k not in ("fields", "values")} == {
        k: v for k, v in shown.items() if k not in ("fields", "values")
    }


def test_a_generation_tells_what_it_did_to_the_row(facts: Facts):
    def did(words: list[Staged], writes: list[Written], **more: Any) -> list[tuple[str, str]]:
        told = lineage(replace(facts, words=words, writes=writes, **more))["writes"]
        return [(one["generation"], one["what"]) for one in told]

    three = [staged(name) for name in GENERATIONS]
    created, again = written("sample", "W/1"), written("delta-0001", "W/2")
    assert did(three, [created, again]) == [
        ("sample", "created"), ("base", "left-as-it-was"), ("delta-0001", "updated"),
    ]  # fmt: skip
    assert did(three, [created], aside="edited-since")[-1] == ("delta-0001", "set-aside")
    assert did(three, [created], loaded=frozenset())[-1] == ("delta-0001", "not-yet")
    assert did(three[1:2], [written("base", "", state=PageState.INTENDED)]) == [("base", "under-way")]
    assert did(three[1:2], [written("base", "")]) == [("base", "refused")]
    assert did(three[1:2], [written("base", "W/1", state=PageState.UNDONE)]) == [("base", "undone")]
    before = written("base", "W/1")
    before = replace(before, entry=replace(before.entry, before={"lastname": "Other"}))
    assert did(three[1:2], [before]) == [("base", "updated")]


@pytest.mark.parametrize(
    ("said", "listed", "written_at", "outcome"),
    [
        ("", [], NOON, "equal"),
        ("", [], TWO, "written-since"),
        ("wrong", [], NOON, "differs"),
        ("wrong", ["lastname", "differs"], NOON, "differs"),
        ("wrong", ["lastname", "missing"], NOON, "missing"),
        ("held", [], NOON, "set-aside"),
    ],
)
def test_n25_the_latest_verdict_is_told_as_it_is_about_this_row(
    facts: Facts, said: str, listed: list[str], written_at: str, outcome: str
):
    lines = [["contact", facts.id, *listed], ["contact", "another", "firstname", "differs"]] if listed else []
    verdict = {"turn": 3, "version": 3, "at": ONE, "objects": {"patients": {"listed": lines}}}
    known = replace(facts, proof=Proof(verdict, said), writes=[written("base", "W/1", at=written_at)])
    assert lineage(known)["verified"] == {
        "version": 3, "turn": 3, "at": ONE, "outcome": outcome, "wrong_columns": listed[:1],
    }  # fmt: skip


def test_a_verdict_that_says_less_is_told_all_the_same(facts: Facts):
    assert lineage(replace(facts, proof=Proof({"turn": 1}, "")))["verified"]["turn"] == 1
    assert lineage(facts)["verified"] is None


def test_n25_an_edited_row_names_who_and_when_and_what_differs_now(facts: Facts):
    assert facts.there is not None
    now = {**facts.there.row, "lastname": "Harbour", "@odata.etag": "W/5", "_modifiedby_value": SOMEBODY}
    said = lineage(replace(facts, there=There(now, TWO, "Front Desk", RUN.id)))
    assert said["changed_since"] == {
        "changed": True, "deleted": False, "version_left": "W/1", "version_now": "W/5",
        "by": {"systemuser": SOMEBODY, "name": "Front Desk", "ourselves": False},
        "at": TWO,
        "columns_that_differ": ["lastname"],
    }  # fmt: skip


def test_n25_a_row_that_is_gone_and_one_we_never_wrote_say_so(facts: Facts):
    gone = lineage(replace(facts, there=None))
    assert gone["changed_since"]["deleted"] is True
    assert gone["row"]["there"] is False
    assert {field["outcome"] for field in gone["fields"]} == {"missing"}
    assert lineage(facts)["changed_since"] == {"changed": False, "version_left": "W/1"}
    assert lineage(replace(facts, left=None, writes=[]))["changed_since"] is None


def test_a_row_that_was_there_before_is_not_asked_for_what_only_a_create_sets(facts: Facts):
    assert facts.there is not None
    theirs = There({**facts.there.row, "importsequencenumber": None, "createdon": "2001-01-01"}, "", None, None)
    columns = {field["column"] for field in lineage(replace(facts, there=theirs))["fields"]}
    assert "createdon" not in columns
    assert "lastname" in columns


def test_a_record_without_a_row_by_now_says_by_which_rule(facts: Facts):
    excluded = lineage(replace(facts, expected=Excluded("same-organisation")))
    aside = lineage(replace(facts, expected=SetAside("parent-missing", "bw_patientid")))
    assert excluded["expected"] == {"rule": "patients", "row": False, "excluded": "same-organisation"}
    assert aside["expected"]["set_aside"] == "parent-missing"
    assert excluded["fields"] == aside["fields"] == []
