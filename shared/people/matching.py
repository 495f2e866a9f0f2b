"""When a record and a row that is already there are one person: by rule, never by likeness (N21, A4).

Families share an address, a telephone and an e-mail; twins share a birth date too. So neither e-mail nor telephone is
ever a key: the source id is, and without one, e-mail and full name and birth date together. Where two rows fit, a
person decides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is. ``id`` is the record's or the row's own; ``source_id`` the patient's in the source system, where
    it is known; the birth date is ISO."""

    id: str
    source_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    birth_date: str | None = None


class Found(StrEnum):
    """What a search for a person ended in."""

    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"
    NEW = "new"


class Rule(StrEnum):
    """By what two were found to be one."""

    SOURCE_ID = "source-id"
    EMAIL_NAME_AND_BIRTH_DATE = "email-name-and-birth-date"


@dataclass(frozen=True, slots=True)
class Match:
    """``ids`` are the candidates that fit, sorted: one when matched, several when ambiguous, none when new."""

    found: Found
    ids: tuple[str, ...] = ()
    rule: Rule | None = None


def same_person(source: Person, candidates: Sequence[Person]) -> Match:
    """Which of the candidates is this person. The first rule that any candidate fits decides.

    A candidate that carries another source id is another patient, however alike they are. Anything missing on either
    side, a birth date above all, means that the second rule does not apply.
    """
    if source.source_id:
        same = [candidate.id for candidate in candidates if candidate.source_id == source.source_id]
        if same:
            return _match(same, Rule.SOURCE_ID)
    identity = _identity(source)
    if identity is None:
        return Match(Found.NEW)
    alike = [
        candidate.id
        for candidate in candidates
        if not (candidate.source_id and source.source_id) and _identity(candidate) == identity
    ]
    return _match(alike, Rule.EMAIL_NAME_AND_BIRTH_DATE) if alike else Match(Found.NEW)


def _match(ids: Sequence[str], rule: Rule) -> Match:
    distinct = tuple(sorted(set(ids)))
    return Match(Found.MATCHED if len(distinct) == 1 else Found.AMBIGUOUS, distinct, rule)


def name_key(name: str) -> str:
    """A name without case, accents, apostrophes and spacing: what two spellings of it have in common."""
    bare = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(c for c in bare if not unicodedata.combining(c) and c not in "'’‘`´")
    return " ".join(letters.replace("-", " ").split())


def _identity(person: Person) -> tuple[str, str, str, str] | None:
    """E-mail, names and birth date in comparable form; None when any of them is missing."""
    email = unicodedata.normalize("NFKC", person.email or "").strip().casefold()
    names = name_key(person.first_name or ""), name_key(person.last_name or "")
    born = (person.birth_date or "").strip()
    return (email, *names, born) if email and all(names) and born else None
