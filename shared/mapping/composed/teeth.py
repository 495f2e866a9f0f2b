"""Teeth, surfaces and item codes as they are read, beside the words as they are (A32, N18)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from shared.clinical import item_codes, tooth
from shared.clinical.notation import Notation
from shared.clinical.tooth import ToothReading
from shared.mapping.composed.circumstances import Circumstances, Getter, Record
from shared.mapping.transforms import Value


@lru_cache(maxsize=4096)
def _reading(text: str | None, surfaces: str | None, notation: Notation) -> ToothReading:
    return tooth.parse(text, surfaces, notation)


@lru_cache(maxsize=4096)
def _canonical(code: str) -> str | None:
    return item_codes.read(code).canonical


def _of(read: Callable[[ToothReading], Value]) -> Callable[[Circumstances], Getter]:
    def made(around: Circumstances) -> Getter:
        notation = Notation(around.notation)

        @lru_cache(maxsize=4096)
        def said(text: str | None, surfaces: str | None) -> Value:
            return read(_reading(text, surfaces, notation)) or None

        def getter(record: Record) -> Value:
            text, surfaces = record.get("tooth") or None, record.get("surfaces") or None
            return None if text is None and surfaces is None else said(text, surfaces)

        return getter

    return made


def _item(around: Circumstances) -> Getter:
    return lambda record: _canonical(str(record.get("item_code") or ""))


BOTH = ("tooth", "surfaces")
TEETH: dict[str, tuple[Callable[[Circumstances], Getter], tuple[str, ...]]] = {
    "tooth_fdi": (_of(lambda found: ", ".join(found.teeth)), BOTH),
    "tooth_quadrant": (_of(lambda found: found.quadrant), BOTH),
    "tooth_notation": (_of(lambda found: found.problem or found.notation.value), BOTH),
    "tooth_surfaces": (_of(lambda found: found.surfaces), BOTH),
    "item_canonical": (_item, ("item_code",)),
}
