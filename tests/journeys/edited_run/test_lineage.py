"""Where did this number come from? Any row of the target leads back to its record, its rule and its approvals (N25)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import urllib.request
import uuid
from datetime import datetime
from typing import Any

from sandbox.customer import APPROVER
from shared.mapping.rows import same
from tests.journeys.edited_run.conftest import AT_THE_SOURCE, Case, Edits
from tests.journeys.outsider import replayed, staged
from tests.journeys.somebody import SOMEBODY

NEVER = str(uuid.UUID(int=5))


def test_n25_random_rows_of_every_table_replay_to_the_same_value(case: Case, told: list[dict[str, Any]]):
    assert len({said["row"]["table"] for said in told}) == len(case.rows) > 8
    for said, made, there in asyncio.run(replayed(case.stay.town, told, case.rows)):
        where = (said["row"]["table"], said["row"]["id"])
        assert {field["column"] for field in said["fields"]} - {"statecode"} == set(made), where
        wrong = [name for name, value in made.items() if not same(value, there[name])]
        assert not wrong, (where, wrong)


def test_n25_rows_that_nobody_edited_are_as_they_were_left_and_verified(told: list[dict[str, Any]]):
    for said in told:
        where = (said["row"]["table"], said["row"]["id"])
        assert {field["outcome"] for field in said["fields"]} <= {"equal", "equal-after"}, where
        assert said["verified"]["outcome"] == "equal", where
        assert said["changed_since"] == {"changed": False, "version_left": said["row"]["version"]}, where
        assert [write["what"] for write in said["writes"]].count("created") == 1, where


def test_n25_it_says_who_approved_the_map_and_the_sample_and_when(case: Case, told: list[dict[str, Any]]):
    said = told[-1]
    mapping, sample = (case.customer.document(case.run, name) for name in ("mapping", "sample-diff"))
    assert (said["mapping"]["digest"], said["mapping"]["sequence"]) == (mapping["digest"], mapping["sequence"])
    assert said["sample"]["digest"] == sample["digest"]
    for part in (said["mapping"], said["sample"]):
        assert part["approved_by"] == APPROVER
        assert datetime.fromisoformat(part["approved_at"]) < datetime.fromisoformat(said["verified"]["at"])


def test_n25_a_record_that_deltas_brought_again_is_told_from_its_latest_word(told: list[dict[str, Any]]):
    said = told[-1]
    latest = said["source"]["generation"]
    assert latest.startswith("delta")
    assert f"/{latest}/" in said["source"]["shard"]["path"]
    did = {write["generation"]: write["what"] for write in said["writes"]}
    assert did.pop("delta-0001") == "updated"
    assert sorted(did.values())[0] == "created"
    assert set(did.values()) == {"created", "left-as-it-was"}
    times = [write["at"] for write in said["writes"] if write["at"]]
    assert times == sorted(times)
    assert all(at <= said["verified"]["at"] for at in times)
    mobile = next(field for field in said["fields"] if field["column"] == "mobilephone")
    assert mobile["source"]["mobile"] == AT_THE_SOURCE
    assert mobile["target"] == mobile["expected"]


def test_n25_it_says_in_which_verdict_the_row_was_verified(case: Case, told: list[dict[str, Any]]):
    verified = told[-1]["verified"]
    assert {name: verified[name] for name in ("version", "turn", "at")} == {
        name: case.first[name] for name in ("version", "turn", "at")
    }


def test_n25_an_edited_row_names_its_editor_and_what_differs_now(case: Case, edits: Edits):
    said = edits.edited
    changed = said["changed_since"]
    users = {
        user["applicationid"]: user
        for user in case.somebody.reads("systemusers", select="systemuserid,fullname,applicationid")
    }
    editor = users[SOMEBODY]
    assert changed["by"] == {"systemuser": editor["systemuserid"], "name": editor["fullname"], "ourselves": False}
    assert changed["columns_that_differ"] == ["firstname"]
    assert changed["at"] > said["verified"]["at"][:10]
    assert changed["version_now"] != changed["version_left"]
    name = next(field for field in said["fields"] if field["column"] == "firstname")
    assert (name["outcome"], name["target"]) == ("differs", f"{name['expected']}x")
    assert said["verified"]["outcome"] == "equal"


def test_n25_values_are_masked_unless_they_are_asked_for(case: Case):
    shown, hidden = case.lineage("contact", case.moved), case.asks_for_lineage("contact", case.moved, "").body
    assert (shown["values"], hidden["values"]) == ("shown", "masked; ask with ?values=shown to see them")
    assert hidden["replay"] == shown["replay"]
    # The id and the mark made of it are an address: they stand in the answer whatever else is masked.
    names = json.dumps([[field["label"], field["why"]] for field in shown["fields"]], ensure_ascii=False)
    words = {word for field in shown["fields"] for word in _words(field) if word not in names}
    words = {word for word in words if shown["source"]["id"] not in word}
    assert len(words) > 15
    text = json.dumps(hidden, ensure_ascii=False)
    assert [word for word in words if word in text] == []


def test_n25_a_look_at_values_is_told_in_the_audit_trail_and_a_masked_one_is_not(case: Case):
    def looks() -> list[dict[str, Any]]:
        address = f"{case.stay.town.functions_url}/api/migrations/{case.run}/audit?format=ndjson&chain=story"
        asked = urllib.request.Request(address, headers={"x-functions-key": case.stay.town.function_key})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            events = [json.loads(line) for line in answer]
        return [event["facts"] for event in events if event["kind"] == "values-read"]

    before = len(looks())
    case.asks_for_lineage("contact", case.moved, "")
    assert len(looks()) == before
    case.lineage("contact", case.moved)
    (look,) = looks()[before:]
    assert (look["document"], look["table"]) == ("lineage", "contact")
    assert case.moved not in json.dumps(look)


def _words(field: dict[str, Any]) -> set[str]:
    """The texts among a field's values that no shape could equal."""
    values = [*field["source"].values(), field["expected"], field["target"]]
    return {value for value in values if isinstance(value, str) and len(value) > 5}


