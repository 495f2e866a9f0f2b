"""Custom columns by the hundred, of every kind, for practices that never said no to a form."""

from __future__ import annotations

from sandbox.corepractice.chance import mix
from sandbox.corepractice.shapes import Record

MOST = 1000
_KINDS = ("text", "whole", "decimal", "yes_no", "date", "choice", "memo", "instant")
_CHOICES = ("never", "sometimes", "often", "always")


class CustomColumns:
    """`custom_001_text` to `custom_200_instant`, kinds in turn, one value in three absent."""

    def __init__(self, seed: int, count: int) -> None:
        if not 0 <= count <= MOST:
            raise ValueError(f"a clinic has 0 to {MOST:,} custom columns more")
        self._seed = seed + 11
        self.names = tuple(f"custom_{n:03d}_{_KINDS[n % len(_KINDS)]}" for n in range(1, count + 1))

    def values(self, patient: int) -> Record:
        return {
            name: self._value(place % len(_KINDS), mix(self._seed, patient * MOST + place))
            for place, name in enumerate(self.names, start=1)
        }

    @staticmethod
    def _value(kind: int, spread: int) -> object:
        if spread % 3 == 0:
            return None
        spread //= 3
        if kind == 0:
            return f"Answer {spread % 1000}"
        if kind == 1:
            return spread % 200 - 20
        if kind == 2:
            return spread % 10_000 / 100
        if kind == 3:
            return spread % 2 == 0
        if kind == 4:
            return f"20{spread % 25:02d}-{spread // 32 % 12 + 1:02d}-{spread // 512 % 28 + 1:02d}"
        if kind == 5:
            return _CHOICES[spread % 4]
        if kind == 6:
            return f"Line {spread % 50}\nand another – “quoted”"
        return f"2024-06-{spread % 28 + 1:02d}T{spread // 32 % 24:02d}:15:00+10:00"
