"""The sample as a practice manager sees it: headlines, every field, and what of the data it shows (N23, R131-R139)."""

from __future__ import annotations

from typing import Any

from tests.journeys.one_run.conftest import SIZE


def _marked(told: dict[str, Any]) -> list[dict[str, Any]]:
    """What was in the target when the sample was looked at, of ours."""
    return [row for rows in told["rows of the sample"].values() for row in rows if row.get("bw_sourceid")]


def test_r132_r135_r136_r138_the_four_headlines_show_source_value_target_value_and_rule(told: dict[str, Any]):
    found = told["sample shown"]["headlines"]
    assert list(found) == ["patient names", "treatment dates", "appointment statuses", "owners"]
    for name, part in found.items():
        assert part["compared"] == len(part["rows"]) > 0, name
        assert part["differ"] == 0, name
        for line in part["rows"]:
            assert line["row"], name
            assert {"source", "target", "rule", "outcome", "label", "object"} <= line.keys()
    for line in found["patient names"]["rows"]:
        assert (line["source"] or None) == line["target"]
    dates = {line["target"] for line in found["treatment dates"]["rows"] if line["source"]}
    assert all(len(date) == 10 for date in dates)
    owners = {line["object"] for line in found["owners"]["rows"]}
    assert {"patients", "appointments", "treatments", "invoices", "notes"} <= owners


def test_r137_every_appointment_status_of_the_data_is_seen_under_its_headline(told: dict[str, Any]):
    in_use = set(told["inventory"]["objects"]["appointments"]["fields"]["status"]["values"])
    assert {line["source"] for line in told["sample shown"]["headlines"]["appointment statuses"]["rows"]} == in_use


def test_r139_values_are_masked_in_the_headlines_too_unless_they_are_asked_for(told: dict[str, Any]):
    shown, masked = (told[name]["headlines"]["patient names"]["rows"] for name in ("sample shown", "sample"))
    assert len(shown) == len(masked)
    for line, hidden in zip(shown, masked, strict=True):
        assert hidden["row"] == line["row"]
        if line["source"]:
            assert hidden["source"] == "".join("a" if c.isalpha() else c for c in line["source"])[:40]


def test_r131_the_sample_keeps_to_its_size_and_is_all_that_was_written(told: dict[str, Any]):
    coverage = told["coverage"]
    assert coverage["most"] == SIZE
    assert 100 <= coverage["records"] <= SIZE
    for name in ("patients", "appointments", "treatments", "invoices"):
        rows = [row for row in _marked(told) if f"|{name}|" in row["bw_sourceid"]]
        assert 0 < len(rows) <= coverage["objects"][name]["sampled"], name


def test_n23_the_coverage_is_printed_and_summed_up_beside_the_comparison(told: dict[str, Any]):
    coverage, summary = told["coverage"], told["sample shown"]["coverage"]
    assert (summary["there"], summary["covered"]) == (coverage["there"], coverage["covered"])
    assert summary["headline"] == coverage["headline"]
    assert 0 < coverage["covered"] <= coverage["there"]
    assert "coverage" in told["status at the sample"]["documents"]
    for name in ("values", "states", "custom fields", "files", "providers", "clock changes"):
        lines = [part["features"][name] for part in coverage["objects"].values() if name in part["features"]]
        assert lines, name
        assert not [line["why"] for line in lines if "no-room" in line["why"].values()], name


def test_n23_households_are_whole_in_the_target(told: dict[str, Any]):
    patients = [row for row in _marked(told) if "|patients|" in row["bw_sourceid"] and row.get("bw_familyid")]
    families = {row["bw_familyid"] for row in patients}
    assert families
    assert "households" in told["coverage"]["objects"]["patients"]["features"]


def test_n1_the_comparison_says_of_every_mapped_field_what_became_of_it(told: dict[str, Any]):
    for name, part in told["sample shown"]["objects"].items():
        columns = {
            field["target"]
            for rule in told["mapping"]["document"]["objects"]
            if rule["object"] == name
            for field in rule["fields"]
        }
        for row in part["rows"]:
            said = {line["column"] for line in row["fields"]}
            # What only a create can set is not compared on a row that was there before; a file has a proof of its own.
            assert columns - said <= {"createdon", "parties", "bw_file"}, name
