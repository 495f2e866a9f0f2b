"""Each hostile bundle is wrong in the one way its name says."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from sandbox.corepractice import hostile, hostile_reports

csv.field_size_limit(2**20)


def header(bundle: zipfile.ZipFile, file: str) -> list[str]:
    return next(csv.reader(io.StringIO(bundle.read(file).decode(), newline="")))


def declared(bundle: zipfile.ZipFile, name: str) -> dict[str, object]:
    return next(entry for entry in json.loads(bundle.read("manifest.json"))["objects"] if entry["name"] == name)


@pytest.mark.parametrize("bundle", [hostile.not_a_zip, hostile.empty_file, hostile.truncated])
def test_no_zip_at_all(tmp_path: Path, bundle: object) -> None:
    assert not zipfile.is_zipfile(bundle(tmp_path / "b.zip"))


def test_a_broken_checksum(tmp_path: Path) -> None:
    with zipfile.ZipFile(hostile.corrupt_entry(tmp_path / "b.zip")) as bundle:
        assert bundle.testzip() == "patients.csv"


def test_bombs_are_small_and_expand_hugely(tmp_path: Path) -> None:
    path = hostile.zip_bomb(tmp_path / "b.zip", megabytes=64)
    with zipfile.ZipFile(path) as bundle:
        assert bundle.getinfo("patients.csv").file_size > 64 * 2**20
    assert path.stat().st_size < 2**18
    with zipfile.ZipFile(hostile.understated_bomb(tmp_path / "c.zip", megabytes=8)) as bundle:
        assert bundle.getinfo("patients.csv").file_size == 1000
    with zipfile.ZipFile(hostile.too_many_entries(tmp_path / "d.zip", count=500)) as bundle:
        assert len(bundle.namelist()) > 500


def test_paths_outside(tmp_path: Path) -> None:
    with zipfile.ZipFile(hostile.parent_path(tmp_path / "b.zip")) as bundle:
        assert "../evil.csv" in bundle.namelist()
    with zipfile.ZipFile(hostile.absolute_path(tmp_path / "b.zip")) as bundle:
        assert "/etc/evil.csv" in bundle.namelist()
    with zipfile.ZipFile(hostile.windows_path(tmp_path / "b.zip")) as bundle:
        assert "files\\..\\..\\evil.csv" in bundle.namelist()
    with zipfile.ZipFile(hostile.declared_parent_path(tmp_path / "b.zip")) as bundle:
        assert declared(bundle, "patients")["file"] == "../patients.csv"
    with zipfile.ZipFile(hostile.symbolic_link(tmp_path / "b.zip")) as bundle:
        assert bundle.getinfo("patients.csv").external_attr >> 16 == 0o120777


def test_columns_and_files_nobody_declared_or_delivered(tmp_path: Path) -> None:
    with zipfile.ZipFile(hostile.undeclared_column(tmp_path / "b.zip")) as bundle:
        assert set(header(bundle, "locations.csv")) - set(declared(bundle, "locations")["columns"]) == {"shoe_size"}
        rows = list(csv.reader(io.StringIO(bundle.read("locations.csv").decode(), newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}
    with zipfile.ZipFile(hostile.missing_column(tmp_path / "b.zip")) as bundle:
        assert set(declared(bundle, "patients")["columns"]) - set(header(bundle, "patients.csv")) == {"shoe_size"}
    with zipfile.ZipFile(hostile.undeclared_file(tmp_path / "b.zip")) as bundle:
        assert "shoe_sizes.csv" in bundle.namelist()
        names = {entry["name"] for entry in json.loads(bundle.read("manifest.json"))["objects"]}
        assert "shoe_sizes" not in names
    with zipfile.ZipFile(hostile.missing_file(tmp_path / "b.zip")) as bundle:
        assert "patients.csv" not in bundle.namelist()


def test_the_same_name_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(hostile.duplicate_header(tmp_path / "b.zip")) as bundle:
        twice = [name for name, count in Counter(header(bundle, "patients.csv")).items() if count > 1]
        assert twice == ["first_name"]
    with zipfile.ZipFile(hostile.duplicate_entry(tmp_path / "b.zip")) as bundle:
        assert bundle.namelist().count("patients.csv") == 2


def test_encodings_that_are_not_utf_8(tmp_path: Path) -> None:
    for make in (hostile.latin_1, hostile.utf_16):
        with zipfile.ZipFile(make(tmp_path / "b.zip")) as bundle, pytest.raises(UnicodeDecodeError):
            bundle.read("patients.csv").decode()


def test_an_entry_behind_a_password(tmp_path: Path) -> None:
    with zipfile.ZipFile(hostile.encrypted_entry(tmp_path / "b.zip")) as bundle:
        assert bundle.getinfo("patients.csv").flag_bits & 1
        assert bundle.read("staff.csv")
        with pytest.raises(RuntimeError, match="password"):
            bundle.read("patients.csv")


def test_a_bundle_within_a_bundle(tmp_path: Path) -> None:
    with zipfile.ZipFile(hostile.nested_zip(tmp_path / "b.zip")) as bundle:
        assert bundle.namelist() == ["practice.zip"]
        assert zipfile.is_zipfile(io.BytesIO(bundle.read("practice.zip")))


@pytest.mark.parametrize("name", sorted(set(hostile.HOSTILE) - {"zip_bomb", "too_many_entries"}))
def test_every_hostile_bundle_can_be_written(tmp_path: Path, name: str) -> None:
    assert hostile.HOSTILE[name](tmp_path / f"{name}.zip").exists()


def staff_sheet(path: Path) -> tuple[dict[str, object], list[list[str]]]:
    with zipfile.ZipFile(path) as bundle:
        rows = list(csv.reader(io.StringIO(bundle.read("staff.csv").decode(), newline="")))
        return declared(bundle, "staff"), rows


def test_an_object_is_declared_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(hostile.object_twice(tmp_path / "b.zip")) as bundle:
        names = Counter(entry["name"] for entry in json.loads(bundle.read("manifest.json"))["objects"])
    assert [name for name, count in names.items() if count > 1] == ["patients"]


def test_report_sheets_whose_headings_are_not_those_of_the_manifest(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    entry, rows = staff_sheet(hostile_reports.report_heading_missing(path))
    assert [*rows[3], "Updated at"] == entry["columns"]
    assert {len(row) for row in rows[4:-2]} == {len(rows[3])}
    entry, rows = staff_sheet(hostile_reports.report_heading_undeclared(path))
    assert rows[3] == [*entry["columns"], "Shoe size"]
    entry, rows = staff_sheet(hostile_reports.report_heading_unexplained(path))
    assert rows[3] == entry["columns"]
    assert set(rows[3]) - set(entry["fields"]) == {"Updated at"}
    entry, rows = staff_sheet(hostile_reports.report_field_twice(path))
    assert list(entry["fields"].values()).count("created_at") == 2
    entry, rows = staff_sheet(hostile_reports.report_heading_row_missing(path))
    assert entry["columns"] not in rows
    entry, rows = staff_sheet(hostile_reports.report_title_rows_wrong(path))
    assert rows[3] == entry["columns"]
    assert entry["title_rows"] == 1
    entry, rows = staff_sheet(hostile_reports.report_layout_unknown(path))
    assert entry["layout"] == "pivot"


def test_report_sheets_whose_end_is_not_their_total(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    assert staff_sheet(hostile_reports.report_footer_wrong(path))[1][-1] == ["Total", "9999"]
    assert staff_sheet(hostile_reports.report_footer_missing(path))[1][-1][0].startswith("s-")
    assert staff_sheet(hostile_reports.report_rows_after_footer(path))[1][-2][0] == "Total"
