"""Report sheets give the records that a plain export would, or are refused by name."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook

from shared.corepractice.bundle import BundleSource, inspect
from shared.errors import Stop

FIELDS: dict[str, str | list[str]] = {
    "Id": "id",
    "Patient": ["last_name", "first_name"],
    "Date of birth": "date_of_birth",
    "Marketing": "marketing_consent",
    "Created": "created_at",
    "Spent": "custom_fields.spent",
}
ROWS = [
    ["p-1", "Citizen, Jane", "7/4/1980", "Yes", "7/4/2024 2:30 am AEST", "$1,234.00"],
    ["p-2", "Total, ", "13/4/1980", "No", "13/4/2024 2:30 pm", "($20.00)"],
    ["p-3", ", Éva Maria", "", "", "", ""],
    ["p-4", "", "31/2/1980", "perhaps", "7/4/2024 2:30 am", "$0.50"],
]
RECORDS: list[dict[str, Any]] = [
    {"id": "p-1", "last_name": "Citizen", "first_name": "Jane", "date_of_birth": "1980-04-07",
     "marketing_consent": True, "created_at": "2024-04-07T02:30:00+10:00", "custom_fields.spent": "1234.00"},
    {"id": "p-2", "last_name": "Total", "first_name": None, "date_of_birth": "1980-04-13",
     "marketing_consent": False, "created_at": "2024-04-13T14:30:00+10:00", "custom_fields.spent": "-20.00"},
    {"id": "p-3", "last_name": None, "first_name": "Éva Maria", "date_of_birth": None,
     "marketing_consent": None, "created_at": None, "custom_fields.spent": None},
    {"id": "p-4", "last_name": None, "first_name": None, "date_of_birth": "31/2/1980",
     "marketing_consent": "perhaps", "created_at": "7/4/2024 2:30 am", "custom_fields.spent": "0.50"},
]  # fmt: skip
TITLE = [["Patient list"], ["Harbour Dental - printed 30/06/2025"], []]


def sheet(rows: list[list[str]], *, heading: list[str] | None = None, footer: list[Any] | None = None) -> list[Any]:
    """Everything a report file shows."""
    total = ["Total", len(rows)] if footer is None else footer
    return [*TITLE, heading or list(FIELDS), *rows, [], total]


def as_csv(printed: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(printed)
    return text.getvalue().encode()


def as_xlsx(printed: list[Any]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "Patients"
    for row in printed:
        page.append([cell or None for cell in row])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def bundle(
    printed: list[Any], *, rows: int, xlsx: bool = False, practice: str = "Australia/Sydney", **more: Any
) -> io.BytesIO:
    """A bundle of this one report."""
    file = "Patients.xlsx" if xlsx else "Patients.csv"
    entry = {
        **{"name": "patients", "file": file, "sheet": "Patients" if xlsx else None, "layout": "report"},
        **{"title_rows": 3, "columns": list(FIELDS), "fields": FIELDS, "rows": rows, **more},
    }
    manifest = {
        "format": "core-practice-export/1",
        "practice": {"name": "Harbour Dental", "timezone": practice},
        "exported_at": "2025-06-30T09:00:00+10:00",
        "objects": [entry],
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("manifest.json", json.dumps(manifest))
        written.writestr(file, (as_xlsx if xlsx else as_csv)(printed))
    return target


async def refusal_of(file: io.BytesIO, date_orders: dict[str, str] | None = None) -> Stop:
    with pytest.raises(Stop) as refusal:
        await BundleSource(file, date_orders=date_orders).describe()
    assert refusal.value.remedy
    assert "anary" not in refusal.value.message
    return refusal.value


@pytest.mark.parametrize("xlsx", [False, True])
async def test_a_report_gives_the_records_a_plain_export_would(xlsx: bool) -> None:
    file = bundle(sheet(ROWS), rows=4, xlsx=xlsx)
    assert [found.count for found in inspect(file).objects] == [4]
    source = BundleSource(file)
    assert [found.count for found in (await source.describe()).objects] == [4]
    assert (await source.page("patients", cursor=None)).records == RECORDS
    first = await source.page("patients", cursor=None, limit=2)
    again = await source.page("patients", cursor=first.next_cursor, limit=2)
    assert (first.records + again.records, again.next_cursor) == (RECORDS, None)
    assert await source.record("patients", "p-2") == RECORDS[1]
    assert await source.record("patients", "p-9") is None


async def test_a_spreadsheets_own_dates_and_numbers_are_read_too() -> None:
    row: list[Any] = ["p-1", "A, B", datetime(1980, 4, 7), True, datetime(2024, 4, 13, 14, 30), 1234.5]
    (record,) = (await BundleSource(bundle(sheet([row]), rows=1, xlsx=True)).page("patients", cursor=None)).records
    assert record["date_of_birth"] == "1980-04-07"
    assert record["marketing_consent"] is True
    assert record["created_at"] == "2024-04-13T14:30:00+10:00"


async def test_what_changed_within_the_printed_minute_counts_as_changed() -> None:
    """A report has no seconds: 2:30 may have been 2:30:59, and a change read twice costs nothing."""
    fields = {**FIELDS, "Created": "updated_at"}
    source = BundleSource(bundle(sheet(ROWS), rows=4, fields=fields))
    for since, expected in (("14:30:59", ["p-2", "p-3", "p-4"]), ("14:31:00", ["p-3", "p-4"])):
        page = await source.page("patients", cursor=None, since=f"2024-04-13T{since}+10:00")
        assert [record["id"] for record in page.records] == expected


async def test_an_empty_report_is_an_empty_object() -> None:
    source = BundleSource(bundle(sheet([]), rows=0))
    assert (await source.page("patients", cursor=None)).records == []


async def test_columns_may_stand_in_another_order_than_declared() -> None:
    turned = [list(reversed(row)) for row in ROWS]
    file = bundle(sheet(turned, heading=list(reversed(FIELDS))), rows=4)
    assert (await BundleSource(file).page("patients", cursor=None)).records == RECORDS


@pytest.mark.parametrize("xlsx", [False, True])
@pytest.mark.parametrize(
    ("printed", "code", "named"),
    [
        (sheet(ROWS, heading=["Id", "Name", *list(FIELDS)[2:]]), "undeclared-column", "Name"),
        (sheet(ROWS, heading=list(FIELDS)[:-1]), "missing-column", "Spent"),
        (sheet(ROWS, heading=[*list(FIELDS)[:-1], "Id"]), "duplicate-header", "Id"),
        (sheet(ROWS)[1:], "heading-missing", "line 4"),
        (sheet([["Canary"] * 6])[1:], "heading-missing", "line 4"),
        (sheet(ROWS, heading=["Canary"]), "heading-missing", "line 4"),
        (sheet(ROWS, footer=["Total", 5]), "footer-count", "5"),
        (sheet(ROWS, footer=["Total: 3 patients"]), "footer-count", "3"),
        (sheet(ROWS, footer=["Sum", 4]), "footer-malformed", "line 10"),
        (sheet(ROWS, footer=["Total"]), "footer-malformed", "line 10"),
        (sheet(ROWS, footer=["Total", "$4.00"]), "footer-malformed", "line 10"),
        (sheet(ROWS, footer=["Totals", "4"]), "footer-malformed", "line 10"),
        (sheet(ROWS)[:-1], "footer-missing", "Patients"),
        ([*sheet(ROWS), ["p-5"]], "footer-malformed", "line 11"),
        ([*sheet(ROWS)[:6], [], *sheet(ROWS)[6:]], "footer-malformed", "line 8"),
        (sheet(ROWS[:3]), "row-count", "3"),
        (sheet([*ROWS, ["p-5", "A, B", "", "", "", ""]]), "row-count", "more"),
        (sheet([*ROWS[:3], ["p-4", "Canary Jane", "", "", "", ""]]), "name-unparted", "line 8"),
        (sheet([*ROWS[:3], ["", "Canary, Jane", "", "", "", ""]]), "id-missing", "line 8"),
        (sheet([*ROWS[:3], [*ROWS[0][:6], "Canary"]]), "ragged-row", "line 8"),
        (sheet([*ROWS[:3], ROWS[0]]), "duplicate-id", "1 of its 4"),
    ],
)
async def test_a_report_that_is_not_as_declared_is_refused_by_name(
    printed: list[Any], code: str, named: str, xlsx: bool
) -> None:
    refusal = await refusal_of(bundle(printed, rows=4, xlsx=xlsx))
    assert refusal.code == f"bundle-{code}"
    assert named in refusal.message


@pytest.mark.parametrize("footer", [["Total", "4"], ["Total: 4"], ["Total (4)"], ["Total records", "4", "$99.00"]])
async def test_a_footer_counts_in_words_or_cells(footer: list[str]) -> None:
    await BundleSource(bundle(sheet(ROWS, footer=footer), rows=4)).describe()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"layout": "poster"}, "layout-unknown"),
        ({"layout": 7}, "layout-unknown"),
        ({"title_rows": None}, "manifest-malformed"),
        ({"title_rows": -1}, "manifest-malformed"),
        ({"title_rows": True}, "manifest-malformed"),
        ({"fields": None}, "manifest-malformed"),
        ({"fields": {**FIELDS, "Nowhere": "x"}}, "manifest-malformed"),
        ({"fields": {**FIELDS, "Patient": ["a", "b", "c"]}}, "manifest-malformed"),
        ({"fields": {**FIELDS, "Patient": []}}, "manifest-malformed"),
        ({"fields": {**FIELDS, "Patient": ["a", 7]}}, "manifest-malformed"),
        ({"fields": {**FIELDS, "Patient": ""}}, "manifest-malformed"),
        ({"fields": {k: v for k, v in FIELDS.items() if k != "Spent"}}, "heading-unknown"),
        ({"fields": {**FIELDS, "Spent": "last_name"}}, "duplicate-header"),
        ({"fields": {**FIELDS, "Id": "number"}}, "missing-column"),
        ({"date_order": []}, "manifest-malformed"),
        ({"date_order": {"Date of birth": "ymd"}}, "manifest-malformed"),
        ({"date_order": {"Birthday": "dmy"}}, "manifest-malformed"),
        ({"date_order": {"Patient": "dmy"}}, "manifest-malformed"),
        ({"practice": "Australia/Nowhere"}, "manifest-malformed"),
        ({"practice": "../etc/passwd"}, "manifest-malformed"),
    ],
)
async def test_a_report_is_not_guessed_at(more: dict[str, Any], code: str) -> None:
    assert (await refusal_of(bundle(sheet(ROWS), rows=4, **more))).code == f"bundle-{code}"


def dated(*cells: str) -> list[Any]:
    return sheet([[f"p-{n}", "", cell, "", "", ""] for n, cell in enumerate(cells)])


async def births(file: io.BytesIO, date_orders: dict[str, str] | None = None) -> list[str]:
    page = await BundleSource(file, date_orders=date_orders).page("patients", cursor=None)
    return [record["date_of_birth"] for record in page.records]


async def test_n16_a_column_with_only_ambiguous_days_blocks_with_the_evidence() -> None:
    file = bundle(dated("1/2/1980", "3/4/1981", "5/5/1982"), rows=3)
    refusal = await refusal_of(file)
    assert refusal.code == "bundle-date-order"
    assert "patients.date_of_birth (3 values in digits, 0 with a first part over 12, 0 with" in refusal.message
    assert "2 as two different days" in refusal.message
    assert not any(part in refusal.message for part in ("1980", "1/2", "3/4"))
    assert '"date_orders": {"patients.date_of_birth": "dmy"}' in refusal.remedy


async def test_n16_one_telling_day_decides_for_all() -> None:
    assert await births(bundle(dated("1/2/1980", "13/4/1981"), rows=2)) == ["1980-02-01", "1981-04-13"]
    assert await births(bundle(dated("1/2/1980", "4/13/1981"), rows=2)) == ["1980-01-02", "1981-04-13"]


async def test_n16_a_person_or_the_manifest_can_state_the_order() -> None:
    printed = dated("1/2/1980", "3/4/1981")
    stated = bundle(printed, rows=2, date_order={"Date of birth": "mdy"})
    assert await births(stated) == ["1980-01-02", "1981-03-04"]
    day_first = {"patients.date_of_birth": "dmy"}
    assert await births(bundle(printed, rows=2), day_first) == ["1980-02-01", "1981-04-03"]
    # The person's word is the later one.
    stated = bundle(printed, rows=2, date_order={"Date of birth": "mdy"})
    assert await births(stated, day_first) == ["1980-02-01", "1981-04-03"]


@pytest.mark.parametrize("by_manifest", [False, True])
async def test_n16_an_order_that_the_values_contradict_is_refused(by_manifest: bool) -> None:
    printed = dated("1/2/1980", "13/4/1981")
    if by_manifest:
        refusal = await refusal_of(bundle(printed, rows=2, date_order={"Date of birth": "mdy"}))
    else:
        refusal = await refusal_of(bundle(printed, rows=2), {"patients.date_of_birth": "mdy"})
    assert refusal.code == "bundle-date-order"
    assert "1 with a first part over 12" in refusal.message
    assert "day first, but mdy is stated" in refusal.message


async def test_n16_two_orders_in_one_column_block_whatever_is_stated() -> None:
    for stated in (None, {"patients.date_of_birth": "dmy"}):
        refusal = await refusal_of(bundle(dated("13/4/1980", "4/13/1980"), rows=2), stated)
        assert refusal.code == "bundle-date-order"
        assert "both orders occur" in refusal.message
        assert "date_orders" not in refusal.remedy


async def test_n16_all_open_columns_are_named_at_once() -> None:
    rows = [["p-1", "", "1/2/1980", "", "1/2/2024 2:30 pm", "3/4/2024"]]
    refusal = await refusal_of(bundle(sheet(rows), rows=1))
    for field in ("date_of_birth", "created_at", "custom_fields.spent"):
        assert f"patients.{field} (1 values" in refusal.message
    every = {f"patients.{field}": "dmy" for field in ("date_of_birth", "created_at", "custom_fields.spent")}
    (record,) = (
        await BundleSource(bundle(sheet(rows), rows=1), date_orders=every).page("patients", cursor=None)
    ).records
    assert record["created_at"] == "2024-02-01T14:30:00+11:00"
    assert record["custom_fields.spent"] == "2024-04-03"


@pytest.mark.parametrize(
    "date_orders",
    [
        {"patients.birthday": "dmy"},
        {"date_of_birth": "dmy"},
        {"treatments.treated_on": "dmy"},
        {"patients.date_of_birth": "ymd"},
        {"patients.date_of_birth": ""},
    ],
)
async def test_n16_an_order_that_applies_to_nothing_is_refused(date_orders: dict[str, str]) -> None:
    refusal = await refusal_of(bundle(dated("1/2/1980"), rows=1), date_orders)
    assert refusal.code == "bundle-date-order-unknown"


async def test_n16_dates_that_name_their_month_or_begin_with_the_year_need_no_order() -> None:
    file = bundle(dated("1980-02-01", "1-Feb-1980", "5/5/1980"), rows=3)
    assert await births(file) == ["1980-02-01", "1980-02-01", "1980-05-05"]
