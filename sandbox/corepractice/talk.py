"""What was said and written: calls, mails, meetings, letters and text messages with patients."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from sandbox.corepractice import diary
from sandbox.corepractice.chance import DECK_SIZE, TALK, Dice, deck
from sandbox.corepractice.names import PRACTICE_DOMAIN
from sandbox.corepractice.plan import HOUR
from sandbox.corepractice.records import local_text
from sandbox.corepractice.shapes import COMMUNICATION_KINDS, COMMUNICATION_STATUSES, DIRECTIONS, Record
from sandbox.corepractice.timeline import DAY
from sandbox.corepractice.visits import Visits

# card -> (copies in a thousand, of these among the first fifty communications)
ODDITIES: Mapping[str, tuple[int, int]] = {
    **{"long_call": (10, 2), "no_patient": (10, 1), "unknown_staff": (3, 1), "no_staff": (20, 1), "no_body": (30, 1)},
    **{"html_mail": (20, 1), "other_address": (15, 1), "several_recipients": (8, 1), "never_ended": (20, 1)},
    "backwards": (3, 1),
}
LONG_CALL = 2600  # characters, more than the description of a phone call takes by default
_FRONT = f"reception@{PRACTICE_DOMAIN}"
_NUMBER = "(02) 5550 1234"
_SUBJECTS = ("Recall reminder", "Account query", "Treatment options", "Post-op check", "Change of address", None)
_TEXTS = (
    "Reminder: your appointment is on Tuesday. Reply YES to confirm.",
    "Discussed fees for the crown; will ring back after talking to the fund.",
    "Thank you for the referral. Report attached.\n\nKind regards",
    "Wants the earliest time; school pick-up at 3 pm.",
)


class Talk:
    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._plan = visits.plan
        self._zone = visits.reception.zone
        self._dice = Dice(self._plan.seed)
        self._cards = deck(self._plan.seed, TALK, ODDITIES, plain="plain")

    def grow(self, number: int) -> tuple[Record, int]:
        """The record without id and stamps, and when it was made."""
        visit = self._visits.behind("communications", number)
        card = self._cards[number % DECK_SIZE]
        dice = self._dice.throw(TALK, number)
        kind = COMMUNICATION_KINDS[number % 5] if number < 50 else dice.of(("phone_call", "sms", *COMMUNICATION_KINDS))
        kind = {"long_call": "phone_call", "html_mail": "email", "several_recipients": "email"}.get(card, kind)
        direction = DIRECTIONS[number // 5 % 2] if number < 20 else dice.of(DIRECTIONS)
        status = COMMUNICATION_STATUSES[number % 3] if number < 30 else self._status(dice)
        occurred = visit.at - 2 * DAY + dice.below(40) * 300
        if number in self._odd_hours:
            kind, occurred = "meeting", self._odd_hours[number]
        ended = occurred + (dice.below(60) * 60 if kind in ("phone_call", "meeting") else 0)
        ends = None if card == "never_ended" else occurred - 300 if card == "backwards" else ended
        member = self._visits.reception.front_desk(number) if number % 3 else visit.provider_id
        unknown = f"s-9{number % 10**8:08d}" if card == "unknown_staff" else member
        details: Record = {
            "patient_id": None if card == "no_patient" else visit.patient_id,
            "staff_id": None if card == "no_staff" else unknown,
            "kind": kind,
            "direction": direction,
            "subject": dice.of(_SUBJECTS),
            "body": self._body(dice, card),
            **self._addresses(kind, direction, card, visit.patient),
            "occurred_at": local_text(occurred, self._zone),
            "ended_at": None if ends is None else local_text(ends, self._zone),
            "status": status,
            "location": dice.of(("Surgery 1", "By video", "Front desk")) if kind == "meeting" else None,
        }
        return details, min(occurred, visit.at - DAY)

    @staticmethod
    def _status(dice: Dice) -> str:
        draw = dice.below(100)
        return "completed" if draw < 90 else "cancelled" if draw < 95 else "planned"

    @staticmethod
    def _body(dice: Dice, card: str) -> str | None:
        text = dice.of(_TEXTS)
        if card == "long_call":
            return (f"{text} " * (LONG_CALL // len(text) + 1)).rstrip()
        if card == "html_mail":
            return f'<p>{text}</p><p style="color:#888">Sent from my 📱</p><script>track()</script>'
        return None if card == "no_body" else text

    def _addresses(self, kind: str, direction: str, card: str, number: int) -> Record:
        """From and to: mail addresses for mails, telephone numbers for calls and texts, nothing for the rest."""
        if kind not in ("email", "phone_call", "sms"):
            return {"from_address": None, "to_address": None}
        patient = self._visits.reception.known_patient(number)
        ours = _FRONT if kind == "email" else _NUMBER
        theirs = patient["email"] if kind == "email" else patient["mobile"] or patient["home_phone"]
        if card == "other_address":
            theirs = "aunt@example.org" if kind == "email" else "0491 570 156"
        if card == "several_recipients":
            theirs = f"{theirs or 'nobody@example.org'}; lab@example.net"
        sent, received = (ours, theirs) if direction == "outgoing" else (theirs, ours)
        return {"from_address": sent, "to_address": received}

    @cached_property
    def _odd_hours(self) -> Mapping[int, int]:
        """Meetings in both halves past two of the night in which the clocks go back, and around the missing hour."""
        changes = diary.clock_changes(self._zone.key)
        if changes is None:
            return {}
        first = self._plan.first_touched("communications", max(changes.back, changes.forward) + 4 * HOUR)
        return {first + place: diary.odd_hour(card, changes) for place, card in enumerate(diary.CLOCK_CHANGES)}
