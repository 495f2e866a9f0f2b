"""Report sheets look as practice software prints them, and say no more than it does."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sandbox.corepractice import doubtful
from sandbox.corepractice.bundle import write_bundle
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.reports import printed_money, title_of
from sandbox.corepractice.shapes import OBJECTS

csv.field_size_limit(2**20)
STAMP = "2025-06-30T09:00:00+10:00"
DAY = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")


class Sheets:
    """A written bundle: the manifest's entries and the cells of every sheet."""

    def __init__(self, path: Path) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.cells: dict[str, list[list[Any]]] = {}
        with zipfile.ZipFile(path) as bundle:
            for entry in json.loads(bundle.read("manifest.json"))["objects"]:
                self.entries[entry["name"]] = entry
                self.cells[entry["name"]] = self._rows(bundle, entry)

    @staticmethod
    def _rows(bundle: zipfile.ZipFile, entry: dict[str, Any]) -> list[list[Any]]:
        content = bundle.read(entry["file"])
        if entry["sheet"] is None:
            return list(csv.reader(io.StringIO(content.decode(), newline="")))
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        rows = [list(row) for row in book[entry["sheet"]].iter_rows(values_only=True)]
        return [[cell for cell in row if cell is not None] if len(set(row)) < 3 else row for row in rows]

    def column(self, name: str, field: object) -> list[Any]:
        entry = self.entries[name]
        place = [entry["fields"][heading] for heading in entry["columns"]].index(field)
        return [row[place] or None for row in self.cells[name][4:-2]]


@pytest.fixture(scope="module")
def practice() -> Practice:
    return Practice(Clinic(120))


@pytest.fixture(scope="module")
def sheets(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    path = tmp_path_factory.mktemp("reports") / "b.zip"
    write_bundle(practice, path, format="reports", exported_at=STAMP)
    return Sheets(path)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_sheet_has_a_title_above_and_a_total_below(sheets: Sheets, practice: Practice, name: str) -> None:
    entry, cells = sheets.entries[name], sheets.cells[name]
    count = sum(1 for _ in practice.all(name))
    assert (entry["layout"], entry["title_rows"], entry["rows"]) == ("report", 3, count)
    assert cells[0] == [f"{title_of(name)} list"]
    assert cells[1] == ["Harbour Lane Dental - printed 30/06/2025"]
    assert cells[2] == cells[-2] == []
    assert cells[3] == entry["columns"] == list(entry["fields"])
    assert [str(cell) for cell in cells[-1]] == ["Total", str(count)]
    assert len(cells) == count + 6


def test_half_of_the_sheets_are_csv_files_and_half_spreadsheets(sheets: Sheets) -> None:
    assert sum(entry["sheet"] is None for entry in sheets.entries.values()) == len(OBJECTS) // 2


@pytest.mark.parametrize("name", OBJECTS)
def test_every_field_of_the_contract_is_shown_once(sheets: Sheets, practice: Practice, name: str) -> None:
    shown = [
        part for field in sheets.entries[name]["fields"].values() for part in ([field], field)[type(field) is list]
    ]
    expected = set(practice.records.fields[name]) - {"custom_fields"}
    expected |= {f"custom_fields.{field}" for field in practice.custom_fields(name)}
    assert len(shown) == len(set(shown))
    assert set(shown) == expected


def test_names_are_printed_last_comma_first(sheets: Sheets, practice: Practice) -> None:
    printed = sheets.column("patients", ["last_name", "first_name"])
    assert sheets.entries["patients"]["fields"]["Patient"] == ["last_name", "first_name"]
    expected = [f"{r['last_name'] or ''}, {r['first_name'] or ''}" for r in practice.all("patients")]
    assert printed == expected
    assert any(name.endswith(", ") for name in printed), "somebody has one name only"


def test_every_date_is_printed_day_first(sheets: Sheets, practice: Practice) -> None:
    for name, field in (("patients", "date_of_birth"), ("invoices", "due_on"), ("insurance_policies", "valid_from")):
        for printed, record in zip(sheets.column(name, field), practice.all(name), strict=True):
            day = date.fromisoformat(record[field]) if record[field] else None
            assert printed == (f"{day.day}/{day.month}/{day.year}" if day else None)


def test_r74_instants_are_local_and_say_which_of_two_equal_hours_they_are(sheets: Sheets) -> None:
    starts = sheets.column("appointments", "starts_at")
    assert {"7/4/2024 2:30 am AEDT", "7/4/2024 2:30 am AEST"} <= set(starts)
    assert {"6/10/2024 1:45 am", "6/10/2024 3:15 am"} <= set(starts)
    assert all(re.fullmatch(r"\d+/\d+/\d{4} (1[0-2]|[1-9]):\d\d [ap]m( AE[DS]T)?", text) for text in starts)


def test_truths_are_yes_and_no_and_numbers_stay_numbers(sheets: Sheets) -> None:
    assert set(sheets.column("insurance_policies", "active")) == {"Yes", "No"}
    assert set(sheets.column("patients", "marketing_consent")) == {"Yes", "No", None}
    assert all(isinstance(number, int) for number in sheets.column("patients", "patient_number"))


@pytest.mark.parametrize(
    ("text", "brackets", "printed"),
    [
        ("1234.00", False, "$1,234.00"),
        ("0.00", True, "$0.00"),
        ("-20.00", False, "-$20.00"),
        ("-1234567.89", True, "($1,234,567.89)"),
    ],
)
def test_money_has_a_sign_and_thousands(text: str, brackets: bool, printed: str) -> None:
    assert printed_money(text, brackets=brackets) == printed


def test_refunds_are_in_brackets_and_debts_behind_a_minus_or_the_other_way_round(sheets: Sheets) -> None:
    assert "($20.00)" in sheets.column("payments", "amount")


@pytest.mark.parametrize("make", doubtful.DOUBTFUL.values(), ids=doubtful.DOUBTFUL)
def test_n16_a_doubtful_bundle_differs_in_the_dates_of_one_column(
    tmp_path: Path, make: Callable[[Path], Path], sheets: Sheets
) -> None:
    found = Sheets(make(tmp_path / "b.zip"))
    assert set(found.entries) == set(sheets.entries)
    assert all(entry["layout"] == "report" for entry in found.entries.values())


def _parts(column: list[Any]) -> list[tuple[int, int]]:
    split = [text.split("/") for text in column if text]
    return [(int(first), int(second)) for first, second, _ in split]


def test_n16_a_column_may_have_only_ambiguous_days(tmp_path: Path) -> None:
    dates = _parts(Sheets(doubtful.undecidable_dates(tmp_path / "b.zip")).column("treatments", "treated_on"))
    assert all(first <= 12 and second <= 12 for first, second in dates)
    assert any(first != second for first, second in dates)


def test_n16_a_column_may_have_the_month_first_beside_others_that_do_not(tmp_path: Path) -> None:
    found = Sheets(doubtful.month_first(tmp_path / "b.zip"))
    dates = _parts(found.column("treatments", "treated_on"))
    assert all(first <= 12 for first, _ in dates)
    assert any(second > 12 for _, second in dates)
    assert any(first > 12 for first, _ in _parts(found.column("invoices", "issued_on")))


def test_n16_a_column_may_contradict_itself(tmp_path: Path) -> None:
    dates = _parts(Sheets(doubtful.contradictory_dates(tmp_path / "b.zip")).column("invoices", "due_on"))
    assert sum(second > 12 for _, second in dates) == 1
    assert any(first > 12 for first, _ in dates)
