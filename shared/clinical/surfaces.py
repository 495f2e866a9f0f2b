"""Surfaces of a tooth: letters as charts write them, put into one order, and held against the tooth they are on.

Mesial, occlusal (incisal on front teeth), distal, buccal (facial or labial on front teeth), lingual (palatal on upper
teeth). The two letters of a pair name one place, so a tooth has at most one of each pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.clinical.notation import is_anterior, is_upper

ORDER = "MOIDBFLP"
"""The canonical order: MOD, MI, MODB, never DOM."""

ONE_PLACE = (("O", "I"), ("B", "F"), ("L", "P"))
"""Letters for the same place: both together contradict each other."""

WORDS = {
    "MESIAL": "M",
    "OCCLUSAL": "O",
    "INCISAL": "I",
    "DISTAL": "D",
    "BUCCAL": "B",
    "FACIAL": "F",
    "LABIAL": "F",  # the lip's side of a front tooth; L is taken by lingual
    "LINGUAL": "L",
    "PALATAL": "P",
}


class Unread(Exception):
    """Surfaces or teeth that cannot be read without guessing. ``problem`` is a slug; the text is never in it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def one_set(groups: Sequence[str]) -> str:
    """The surfaces of one restoration from the groups of letters that were written, in canonical order.

    Letters written one by one ("M, O, D") are one group. Several groups ("MO, DO") are several restorations, and a
    letter written twice is one too many: neither is ours to merge.
    """
    singles = [group for group in groups if len(group) == 1]
    several = [group for group in groups if len(group) > 1]
    if len(several) > 1 or (several and singles):
        raise Unread("several-surface-sets")
    letters = several[0] if several else "".join(singles)
    if len(set(letters)) != len(letters):
        raise Unread("surface-repeated")
    if any(first in letters and second in letters for first, second in ONE_PLACE):
        raise Unread("surfaces-contradict")
    return "".join(letter for letter in ORDER if letter in letters)


def impossible(surfaces: str, teeth: Iterable[str]) -> bool:
    """Whether a tooth lacks a surface: an incisal molar, an occlusal incisor, a palatal lower tooth.

    Buccal on a front tooth and lingual on an upper one are loose words for a place that exists, and are let through.
    """
    return any(
        ("I" in surfaces and not is_anterior(tooth))
        or ("O" in surfaces and is_anterior(tooth))
        or ("P" in surfaces and not is_upper(tooth))
        for tooth in teeth
    )
