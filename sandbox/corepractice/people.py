"""Patients: households sharing an address, a phone and often a mail address, with every oddity a real list has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from sandbox.corepractice.chance import HOUSEHOLD, PATIENT, Dice, mix
from sandbox.corepractice.contacts import address, dva_number, landline, mail_name, medicare_number, mobile
from sandbox.corepractice.names import (
    ALERTS,
    APOSTROPHES,
    EMOJI,
    FEMALE,
    INTERESTS,
    LAST,
    MAIL_DOMAINS,
    MALE,
    OCCUPATIONS,
    OTHER_SCRIPTS,
    RIGHT_TO_LEFT,
)
from sandbox.corepractice.shapes import ANXIETY_LEVELS, GENDERS, HOW_HEARD, REMINDERS, Record

TODAY = date(2025, 6, 30)
_TODAY = TODAY.toordinal()
LONG_TEXT = 9_000  # characters, more than a memo column takes by default

# Ten patients in a row live together in one of these ways.
_STREETS = ((4, 1, 2, 3), (1, 5, 1, 2, 1), (3, 3, 1, 1, 2), (2, 2, 1, 4, 1), (1, 1, 1, 1, 6), (2, 3, 4, 1))

# card -> (copies in a thousand, of these among the first fifty patients)
ODDITIES: Mapping[str, tuple[int, int]] = {
    "emoji": (6, 1),
    "right_to_left": (8, 1),
    "other_script": (8, 1),
    "apostrophe": (12, 1),
    "multi_line_address": (20, 1),
    "born_1900": (10, 1),
    "long_text": (3, 1),
    "no_contact": (15, 1),
    "stray_spaces": (8, 1),
    "one_name": (3, 1),
    "bad_email": (6, 1),
    "capitals": (15, 1),
    "twice": (25, 2),
}


class Home(NamedTuple):
    """A patient's place in a household: `member` 0 and, in pairs, 1 are the grown-ups."""

    number: int
    member: int
    size: int


_HOMES = tuple(
    tuple((house, member, size) for house, size in enumerate(street) for member in range(size)) for street in _STREETS
)


def home_of(seed: int, number: int) -> Home:
    block, place = divmod(number, 10)
    house, member, size = _HOMES[mix(seed, block) % len(_HOMES)][place]
    return Home(block * 10 + house, member, size)


class Households:
    """What households share, the last few remembered since their members come one after another."""

    def __init__(self, seed: int) -> None:
        self._dice = Dice(seed)
        self.of = lru_cache(maxsize=256)(self._grown)

    def _grown(self, number: int) -> Record:
        """Last name, mobile and mail of the household, and under `shared` what all its patients have. Read only."""
        dice = self._dice.throw(HOUSEHOLD, number)
        last = dice.of(LAST)
        return {
            "last_name": last,
            "mobile": mobile(dice),
            "email": f"{mail_name(last)}.family{number}@{dice.of(MAIL_DOMAINS)}",
            "single_parent": dice.maybe(0.3),
            "shared": {
                "home_phone": landline(dice) if dice.maybe(0.5) else None,
                "medicare_number": medicare_number(dice) if dice.maybe(0.7) else None,
                **address(dice),
            },
        }


def _born(dice: Dice, home: Home, *, single_parent: bool) -> date:
    child = home.member >= 2 or (home.member == 1 and home.size > 1 and single_parent)
    years = dice.chance() * 17 if child else (26 + dice.chance() * 30 if home.size > 2 else 19 + dice.chance() * 72)
    return date.fromordinal(_TODAY - int(years * 365.25))


def _title(dice: Dice, gender: str, child: bool) -> str | None:
    if dice.maybe(0.1):
        return None
    if child:
        return "Master" if gender == "male" else "Miss"
    return dice.of({"female": ("Ms", "Mrs", "Miss", "Dr"), "male": ("Mr", "Mr", "Dr")}.get(gender, ("Mx",)))


