"""The set-up guide: complete enough to make everything by hand (R123-R127), and to see what is still missing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.dataverse.creation import field_body, lookup_body
from shared.guide.document import Names, guide
from shared.guide.markdown import markdown
from shared.guide.page import html
from shared.schema.budget import budget_document
from shared.schema.gaps import gaps
from shared.schema.model import Field, Key, Kind, Option, Table

KEY = Key("bw_SourceIdKey", ("bw_sourceid",))
SOURCE_ID = Field("bw_sourceid", Kind.TEXT, "bw_SourceId", "Source id", max_length=300, why="Its id.", custom=True)
KIND = Field("bw_kind", Kind.CHOICE, "bw_Kind", "Kind", options=(Option(0, "Old"), Option(0, "A | <b>")),
             why="Seen", custom=True)  # fmt: skip
PAYER = Field("bw_payerid", Kind.LOOKUP, "bw_PayerId", "Payer", targets=("account", "contact"), custom=True)
ABOUT = Field("bw_aboutid", Kind.LOOKUP, "bw_AboutId", "About", targets=("contact", "bw_visit"), custom=True)
PATIENT = Field("bw_patientid", Kind.LOOKUP, "bw_PatientId", "Patient", targets=("contact",), why="Whose", custom=True)
VISIT = Table(
    "bw_visit", "bw_visits", "bw_visitid", "bw_name",
    schema_name="bw_Visit", label="Visit", label_plural="Visits", why="Nothing standard fits.",
    custom=True, keys=(KEY,),
    fields=(
        SOURCE_ID, KIND, PAYER, PATIENT, ABOUT,
        Field("bw_notes", Kind.MEMO, "bw_Notes", "Notes", max_length=20_000, why="Health", custom=True, secured=True),
        Field("bw_count", Kind.INTEGER, "bw_Count", "Count", custom=True),
        Field("bw_units", Kind.DECIMAL, "bw_Units", "Units", precision=4, custom=True),
        Field("bw_fee", Kind.MONEY, "bw_Fee", "Fee", precision=2, custom=True),
        Field("bw_day", Kind.DATE, "bw_Day", "Day", custom=True),
        Field("bw_start", Kind.INSTANT, "bw_Start", "Start", custom=True),
        Field("bw_done", Kind.BOOLEAN, "bw_Done", "Done", custom=True),
        Field("bw_file", Kind.FILE, "bw_File", "File", max_length=307_200, custom=True),
        Field("createdon", Kind.INSTANT, label="Created on"),
    ),
)  # fmt: skip
CONTACT = Table(
    "contact", "contacts", "contactid", "fullname", label="Contact",
    fields=(Field("lastname", Kind.TEXT, "LastName", "Last Name", max_length=50), replace(KIND, why="Which")),
)  # fmt: skip
ACCOUNT = Table("account", "accounts", "accountid", "name")
NAMES = Names("bw", 72700, "bridgeworkbw", "bw_bridgework", "0f0e0d0c-0000-4000-8000-000000000001")
LIVE = {
    "account": ACCOUNT,
    "contact": replace(CONTACT, fields=(CONTACT.fields[0], replace(KIND, options=(Option(727000007, "old"),)))),
}


def written(*wanted: Table, live: dict[str, Table] | None = None, by_hand: bool = True, **more: Any) -> dict[str, Any]:
    there = LIVE if live is None else live
    found = gaps(wanted, there, allowed=more.pop("allowed", ()))
    licence = budget_document(12, [table for table in wanted if table.custom and table.name not in there])
    return guide(wanted, there, found, licence, NAMES, by_hand=by_hand)


def column(body: dict[str, Any], name: str, table: int = 0) -> dict[str, Any]:
    columns = (*body["tables"][table]["columns"], *body["tables"][table]["relationships"])
    found: dict[str, Any] = next(one for one in columns if one["name"] == name)
    return found


def test_r123_the_guide_is_plain_json() -> None:
    body = written(VISIT, CONTACT)
    assert json.loads(json.dumps(body)) == body


def test_r124_every_table_has_its_names_its_owner_and_its_name_column() -> None:
    visit = written(VISIT, CONTACT)["tables"][0]
    assert (visit["schema_name"], visit["label"], visit["label_plural"]) == ("bw_Visit", "Visit", "Visits")
    assert (visit["ownership"], visit["primary_column"], visit["exists"]) == ("User or team", "bw_name", False)
    assert visit["why"] == "Nothing standard fits."
    assert visit["columns"][0]["primary"]


@pytest.mark.parametrize(
    ("name", "data_type", "settings"),
    [
        ("bw_sourceid", "Single line of text", {"Format": "Plain text", "Maximum character count": "300"}),
        ("bw_notes", "Multiple lines of text", {"Format": "Plain text", "Maximum character count": "20,000"}),
        ("bw_count", "Whole number",
         {"Format": "None", "Minimum value": "-2,147,483,648", "Maximum value": "2,147,483,647"}),
        ("bw_units", "Decimal", {"Decimal places": "4"}),
        ("bw_fee", "Currency", {"Decimal places": "2"}),
        ("bw_day", "Date only", {"Format": "Date only", "Time zone adjustment (behaviour)": "Date only"}),
        ("bw_start", "Date and time", {"Format": "Date and time", "Time zone adjustment (behaviour)": "User local"}),
        ("bw_done", "Yes/no", {}),
        ("bw_kind", "Choice", {"Sync with global choice": "No"}),
        ("bw_patientid", "Lookup", {}),
        ("bw_payerid", "Customer", {}),
        ("bw_aboutid", "Lookup to several tables", {}),
        ("bw_file", "File", {"Maximum file size": "307,200 KB"}),
    ],
)  # fmt: skip
def test_r125_types_are_given_in_the_portals_words_with_every_setting(
    name: str, data_type: str, settings: dict[str, str]
) -> None:
    one = column(written(VISIT, CONTACT), name)
    assert (one["data_type"], dict(one["settings"]), one["required"]) == (data_type, settings, "Optional")


def test_r125_a_file_column_asks_for_the_size_that_the_app_would_give_it() -> None:
    file = Field("bw_any", Kind.FILE, "bw_Any", "Any", custom=True)
    one = column(written(replace(VISIT, fields=(SOURCE_ID, file)), CONTACT), "bw_any")
    assert dict(one["settings"]) == {"Maximum file size": f"{field_body(file)['MaxSizeInKB']:,} KB"}


def test_r126_every_choice_has_every_label_and_value_and_says_which_are_there() -> None:
    body = written(VISIT, CONTACT)
    assert column(body, "bw_kind")["options"] == [
        {"label": "Old", "value": 727000000, "exists": False},
        {"label": "A | <b>", "value": 727000001, "exists": False},
    ]
    assert column(body, "bw_kind", table=1)["options"] == [
        {"label": "Old", "value": 727000007, "exists": True},
        {"label": "A | <b>", "value": 727000000, "exists": False},
    ]


def test_r127_every_lookup_has_its_targets_relationships_and_delete_behaviour() -> None:
    body = written(VISIT, CONTACT)
    assert column(body, "bw_patientid")["links"] == [
        {"target": "contact", "name": "bw_visit_patientid_contact", "delete": "Referential, Remove link"}
    ]
    assert [link["target"] for link in column(body, "bw_payerid")["links"]] == ["account", "contact"]
    assert lookup_body("bw_visit", PATIENT)["CascadeConfiguration"]["Delete"] == "RemoveLink"


def test_r127_what_the_portal_has_no_form_for_comes_with_the_request_that_makes_it() -> None:
    body = written(VISIT, CONTACT)
    request = column(body, "bw_aboutid")["request"]
    assert request["path"].endswith("/CreatePolymorphicLookupAttribute")
    assert [link["ReferencedEntity"] for link in request["body"]["OneToManyRelationships"]] == ["contact", "bw_visit"]
    assert column(body, "bw_payerid")["request"] is None


def test_n22_the_profile_names_its_columns_its_one_member_and_who_should_get_it() -> None:
    profile = written(VISIT, CONTACT)["security_profile"]
    assert profile["columns"] == [{"table": "bw_visit", "column": "bw_notes"}]
    assert profile["members"] == [NAMES.app_user]
    assert profile["exists"] is False
    assert "Nobody else is added" in profile["who"]
    assert written(VISIT, CONTACT, allowed={("bw_visit", "bw_notes")})["security_profile"]["exists"]
    assert written(CONTACT)["security_profile"] is None


def test_n22_a_lookup_that_should_be_locked_is_said_not_to_be() -> None:
    visit = replace(VISIT, fields=(SOURCE_ID, replace(PATIENT, secured=True)))
    one = column(written(visit, CONTACT), "bw_patientid")
    assert not one["secured"]
    assert "cannot be put on a lookup" in one["security"]


def test_what_is_missing_comes_first_counted_and_in_the_order_to_make_it() -> None:
    body = written(VISIT, CONTACT)
    missing = body["missing"]
    assert missing["words"] == (
        "1 table, 10 columns, 1 choice without all its labels, 3 lookups, 1 key and 1 column security profile"
    )
    assert missing["count"] == body["steps"] == len(missing["parts"]) == 17
    assert [part["kind"] for part in missing["parts"]][:2] == ["table", "column"]
    assert {part["name"] for part in missing["parts"]} >= {"bw_Visit", "bw_Kind", "bw_PayerId", "bw_SourceIdKey"}
    text = markdown(body)
    assert text.index("Still missing") < text.index("In this order") < text.index("## Visit")


def test_once_everything_is_there_the_guide_says_that_nothing_is_missing() -> None:
    live = {"account": ACCOUNT, "contact": CONTACT, "bw_visit": VISIT}
    body = written(VISIT, CONTACT, live=live, allowed={("bw_visit", "bw_notes")})
    assert body["missing"] == {"count": 0, "words": "", "parts": []}
    assert all(one["exists"] for table in body["tables"] for one in (*table["columns"], *table["keys"]))
    assert "Nothing is missing." in markdown(body)
    assert "Everything below is there." in html(body)


def test_what_a_person_has_to_settle_comes_before_what_is_missing() -> None:
    short = replace(CONTACT, fields=(Field("lastname", Kind.TEXT, max_length=20), KIND))
    body = written(VISIT, CONTACT, live={**LIVE, "contact": short})
    for text in (markdown(body), html(body)):
        assert text.index("To settle first") < text.index("Still missing: " if text[0] == "#" else 'id="missing"')
        assert "too short: 20 characters where 50 are needed" in text
    assert "too short" in column(body, "lastname", table=1)["problem"]


def test_a_column_that_lacks_labels_or_its_lock_is_there_but_not_complete() -> None:
    body = written(VISIT, CONTACT)
    one = column(body, "bw_kind", table=1)
    assert (one["exists"], one["complete"]) == (True, False)
    assert "To complete" in html(body)
    assert "**not complete**" in markdown(body)
    unlocked = replace(VISIT, fields=tuple(replace(field, secured=False) for field in VISIT.fields))
    notes = column(written(VISIT, CONTACT, live={**LIVE, "bw_visit": unlocked}), "bw_notes")
    assert (notes["exists"], notes["complete"], notes["security"]) == (True, False, "to be enabled")


def test_standard_columns_of_a_table_to_be_made_come_by_themselves() -> None:
    one = column(written(VISIT, CONTACT), "createdon")
    assert (one["by_itself"], one["settings"]) == (True, [])


def test_the_guide_says_who_makes_it_in_which_order_and_what_is_checked() -> None:
    by_hand, by_us = written(VISIT, CONTACT), written(VISIT, CONTACT, by_hand=False)
    assert "An administrator makes all of this" in markdown(by_hand)
    assert "The app makes all of this" in markdown(by_us)
    titles = [step["title"] for step in by_hand["order"]]
    assert titles[0] == "Publisher and solution"
    assert titles.index("Tables") < titles.index("Lookups") < titles.index("Keys") < titles.index("Publish")
    assert "Column security profile" in titles
    assert "Column security profile" not in [step["title"] for step in written(CONTACT)["order"]]
    assert any("bw_bridgework" in step["text"] and "72700" in step["text"] for step in by_hand["order"])
    assert any("Active" in check for check in by_hand["checks"])


def test_the_markdown_means_what_the_practice_wrote_and_nothing_else() -> None:
    text = markdown(written(VISIT, CONTACT))
    assert "## Visit (`bw_visit`) **to be made**" in text
    assert "| `bw_PatientId` | Patient | Lookup to contact |" in text
    assert "A \\| \\<b>" in text or "A | \\<b>" in text
    assert "Alternate key `bw_SourceIdKey` (to be made) over bw_sourceid" in text
    assert "Create and modify up to 15 custom tables" in text


class Reader(HTMLParser):
    """What a browser would see: tags, the ids there are, and where links lead."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br", "link", "img", "input"):
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), "no scripts"
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_r123_the_page_is_offline_without_scripts_and_sound() -> None:
    text = html(written(VISIT, CONTACT))
    seen = Reader(text)
    assert seen.open == []
    assert not {"script", "link", "img", "iframe", "form"} & set(seen.tags)
    assert all(link.startswith("#") for link in seen.links)
    assert {link[1:] for link in seen.links} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_can_be_read_by_ear_by_keyboard_and_on_paper() -> None:
    text = html(written(VISIT, CONTACT))
    assert '<html lang="en">' in text
    assert "Skip to the content" in text
    assert text.count("<h1>") == 1
    assert "@media print" in text
    seen = Reader(text)
    assert seen.tags.count("table") == text.count("<thead>")
    assert not re.search(r"<th(?! scope| *ead)[ >]", text), "every header says what it heads"


def test_names_from_a_practice_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>"
    visit = replace(VISIT, label=evil, why=evil, fields=(replace(KIND, label=evil, options=(Option(0, evil),)), ABOUT))
    text = html(written(visit, CONTACT))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_two_hundred_columns_make_one_html() -> None:
    many = tuple(
        Field(f"bw_cf{n}", Kind.TEXT, f"bw_Cf{n}", f"Custom {n}", max_length=200, custom=True) for n in range(200)
    )
    body = written(replace(VISIT, fields=(SOURCE_ID, *many)), CONTACT)
    text = html(body)
    assert all(f"bw_Cf{n}<" in text for n in range(200))
    assert len(text) < 400_000
