"""The brief's four stand above everything else of a sample: names, dates, statuses, owners."""

from __future__ import annotations

from typing import Any

from shared.diff.headlines import headlines
from shared.diff.masking import masked_document


def line(column: str, source: str, value: str, *, target: str | None = None, rule: str = "text") -> dict[str, Any]:
    there = value if target is None else target
    return {
        "label": column, "column": column, "from": source, "rule": rule, "source": value, "expected": value,
        "target": there, "outcome": "equal" if there == value else "differs",
    }  # fmt: skip


def objects() -> dict[str, Any]:
    owner = line("ownerid", "provider_id", "S1", rule="owner")
    return {
        "patients": {"rows": [{"row": "p1", "fields": [
            line("firstname", "first_name", "Ann"), line("lastname", "last_name", "Day", target="Night"),
            line("bw_patientstatus", "status", "active"), owner,
        ]}]},
        "treatments": {"rows": [{"row": "t1", "fields": [
            line("bw_treatmentdate", "treated_on", "2024-02-03", rule="date"), line("bw_name", "id", "T"), owner,
        ]}]},
        "appointments": {"rows": [{"row": "a1", "fields": [
            line("bw_appointmentstatus", "status", "Booked", rule="choice"), owner,
        ]}]},
        "notes": {"rows": [{"row": "n1", "fields": [line("ownerid", "author_id", "S2", target="", rule="owner")]}]},
    }  # fmt: skip


def test_r132_r135_r138_each_headline_has_its_fields_with_both_values_and_the_rule():
    found = headlines(objects())
    assert list(found) == ["patient names", "treatment dates", "appointment statuses", "owners"]
    names = [(one["row"], one["column"], one["outcome"]) for one in found["patient names"]["rows"]]
    assert names == [("p1", "firstname", "equal"), ("p1", "lastname", "differs")]
    assert found["patient names"]["headline"] == "2 patient names compared; 1 differ"
    (date,) = found["treatment dates"]["rows"]
    assert (date["object"], date["source"], date["target"], date["rule"]) == (
        "treatments", "2024-02-03", "2024-02-03", "date",
    )  # fmt: skip
    assert [one["row"] for one in found["appointment statuses"]["rows"]] == ["a1"]
    assert {one["object"] for one in found["owners"]["rows"]} == {"patients", "treatments", "appointments", "notes"}
    assert (found["owners"]["compared"], found["owners"]["differ"]) == (4, 1)


def test_r132_what_the_sample_has_none_of_is_said():
    found = headlines({"patients": {"rows": []}})
    assert found["treatment dates"] == {
        "headline": "no treatment dates in the sample", "compared": 0, "differ": 0, "rows": [],
    }  # fmt: skip


def test_n1_only_what_is_wrong_counts_as_a_difference():
    parts = objects()
    for outcome, wrong in (("equal-after", 0), ("missing", 1)):
        parts["appointments"]["rows"][0]["fields"][0]["outcome"] = outcome
        assert headlines(parts)["appointment statuses"]["differ"] == wrong


def test_r132_headlines_are_masked_as_the_rows_are():
    parts = objects()
    shown = masked_document({"objects": parts, "headlines": headlines(parts)})
    said = [
        one[side] for found in shown["headlines"].values() for one in found["rows"] for side in ("source", "target")
    ]
    assert "Aaa" not in said
    assert {"aaa", "9999-99-99"} <= set(said)
    assert not {"Ann", "Day", "2024-02-03", "Booked"} & set(said)