def patient(dice: Dice, number: int, home: Home, family: Record) -> Record:
    """A plain patient without ids, relations and stamps; the first fifty go through every pick list in turn."""
    dice.throw(PATIENT, number)
    gender = GENDERS[number % 4] if number < 50 else ("female", "male")[dice.below(2)]
    gender = dice.of(GENDERS) if dice.maybe(0.03) and number >= 50 else gender
    first = dice.of(MALE if gender == "male" else FEMALE)
    last = dice.of(LAST) if home.member == 1 and dice.maybe(0.25) else family["last_name"]
    born = _born(dice, home, single_parent=family["single_parent"])
    child = _TODAY - born.toordinal() < 18 * 365.25
    own_mail = f"{mail_name(first)}.{mail_name(last)}{home.number}@{dice.of(MAIL_DOMAINS)}"
    shares = home.size > 1 and dice.maybe(0.4)
    email = None if child or dice.maybe(0.08) else family["email"] if shares else own_mail
    phone = family["mobile"] if child or shares else mobile(dice)
    return {
        **family["shared"],
        "patient_number": patient_number(number),
        "title": _title(dice, gender, child),
        "first_name": first,
        "middle_name": dice.of(FEMALE + MALE) if dice.maybe(0.3) else None,
        "last_name": last,
        "preferred_name": first[:3] if dice.maybe(0.1) else None,
        "gender": gender,
        "date_of_birth": None if dice.maybe(0.01) else born.isoformat(),
        "email": email,
        "mobile": None if dice.maybe(0.05) else phone,
        "work_phone": landline(dice) if not child and dice.maybe(0.1) else None,
        "occupation": None if child or dice.maybe(0.3) else dice.of(OCCUPATIONS),
        "marketing_consent": (True, False, None)[number % 3 if number < 50 else dice.below(3)],
        "reminder_preference": REMINDERS[number % 4] if number < 50 else dice.of(REMINDERS),
        "alert_text": dice.of(ALERTS) if dice.maybe(0.1) else None,
        "custom_fields": _custom_fields(dice, number, born),
        "dva_number": dva_number(dice) if dice.maybe(0.02) or (number < 50 and number % 12 == 8) else None,
    }


def _custom_fields(dice: Dice, number: int, born: date) -> Record:
    anxiety = ANXIETY_LEVELS[number // 2 % 4] if number < 50 else dice.of((*ANXIETY_LEVELS, None))
    visit = max(born.toordinal() + 400, _TODAY - dice.below(4000))
    return {
        "anxiety_level": anxiety,
        "recall_interval_months": dice.of((3, 6, 6, 6, 12, None)),
        "prefers_morning": dice.of((True, False, None)),
        "first_visit_on": date.fromordinal(min(visit, _TODAY)).isoformat() if dice.maybe(0.8) else None,
        "how_heard": HOW_HEARD[number // 3 % 8] if number < 50 else dice.of((*HOW_HEARD, None)),
        "interests": dice.of(INTERESTS) if dice.maybe(0.2) else None,
    }


def patient_number(number: int) -> int:
    """Rising, with a gap about every three hundred: a card that somebody tore up."""
    return 10_001 + number + (number + 270) // 300


def make_odd(record: Record, oddity: str, number: int) -> None:
    """Change a plain patient into one of the odd ones, in place."""
    turn = number // 7
    if oddity == "emoji":
        record["first_name"], record["last_name"] = EMOJI[turn % len(EMOJI)]
    elif oddity == "right_to_left":
        record["first_name"], record["last_name"] = RIGHT_TO_LEFT[turn % len(RIGHT_TO_LEFT)]
    elif oddity == "other_script":
        record["first_name"], record["last_name"] = OTHER_SCRIPTS[turn % len(OTHER_SCRIPTS)]
    elif oddity == "apostrophe":
        record["last_name"] = APOSTROPHES[turn % len(APOSTROPHES)]
    elif oddity == "multi_line_address":
        record["address_line1"] = f"c/- The Caretaker\nBuilding {turn % 9}, Level 2\n{record['address_line1']}"
    elif oddity == "born_1900":
        record["date_of_birth"] = "1900-01-01"
    elif oddity == "long_text":
        record["alert_text"] = _long_text(number)
    elif oddity == "no_contact":
        record |= dict.fromkeys(("email", "mobile", "home_phone", "work_phone", "reminder_preference"))
    elif oddity == "stray_spaces":
        record |= {"first_name": f" {record['first_name']} ", "suburb": f"{record['suburb']}  "}
    elif oddity == "one_name":
        record |= {"first_name": None, "title": None}
    elif oddity == "bad_email":
        record["email"] = ("none", "see@notes@example.com", "n/a", "Jo <jo@example.com>")[turn % 4]
    elif oddity == "capitals":
        record |= {"first_name": str(record["first_name"]).upper(), "last_name": record["last_name"].upper()}


def entered_again(original: Record, number: int) -> Record:
    """The same person as the front desk typed them a second time."""
    again = {**original, "custom_fields": dict(original["custom_fields"]), "patient_number": patient_number(number)}
    first = original["first_name"] or "Unknown"
    ways: tuple[Record, ...] = (
        {"first_name": first.upper(), "last_name": original["last_name"].upper()},
        {"preferred_name": None, "middle_name": None, "email": None},
        {"first_name": first[:1], "date_of_birth": "1900-01-01"},
        {"mobile": None, "title": None, "medicare_number": None, "dva_number": None},
    )
    return again | ways[number % len(ways)]


def _long_text(number: int) -> str:
    line = f"{number}: patient rang about the account, “will call back” – see letter; café next door knows. ✓\n"
    return (line * (LONG_TEXT // len(line) + 1))[:LONG_TEXT].rstrip()
