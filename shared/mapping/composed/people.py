"""How a contact may be reached: every flag from consent, reminder preference and status together (item 9 of S2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any

from shared.mapping.composed.circumstances import Record
from shared.mapping.transforms import Value, boolean
from shared.people.consent import ContactRules, contact_rules

READ = ("marketing_consent", "reminder_preference", "status")


@lru_cache(maxsize=256, typed=True)
def _rules(consent: Any, preference: Any, status: Any) -> ContactRules:
    """There are a dozen answers, and every patient needs six parts of one."""
    said = None if preference is None else str(preference)
    return contact_rules(boolean(consent), said, deceased=status == "deceased")


def _flag(name: str) -> Callable[[Record], Value]:
    part: Callable[[ContactRules], Value] = attrgetter(name)

    def flag(record: Record) -> Value:
        get = record.get
        return part(_rules(get("marketing_consent"), get("reminder_preference"), get("status")))

    return flag


PEOPLE: dict[str, tuple[Callable[[Record], Value], tuple[str, ...]]] = {
    f"contact_{field.name}": (_flag(field.name), READ) for field in fields(ContactRules)
}
