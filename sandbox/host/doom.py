"""A host that dies, as by ``kill -9``, at every point where the app touches the world: at each of them twice, once
just before and once just after.

What an app does between two of its messages nobody else can see, so a death there leaves what a death at the nearer
message leaves. The points are therefore the bytes that leave the process for somebody else, told apart by the chain of
the app's own lines that were awaiting at that moment, and the commits of the host's own state.

``SANDBOX_HOST_DEATHS`` names a file that remembers, across lives, where the process has died: a line for each point.
``SANDBOX_HOST_DEATHS_ONE_IN`` is ``3:1`` for a third of the points; ``3:0`` and ``3:2`` are the other two thirds.
``SANDBOX_HOST_DEATHS_CHAPTER`` names a file with the name of what is going on; in another chapter the same lines are
other points.
"""

from __future__ import annotations

import os
import signal
import sys
import zlib
from asyncio import selector_events
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from .store.database import Database

FILE = "SANDBOX_HOST_DEATHS"
ONE_IN = "SANDBOX_HOST_DEATHS_ONE_IN"
CHAPTER = "SANDBOX_HOST_DEATHS_CHAPTER"
BEFORE, AFTER = "before", "after"
ROOMS = ("activities", "orchestrators", "shared", "function_app.py")
DEEPEST = 400
"""Frames looked at, from the innermost out: more than any stack of this app has."""


class Doom:
    """Dies at each point that is not in the record yet, after it has been put there."""

    def __init__(self, app: Path, record: Path, *, one_in: str = "1:0", chapter: str = "") -> None:
        self._shares, self._share = (int(number) for number in one_in.split(":"))
        self._app = str(app) + os.sep
        self._host = str(Path(__file__).parent) + os.sep
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._known = set(record.read_text().splitlines())
        self._chapter = Path(chapter) if chapter else None

    def reached(self, when: str, kind: str, chain: str) -> None:
        """One side of a point."""
        chapter = self._chapter.read_text().strip() if self._chapter else ""
        line = f"{when}\t{kind}\t{chapter}\t{chain}"
        drawn = zlib.crc32(line.encode()) % self._shares == self._share
        if not drawn or line in self._known:
            return
        with suppress(OSError):  # on a full disk nothing can be remembered: then this is not the moment
            os.write(self._record, f"{line}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def chain(self) -> str:
        """The app's lines that await at this moment, outermost first; else the host's, else nothing."""
        frame: FrameType | None = sys._getframe(2)
        ours: list[str] = []
        hosts: list[str] = []
        for _ in range(DEEPEST):
            if frame is None:
                break
            path = frame.f_code.co_filename
            if path.startswith(self._app):
                name = path.removeprefix(self._app)
                if name.startswith(ROOMS):
                    ours.append(f"{name}:{frame.f_lineno}")
                elif path.startswith(self._host):
                    hosts.append(f"host/{path.removeprefix(self._host)}:{frame.f_lineno}")
            frame = frame.f_back
        return " > ".join(reversed(ours or hosts[:3]))


def install(app: Path) -> None:
    """Doom this process, if it is to be doomed."""
    record = os.environ.get(FILE)
    if record:
        one_in, chapter = os.environ.get(ONE_IN) or "1:0", os.environ.get(CHAPTER) or ""
        doom = Doom(app, Path(record), one_in=one_in, chapter=chapter)
        _watch_sockets(doom)
        _watch_commits(doom)


def _watch_sockets(doom: Doom) -> None:
    """The loop's own transports: whatever library speaks, its bytes leave here. Answers of the host's server do not
    count: those are on sockets that were accepted."""
    transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    for name in ("write", "writelines"):
        original = getattr(transport, name)

        def doomed(self: Any, data: Any, original: Any = original) -> None:
            chain = doom.chain() if self._server is None else ""
            if chain:
                doom.reached(BEFORE, "send", chain)
            original(self, data)
            if chain:
                doom.reached(AFTER, "send", chain)

        setattr(transport, name, doomed)


def _watch_commits(doom: Doom) -> None:
    original = Database.transaction

    @contextmanager
    def doomed(self: Database) -> Iterator[None]:
        with original(self):
            yield
            chain = doom.chain()
            doom.reached(BEFORE, "commit", chain)
        doom.reached(AFTER, "commit", chain)

    Database.transaction = doomed  # type: ignore[method-assign]
