"""The practice itself: its locations, the people who work or worked there, and those who refer patients to it."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.corepractice.chance import LOCATION, REFERRER, STAFF, Dice
from sandbox.corepractice.contacts import address, landline, mail_name, mobile, provider_number
from sandbox.corepractice.names import (
    APOSTROPHES,
    FEMALE,
    LAST,
    MALE,
    NEARBY,
    PRACTICE_DOMAIN,
    PRACTICE_NAME,
    SUBURBS,
    SURGERY_KINDS,
)
from sandbox.corepractice.shapes import CLINICIANS, Record

# Who the first twenty-five are, and after them again: about half treat patients.
_ROSTER = (
    *("practice_manager", "dentist", "dentist", "hygienist", "receptionist", "oral_health_therapist", "specialist"),
    *("dental_assistant", "dentist", "dental_assistant", "dentist", "hygienist", "receptionist", "dentist"),
    *("dental_assistant", "dentist", "receptionist", "dentist", "specialist", "dental_assistant", "hygienist"),
    *("receptionist", "dentist", "dental_assistant", "oral_health_therapist"),
)
_LEFT = frozenset({8, 12, 18, 23})  # places in the roster whose people have left
_NAMES = len(FEMALE + MALE) * len(LAST)
_STRIDE = 7919  # a prime, so that a name returns only after all others

FIRST_DAY = date(2009, 2, 2)


def role_of(number: int) -> str:
    return _ROSTER[number % len(_ROSTER)]


def has_left(number: int) -> bool:
    return number % len(_ROSTER) in _LEFT


def is_clinician(number: int) -> bool:
    return role_of(number) in CLINICIANS


def location(dice: Dice, number: int, zone: str) -> Record:
    dice.throw(LOCATION, number)
    suburb, state, postcode = SUBURBS[number % len(SUBURBS)]
    series = number // len(SUBURBS)
    name = f"{PRACTICE_NAME} {suburb}{f' {series + 1}' if series else ''}"
    place = {**address(dice), "suburb": suburb, "state": state, "postcode": postcode, "country": "Australia"}
    if number == 1:
        place |= {"address_line1": "Level 3, The Arcade\nEnter by the lane", "address_line2": "2-4 King Street"}
    return {
        "name": name,
        "phone": landline(dice),
        "email": f"{mail_name(suburb)}{series or ''}@{PRACTICE_DOMAIN}",
        **place,
        "timezone": zone,
        "active": number % 3 != 2 or number > 3,
    }


def staff_name(number: int) -> tuple[str, str]:
    """First and last name; no two of the first ten thousand share both."""
    first, last = divmod(number * _STRIDE % _NAMES, len(LAST))
    return (FEMALE + MALE)[first], APOSTROPHES[0] if number == 5 else LAST[last]


def staff_member(dice: Dice, number: int, *, location_id: str) -> Record:
    dice.throw(STAFF, number)
    role, left = role_of(number), has_left(number)
    first, last = staff_name(number)
    started = FIRST_DAY + timedelta(days=dice.below(4000))
    series = number // _NAMES
    return {
        "title": "Dr" if role in ("dentist", "specialist") else dice.of(("Ms", "Mr", "Mrs", None)),
        "first_name": first,
        "last_name": last,
        "role": role,
        "email": None if number == 19 else f"{mail_name(first)}.{mail_name(last)}{series or ''}@{PRACTICE_DOMAIN}",
        "phone": mobile(dice) if dice.maybe(0.8) else None,
        "provider_number": provider_number(dice) if role in CLINICIANS else None,
        "location_id": None if number == 0 else location_id,
        "active": not left,
        "started_on": started.isoformat(),
        "left_on": (started + timedelta(days=200 + dice.below(1000))).isoformat() if left else None,
    }


def _organisation(dice: Dice, number: int) -> Record:
    dice.throw(REFERRER, number)
    suburb, state, postcode = dice.of(NEARBY)
    kind = dice.of(SURGERY_KINDS)
    name = dice.of((f"{suburb} {kind}", f"{dice.of(LAST)} & {dice.of(LAST)} {kind}", f"St Mary's {kind}, {suburb}"))
    return {
        "practice_name": f"{name} Pty Ltd" if dice.maybe(0.2) else name,
        "contact_name": f"Dr {dice.of(FEMALE + MALE)} {dice.of(LAST)}" if dice.maybe(0.8) else None,
        "phone": landline(dice),
        "fax": landline(dice) if dice.maybe(0.5) else None,
        "email": f"reception@{mail_name(name)}.example" if dice.maybe(0.7) else None,
        **{**address(dice), "suburb": suburb, "state": state, "postcode": postcode},
        "active": dice.maybe(0.9),
    }


def namesake_of(number: int) -> int | None:
    """The earlier referrer that this one is a second entry of."""
    return number - 3 if number % 8 == 5 else None


def referrer(dice: Dice, number: int) -> Record:
    earlier = namesake_of(number)
    if earlier is None:
        return _organisation(dice, number)
    again = _organisation(dice, earlier)
    name = again["practice_name"]
    ways = (
        name.upper(),
        name.replace(" ", "  ") + " ",
        name.replace("St ", "St. ") + " P/L",
        name.replace(" & ", " and ") + ".",
    )
    return {**again, "practice_name": ways[number // 8 % len(ways)], "fax": None, "active": True}
