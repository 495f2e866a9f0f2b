"""Desks for tests of activities that work on the target's schema."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.activities.desks import Desks, desks_of


@pytest.fixture
async def desks(azurite: str) -> AsyncIterator[Desks]:
    async for one in desks_of(azurite):
        yield one
