"""Bundles that are not what they should be are refused by name, before anything is staged, and not quoted."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.doubtful import DOUBTFUL
from sandbox.corepractice.hostile import HOSTILE, understated_bomb, zip_bomb
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.spoiling import PATIENTS as SMALL
from shared.corepractice.bundle import STANDARD, BundleSource, inspect
from shared.corepractice.bundle_archive import Limits
from shared.errors import Stop

REFUSALS = {
    "not_a_zip": "bundle-not-zip",
    "empty_file": "bundle-not-zip",
    "truncated": "bundle-not-zip",
    "corrupt_entry": "bundle-damaged",
    "zip_bomb": "bundle-too-large",
    "understated_bomb": "bundle-damaged",
    "too_many_entries": "bundle-too-many-entries",
    "parent_path": "bundle-path-outside",
    "absolute_path": "bundle-path-outside",
    "windows_path": "bundle-path-outside",
    "declared_parent_path": "bundle-path-outside",
    "symbolic_link": "bundle-link",
    "undeclared_column": "bundle-undeclared-column",
    "undeclared_file": "bundle-undeclared-file",
    "missing_column": "bundle-missing-column",
    "missing_file": "bundle-missing-file",
    "duplicate_header": "bundle-duplicate-header",
    "duplicate_entry": "bundle-duplicate-entry",
    "latin_1": "bundle-encoding",
    "utf_16": "bundle-encoding",
    "ragged_rows": "bundle-ragged-row",
    "wrong_row_count": "bundle-row-count",
    "encrypted_entry": "bundle-encrypted",
    "nested_zip": "bundle-manifest-missing",
    "no_manifest": "bundle-manifest-missing",
    "manifest_not_json": "bundle-manifest-malformed",
    "unknown_format": "bundle-format-unknown",
    "object_twice": "bundle-manifest-malformed",
    "report_heading_missing": "bundle-missing-column",
    "report_heading_undeclared": "bundle-undeclared-column",
    "report_heading_unexplained": "bundle-heading-unknown",
    "report_field_twice": "bundle-duplicate-header",
    "report_heading_row_missing": "bundle-heading-missing",
    "report_title_rows_wrong": "bundle-heading-missing",
    "report_footer_wrong": "bundle-footer-count",
    "report_footer_missing": "bundle-footer-missing",
    "report_rows_after_footer": "bundle-footer-malformed",
    "report_layout_unknown": "bundle-layout-unknown",
}
DOUBTS = {
    "undecidable_dates": "treatments.treated_on",
    "contradictory_dates": "invoices.due_on",
    "month_first": None,
}
IN_THE_ROWS = {
    *("latin_1", "ragged_rows", "wrong_row_count"),
    *("report_footer_wrong", "report_footer_missing", "report_rows_after_footer"),
}
NAMED = {
    "undeclared_column": "shoe_size",
    "undeclared_file": "shoe_sizes.csv",
    "missing_column": "shoe_size",
    "missing_file": "patients.csv",
    "duplicate_header": "first_name",
    "latin_1": "patients.csv: line ",
    "ragged_rows": "patients.csv: row at line ",
    "report_heading_missing": "Updated at",
    "report_heading_undeclared": "Shoe size",
    "report_heading_unexplained": "Updated at",
    "report_footer_wrong": "9999",
}


def make(name: str, path: Path) -> Path:
    if name in ("zip_bomb", "understated_bomb"):
        return {"zip_bomb": zip_bomb, "understated_bomb": understated_bomb}[name](path, megabytes=32)
    return HOSTILE[name](path)


def test_every_hostile_bundle_has_its_refusal() -> None:
    assert set(REFUSALS) == set(HOSTILE)
    assert set(DOUBTS) == set(DOUBTFUL)


@pytest.mark.parametrize(("name", "code"), DOUBTS.items())
async def test_n16_an_export_whose_dates_are_in_doubt_blocks(name: str, code: str | None, tmp_path: Path) -> None:
    with DOUBTFUL[name](tmp_path / "bundle.zip").open("rb") as file:
        source = BundleSource(file)
        if code is None:
            records = (await source.page("treatments", cursor=None)).records
            kept = {record["id"]: record["treated_on"] for record in Practice(Clinic(SMALL)).all("treatments")}
            assert [record["treated_on"] for record in records] == [kept[record["id"]] for record in records]
            return
        with pytest.raises(Stop) as refusal:
            await source.describe()
    assert refusal.value.code == "bundle-date-order"
    assert code in refusal.value.message


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_hostile_bundle_is_refused_before_its_first_record(name: str, tmp_path: Path) -> None:
    path = make(name, tmp_path / "bundle.zip")
    for ask in (lambda source: source.describe(), lambda source: source.page("patients", cursor=None)):
        with path.open("rb") as file, pytest.raises(Stop) as refusal:
            await ask(BundleSource(file))
        assert refusal.value.code == REFUSALS[name]
        assert NAMED.get(name, "") in refusal.value.message
        assert refusal.value.remedy


@pytest.mark.parametrize("name", sorted(set(REFUSALS) - IN_THE_ROWS))
def test_what_is_wrong_outside_the_rows_is_found_without_reading_them(name: str, tmp_path: Path) -> None:
    path = make(name, tmp_path / "bundle.zip")
    with path.open("rb") as file, pytest.raises(Stop) as refusal:
        inspect(file)
    assert refusal.value.code == REFUSALS[name]


def test_a_sound_bundle_passes_the_quick_check(exported: bytes) -> None:
    described = inspect(io.BytesIO(exported))
    assert described.timezone == "Australia/Sydney"
    assert {found.name: found.count for found in described.objects}["patients"] > 125


COLUMNS = ("id", "first_name", "custom_fields.colour")


def small(
    content: bytes, *, file: str = "patients.csv", sheet: str | None = None, rows: int = 1, name: str = "patients"
) -> io.BytesIO:
    """A bundle of one file."""
    manifest = {
        "format": "core-practice-export/1",
        "practice": {"name": "P", "timezone": "Australia/Perth"},
        "exported_at": "2025-07-01T09:00:00+10:00",
        "objects": [{"name": name, "file": file, "sheet": sheet, "columns": list(COLUMNS), "rows": rows}],
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("manifest.json", json.dumps(manifest))
        bundle.writestr(file, content)
    return target


def csv_of(*rows: bytes) -> bytes:
    return b"\r\n".join((b",".join(name.encode() for name in COLUMNS), *rows, b""))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (csv_of(b",Canary,red"), "bundle-id-missing"),
        (csv_of(b'p-1,"Canary,red'), "bundle-csv-malformed"),
        (csv_of(b'p-1,"Can"ary,red'), "bundle-csv-malformed"),
        (csv_of(b"p-1,Can\rary,red"), "bundle-csv-malformed"),
        (csv_of(b"p-1,Can\0ary,red"), "bundle-encoding"),
        (csv_of(b"p-1,Canary\xff,red"), "bundle-encoding"),
        (csv_of(b"p-1,Canary,red", b"p-2,Canary,red"), "bundle-row-count"),
        (csv_of(), "bundle-row-count"),
        (b"", "bundle-missing-column"),
    ],
)
async def test_a_refusal_says_where_and_never_what(content: bytes, code: str) -> None:
    with pytest.raises(Stop) as refusal:
        await BundleSource(small(content)).describe()
    assert refusal.value.code == code
    assert "patients.csv" in refusal.value.message
    assert "anary" not in refusal.value.message


async def test_a31_an_object_nobody_knows_is_read_and_shown() -> None:
    """It is for a person to exclude it by name; leaving it out unasked, or refusing the bundle, would be worse."""
    source = BundleSource(small(csv_of(b"u-1,Eva,red"), name="unicorns"))
    assert [found.name for found in (await source.describe()).objects] == ["unicorns"]
    assert len((await source.page("unicorns", cursor=None)).records) == 1
    with pytest.raises(Stop, match="no name of an object"):
        inspect(small(csv_of(b"u-1,Eva,red"), name="../unicorns"))


async def test_the_column_order_of_the_file_is_its_own_affair() -> None:
    shuffled = b"\xef\xbb\xbfcustom_fields.colour,id,first_name\r\n7,p-1,\xc3\x89va\r\n"
    page = await BundleSource(small(shuffled)).page("patients", cursor=None)
    assert page.records == [{"id": "p-1", "first_name": "Éva", "custom_fields.colour": 7}]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(entries=1), "bundle-too-many-entries"),
        (Limits(directory_bytes=50), "bundle-too-many-entries"),
        (Limits(entry_bytes=100), "bundle-too-large"),
        (Limits(total_bytes=400), "bundle-too-large"),
        (Limits(ratio=2, ratio_from=1000), "bundle-too-large"),
        (Limits(manifest_bytes=50), "bundle-too-large"),
        (Limits(line_bytes=100), "bundle-too-large"),
        (Limits(cell_characters=100), "bundle-csv-malformed"),
        (Limits(columns=2), "bundle-manifest-malformed"),
    ],
)
async def test_every_limit_holds(limits: Limits, code: str) -> None:
    content = csv_of(b"p-1," + b"Canary" * 1000 + b",red")
    await BundleSource(small(content), STANDARD).describe()
    with pytest.raises(Stop) as refusal:
        await BundleSource(small(content), limits).describe()
    assert refusal.value.code == code


def book(change: Callable[[Workbook], object], *, title: str = "Patients") -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    sheet.append(COLUMNS)
    sheet.append(("p-1", "Eva", 7))
    change(workbook)
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def parts_changed(change: Callable[[dict[str, bytes]], object]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book(lambda workbook: None))) as sound:
        parts = {name: sound.read(name) for name in sound.namelist()}
    change(parts)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as changed:
        for name, content in parts.items():
            changed.writestr(name, content)
    return target.getvalue()


def far_row(parts: dict[str, bytes]) -> None:
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace(
        b"</sheetData>", b'<row r="99999999"><c r="A99999999"><v>1</v></c></row></sheetData>'
    )


def laughing(parts: dict[str, bytes]) -> None:
    """A billion laughs in a cell."""
    name = "xl/worksheets/sheet1.xml"
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    cell = b'<row r="3"><c r="A3" t="inlineStr"><is><t>&l9;</t></is></c></row></sheetData>'
    doctype = b'<!DOCTYPE worksheet [<!ENTITY l0 "Canary">' + entities + b"]>"
    parts[name] = doctype + parts[name].replace(b"</sheetData>", cell)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no spreadsheet", "bundle-not-zip"),
        (book(lambda w: None, title="Other"), "bundle-missing-sheet"),
        (book(lambda w: w.active.append(("=1+1", "x", "y"))), "bundle-formula"),
        (book(lambda w: w.active.append(("p-2", "x", "y", "z"))), "bundle-ragged-row"),
        (book(lambda w: w.active.append((None, "x", "y"))), "bundle-id-missing"),
        (parts_changed(far_row), "bundle-spreadsheet-malformed"),
        (parts_changed(laughing), "bundle-spreadsheet-malformed"),
        (parts_changed(lambda parts: parts.pop("xl/workbook.xml")), "bundle-spreadsheet-malformed"),
        (parts_changed(lambda parts: parts.update({"../evil": b""})), "bundle-path-outside"),
        (parts_changed(lambda parts: parts.update({"xl/x.bin": b"0" * (16 << 20)})), "bundle-too-large"),
    ],
)
async def test_a_hostile_spreadsheet_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Stop) as refusal:
        await BundleSource(small(content, file="p.xlsx", sheet="Patients", rows=2)).describe()
    assert refusal.value.code == code
    assert "Canary" not in refusal.value.message


async def test_blank_rows_and_cells_beyond_the_table_are_nothing() -> None:
    def pad(workbook: Workbook) -> None:
        sheet = workbook.active
        assert sheet is not None
        sheet.append((None, None, None))
        sheet.append(("p-2", None, None, None, None))
        sheet.cell(40, 9).value = ""

    content = book(pad)
    page = await BundleSource(small(content, file="p.xlsx", sheet="Patients", rows=2)).page("patients", cursor=None)
    assert page.records == [
        {"id": "p-1", "first_name": "Eva", "custom_fields.colour": 7},
        {"id": "p-2", "first_name": None, "custom_fields.colour": None},
    ]


def test_an_attachment_that_lies_outside_is_not_named() -> None:
    target = small(csv_of(b"p-1,Eva,red"))
    with zipfile.ZipFile(target, "a") as bundle:
        bundle.writestr("files/../../Canary Jane.pdf", b"")
    with pytest.raises(Stop) as refusal:
        inspect(target)
    assert refusal.value.code == "bundle-path-outside"
    assert "Canary" not in refusal.value.message
