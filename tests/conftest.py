"""What every test may ask for. Knows nothing of the app."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.azurite import running_azurite


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """A connection string to an empty storage account in memory; one per test process, so name things uniquely."""
    with running_azurite() as storage:
        yield storage.connection_string
