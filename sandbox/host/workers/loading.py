"""Makes an app importable for as long as its host runs, and forgets its modules afterwards.

Both workers import `function_app` by name; without forgetting, a second host in one process (a test) would be handed
the first one's app.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCRIPT = "function_app"


@contextmanager
def importable(app_directory: Path) -> Iterator[None]:
    """The app's folder first on the path and as working directory (its SDK reads host.json from there)."""
    before = set(sys.modules) - {SCRIPT}
    sys.modules.pop(SCRIPT, None)
    folder, previous = str(app_directory), os.getcwd()
    sys.path.insert(0, folder)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(previous)
        sys.path.remove(folder)
        for name in set(sys.modules) - before:
            if _belongs(name, app_directory):
                del sys.modules[name]


async def fresh_client_session() -> None:
    """Close the HTTP session that the SDK's durable client keeps in a global: it belongs to one event loop."""
    module: Any = sys.modules.get("azure.durable_functions.models.utils.http_utils")
    if module is None:
        return
    session = module._client_session
    module._client_session, module._session_lock = None, asyncio.Lock()
    if session is not None and not session.closed:
        await session.close()


def _belongs(name: str, app_directory: Path) -> bool:
    if name == "sandbox" or name.startswith("sandbox."):
        return False
    file = getattr(sys.modules[name], "__file__", None)
    if not file or not Path(file).is_relative_to(app_directory):
        return False
    return "site-packages" not in Path(file).parts
