"""Command line: `python -m sandbox.host.reborn …`, as `python -m sandbox.host …`: a host that comes back by itself.

For whoever kills it some thousand times. Each life is a process of its own, forked from one that has imported the
libraries and the app's code and has begun nothing: no thread, no loop, no file is open. What a life knows is what the
state file told it, and to be born takes a tenth of a second instead of some seconds.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from pathlib import Path

from . import __main__ as host
from .workers.loading import SCRIPT

PAUSE = 0.05
"""Seconds from a death to the next life: a host that cannot start at all is not to keep a core busy."""
LIVES = 10_000


def main(arguments: list[str]) -> int:
    """Live again and again until told to stop. 1 if there were more lives than anyone can have meant."""
    app = Path(arguments[0]).resolve()
    os.chdir(app)
    sys.path.insert(0, str(app))
    for name in ("azure_functions_runtime.handle_event", SCRIPT):
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # a Python without that library, or an app that the host will refuse in its own words
    children: list[int] = []
    told: list[int] = []

    def end(number: int, _frame: object) -> None:
        told.append(number)
        for child in children[-1:]:
            os.kill(child, signal.SIGKILL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    while len(children) < LIVES and not told:
        children.append(_born(arguments))
        os.waitpid(children[-1], 0)
        time.sleep(PAUSE)
    return 0 if told else 1


def _born(arguments: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os._exit(host.main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
