"""Text cells become what the API would have said, and never something that was not there."""

from __future__ import annotations

import pytest

from shared.corepractice.bundle_cells import Evidence, Value


def read(object_name: str, name: str, cells: list[str]) -> list[Value]:
    evidence = Evidence(object_name, (name,))
    for cell in cells:
        evidence.add((cell,))
    (reader,) = evidence.readers()
    return [reader(cell) for cell in cells if cell]


@pytest.mark.parametrize(
    ("name", "cells", "values"),
    [
        ("patient_number", ["12", "-3", "0", "007", "1.5", "many"], [12, -3, 0, "007", "1.5", "many"]),
        ("marketing_consent", ["true", "FALSE", "yes"], [True, False, "yes"]),
        ("postcode", ["2000", "0800"], ["2000", "0800"]),
        ("date_of_birth", ["1900-01-01", "1/1/1900"], ["1900-01-01", "1/1/1900"]),
        ("custom_fields.recall_interval_months", ["6", "six"], [6, "six"]),
        ("custom_fields.anxiety_level", ["none", "true"], ["none", "true"]),
    ],
)
def test_known_fields_are_read_by_their_kind(name: str, cells: list[str], values: list[Value]) -> None:
    assert read("patients", name, cells) == values
    assert [type(value) for value in read("patients", name, cells)] == [type(value) for value in values]


def test_money_keeps_two_places_also_where_a_spreadsheet_made_a_number_of_it() -> None:
    cells = ["185.00", "185", "-20.5", "0.30000000000000004", "free", "$5.00"]
    assert read("invoices", "total", cells) == ["185.00", "185.00", "-20.50", *cells[3:]]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["true", "", "false"], [True, False]),
        (["true", "TRUE"], ["true", "TRUE"]),
        (["6", "12"], [6, 12]),
        (["6", "007"], ["6", "007"]),
        (["6", "2.5"], [6, 2.5]),
        (["6", "2.50"], ["6", "2.50"]),
        (["6", "n/a"], ["6", "n/a"]),
        (["true", "6"], ["true", "6"]),
        (["6", "true", "2.5"], ["6", "true", "2.5"]),
        (["9" * 19], ["9" * 19]),
        (["2.50", "3.25"], ["2.50", "3.25"]),
        (["2.55", "3.25"], ["2.55", "3.25"]),
        (["2.55", "3.2"], [2.55, 3.2]),
        (["1e5", "nan", "٣"], ["1e5", "nan", "٣"]),
        (["", ""], []),
    ],
)
def test_columns_of_a_practice_are_read_by_what_the_whole_column_holds(cells: list[str], values: list[Value]) -> None:
    found = read("patients", "custom_fields.own", cells)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]
