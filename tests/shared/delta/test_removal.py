"""Which rows may go when their records are gone from the source (A28)."""

from __future__ import annotations

from shared.delta.removal import WAS_THERE_BEFORE, judge
from shared.journal.entries import MERGED, Entry
from shared.loading.batches import EDITED, ETAG
from shared.mapping.compiled import NUMBER

OURS = 7


def _there(version: str, number: int | None = OURS) -> dict[str, object]:
    return {ETAG: version, NUMBER: number}


def test_a28_only_rows_that_we_made_and_nobody_touched_since_may_go():
    left = {
        "ours": Entry("ours", None, "v1"),
        "edited": Entry("edited", None, "v1"),
        "merged": Entry("merged", None, MERGED),
        "matched": Entry("matched", {"lastname": "Fox"}, "v1"),
        "gone": Entry("gone", None, "v1"),
    }
    present = {
        "ours": _there("v1"),
        "edited": _there("v2"),
        "merged": _there("v1"),
        "matched": _there("v1"),
        "another": _there("v1", 8),
        "unknown": _there("v1"),
    }
    removal = judge([*left, "another", "unknown"], present, left=left, number=OURS)
    assert removal.deletes == {"ours": "v1"}
    assert removal.held == {
        "edited": EDITED,
        "merged": EDITED,
        "matched": WAS_THERE_BEFORE,
        "another": WAS_THERE_BEFORE,
        "unknown": EDITED,
    }


def test_a28_what_is_held_for_another_reason_does_not_go():
    removal = judge(["a", "b"], {"a": _there("v1"), "b": _there("v1")}, number=OURS,
                    left={id_: Entry(id_, None, "v1") for id_ in "ab"})  # fmt: skip
    assert removal.holding({"a": "still-used"}).deletes == {"b": "v1"}
    assert removal.holding({"a": "still-used"}).held == {"a": "still-used"}
