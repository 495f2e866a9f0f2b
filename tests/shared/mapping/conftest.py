"""The same practice as fixtures: compiled once for each file of tests."""

from __future__ import annotations

import pytest

from shared.mapping.compiled import ObjectMap
from shared.mapping.model import FieldMap
from shared.mapping.propose import propose
from tests.shared.conftest import EVERYTHING
from tests.shared.mapping.everything import EVERY, compiled


@pytest.fixture(scope="module")
def everything() -> FieldMap:
    return propose(EVERYTHING, EVERY)


@pytest.fixture(scope="module")
def every(everything: FieldMap) -> dict[str, ObjectMap]:
    return compiled(everything)
