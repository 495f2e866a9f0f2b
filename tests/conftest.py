"""What every test may ask for. Knows nothing of the app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from sandbox.azurite import running_azurite

SHARED = ("tests/journeys/one_run", "tests/journeys/edited_run")
"""Folders whose files share a town and a run, so that one worker has all of them."""


class Together(LoadFileScheduling):
    """A file's tests on one worker, and the files of a folder that share a run."""

    def _split_scope(self, nodeid: str) -> str:
        path = super()._split_scope(nodeid)
        folder = PurePosixPath(path).parent.as_posix()
        return folder if folder in SHARED else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Together:
    return Together(config, log)


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """A connection string to an empty storage account in memory; one per test process, so name things uniquely."""
    with running_azurite() as storage:
        yield storage.connection_string
