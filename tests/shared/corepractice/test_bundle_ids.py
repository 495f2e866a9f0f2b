"""Ids that repeat within one file are found, and counted, without keeping them."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.corepractice.bundle import BundleSource
from shared.corepractice.bundle_ids import Ids
from shared.errors import Stop


@given(st.lists(st.text(min_size=1, max_size=3)))
def test_every_repetition_counts(ids: list[str]) -> None:
    found = Ids()
    for id in ids:
        found.add(id)
    assert found.repeated() == len(ids) - len(set(ids))
    assert all(id in found for id in ids)
    assert "longer than any" not in found


def test_ids_take_eight_bytes_each() -> None:
    count = 200_000
    tracemalloc.start()
    try:
        found = Ids()
        for number in range(count):
            found.add(f"patient-{number:032}")
        assert found.repeated() == 0
        assert tracemalloc.get_traced_memory()[1] < count * 8 * 1.5 + 1_000_000
    finally:
        tracemalloc.stop()


async def test_a_bundle_with_repeated_ids_is_refused_by_name() -> None:
    rows = ["p-1,Canary", "p-2,Canary", "p-1,Canary", "p-3,Canary", "p-1,Canary"]
    manifest = {
        "format": "core-practice-export/1",
        "practice": {"name": "P", "timezone": "Australia/Perth"},
        "exported_at": "2025-07-01T09:00:00+10:00",
        "objects": [
            {"name": "patients", "file": "p.csv", "sheet": None, "columns": ["id", "first_name"], "rows": len(rows)}
        ],
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        bundle.writestr("manifest.json", json.dumps(manifest))
        bundle.writestr("p.csv", "\r\n".join(["id,first_name", *rows, ""]))
    with pytest.raises(Stop, match=r"p\.csv: 2 of its 5 rows") as refusal:
        await BundleSource(target).describe()
    assert refusal.value.code == "bundle-duplicate-id"
    assert "Canary" not in refusal.value.message
    assert "p-1" not in refusal.value.message
