"""An export bundle holds what the lists hold, cell for cell, in either kind of file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sandbox.corepractice.bundle import BundleProblem, write_bundle
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.shapes import OBJECTS

STAMP = "2025-07-01T09:00:00+10:00"
NUMBERS = {
    *("patient_number", "duration_minutes", "size", "custom_fields.recall_interval_months"),
    *("sequence", "quantity", "priority"),
}
DECIMALS = {"custom_fields.anaesthetic_ml"}
csv.field_size_limit(2**20)  # a few notes are longer than the 131,072 characters Python takes for a cell
TRUTHS = {"active", "marketing_consent", "custom_fields.prefers_morning"}


def read_rows(bundle: zipfile.ZipFile, entry: dict[str, Any]) -> list[list[Any]]:
    content = bundle.read(entry["file"])
    if entry["sheet"] is None:
        return [
            [cell or None for cell in row] for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        ]
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return [list(row) for row in book[entry["sheet"]].iter_rows(values_only=True)]


def read_record(columns: list[str], row: list[Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for column, cell in zip(columns, row, strict=True):
        value = int(cell) if column in NUMBERS and cell is not None else cell
        value = float(cell) if column in DECIMALS and cell is not None else value
        value = {"true": True, "false": False, None: None}[cell] if column in TRUTHS else value
        if column.startswith("custom_fields."):
            record.setdefault("custom_fields", {})[column.removeprefix("custom_fields.")] = value
        else:
            record[column] = value
    return record


@pytest.mark.parametrize("kind", ["csv", "xlsx", "mixed"])
def test_reading_a_bundle_gives_the_records_back(tmp_path: Path, kind: str) -> None:
    practice = Practice(Clinic(120))
    write_bundle(practice, tmp_path / "b.zip", format=kind)
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        assert manifest["format"] == "core-practice-export/1"
        assert manifest["practice"] == {"name": "Harbour Lane Dental", "timezone": "Australia/Sydney"}
        assert [entry["name"] for entry in manifest["objects"]] == list(OBJECTS)
        for entry in manifest["objects"]:
            header, *rows = read_rows(bundle, entry)
            assert header == entry["columns"]
            assert len(rows) == entry["rows"]
            assert [read_record(header, row) for row in rows] == list(practice.all(entry["name"]))


def test_money_in_a_spreadsheet_is_its_decimal_text(tmp_path: Path) -> None:
    write_bundle(Practice(Clinic(60)), tmp_path / "b.zip", format="xlsx")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        header, *rows = read_rows(bundle, {"file": "payments.xlsx", "sheet": "Payments"})
    amounts = [row[header.index("amount")] for row in rows]
    assert all(isinstance(amount, str) and amount[-3] == "." for amount in amounts)
    assert "-20.00" in amounts


def test_notes_too_long_for_a_spreadsheet_are_in_a_csv_file(tmp_path: Path) -> None:
    write_bundle(Practice(Clinic(60)), tmp_path / "b.zip", format="xlsx")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        names = {name for name in bundle.namelist() if name.endswith(".csv")}
    assert names == {"notes.csv"}


def test_archived_patients_are_exported_and_hidden_ones_are_not(tmp_path: Path) -> None:
    practice = Practice(Clinic(120))
    write_bundle(practice, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        text = bundle.read("patients.csv").decode()
    truth = practice.truth("patients")
    assert all(f"{patient}," in text for patient in truth.archived_ids)
    assert not any(f"{patient}," in text for patient in truth.hidden_ids)


def test_attachments_bytes_are_in_files(tmp_path: Path) -> None:
    practice = Practice(Clinic(120))
    write_bundle(practice, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        for record in practice.all("attachments"):
            content = bundle.read(f"files/{record['file_id']}/{record['name']}")
            assert hashlib.sha256(content).hexdigest() == record["sha256"]


def test_files_are_rfc_4180_and_some_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    write_bundle(Practice(Clinic(60)), tmp_path / "b.zip", format="mixed")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        names = bundle.namelist()
        assert {"locations.csv", "referrers.xlsx", "staff.csv", "patients.xlsx"} <= set(names)
        assert bundle.read("staff.csv").startswith(b"\xef\xbb\xbfid,title")
        assert bundle.read("locations.csv").startswith(b"id,name")
        assert bundle.read("locations.csv").count(b"\r\n") == 4


def test_equal_practices_give_equal_bundles(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_bundle(Practice(Clinic(60)), tmp_path / name, exported_at=STAMP)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_name_like_a_formula_stays_a_name(tmp_path: Path) -> None:
    practice = Practice(Clinic(50))
    practice.edit("staff", "s-000000001", {"last_name": "=1+1"})
    write_bundle(practice, tmp_path / "b.zip", format="xlsx")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        rows = read_rows(bundle, {"file": "staff.xlsx", "sheet": "Staff"})
    assert rows[2][3] == "=1+1"


@pytest.mark.parametrize("text", ["bell \x07", "x" * 40_000])
def test_what_a_spreadsheet_cannot_hold_is_refused_by_field(tmp_path: Path, text: str) -> None:
    practice = Practice(Clinic(50))
    practice.edit("patients", "p-000000000", {"alert_text": text})
    with pytest.raises(BundleProblem, match=r"patients\.alert_text"):
        write_bundle(practice, tmp_path / "b.zip", format="xlsx")
    write_bundle(practice, tmp_path / "b.zip", format="csv")


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleProblem, match="format must be"):
        write_bundle(Practice(Clinic(50)), tmp_path / "b.zip", format="ods")
