"""How a contact may be reached: every flag from consent, reminder preference and status together (item 9 of S2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter

from shared.mapping.composed.circumstances import Record
from shared.mapping.transforms import Value, boolean
from shared.people.consent import ContactRules, contact_rules

READ = ("marketing_consent", "reminder_preference", "status")


_rules = lru_cache(maxsize=256)(contact_rules)
"""There are a dozen answers, and every patient needs six parts of one."""


def _flag(name: str) -> Callable[[Record], Value]:
    part: Callable[[ContactRules], Value] = attrgetter(name)

    def flag(record: Record) -> Value:
        preference = record.get("reminder_preference")
        consent, said = boolean(record.get("marketing_consent")), None if preference is None else str(preference)
        return part(_rules(consent, said, deceased=record.get("status") == "deceased"))

    return flag


PEOPLE: dict[str, tuple[Callable[[Record], Value], tuple[str, ...]]] = {
    f"contact_{field.name}": (_flag(field.name), READ) for field in fields(ContactRules)
}
