"""The references of the records of one view, each once whatever columns it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.mapping.getters import REQUIRED
from shared.mapping.model import DERIVED, FieldMap, ObjectRule

Key = tuple[str, str]
"""A record: its source object and its id."""


@dataclass(frozen=True, slots=True)
class Tie:
    """One reference. ``to`` is the object it refers to, ``source`` the one whose records that is. ``counts``: what it
    refers to is a patient or belongs to one, so that it matters how many refer to it."""

    field: str
    to: str
    source: str
    required: bool
    counts: bool


def ties_of(rules: Sequence[ObjectRule], mapping: FieldMap) -> tuple[Tie, ...]:
    """Every reference of some rules; who owns the rows is one too."""
    sources = {rule.object: rule.source for rule in mapping.objects}
    belonging = {"patients"} | {
        rule.source for rule in mapping.objects for one in rule.fields if one.refers_to[:1] == ("patients",)
    }
    found: dict[str, Tie] = {}
    for rule in rules:
        links = [(one.source, one.refers_to[0]) for one in rule.fields if one.refers_to and one.source]
        owner = [(rule.owner_from, "staff")] if rule.owner_from else []
        for field, to in [*links, *owner]:
            source = sources.get(to, to)
            if source not in DERIVED - {"payers"}:
                required = field in REQUIRED and (field, to) in links
                found.setdefault(field, Tie(field, to, source, required, source in belonging))
    return tuple(found.values())
