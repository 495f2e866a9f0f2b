"""The licence budget and the setup guide."""

from __future__ import annotations

import json

from shared.schema.budget import budget
from shared.schema.gaps import gaps
from shared.schema.guide import guide, markdown
from shared.schema.model import Field, Key, Kind, Option, Table

VISIT = Table(
    "bw_visit", "bw_visits", "bw_visitid", "bw_name",
    schema_name="bw_Visit", label="Visit", custom=True, why="Nothing standard fits.",
    keys=(Key("bw_SourceIdKey", ("bw_sourceid",)),),
    fields=(
        Field("bw_kind", Kind.CHOICE, "bw_Kind", "Kind", options=(Option(0, "A | b"),), why="Seen", custom=True),
        Field("bw_patientid", Kind.LOOKUP, "bw_PatientId", "Patient", targets=("contact",), custom=True),
        Field("bw_sourceid", Kind.TEXT, "bw_SourceId", "Source id", max_length=100, custom=True),
    ),
)  # fmt: skip
CONTACT = Table("contact", "contacts", "contactid", "fullname", fields=(Field("lastname", Kind.TEXT, max_length=50),))


def test_fifteen_tables_are_within_the_licence_and_sixteen_are_a_warning() -> None:
    assert not budget(14, [VISIT]).over
    warning = budget(15, [VISIT])
    assert warning.over
    assert (warning.existing, warning.needed, warning.limit) == (15, 1, 15)
    assert "Sales Professional" in warning.text


def test_the_guide_says_of_every_part_whether_it_exists_and_why_it_is_needed() -> None:
    body = guide([VISIT, CONTACT], gaps([VISIT, CONTACT], {"contact": CONTACT}), budget(0, [VISIT]))
    visit, contact = body["tables"]
    assert (visit["exists"], contact["exists"]) == (False, True)
    assert [(column["name"], column["exists"]) for column in visit["columns"]] == [
        ("bw_kind", False),
        ("bw_sourceid", False),
    ]
    assert visit["columns"][0]["why"] == "Seen"
    assert visit["relationships"][0]["targets"] == ["contact"]
    assert visit["keys"][0]["exists"] is False
    assert contact["columns"][0]["exists"] is True
    assert json.loads(json.dumps(body)) == body


def test_choices_that_are_missing_are_told_from_those_that_are_there() -> None:
    live = Field("bw_kind", Kind.CHOICE, "bw_Kind", options=(Option(7, "Old"),), custom=True)
    wanted = Table("contact", "contacts", "contactid", "fullname", fields=(
        Field("bw_kind", Kind.CHOICE, "bw_Kind", options=(Option(0, "Old"), Option(0, "New")), custom=True),
    ))  # fmt: skip
    found = gaps([wanted], {"contact": Table("contact", "contacts", "contactid", "fullname", fields=(live,))})
    options = guide([wanted], found, budget(0, []))["tables"][0]["columns"][0]["options"]
    assert options == [{"label": "Old", "exists": True}, {"label": "New", "exists": False}]


def test_the_printed_guide_names_everything_once_and_escapes_its_cells() -> None:
    text = markdown(guide([VISIT], gaps([VISIT], {}), budget(15, [VISIT])))
    assert "## Visit (`bw_visit`) **to be made**" in text
    assert "| `bw_PatientId` | Patient | Lookup to contact | **no** |" in text
    assert "Single line of text, 100 characters" in text
    assert "Alternate key `bw_SourceIdKey` (to be made) over bw_sourceid" in text
    assert "Sales Enterprise" in text


def test_what_a_person_has_to_settle_comes_first() -> None:
    text = markdown(guide([CONTACT], gaps([CONTACT], {}), budget(0, [])))
    assert text.index("To settle first") < text.index("## contact")
