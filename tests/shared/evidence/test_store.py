"""Where packs are kept, against a real storage account."""

from __future__ import annotations

import os
import tracemalloc
import uuid
from collections.abc import AsyncIterator

import pytest

from shared.evidence.store import Evidence
from shared.staging.store import Staging

LARGE = 24 << 20


@pytest.fixture
async def evidence(azurite: str) -> AsyncIterator[Evidence]:
    staging = Staging.connect(connection=azurite)
    await staging.ensure()
    yield Evidence(staging.service)
    await staging.close()


async def test_a_large_pack_is_kept_whole_through_little_memory_and_the_same_again_changes_nothing(
    evidence: Evidence,
) -> None:
    run, start = uuid.uuid4().hex, os.urandom(LARGE // 24)
    with evidence.spool() as file:
        for _ in range(24):
            file.write(start)
        tracemalloc.start()
        path = await evidence.keep(run, "a" * 64, file)
        assert await evidence.keep(run, "a" * 64, file) == path
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert await evidence.size(path) == LARGE
    assert await evidence.read(path, start=LARGE - len(start), length=len(start)) == start
    assert most < LARGE / 4
