"""Reports that a person can read, and that neither a browser nor a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from shared.diff.compare import Outcome
from shared.reconcile.findings import Findings, merged
from shared.reconcile.verdict import Found, Strays, verdict
from shared.report.pages import page
from shared.report.reasons import REASONS, UNKNOWN, reason
from shared.report.sheet import harmless, sheet

ROOT = Path(__file__).parents[3]
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def a_verdict(*, differs: bool = True) -> dict[str, Any]:
    found = Findings(records=3)
    found.add_row("contact", "row-1", [("lastname", Outcome.DIFFERS)] if differs else [], there=True, ours=True)
    found.add_set_aside("parent-missing")
    found.add_excluded("same-organisation")
    objects = {"patients": {"table": "contact", **merged([_plain(found)])}}
    strays = {"contact": Strays(1, 1, (), 4)}
    files = {"files": 2, "bytes": 4096, "differs": 0, "missing": 0, "refused": {}, "listed": []}
    body = verdict(Found(objects, {"patients": 3}, strays, files, {"holds": True, "broken": []}))
    return {"turn": 1, "version": 1, "at": "2026-11-23T00:00:00+00:00", **body}


def _plain(found: Findings) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Findings.__slots__}


def a_sample(value: Any) -> dict[str, Any]:
    line = {
        "label": "Last name", "column": "lastname", "from": "last_name", "rule": "text", "outcome": "differs",
        "source": value, "expected": value, "target": value,
    }  # fmt: skip
    found = {"table": "contact", "records": 1, "fields": 1, "differences": 1, "rows": [{"row": "r1", "fields": [line]}]}
    return {"headline": "1 fields of 1 sample rows compared; 1 differ", "objects": {"patients": found}}


def an_exception(**more: str) -> dict[str, Any]:
    one = {"object": "patients", "record": "P1", "row": "", "column": "lastname", "reason": "not-a-date", **more}
    return {"headline": "1 exception", "count": 1, "counts": {one["reason"]: 1}, "listed": [one]}


class Outline(HTMLParser):
    """What a screen reader finds: landmarks, headings, headers of columns and rows, and no script."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        return sum(one == tag for one, _ in self.tags)


def outline(name: str, body: dict[str, Any]) -> Outline:
    text = page(name, body, digest="d" * 64, sequence=2)
    assert text is not None
    found = Outline()
    found.feed(text)
    return found


BODIES = {"verdict": a_verdict(), "exceptions": an_exception(), "sample-diff": a_sample("Fox")}


@pytest.mark.parametrize("name", BODIES)
def test_a_page_has_landmarks_headings_and_headers_and_needs_nothing_else(name: str):
    found = outline(name, BODIES[name])
    assert (found.count("main"), found.count("h1"), found.count("header"), found.count("script")) == (1, 1, 1, 0)
    assert ("html", {"lang": "en"}) in found.tags
    for tag, attributes in found.tags:
        assert not any(one.startswith("on") for one in attributes)
        assert not str(attributes.get("src") or attributes.get("href") or "#").startswith(("http", "//"))
        assert tag != "th" or attributes.get("scope") in ("col", "row")


def test_the_verdict_page_says_first_what_was_compared_and_whether_it_is_proved():
    text = page("verdict", a_verdict(), digest="d", sequence=1) or ""
    assert text.index("1 fields of 1 rows compared; 1 differ") < text.index("Not proved") < text.index("By object")
    assert "Somebody" not in text
    assert reason("parent-missing").meaning in text
    clean = page("verdict", a_verdict(differs=False), digest="d", sequence=1) or ""
    assert "✓ Proved" in clean
    assert "Not proved" not in clean


@pytest.mark.parametrize("name", ["sample-diff", "exceptions"])
def test_markup_in_a_value_stays_text(name: str):
    body = a_sample(EVIL) if name == "sample-diff" else an_exception(record=EVIL, reason=EVIL, column=EVIL)
    found = outline(name, body)
    assert found.count("img") == found.count("script") == 0
    assert EVIL not in (page(name, body, digest="d", sequence=1) or "")


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "＋1", "－1", "＠a", "\u00a0=1", "|x"],
)
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(cell: str):
    assert harmless(cell) == f"'{cell}"
    text = sheet("sample-diff", a_sample(cell)) or ""
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert rows[1][7:] == [f"'{cell}"] * 3


@pytest.mark.parametrize("cell", ["Fox", "a=b", "O'Neill", "", 'say "no", twice', -1.5, 7, None])
def test_every_other_cell_stays_as_it_is(cell: Any):
    assert harmless(cell) == cell


@pytest.mark.parametrize("name", BODIES)
def test_a_sheet_has_a_line_for_each_thing_under_one_heading(name: str):
    text = sheet(name, BODIES[name]) or ""
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(rows) == 2
    assert len(rows[0]) == len(rows[1])
    assert text.endswith("\r\n")


def test_a_document_without_such_a_form_has_none():
    assert page("mapping", {}, digest="", sequence=1) is None
    assert sheet("mapping", {}) is None


def test_every_reason_the_app_can_give_has_its_sentence():
    """The slugs as the code spells them: who adds one and forgets the sentence is told here."""
    given = r'(?:SetAside|Excluded|Unfit|Routed|_out_of_a_note)\([^()"]*"([a-z]+(?:-[a-z]+)+)"'
    named = r'^(?:EDITED|ANOTHER_RULE|LEFT_AS_IT_IS|ANOTHER_THERE|NOT_BROUGHT) ?[,=].*"([a-z]+(?:-[a-z]+)+)"'
    found = set()
    for path in [*ROOT.glob("shared/**/*.py"), *ROOT.glob("activities/*.py")]:
        text = path.read_text()
        found |= set(re.findall(given, text)) | set(re.findall(named, text, re.MULTILINE))
    assert len(found) > 15
    assert found - set(REASONS) == set()
    assert reason("0x80040265") is UNKNOWN
