"""What calls, e-mails, meetings and letters become (R13-R15, A7)."""

from __future__ import annotations

from shared.mapping.compiled import ObjectMap
from shared.mapping.composed.talk import read, written
from shared.mapping.propose import propose
from shared.vocabulary import row_id
from tests.shared.conftest import EVERYTHING, USER
from tests.shared.mapping.everything import EVERY, row

CALL = {
    "kind": "phone_call", "direction": "outgoing", "staff_id": "S1", "subject": "Recall", "body": "Left a message.",
    "from_address": "02 1", "to_address": "0412 345 678", "occurred_at": "2024-04-07T02:30:00+10:00",
    "ended_at": "2024-04-07T02:35:00+10:00", "status": "completed",
}  # fmt: skip


def test_r13_a7_a_call_is_a_closed_phone_call_with_parties_and_original_times(every: dict[str, ObjectMap]):
    calls = every["phone_calls"]
    made_ = row(calls, **CALL)
    patient = row_id("here", "patients", "P1")
    assert made_.state == (1, 2)
    assert made_.values["createdon"] == made_.values["bw_occurredon"] == "2024-04-06T16:30:00Z"
    assert made_.values["scheduledend"] == made_.values["actualend"] == "2024-04-06T16:35:00Z"
    assert (made_.values["directioncode"], made_.values["phonenumber"]) == (True, "0412 345 678")
    assert made_.values["parties"] == written([(1, "systemuser", USER), (2, "contact", patient)])
    wire = calls.to_create(made_, 1)
    assert wire["phonecall_activity_parties"] == [
        {"partyid_systemuser@odata.bind": f"/systemusers({USER})", "participationtypemask": 1},
        {"partyid_contact@odata.bind": f"/contacts({patient})", "participationtypemask": 2},
    ]
    assert "actualend" not in wire
    assert calls.closing(made_) == {"actualend": "2024-04-06T16:35:00Z"}
    off = row(calls, **{**CALL, "status": "cancelled"})
    assert (off.state, calls.closing(off)) == ((2, 3), {"actualend": "2024-04-06T16:35:00Z"})
    assert calls.closing(row(calls, **{**CALL, "status": "planned"})) == {}
    received = row(calls, **{**CALL, "direction": "incoming"})
    assert (received.state, received.values["directioncode"]) == ((1, 4), False)
    assert received.values["phonenumber"] == "02 1"


def test_r14_an_e_mail_is_sent_or_received_and_never_sent_again(every: dict[str, ObjectMap]):
    emails = every["emails"]
    record = {**CALL, "kind": "email", "from_address": "a@example.com", "to_address": "z@example.com"}
    sent = row(emails, **record)
    assert sent.state == (1, 3)
    assert sent.values["sortdate"] == "2024-04-06T16:30:00Z"
    received = row(emails, **{**record, "direction": "incoming"})
    assert received.state == (1, 4)
    assert (1, "", "a@example.com") in read(str(received.values["parties"]))


def test_r15_a_meeting_that_took_place_is_a_completed_appointment(every: dict[str, ObjectMap]):
    found = row(every["meetings"], **{**CALL, "kind": "meeting", "location": "Room 2"})
    assert found.state == (1, 3)
    assert (found.values["scheduledstart"], found.values["location"]) == ("2024-04-06T16:30:00Z", "Room 2")
    assert (7, "systemuser", USER) in read(str(found.values["parties"]))
    assert row(every["meetings"], **{**CALL, "kind": "meeting", "status": "planned"}).state == (3, 5)


def test_each_kind_of_communication_goes_by_one_rule_and_one_that_nobody_foresaw_stops_the_start(
    every: dict[str, ObjectMap],
):
    for kind, mine in (("phone_call", "phone_calls"), ("email", "emails"), ("sms", "letters"), ("letter", "letters")):
        record = {**CALL, "id": "1", "patient_id": "P1", "kind": kind}
        rules = ("phone_calls", "emails", "meetings", "letters")
        taken = [name for name in rules if isinstance(every[name].rows(record), list)]
        assert taken == [mine]
    fields = EVERYTHING["objects"]["communications"]["fields"]
    fax = {**fields, "kind": {**fields["kind"], "values": {"fax": 3, "email": 1}}}
    objects = {**EVERYTHING["objects"], "communications": {"records": 4, "fields": fax}}
    assert propose({"objects": objects}, EVERY).unmapped == ("communications.kind=fax",)
