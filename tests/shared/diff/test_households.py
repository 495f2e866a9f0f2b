"""Who belongs to one household."""

from __future__ import annotations

import pytest

from shared.diff import households
from shared.diff.households import Households


@pytest.mark.parametrize("part", [1, 3, 10_000])
def test_households_are_told_by_their_size_in_whatever_parts_their_marks_are_sorted(
    monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(households, "PART", part)
    found = Households(8)
    for place, mark in enumerate([7, 5, 7, 9, 5, 5, 3]):
        found.join(place, mark)
    found.settle()
    assert [found.members(mark) for mark in (3, 5, 7, 9, 11)] == [1, 3, 2, 1, 0]
    assert found.size(7) == "", "one who lives in none"
    assert found.first(1) == {"one patient": [3], "several patients": [5], "two patients": [7]}
