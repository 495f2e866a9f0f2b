"""Calls, e-mails, meetings, letters and text messages, as activities with their original times (R13-R15, A7).

Each kind is an activity table of its own. They are made open, with their parties, and closed afterwards.
"""

from __future__ import annotations

from shared.mapping.placements.lines import (
    CHOICE,
    IDENTITY,
    KEPT_TIMES,
    MEMO,
    TEXT,
    TIME,
    YES_NO,
    Line,
    Placement,
    States,
)

KINDS = {"phone_calls": "phone_call", "emails": "email", "meetings": "meeting", "letters": "letter"}

COMMON: tuple[Line, ...] = (
    *IDENTITY,
    ("subject", "subject", "activity_subject", TEXT, "Subject"),
    ("occurred_at", "createdon", "instant", TIME, "Created on"),
    ("occurred_at", "@OccurredOn", "instant", TIME, "Took place on"),
    ("ended_at", "@EndedOn", "instant", TIME, "Ended on"),
    *KEPT_TIMES,
)
SPAN: tuple[Line, ...] = (
    ("occurred_at", "scheduledstart", "instant", TIME, "Start"),
    ("ended_at", "scheduledend", "end_or_start", TIME, "Due"),
)
DIRECTION: Line = ("direction", "directioncode", "outgoing", YES_NO, "Direction")
BODY: Line = ("body", "description", "text", MEMO, "Description")


def _states(outgoing: int, incoming: int, cancelled: int, planned: tuple[int, int] = (0, 1)) -> States:
    """The state and status reason of each status and direction (reference of each table; 0 open, 1 done, 2 off)."""
    return (
        ("completed/outgoing", 1, outgoing),
        ("completed/incoming", 1, incoming),
        ("completed/", 1, outgoing),
        ("cancelled/outgoing", 2, cancelled),
        ("cancelled/incoming", 2, cancelled),
        ("cancelled/", 2, cancelled),
        ("", *planned),
    )


def _activity(object_: str, table: str, why: str, lines: tuple[Line, ...], states: States, *kinds: str) -> Placement:
    return Placement(
        object_, table, 3, "one to one", why,
        lines=(*COMMON, *lines),
        lookups=(("patient_id", "regardingobjectid", ("patients",), "Regarding"),),
        owner_from="staff_id",
        state_from="status/direction",
        states=states,
        reads="communications",
        only=(("kind", kinds),),
    )  # fmt: skip


PARTIES = "parties"
"""Not a column: who took part, sent along with the row and read back from a table of their own."""

PHONE_CALLS = _activity(
    "phone_calls", "phonecall", "A call becomes a phone call, closed as made or received (R13).",
    (
        *SPAN, DIRECTION, BODY,
        ("from_address", "phonenumber", "other_party", TEXT, "Phone number"),
        ("ended_at", "actualend", "end_when_closed", TIME, "Actual end"),
        ("staff_id", PARTIES, "call_parties", TEXT, "From and to"),
    ),
    _states(2, 4, 3),
    "phone_call",
)  # fmt: skip
EMAILS = _activity(
    "emails", "email", "An e-mail becomes an e-mail that was sent or received; nothing is sent again (R14).",
    (
        DIRECTION,
        ("body", "description", "html", MEMO, "Description"),
        ("from_address", "sender", "text", TEXT, "From"),
        ("to_address", "torecipients", "text", TEXT, "To recipients"),
        ("occurred_at", "sortdate", "instant", TIME, "Date on the timeline"),
        ("staff_id", PARTIES, "email_parties", TEXT, "From and to"),
    ),
    _states(3, 4, 5),
    "email",
)  # fmt: skip
MEETINGS = _activity(
    "meetings", "appointment", "A meeting with a patient becomes an appointment that has taken place (R15).",
    (
        *SPAN, BODY,
        ("location", "location", "text", TEXT, "Location"),
        ("ended_at", "actualend", "end_when_closed", TIME, "Actual end"),
        ("staff_id", PARTIES, "meeting_parties", TEXT, "Organiser and attendees"),
    ),
    _states(3, 3, 4, (3, 5)),
    "meeting",
)  # fmt: skip
LETTERS = _activity(
    "letters", "letter", "Letters, and text messages, which Dynamics has no activity of its own for (A7).",
    (
        *SPAN, DIRECTION, BODY,
        ("kind", "@Channel", "choice", CHOICE, "Channel"),
        ("to_address", "address", "text", TEXT, "Address"),
        ("ended_at", "actualend", "end_when_closed", TIME, "Actual end"),
        ("staff_id", PARTIES, "call_parties", TEXT, "From and to"),
    ),
    _states(4, 3, 5),
    "letter", "sms",
)  # fmt: skip
