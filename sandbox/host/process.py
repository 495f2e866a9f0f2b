"""A host in a process of its own, for tests that kill it, and for whoever starts a town."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_READY = "sandbox.host listening on "


class HostProcess:
    """`start`, `kill` (as `kill -9`), `stop` (SIGTERM), and `start` again on the same state file."""

    def __init__(
        self,
        app_directory: Path | str,
        *,
        state: Path | str,
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
        log: Path | None = None,
    ) -> None:
        self.url = ""
        self.reborn = False
        """Whether, from its next start on, it comes back by itself whenever it dies."""
        self._python = python
        self._arguments = [str(app_directory), "--state", str(state), *arguments]
        self.environment = {**os.environ, **(env or {})}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[None] | None = None

    @property
    def process_id(self) -> int:
        """For whoever measures it; 0 while it does not run."""
        return self._process.pid if self._process else 0

    @property
    def is_alive(self) -> bool:
        """Whether it was started and has not ended since, by whatever hand."""
        return self._process is not None and self._process.returncode is None

    async def start(self, *, port: int = 0) -> str:
        """Answers the URL once it listens; RuntimeError with the host's last words if it does not come up."""
        module = "sandbox.host.reborn" if self.reborn else "sandbox.host"
        errors = self._log.open("ab") if self._log else None
        try:
            self._process = await asyncio.create_subprocess_exec(
                self._python,
                "-m",
                module,
                *self._arguments,
                "--port",
                str(port),
                env=self.environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                cwd=Path(__file__).parents[2],
            )
        finally:
            if errors:
                errors.close()
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            text = line.decode()
            if text.startswith(_READY):
                self.url = text.removeprefix(_READY).strip()
                self._drain = asyncio.create_task(_discard(self._process.stdout))
                return self.url
        raise RuntimeError(f"the host ended with code {await self._process.wait()}")

    async def kill(self) -> None:
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
        code = await self._process.wait()
        if self._drain is not None:
            await self._drain
        self._process = None
        return code


async def _discard(stream: asyncio.StreamReader) -> None:
    """Keep reading: an app that prints would otherwise block on a full pipe."""
    while await stream.read(65536):
        pass
