"""What every test may ask for. Knows nothing of the app."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from sandbox.azurite import running_azurite

ROOT = Path(__file__).parent.parent


class Together(LoadFileScheduling):
    """A file's tests on one worker, and so the files of a folder that is a package: they share a town and a run."""

    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(super()._split_scope(nodeid))
        return str(path.parent if (ROOT / path.parent / "__init__.py").exists() else path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Together:
    return Together(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: Any) -> int:
    """One more than there are cores: a journey waits a good part of its time, for a clock or for somebody's answer."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """A connection string to an empty storage account in memory; one per test process, so name things uniquely."""
    with running_azurite() as storage:
        yield storage.connection_string
