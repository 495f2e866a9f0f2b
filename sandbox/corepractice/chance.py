"""Chance that depends on nothing but a seed, a kind of record and its number: record 1,999,999 needs no other.

Only `random.random()` and `random.seed(int)` are used, whose sequences Python keeps from version to version;
`hash()` never is, since it changes from process to process.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

LOCATION, REFERRER, STAFF, PATIENT, HOUSEHOLD, APPOINTMENT, ATTACHMENT, DECK = range(8)
TREATMENT, TREATMENT_DETAILS, PLAN, PLAN_LINE, INVOICE, INVOICE_LINE, PAYMENT, NOTE, POLICY, TALK = range(8, 18)
VISIT, HISTORY = 18, 19


class Dice:
    """One reusable generator; `throw` sets it to a record, the other methods draw on."""

    def __init__(self, seed: int) -> None:
        self._seed = (seed & 0xFFFFFFFFFFFFFFFF) << 80
        self._random = random.Random()
        self.chance = self._random.random
        self._set = super(random.Random, self._random).seed  # the same for whole numbers, without asking what they are

    def throw(self, kind: int, number: int) -> Dice:
        self._set(self._seed | kind << 64 | number)
        return self

    def below(self, limit: int) -> int:
        return int(self.chance() * limit)

    def of(self, choices: Sequence[T]) -> T:
        return choices[int(self.chance() * len(choices))]

    def maybe(self, probability: float) -> bool:
        return self.chance() < probability

    def digits(self, count: int) -> str:
        return f"{int(self.chance() * 10**count):0{count}d}"


def mix(seed: int, number: int) -> int:
    """A cheap, well spread 32-bit number for choices that other records must be able to repeat."""
    value = (number + seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    return (value ^ value >> 27) & 0xFFFFFFFF


DECK_SIZE = 1000
FIRST_CARDS = 50


def deck(
    seed: int, kind: int, cards: Mapping[str, tuple[int, int]], plain: str, *, first: int = FIRST_CARDS
) -> tuple[str, ...]:
    """A shuffled deck of 1,000 that records draw from in turn: card -> (copies in all, copies among the first ones).

    A deck and not chance, so that small clinics have every oddity too, and counts are exact without counting.
    """
    dice = Dice(seed).throw(DECK, kind)

    def shuffled(amounts: dict[str, int], size: int) -> list[str]:
        named = [card for card, copies in amounts.items() for _ in range(copies)]
        pile = named + [plain] * (size - len(named))
        return [card for _, _, card in sorted((dice.chance(), place, card) for place, card in enumerate(pile))]

    early_ones = {card: early for card, (_, early) in cards.items()}
    rest = {card: copies - early for card, (copies, early) in cards.items()}
    return (*shuffled(early_ones, first), *shuffled(rest, DECK_SIZE - first))


def with_fixed(cards: Sequence[str], fixed: Mapping[int, str], plain: str) -> tuple[str, ...]:
    """The deck with some cards at places of our choice; what lay there moves to the first plain places."""
    laid = list(cards)
    free = (place for place, card in enumerate(cards) if card == plain and place not in fixed)
    for place, card in fixed.items():
        if laid[place] != plain:
            laid[next(free)] = laid[place]
        laid[place] = card
    return tuple(laid)


def drawn(cards: Sequence[str], count: int, *wanted: str) -> int:
    """How many of the first `count` draws are one of the wanted cards."""
    full, rest = divmod(count, len(cards))
    return full * sum(card in wanted for card in cards) + sum(card in wanted for card in cards[:rest])
