"""The house rules that a machine can keep: who may import whom, where the world is touched, and how a file looks.

Each rule is a function from one source file to its complaints, and each is shown to complain about something.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("activities", "benchmarks", "orchestrators", "sandbox", "shared", "tests", "torture")
APP = ("function_app.py", "activities/", "orchestrators/", "shared/")

AZURE_FUNCTIONS = ("azure.functions", "azure.durable_functions")
FRONT = ("function_app.py", "activities/blueprint.py", "orchestrators/blueprint.py")

# What a story may lean on. `datetime` is for parsing and adding; NOW below keeps the clock out.
STORY_MAY_IMPORT = (
    *(
        "__future__*",
        "typing.*",
        "collections.abc.*",
        "dataclasses.replace",
        "datetime.timedelta",
        "datetime.datetime",
        "orchestrators*",
    ),
    *("shared.wire*", "shared.vocabulary*", "shared.errors*"),
)
MAY_NOT_IMPORT = {
    "activities/": ("orchestrators", "sandbox", "benchmarks", "tests", "torture", "function_app"),
    "shared/": ("activities", "orchestrators", "sandbox", "benchmarks", "tests", "torture", "function_app"),
    "function_app.py": ("sandbox", "benchmarks", "tests", "torture"),
    # A simulator that shares an encoder with the client agrees with its bugs. The town speaks to the app by HTTP.
    "sandbox/": ("activities", "orchestrators", "shared", "benchmarks", "tests", "torture", "function_app"),
}

# The world: files, processes, networks, and the libraries that reach them.
WORLD = (
    *("httpx", "aiohttp", "requests", "azure", "msal", "sqlite3", "socket", "ssl", "subprocess", "urllib.request"),
    *("http", "os", "shutil", "tempfile", "pathlib", "glob", "smtplib"),
)
DOORS = {
    "shared/settings.py": "the environment",
    "shared/*/client.py": "another system's API",
    "shared/*/store.py": "blobs or tables",
    "shared/runs/rows.py": "the runs table, row by row",
    "shared/runs/work.py": "lanes, shards and set-aside records in it",
    "shared/dataverse/tokens.py": "the identity endpoint",
    "shared/dataverse/transport.py": "what one request to Dataverse is",
    "shared/dataverse/pools.py": "how connections to Dataverse are kept",
    "shared/sharepoint/transport.py": "what one request to Microsoft Graph is",
    "shared/authorities.py": "reads once whom httpx trusts; opens nothing",
    "shared/storage_failures.py": "names the storage library's errors; opens nothing",
    "shared/storage_calls.py": "names how the storage library is called; opens nothing",
    "shared/corepractice/bundle*.py": "an export bundle, a file on local disk",
    "shared/evidence/archive.py": "packs into a file that it is given",
    "shared/evidence/verify_evidence.py": "a program of its own, that auditors run: reads the pack it is given",
    "activities/toolbox.py": "opens the doors, once",
}
CHANCE = ("random", "secrets", "time")
NOW = ("now", "utcnow", "today", "uuid1", "uuid4", "urandom", "getenv", "monotonic", "perf_counter", "time_ns")
MAY_USE_CHANCE = {
    **DOORS,
    "shared/keys/seal.py": "draws data keys and nonces",
    "shared/dataverse/gate.py": "measures how long the target takes",
    "shared/dataverse/batch.py": "a boundary that nobody can foresee, when none is given",
}

VAGUE = ("util", "utils", "helper", "helpers", "common", "base", "misc", "models", "types", "core")
LONGEST, LONG = 400, 300


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> list[str]:
        """Everything imported, in full: ``from a.b import c`` is ``a.b.c``, relative ones resolved."""
        found: list[str] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                room = self.path.split("/")[: -node.level] if node.level else []
                origin = ".".join([*room, *([node.module] if node.module else [])])
                found += [f"{origin}.{alias.name}" for alias in node.names]
        return found

    @cached_property
    def calls(self) -> set[str]:
        """The last name of everything called: ``datetime.now(UTC)`` is ``now``."""
        return {
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
        }

    def in_any(self, places: object) -> bool:
        assert isinstance(places, tuple | dict)
        return any(
            self.path == place or self.path.startswith(place) or fnmatchcase(self.path, place) for place in places
        )

    def imported_from(self, modules: tuple[str, ...]) -> list[str]:
        return [name for name in self.imports if any(name == m or name.startswith(f"{m}.") for m in modules)]


Rule = Callable[[Source], Iterator[str]]


def a_story_leans_on_nothing_but_the_wire(source: Source) -> Iterator[str]:
    if source.path.startswith("orchestrators/"):
        allowed = (*STORY_MAY_IMPORT, *(AZURE_FUNCTIONS if source.path in FRONT else ()))
        for name in source.imports:
            if not any(fnmatchcase(name, pattern) for pattern in allowed):
                yield f"imports {name}"


def a_story_knows_no_clock_no_chance_and_no_environment(source: Source) -> Iterator[str]:
    if source.path.startswith("orchestrators/"):
        yield from (f"calls {name}()" for name in sorted(source.calls & {*NOW, "open", "print"}))


def only_the_front_knows_azure_functions(source: Source) -> Iterator[str]:
    if source.in_any(APP) and source.path not in FRONT:
        yield from (f"imports {name}" for name in source.imported_from(AZURE_FUNCTIONS))


def a_room_does_not_reach_into_another(source: Source) -> Iterator[str]:
    for room, others in MAY_NOT_IMPORT.items():
        if source.path.startswith(room):
            yield from (f"imports {name}" for name in source.imported_from(others))


def only_doors_touch_the_world(source: Source) -> Iterator[str]:
    if source.path.startswith(("shared/", "activities/")) and not source.in_any(DOORS):
        functions = source.imported_from(AZURE_FUNCTIONS) if source.path in FRONT else []
        yield from (f"imports {name}" for name in source.imported_from(WORLD) if name not in functions)
        yield from (f"calls {name}()" for name in sorted(source.calls & {"open"}))


def only_settings_reads_the_environment(source: Source) -> Iterator[str]:
    if source.in_any(APP) and source.path != "shared/settings.py":
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute | ast.Name):
                name = node.attr if isinstance(node, ast.Attribute) else node.id
                if name in ("environ", "getenv"):
                    yield f"reads {name} in line {node.lineno}"


def the_mind_knows_no_clock_and_no_chance(source: Source) -> Iterator[str]:
    if source.path.startswith("shared/") and not source.in_any(MAY_USE_CHANCE):
        yield from (f"imports {name}" for name in source.imported_from(CHANCE))
        yield from (f"calls {name}()" for name in sorted(source.calls & set(NOW)))


def a_name_says_what_is_inside(source: Source) -> Iterator[str]:
    if set(source.path.removesuffix(".py").split("/")) & set(VAGUE):
        yield "is a name for anything"


def a_file_says_what_it_is_for(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree):
        yield "has no docstring"


def a_room_re_exports_nothing(source: Source) -> Iterator[str]:
    if source.path.endswith("/__init__.py") and not source.path.startswith(("sandbox/", "benchmarks/")):
        inside = [node for node in source.tree.body if not isinstance(node, ast.Expr)]
        yield from (f"holds more than its docstring (line {node.lineno})" for node in inside[:1])


def a_file_is_one_idea(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > LONGEST:
        yield f"has {lines} lines, of at most {LONGEST}"
    elif lines > LONG:
        warnings.warn(f"{source.path} has {lines} lines: is it two ideas?", stacklevel=1)


def a_test_fakes_the_world_and_not_our_code(source: Source) -> Iterator[str]:
    if source.path.startswith("tests/"):
        yield from (f"imports {name}" for name in source.imported_from(("unittest.mock", "mock", "pytest_mock")))


RULES: tuple[Rule, ...] = (
    a_story_leans_on_nothing_but_the_wire,
    a_story_knows_no_clock_no_chance_and_no_environment,
    only_the_front_knows_azure_functions,
    a_room_does_not_reach_into_another,
    only_doors_touch_the_world,
    only_settings_reads_the_environment,
    the_mind_knows_no_clock_and_no_chance,
    a_name_says_what_is_inside,
    a_file_says_what_it_is_for,
    a_room_re_exports_nothing,
    a_file_is_one_idea,
    a_test_fakes_the_world_and_not_our_code,
)

SOURCES = [
    Source(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
    for place in ("function_app.py", *ROOMS)
    for file in sorted([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    if file.exists() and "node_modules" not in file.parts
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_house(rule: Rule) -> None:
    complaints = [f"{source.path} {complaint}" for source in SOURCES for complaint in rule(source)]
    assert not complaints, "\n".join(complaints)


BREAKERS = [
    (a_story_leans_on_nothing_but_the_wire, "orchestrators/lane.py", "from shared.loading.rows import rows"),
    (a_story_leans_on_nothing_but_the_wire, "orchestrators/lane.py", "from datetime import date"),
    (a_story_leans_on_nothing_but_the_wire, "orchestrators/lane.py", "import azure.durable_functions as df"),
    (a_story_leans_on_nothing_but_the_wire, "orchestrators/lane.py", "def lane(context):\n    import os"),
    (a_story_leans_on_nothing_but_the_wire, "orchestrators/lane.py", "from ..shared.gates import judge"),
    (a_story_knows_no_clock_no_chance_and_no_environment, "orchestrators/gate.py", "at = datetime.now(UTC)"),
    (a_story_knows_no_clock_no_chance_and_no_environment, "orchestrators/gate.py", "key = str(uuid4())"),
    (only_the_front_knows_azure_functions, "activities/load.py", "import azure.functions as func"),
    (only_the_front_knows_azure_functions, "shared/gates.py", "from azure.durable_functions import DFApp"),
    (a_room_does_not_reach_into_another, "shared/gates.py", "from activities.load import load"),
    (a_room_does_not_reach_into_another, "activities/load.py", "from orchestrators.lane import lane"),
    (a_room_does_not_reach_into_another, "sandbox/town.py", "from shared.settings import settings"),
    (a_room_does_not_reach_into_another, "sandbox/dataverse/app.py", "import function_app"),
    (a_room_does_not_reach_into_another, "function_app.py", "from sandbox.town import Town"),
    (only_doors_touch_the_world, "shared/gates.py", "import httpx"),
    (only_doors_touch_the_world, "shared/mapping/propose.py", "from pathlib import Path"),
    (only_doors_touch_the_world, "activities/blueprint.py", "from azure.storage.blob import BlobClient"),
    (only_doors_touch_the_world, "shared/gates.py", "text = open('/etc/hosts').read()"),
    (only_settings_reads_the_environment, "shared/dataverse/client.py", "key = os.environ['KEY']"),
    (only_settings_reads_the_environment, "function_app.py", "from os import environ\nkey = environ['KEY']"),
    (the_mind_knows_no_clock_and_no_chance, "shared/diff/sample.py", "import random"),
    (the_mind_knows_no_clock_and_no_chance, "shared/runs/model.py", "at = datetime.now(UTC)"),
    (a_name_says_what_is_inside, "shared/utils.py", ""),
    (a_name_says_what_is_inside, "shared/common/text.py", ""),
    (a_file_says_what_it_is_for, "shared/gates.py", "import re"),
    (a_room_re_exports_nothing, "shared/runs/__init__.py", '"""Runs."""\nfrom shared.runs.model import Run'),
    (a_file_is_one_idea, "shared/gates.py", "\n" * (LONGEST + 1)),
    (a_test_fakes_the_world_and_not_our_code, "tests/test_gates.py", "from unittest.mock import Mock"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BREAKERS)
def test_every_rule_complains_when_it_is_broken(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))


def test_no_rule_is_without_a_breaker() -> None:
    assert {rule for rule, _, _ in BREAKERS} == set(RULES)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("orchestrators/blueprint.py", '"""Doc."""\nimport azure.durable_functions as df'),
        ("orchestrators/lane.py", '"""Doc."""\nfrom datetime import timedelta\nfrom shared.wire import steps'),
        ("shared/runs/store.py", '"""Doc."""\nfrom azure.data.tables.aio import TableClient'),
        ("shared/runs/__init__.py", '"""Runs."""'),
        ("sandbox/host/__init__.py", '"""A host."""\nfrom sandbox.host.running import run'),
        ("activities/blueprint.py", '"""Doc."""\nimport azure.durable_functions as df'),
    ],
)
def test_no_rule_complains_about_what_is_meant(path: str, text: str) -> None:
    assert [complaint for rule in RULES for complaint in rule(Source(path, text))] == []
