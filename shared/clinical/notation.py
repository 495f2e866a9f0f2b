"""Three ways to name one tooth, and what each name means in FDI.

FDI (ISO 3950): a quadrant digit and a position from the midline, 11-48 for permanent and 51-85 for primary teeth.
Universal (American Dental Association, 1968): 1-32 and A-T, running around each arch from the patient's right.
Palmer: a quadrant (a corner symbol, or UR, UL, LL, LR) and a position, 1-8 for permanent and A-E for primary teeth.
"""

from __future__ import annotations

from enum import StrEnum


class Notation(StrEnum):
    """How a practice names teeth."""

    FDI = "fdi"
    UNIVERSAL = "universal"
    PALMER = "palmer"


QUADRANTS = {"1": "upper right", "2": "upper left", "3": "lower left", "4": "lower right"}
"""FDI's quadrant digit of permanent teeth, as the patient's own left and right. Primary teeth add four to it."""

UPPER_ARCH, LOWER_ARCH, WHOLE_MOUTH = "upper arch", "lower arch", "whole mouth"

AREAS = (*QUADRANTS.values(), UPPER_ARCH, LOWER_ARCH, WHOLE_MOUTH)
"""Every value that a reading's ``quadrant`` can have: the options of a pick-list."""

ISO_AREAS = {
    "00": WHOLE_MOUTH,
    "01": UPPER_ARCH,
    "02": LOWER_ARCH,
    **{f"{digit}0": name for digit, name in QUADRANTS.items()},
}
"""ISO 3950's own two-digit names for areas that are no tooth. Its sextants (03-08) are not read: see ``tooth``."""

PALMER_QUADRANTS = {"UR": ("1", "5"), "UL": ("2", "6"), "LL": ("3", "7"), "LR": ("4", "8")}
"""The letters of a Palmer quadrant, as FDI's digits for permanent and for primary teeth."""


def _arch(right: str, left: str, last: int) -> tuple[str, ...]:
    """The teeth of one arch from the patient's right to the left."""
    return (
        *(f"{right}{position}" for position in range(last, 0, -1)),
        *(f"{left}{position}" for position in range(1, last + 1)),
    )


ARCHES = (_arch("1", "2", 8), _arch("4", "3", 8), _arch("5", "6", 5), _arch("8", "7", 5))
"""Upper and lower permanent, upper and lower primary teeth, each from the patient's right to the left."""

TEETH = frozenset(tooth for arch in ARCHES for tooth in arch)
"""The 52 teeth of FDI."""

OF_UNIVERSAL = {
    **{str(number): tooth for number, tooth in enumerate((*ARCHES[0], *reversed(ARCHES[1])), start=1)},
    **dict(zip("ABCDEFGHIJKLMNOPQRST", (*ARCHES[2], *reversed(ARCHES[3])), strict=True)),
}
"""Universal's name to FDI's: 1 is the upper right third molar, 32 the lower right one; A to T go the same way."""


def of_palmer(quadrant: str, position: str) -> str:
    """FDI's name of the tooth at ``position`` (1-8, A-E) of a quadrant (UR, UL, LL, LR)."""
    permanent, primary = PALMER_QUADRANTS[quadrant]
    return f"{permanent}{position}" if position.isdigit() else f"{primary}{'ABCDE'.index(position) + 1}"


def quadrant_of(tooth: str) -> str:
    """The quadrant of a tooth in FDI, in words."""
    return QUADRANTS[str((int(tooth[0]) - 1) % 4 + 1)]


def is_anterior(tooth: str) -> bool:
    """Whether a tooth is an incisor or a canine: those have an incisal edge, all others an occlusal surface."""
    return tooth[1] in "123"


def is_upper(tooth: str) -> bool:
    """Whether a tooth is in the upper jaw: only those have a palatal surface."""
    return tooth[0] in "1256"


def between(first: str, last: str) -> tuple[str, ...] | None:
    """The teeth from one to another along their arch, as in a bridge; None when they are not in one arch."""
    for arch in ARCHES:
        if first in arch and last in arch:
            here, there = arch.index(first), arch.index(last)
            return arch[here : there + 1] if here <= there else tuple(reversed(arch[there : here + 1]))
    return None
