"""Desks for tests of activities that work on the target's schema, and cabinets for those that bring files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.activities.desks import Desks, desks_of
from tests.activities.filing import Cabinet, cabinet_of


@pytest.fixture
async def desks(azurite: str) -> AsyncIterator[Desks]:
    async for one in desks_of(azurite):
        yield one


@pytest.fixture
async def cabinet(azurite: str, tmp_path: Path) -> AsyncIterator[Cabinet]:
    async for one in cabinet_of(azurite, tmp_path):
        yield one
