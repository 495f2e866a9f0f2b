"""Which requirement has which tests: read from the names of the tests, so that nobody has to keep a list.

``python -m tests.requirements`` prints it. A name says ``r73``, or ``r42_to_r48`` for several in a row.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
_ID = re.compile(r"(?<![a-z0-9])([rna])(\d{1,3})(?:_to_\1(\d{1,3}))?(?![0-9])")


def named(name: str) -> set[str]:
    """The requirement ids in a test's name, in upper case."""
    found: set[str] = set()
    for letter, first, last in _ID.findall(name):
        found |= {f"{letter.upper()}{number}" for number in range(int(first), int(last or first) + 1)}
    return found


def tests_by_requirement() -> dict[str, list[str]]:
    """Every requirement id that any test names, with those tests."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for requirement in named(node.name.removeprefix("test_")):
                    found[requirement].append(f"{path.relative_to(TESTS.parent)}::{node.name}")
    return dict(found)


def _order(requirement: str) -> tuple[str, int]:
    return requirement[0], int(requirement[1:])


if __name__ == "__main__":
    table = tests_by_requirement()
    for requirement in sorted(table, key=_order):
        print(f"{requirement:<5} {len(table[requirement]):>3}  {table[requirement][0]}")
    print(f"{len(table)} ids are named by a test.")
