"""What a rehearsal takes for gone."""

from __future__ import annotations

import uuid

from shared.journal.went import Went, packed


def test_n5_every_row_that_was_added_is_known_and_no_other():
    rows = [[str(uuid.uuid4()) for _ in range(size)] for size in (1, 300, 7, 0, 1_000, 2, 300)]
    went = Went()
    for some in rows:
        went.add(packed(some))
    assert all(row in went for some in rows for row in some)
    assert not any(str(uuid.uuid4()) in went for _ in range(1_000))


def test_n5_what_was_added_in_many_small_parts_lies_in_few_runs():
    went = Went()
    for _ in range(256):
        went.add(packed([str(uuid.uuid4())]))
    assert len(went._runs) <= 9