def test_n25_a_note_s_file_shows_its_receipt(case: Case):
    notes = case.somebody.reads("annotations", select="annotationid,documentbody")
    note = max((one for one in notes if one.get("documentbody")), key=lambda one: str(one["annotationid"]))
    content = base64.b64decode(note["documentbody"])
    (file,) = case.lineage("annotations", note["annotationid"])["files"]
    assert (file["route"], file["state"]) == ("note", "done")
    assert (file["size"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_n25_a_table_is_known_by_both_names_and_an_id_in_any_case(case: Case):
    assert case.lineage("contacts", case.moved.upper()) == case.lineage("contact", case.moved)


def test_n25_a_row_that_somebody_made_is_not_of_this_run(case: Case):
    theirs, stray = str(uuid.uuid4()), str(uuid.uuid4())
    case.somebody.makes("contacts", contactid=theirs, lastname="Visitor")
    number = next(iter(case.rows["contact"].values()))["importsequencenumber"]
    case.somebody.makes("contacts", contactid=stray, lastname="Visitor", importsequencenumber=number)
    assert "no import number" in case.refused(404, "row-not-of-this-run", "contact", theirs)["detail"]
    problem = case.refused(404, "row-not-of-this-run", "contact", stray)
    assert problem["belongs_to"] == case.run
    assert "no staged record became it" in problem["detail"]
    for one in (theirs, stray):
        case.somebody.removes("contacts", one)


def test_n25_what_names_no_row_of_the_run_is_refused_in_plain_words(case: Case):
    case.refused(400, "not-a-row-id", "contact", "everything")
    assert "contact" in case.refused(404, "unknown-table", "lead", case.moved)["detail"]
    case.refused(404, "unknown-row", "contact", NEVER)
    case.door.refused(404, "unknown-run", "GET", f"/api/migrations/r{'0' * 20}/lineage/contact/{NEVER}")


def test_n25_a_row_that_somebody_deleted_is_still_known(case: Case, edits: Edits):
    said = edits.removed
    assert said["row"]["there"] is False
    assert said["changed_since"]["deleted"] is True
    assert {field["outcome"] for field in said["fields"]} == {"missing"}
    assert staged(case.stay.town, said)["id"] == said["source"]["id"]
