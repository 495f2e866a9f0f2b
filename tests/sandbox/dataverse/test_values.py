"""What a column takes, what it makes of it, and with which words it refuses the rest."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dataverse.columns import Column, Kind, Option
from sandbox.dataverse.errors import DataverseError
from sandbox.dataverse.values import converter, moment

TEXT, DATE = "0x80048d19", "0x80040239"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"firstname": "x" * 51}, "0x80044331"),
        ({"firstname": 5}, TEXT),
        ({"numberofchildren": -1}, "0x8004432f"),
        ({"numberofchildren": "2"}, TEXT),
        ({"address1_latitude": 91}, "0x80044330"),
        ({"creditlimit": 1e12}, "0x80040317"),
        ({"creditlimit": 10}, "0x80048cfb"),
        ({"gendercode": 3}, "0x8004431a"),
        ({"gendercode": "Male"}, TEXT),
        ({"donotemail": 1}, TEXT),
        ({"birthdate": "1980-01-02T00:00:00Z"}, TEXT),
        ({"birthdate": "1980-02-30"}, TEXT),
        ({"birthdate": "1752-12-31"}, DATE),
        ({"lastonholdtime": "2020-01-01T10:00:00"}, TEXT),
        ({"lastonholdtime": "2020-01-01"}, TEXT),
        ({"contactid": "not-a-guid"}, TEXT),
        ({"_parentcustomerid_value": "44444444-0000-4000-a000-000000000004"}, TEXT),
    ],
)
async def test_a_value_that_does_not_fit_is_refused_with_its_code(api, error, body, code):
    assert error(await api.post("contacts", body)) == (400, code)
    contact = await api.create("contacts", {"firstname": "A"})
    if "contactid" not in body:
        assert error(await api.patch(f"contacts({contact})", body)) == (400, code)


async def test_values_read_back_as_they_were_written(api):
    currency = (await api.row("transactioncurrencies"))["value"][0]["transactioncurrencyid"]
    body = {
        "firstname": "Zoë", "lastname": "שלום 🦷", "birthdate": "1900-01-01", "gendercode": 2, "donotemail": True,
        "numberofchildren": 0, "creditlimit": 12.345, "address1_latitude": -33.868812345, "description": "a\r\nb\ttab",
        "lastonholdtime": "2020-04-05T02:30:00+11:00",
    }  # fmt: skip
    bound = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency})"}
    row = await api.row(f"contacts({await api.create('contacts', {**body, **bound})})")
    changed = {"creditlimit": 12.35, "address1_latitude": -33.86881, "lastonholdtime": "2020-04-04T15:30:00Z"}
    assert {name: row[name] for name in body} == {**body, **changed}
    assert (row["fullname"], row["creditlimit_base"], row["exchangerate"]) == ("Zoë שלום 🦷", 12.35, 1.0)


async def test_an_empty_text_is_null(api):
    contact = await api.create("contacts", {"firstname": "A", "jobtitle": ""})
    assert (await api.row(f"contacts({contact})"))["jobtitle"] is None


async def test_an_emoji_counts_twice(api, error):
    assert error(await api.post("contacts", {"firstname": "🦷" * 26})) == (400, "0x80044331")
    assert (await api.post("contacts", {"firstname": "🦷" * 25})).status_code == 204


async def test_columns_that_people_are_asked_for_are_not_asked_for_by_the_api(api):
    assert (await api.post("contacts", {})).status_code == 204
    assert (await api.post("accounts", {})).status_code == 204


async def test_several_choices_are_stored_in_order(api, attribute, labelled):
    await api.publisher()
    options = [{"Value": 727000000 + n, "Label": labelled(str(n))} for n in range(3)]
    many = attribute("bw_Interests", "MultiSelectPicklist", OptionSet={"IsGlobal": False, "Options": options})
    await api.define("bw_Visit", many)
    visit = await api.create("bw_visits", {"bw_interests": "727000002, 727000000"})
    row = (await api.get(f"bw_visits({visit})", Prefer='odata.include-annotations="*"')).json()
    assert row["bw_interests"] == "727000000,727000002"
    assert row["bw_interests@OData.Community.Display.V1.FormattedValue"] == "0; 2"
    assert (await api.post("bw_visits", {"bw_interests": "5"})).status_code == 400


@given(st.datetimes(min_value=datetime(1753, 1, 2), timezones=st.timezones()))
def test_any_moment_is_stored_as_its_utc_second(when):
    stored = moment(when.isoformat())
    assert stored is not None
    assert len(stored) == 20
    # Storing what was stored changes nothing.
    assert moment(stored) == stored


@given(st.text(max_size=40), st.integers(1, 40))
def test_a_text_is_kept_whole_or_refused(text, limit):
    convert = converter("t", Column("X", Kind.STRING, "id", max_length=limit))
    units = len(text.encode("utf-16-le")) // 2
    if units <= limit:
        assert convert(text) == (text or None)
    else:
        with pytest.raises(DataverseError, match="exceeded"):
            convert(text)


@given(st.integers(-(2**40), 2**40))
def test_a_choice_is_one_of_its_options(value):
    convert = converter("t", Column("X", Kind.PICKLIST, "id", options=(Option(1), Option(7))))
    if value in (1, 7):
        assert convert(value) == value
    else:
        with pytest.raises(DataverseError, match="Accepted Values: 1,7"):
            convert(value)
