"""python -m sandbox demo: one whole migration and back. python -m sandbox up: the same town, left running."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from sandbox.demo import demonstrate
from sandbox.town import HERE, Town, running_town

FOLDER = HERE / ".sandbox"


def main() -> int:
    """The exit code: not 0 when anything differs from what the demo promises."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("what", choices=("demo", "up"))
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the town keeps its things")
    parser.add_argument("--hosts", type=int, default=1, metavar="N", help="processes that share the app's work")
    given = parser.parse_args()
    if given.hosts < 1:
        parser.error("--hosts must be 1 or more")
    run = demo if given.what == "demo" else up
    return asyncio.run(run(given.folder, patients=given.patients, seed=given.seed, hosts=given.hosts))


async def demo(folder: Path, *, patients: int, seed: int, hosts: int = 1) -> int:
    """A fresh town, a migration, its undoing, and the proof of both."""
    async with running_town(folder, patients=patients, seed=seed, hosts=hosts) as running:
        return await demonstrate(running.town, folder / "demo.json", patients=patients)


async def up(folder: Path, *, patients: int, seed: int, hosts: int = 1) -> int:
    """A fresh town that stays until it is interrupted."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running_town(folder, patients=patients, seed=seed, hosts=hosts) as running:
        print(_next_steps(running.town, folder / "town.json"), flush=True)
        await stopped.wait()
    return 0


def _next_steps(town: Town, file: Path) -> str:
    key = f"-H 'x-functions-key: {town.function_key}'"
    body = {
        "practice": "Harbour Dental",
        "source": {"kind": "api", "base_url": town.corepractice_url, "secret": town.corepractice_secret_name},
        "target": {"url": town.dataverse_url},
        "options": {"fallback_owner": town.fallback_owner},
    }
    start = json.dumps(body)
    return f"""The town is up (addresses and keys: {file}). Press Ctrl-C to take it down.

Start a migration:
  curl -s {town.functions_url}/api/migrations {key} -H 'Idempotency-Key: first' -d '{start}'

Watch it, read what a gate shows, approve it (digest: from the document):
  curl -s {town.functions_url}/api/migrations/RUN {key}
  curl -s {town.functions_url}/api/migrations/RUN/documents/mapping {key}
  curl -s {town.functions_url}/api/migrations/RUN/decisions {key} \\
    -d '{{"gate": "mapping", "decision": "approve", "digest": "DIGEST", "by": "you@example.com"}}'

Look into the target yourself:
  curl -s '{town.dataverse_url}/api/data/v9.2/contacts?$top=1' -H 'Authorization: Bearer {town.dataverse_token}'

Put everything back:
  curl -s -X POST {town.functions_url}/api/migrations/RUN/rollback {key}
"""


if __name__ == "__main__":
    sys.exit(main())
