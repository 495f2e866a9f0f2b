"""A host inside this process, for tests that want to look into it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from .host import Host, Options


@asynccontextmanager
async def running_host(
    app_directory: Path | str, *, state: Path | str, env: Mapping[str, str] | None = None, **options: Any
) -> AsyncIterator[Host]:
    """The app served on a free port until the block ends; further options are those of `host.Options`.

    `env` lies over this process's environment, which the app sees and which is restored afterwards.
    """
    host = Host(
        Options(
            app_directory=Path(app_directory).resolve(),
            state=Path(state).resolve(),
            environment={**os.environ, **(env or {})},
            **options,
        )
    )
    await host.start()
    try:
        yield host
    finally:
        await host.stop()
