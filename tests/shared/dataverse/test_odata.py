"""Names, keys and values as OData writes them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from urllib.parse import parse_qs, unquote

import pytest

from shared.dataverse import odata
from shared.errors import Stop
from shared.schema.model import Field, Kind, Table

ID = "0f6c5a7e-1111-4222-8333-abcdefabcdef"
PATIENT = Field(
    "bw_patientid", Kind.LOOKUP, "bw_PatientId", targets=("contact",), navigation=(("contact", "bw_PatientId"),)
)
VISIT = Table(
    "bw_visit", "bw_visits", "bw_visitid", "bw_name",
    fields=(PATIENT, Field("ownerid", Kind.OWNER), Field("bw_start", Kind.INSTANT), Field("bw_fee", Kind.DECIMAL)),
)  # fmt: skip


def test_a_bind_keeps_the_case_of_the_navigation_property() -> None:
    assert odata.bind_name(PATIENT, "contact") == "bw_PatientId@odata.bind"
    assert odata.bind_name(VISIT.fields[1], "systemuser") == "ownerid@odata.bind"
    assert odata.reference("contacts", ID) == f"/contacts({ID})"


def test_a_lookup_that_cannot_point_there_is_our_mistake() -> None:
    with pytest.raises(Stop, match="bw_patientid cannot point to table account"):
        odata.bind_name(PATIENT, "account")


def test_quotes_in_text_are_doubled() -> None:
    assert odata.quoted("O'Hara") == "'O''Hara'"


def test_an_in_filter_survives_its_own_encoding() -> None:
    text = odata.within("contactid", [ID, "a+b&c"], select="contactid")
    options = parse_qs(text.removeprefix("?"))
    assert options["$filter"] == ["Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)"]
    assert options["@p1"] == ["'contactid'"]
    assert options["@p2"] == [f'["{ID}","a+b&c"]']
    assert options["$select"] == ["contactid"]


def test_many_ids_are_asked_for_in_addresses_that_are_short_enough() -> None:
    ids = [f"{number:08d}-1111-4222-8333-abcdefabcdef" for number in range(1000)]
    groups = list(odata.groups(ids, room=7000))
    assert [one for group in groups for one in group] == ids
    assert all(len(odata.within("contactid", group)) < 7500 for group in groups)
    assert len(groups) == 7


def test_one_value_longer_than_the_room_still_gets_its_own_address() -> None:
    assert list(odata.groups(["x" * 50, "y"], room=10)) == [["x" * 50], ["y"]]


@pytest.mark.parametrize("name", ["_activityid_value", "_bw_" + "x" * 60 + "_value"])
def test_no_address_outgrows_its_room_however_long_the_column_s_name(name: str) -> None:
    ids = [str(uuid.uuid4()) for _ in range(250)]
    filters = list(odata.either(name, ids, room=6_000))
    assert all(len(odata.query(filter=one).removeprefix("?$filter=")) <= 6_000 for one in filters)
    assert [part.rpartition(" ")[2] for one in filters for part in one.split(" or ")] == ids
    assert all(one.count(" eq ") <= 100 for one in filters)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"https://org.crm6.dynamics.com/api/data/v9.2/contacts({ID.upper()})", ID),
        ("https://org.crm6.dynamics.com/api/data/v9.2/contacts(bw_sourceid='7')", None),
    ],
)
def test_the_id_is_read_from_the_entity_id_header_unless_it_holds_a_key(header: str, found: str | None) -> None:
    assert odata.entity_id(header) == found


def test_instants_travel_in_utc_to_the_second_and_days_without_a_time() -> None:
    sydney = timezone(timedelta(hours=11))
    assert odata.instant(datetime(2024, 1, 31, 8, 0, 0, 999, tzinfo=sydney)) == "2024-01-30T21:00:00Z"
    assert odata.day(date(1900, 1, 1)) == "1900-01-01"
    assert odata.day(datetime(2024, 2, 29, 23, 59)) == "2024-02-29"
    assert odata.read_instant("2024-01-30T21:00:00Z") == datetime(2024, 1, 30, 21, tzinfo=UTC)


def test_lookups_are_read_by_another_name_than_they_are_written() -> None:
    assert odata.read_name(VISIT, "bw_patientid") == "_bw_patientid_value"
    assert odata.read_name(VISIT, "bw_fee") == "bw_fee"


@pytest.mark.parametrize(
    ("sent", "present", "same"),
    [
        ({"bw_PatientId@odata.bind": f"/contacts({ID.upper()})"}, {"_bw_patientid_value": ID}, True),
        ({"bw_PatientId@odata.bind": None}, {"_bw_patientid_value": None}, True),
        ({"bw_PatientId@odata.bind": None}, {"_bw_patientid_value": ID}, False),
        ({"bw_start": "2024-01-31T08:00:00+11:00"}, {"bw_start": "2024-01-30T21:00:00Z"}, True),
        ({"bw_fee": 12.5}, {"bw_fee": 12.50}, True),
        ({"bw_fee": None}, {}, True),
        ({"bw_name": "a", "@odata.etag": 'W/"1"'}, {"bw_name": "b"}, False),
        ({"bw_name": "a", "phonecall_activity_parties": [{"participationtypemask": 1}]}, {"bw_name": "a"}, True),
    ],
)
def test_a_row_read_back_is_compared_with_what_was_sent(sent: dict, present: dict, same: bool) -> None:
    assert odata.shows(VISIT, sent, present) is same


def test_queries_are_encoded_so_that_nothing_in_them_ends_them() -> None:
    text = odata.query(filter="name eq 'a & b + c#'", select="name")
    assert "&" in text
    assert unquote(text) == "?$filter=name eq 'a & b + c#'&$select=name"
    assert "#" not in text
    assert "+" not in text
