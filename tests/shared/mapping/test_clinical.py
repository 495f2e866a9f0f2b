"""What treatments, appointments, plans and notes become (R42-R58, R72-R75, R82-R87)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.mapping.compiled import ObjectMap, compile_objects
from shared.mapping.composed.circumstances import Circumstances
from shared.mapping.composed.notes import is_whole
from shared.mapping.crosswalk import Crosswalk, index
from shared.mapping.model import FieldMap
from shared.mapping.propose import propose
from shared.vocabulary import row_id
from tests.shared.conftest import EVERYTHING, FALLBACK, USER, made
from tests.shared.mapping.everything import CURRENCY, EVERY, compiled, label, row


def test_r42_to_r48_a_treatment_with_its_code_date_tooth_notes_and_links(every: dict[str, ObjectMap]):
    found = row(
        every["treatments"], provider_id="S2", provider_name="Dr B. Early", appointment_id="A1",
        treated_on="2024-04-07", item_code="531", tooth="16", surfaces="mod", fee="185.00",
        status="completed", clinical_notes="Deep.",
    ).values  # fmt: skip
    assert (found["bw_procedurecode"], found["bw_treatmentdate"]) == ("531", "2024-04-07")
    assert (found["bw_tooth"], found["bw_toothfdi"], found["bw_surfacesread"]) == ("16", "16", "MOD")
    assert (found["bw_clinicalnotes"], found["bw_fee"]) == ("Deep.", 185.0)
    assert found["bw_patientid"] == row_id("here", "patients", "P1")
    assert found["bw_appointmentid"] == row_id("here", "appointments", "A1")
    assert found["transactioncurrencyid"] == CURRENCY


def test_a21_the_provider_is_there_as_printed_and_as_a_link(every: dict[str, ObjectMap]):
    found = row(every["treatments"], provider_id="S2", provider_name="Dr B. Early").values
    assert found["bw_providername"] == "Dr B. Early"
    assert found["bw_providerid"] == row_id("here", "staff", "S2")
    assert row(every["treatments"], provider_id="S1").values["bw_provideruserid"] == USER


@pytest.mark.parametrize(
    ("tooth", "fdi", "quadrant", "notation"),
    [
        ("UR6", "16", None, "palmer"), ("36,37", "36, 37", None, "fdi"), ("Q1", None, "upper right", "fdi"),
        ("99", None, None, None),
    ],
)  # fmt: skip
def test_r46_a32_n18_a_tooth_text_is_read_beside_the_raw_one_or_its_trouble_is_named(
    every: dict[str, ObjectMap], tooth: str, fdi: str | None, quadrant: str | None, notation: str | None
):
    found = row(every["treatments"], tooth=tooth).values
    assert found["bw_tooth"] == tooth
    assert found["bw_toothfdi"] == fdi
    if quadrant:
        assert found["bw_quadrant"] == quadrant
    assert found["bw_toothnotation"]
    if notation:
        assert found["bw_toothnotation"] == notation


def test_australian_item_codes_stand_in_their_schedule_form_beside_the_raw_code(every: dict[str, ObjectMap]):
    found = row(every["treatments"], item_code="88011").values
    assert (found["bw_procedurecode"], found["bw_procedureitem"]) == ("88011", "011")


def test_r49_to_r58_an_appointment_in_a_table_of_its_own(every: dict[str, ObjectMap]):
    appointments = every["appointments"]
    found = row(
        appointments, starts_at="2024-04-07T02:30:00+10:00", duration_minutes=45, type="root_canal",
        status="failed_to_attend", provider_id="S2",
    )  # fmt: skip
    assert (found.values["bw_startson"], found.values["bw_durationminutes"]) == ("2024-04-06T16:30:00Z", 45)
    assert label(appointments, found, "bw_appointmenttype") == "Root canal"
    assert label(appointments, found, "bw_appointmentstatus") == "Failed to attend"
    assert found.values["bw_patientid"] == row_id("here", "patients", "P1")


def test_r56_a6_an_appointment_never_becomes_a_calendar_event(everything: FieldMap):
    rule = everything.rule("appointments")
    assert rule is not None
    assert rule.table == "bw_dentalappointment"


def test_r72_r73_r74_r75_a_note_keeps_its_contact_time_author_and_rich_text(every: dict[str, ObjectMap]):
    found = row(
        every["notes"], author_id="S2", author_name="Dr B. Early", subject="Exam", format="html",
        body="<p><b>Caries</b> on 16</p><script>alert(1)</script>", noted_at="2024-10-06T03:00:01+11:00",
    ).values  # fmt: skip
    assert found["objectid"] == row_id("here", "patients", "P1")
    assert found["createdon"] == "2024-10-05T16:00:01Z"
    assert found["subject"] == "Exam"
    text = str(found["notetext"])
    assert "Dr B. Early" in text
    assert "2024-10-06 03:00:01 (UTC+11:00)" in text
    assert "<b>Caries</b>" in text or "<strong>Caries</strong>" in text
    assert "script" not in text


def test_a22_a_note_written_as_its_author_needs_no_header_line(everything: FieldMap):
    crosswalk = Crosswalk("here", USER, users={"S1": USER}, known={"patients": index(["P1"])})
    around = Circumstances("here", crosswalk, currency=CURRENCY, authors={USER: "entra-id"}, us=FALLBACK)
    notes = compile_objects(everything, made(everything), around)["notes"]
    record = {"body": "Hi", "format": "text", "noted_at": "2024-10-06T03:00:01+11:00"}
    ours = row(notes, author_id="S1", author_name="A", **record)
    assert ours.values["notetext"] == "Hi"
    assert (notes.author_of(ours), ours.values["createdby"]) == ("entra-id", USER)
    assert not any("createdby" in name for name in notes.to_create(ours, 1))
    theirs = row(notes, author_id="S2", author_name="B", **record)
    assert "Written by B" in str(theirs.values["notetext"])
    assert (notes.author_of(theirs), theirs.values["createdby"]) == (None, FALLBACK)
    assert theirs.values["ownerid"] == USER, "who falls back on a user has not become the author of others' notes"


def test_a23_an_over_long_note_is_several_rows_whose_texts_recombine_to_the_whole(every: dict[str, ObjectMap]):
    from shared.richtext.header import without_header
    from shared.richtext.parts import recombine
    from shared.richtext.sanitise import safe_html

    body = "<p>" + "A tooth & its root. " * 12_000 + "</p>"
    result = every["notes"].rows(
        {"id": "N1", "patient_id": "P1", "body": body, "format": "html", "subject": "Long", "noted_at": None}
    )
    assert isinstance(result, list)
    assert len(result) > 2
    assert [found.part for found in result] == list(range(1, len(result) + 1))
    assert len({found.id for found in result}) == len(result)
    assert result[1].values["subject"] == f"Long (part 2/{len(result)})"
    texts = [str(found.values["notetext"]) for found in result]
    assert max(map(len, texts)) <= 100_000
    read_back = [without_header(text) for text in texts]
    assert recombine(read_back) == safe_html(body)
    record = {"body": body, "format": "html"}
    assert is_whole(record, read_back)
    assert not is_whole(record, read_back[:-1])
    assert not is_whole(record, [*read_back[:-1], read_back[-1].replace("tooth", "teeth", 1)])
    assert not is_whole(record, [read_back[1], read_back[0], *read_back[2:]])


@pytest.mark.parametrize(
    ("status", "shown"),
    [("draft", "Proposed"), ("presented", "Proposed"), ("accepted", "Proposed"), ("scheduled", "Scheduled"),
     ("completed", "Completed"), ("declined", "Cancelled"), ("lost", "Unknown")],
)  # fmt: skip
def test_r82_a33_a_plan_is_proposed_scheduled_completed_cancelled_or_unknown(
    every: dict[str, ObjectMap], status: str, shown: str
):
    plans = every["treatment_plans"]
    record = {"id": "1", "patient_id": "P1", "status": status, "estimated_total": "10.00"}
    result = plans.rows(record if status != "lost" else {**record, "status": None})
    assert isinstance(result, list)
    if status != "lost":
        assert label(plans, result[0], "bw_planstatus") == shown


@pytest.mark.parametrize(("status", "shown"), [("planned", "Planned"), ("completed", "Completed")])
def test_r83_to_r87_a34_a_plan_line_with_its_cost_status_and_treatment(
    every: dict[str, ObjectMap], status: str, shown: str
):
    lines = every["treatment_plan_lines"]
    found = row(lines, plan_id="TP1", item_code="615", estimated_fee="1450.50", status=status, treatment_id="T1")
    assert (found.values["bw_procedurecode"], found.values["bw_estimatedcost"]) == ("615", 1450.5)
    assert label(lines, found, "bw_plannedorcompleted") == shown
    assert found.values["bw_planid"] == row_id("here", "treatment_plans", "TP1")
    assert found.values["bw_treatmentid"] == row_id("here", "treatments", "T1")


def test_n10_plan_lines_can_share_the_plans_table_to_save_one():
    mapping = propose(EVERYTHING, replace(EVERY, plan_lines="rows"))
    every = compiled(mapping)
    assert every["treatment_plan_lines"].table.name == every["treatment_plans"].table.name == "bw_treatmentplan"
    line = row(every["treatment_plan_lines"], plan_id="TP1", status="planned")
    assert label(every["treatment_plan_lines"], line, "bw_planentry") == "Plan line"
