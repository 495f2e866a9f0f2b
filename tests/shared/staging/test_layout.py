"""Paths say which run, object and shard, and cannot lead anywhere else."""

from __future__ import annotations

import pytest

from shared.errors import Stop
from shared.staging import layout


def test_a_path_names_run_object_generation_and_number() -> None:
    assert layout.shard_path("r1", "patients", "base", 7) == "r1/patients/base/000007.ndjson.zst"
    assert layout.shard_path("r1", "staff", layout.delta(12), 0) == "r1/staff/delta-0012/000000.ndjson.zst"
    assert layout.document_path("r1", "sample-diff", 2) == "r1/documents/sample-diff-2.json"


def test_shards_sort_in_the_order_they_were_written() -> None:
    paths = [layout.shard_path("r1", "patients", "base", number) for number in range(0, 200_000, 9999)]
    assert paths == sorted(paths)


@pytest.mark.parametrize("odd", ["", "..", "../r2", "a/b", "a b", "a\\b", ".a", "x" * 65, "é"])
def test_an_odd_name_makes_no_path(odd: str) -> None:
    for make in (
        lambda: layout.shard_path(odd, "patients", "base", 0),
        lambda: layout.shard_path("r1", odd, "base", 0),
        lambda: layout.shard_path("r1", "patients", odd, 0),
        lambda: layout.document_path("r1", odd, 0),
        lambda: layout.run_prefix(odd),
    ):
        with pytest.raises(ValueError):
            make()


@pytest.mark.parametrize(
    "odd", ["", "..", "../r2", "r1/", "/r1", "r1//x", "r1/../x", "a b", "a\\b", ".a", "r1/%2e%2e/x"]
)
def test_a_path_of_another_part_is_checked_too(odd: str) -> None:
    assert layout.sound_path("r1/crosswalk/delta-0001/patients") == "r1/crosswalk/delta-0001/patients"
    with pytest.raises(ValueError):
        layout.sound_path(odd)


@pytest.mark.parametrize("path", ["practice.zip", "exports/2025/Practice (final).zip", "ä/ö.zip", "a..b/c...zip"])
def test_customers_choose_names_as_they_like(path: str) -> None:
    assert layout.inbox_path(path) == path


@pytest.mark.parametrize(
    "path",
    ["", "/x.zip", "../staging/r1/x", "a/../../staging/x", "a/./b", "a//b", "a\\b", "a?b", "a#b", "a\nb", "a/",
     "..%2fstaging/x", "%2E%2E/staging/x", "a%5Cb", "x" * 1025],
)  # fmt: skip
def test_a_bundle_outside_the_inbox_is_out_of_reach(path: str) -> None:
    with pytest.raises(Stop) as refusal:
        layout.inbox_path(path)
    assert refusal.value.code == "bundle-address-invalid"
