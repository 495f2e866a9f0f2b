"""Who took part in a call, an e-mail or a meeting, and when it ended."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from shared.mapping import transforms
from shared.mapping.composed.circumstances import Circumstances, Getter, Record, text
from shared.mapping.transforms import Value
from shared.richtext.sanitise import from_plain

SENDER, TO, REQUIRED, ORGANISER = 1, 2, 5, 7
"""Participation types (activityparty-entity)."""
OURS = frozenset({SENDER, TO, REQUIRED, ORGANISER})
"""Those we set; Dataverse adds the owner and what the activity is regarding by itself."""
Party = tuple[int, str, str]
"""Participation type, table (empty for an address that is nobody's row), id or address."""


def written(parties: list[Party]) -> Value:
    """Parties as one text that two sides can compare. JSON, because an address may hold any character."""
    return orjson.dumps(sorted(set(parties))).decode() if parties else None


def read(value: str) -> list[Party]:
    """What ``written`` wrote."""
    return [(mask, table, who) for mask, table, who in orjson.loads(value)]


def _staff(record: Record, around: Circumstances) -> tuple[str, str] | None:
    found = around.resolve("staff", str(who)) if (who := record.get("staff_id")) else None
    return None if found is None else ("systemuser" if found[0] == "users" else "contact", found[1])


def _patient(record: Record, around: Circumstances) -> tuple[str, str] | None:
    found = around.resolve("patients", str(who)) if (who := record.get("patient_id")) else None
    return None if found is None else ("contact", found[1])


def _outgoing(record: Record) -> bool:
    return record.get("direction") != "incoming"


def _call(around: Circumstances) -> Getter:
    """Staff to patient or patient to staff."""

    def getter(record: Record) -> Value:
        us, them = _staff(record, around), _patient(record, around)
        sender, to = (us, them) if _outgoing(record) else (them, us)
        return written([(mask, *who) for mask, who in ((SENDER, sender), (TO, to)) if who])

    return getter


def _email(around: Circumstances) -> Getter:
    """As a call; but an e-mail comes from a user or an address, never from a contact (email reference)."""

    def getter(record: Record) -> Value:
        us, them = _staff(record, around), _patient(record, around)
        sender, to = (us, them) if _outgoing(record) else (None, us)
        parties: list[Party] = [(TO, *to)] if to else []
        if sender and sender[0] == "systemuser":
            parties.append((SENDER, *sender))
        elif text(record, "from_address"):
            parties.append((SENDER, "", text(record, "from_address")[:100]))
        return written(parties)

    return getter


def _meeting(around: Circumstances) -> Getter:
    def getter(record: Record) -> Value:
        us, them = _staff(record, around), _patient(record, around)
        organiser = us if us and us[0] == "systemuser" else None
        attendees = [who for who in (them, None if organiser else us) if who]
        parties: list[Party] = [(REQUIRED, *who) for who in attendees]
        return written([*parties, *([(ORGANISER, *organiser)] if organiser else [])])

    return getter


def _other(record: Record) -> Value:
    return text(record, "to_address" if _outgoing(record) else "from_address") or None


def _subject(record: Record) -> Value:
    return text(record, "subject") or text(record, "kind").replace("_", " ").capitalize() or "Communication"


def _end(record: Record) -> Value:
    at = record.get("ended_at") or record.get("occurred_at")
    return transforms.OF_TEXT["instant"](at) if at.__class__ is str else transforms.instant(at)


def _end_when_closed(record: Record) -> Value:
    """Dataverse stamps now on whatever is completed or cancelled without an end of its own."""
    return _end(record) if record.get("status") in ("completed", "cancelled") else None


def _html(record: Record) -> Value:
    return from_plain(text(record, "body")) or None


SPANS = ("occurred_at", "ended_at")
TALK: dict[str, tuple[Callable[[Record], Value], tuple[str, ...]]] = {
    "outgoing": (_outgoing, ("direction",)),
    "other_party": (_other, ("direction", "from_address", "to_address")),
    "activity_subject": (_subject, ("subject", "kind")),
    "end_or_start": (_end, SPANS),
    "end_when_closed": (_end_when_closed, (*SPANS, "status")),
    "html": (_html, ("body",)),
}
PARTIES: dict[str, tuple[Callable[[Circumstances], Getter], tuple[str, ...]]] = {
    "call_parties": (_call, ("staff_id", "patient_id", "direction")),
    "email_parties": (_email, ("staff_id", "patient_id", "direction", "from_address")),
    "meeting_parties": (_meeting, ("staff_id", "patient_id")),
}
