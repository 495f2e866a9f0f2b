"""How a contact may be reached: every flag from consent, reminder preference and status together (item 9 of S2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from shared.mapping.composed.circumstances import Record
from shared.mapping.transforms import Value, boolean
from shared.people.consent import ContactRules, contact_rules

READ = ("marketing_consent", "reminder_preference", "status")


def _flag(name: str) -> Callable[[Record], Value]:
    def flag(record: Record) -> Value:
        rules = contact_rules(
            boolean(record.get("marketing_consent")),
            record.get("reminder_preference"),
            deceased=record.get("status") == "deceased",
        )
        value: Value = getattr(rules, name)
        return value

    return flag


PEOPLE: dict[str, tuple[Callable[[Record], Value], tuple[str, ...]]] = {
    f"contact_{field.name}": (_flag(field.name), READ) for field in fields(ContactRules)
}
