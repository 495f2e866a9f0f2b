"""Command line: `python -m sandbox.host APP_DIR --port P --state FILE`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from . import doom, full_disk
from .engine.engine import NO_BATCH
from .functions import AppRefused
from .host import LEASE_SECONDS, Host, Options
from .settings import SettingsRefused


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Chatty libraries: one line per invocation or request, some with payloads in them.
    for name in ("azure.functions", "azure.functions.DurableFunctions", "azure.core", "httpx", "msal"):
        logging.getLogger(name).setLevel(logging.WARNING)
    full_disk.install()
    doom.install(options.app_directory)
    try:
        return asyncio.run(_serve(options))
    except (AppRefused, SettingsRefused, OSError, ValueError) as error:
        print(f"sandbox.host: {error}", file=sys.stderr)
        return 1


async def _serve(options: Options) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    host = Host(options)
    await host.start()
    print(f"sandbox.host listening on {host.url}", flush=True)
    try:
        await stopping.wait()
    finally:
        await host.stop()
    return 0


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m sandbox.host", description="A local Functions + Durable host.")
    parser.add_argument("app", type=Path, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=7071, help="0 lets the system choose")
    parser.add_argument(
        "--state", type=Path, required=True, help="SQLite file that survives restarts and kills; hosts may share it"
    )
    parser.add_argument(
        "--episode-batch",
        type=int,
        default=NO_BATCH,
        metavar="N",
        help="most messages per orchestrator turn (Azure Storage: 32)",
    )
    parser.add_argument(
        "--lease",
        type=float,
        default=LEASE_SECONDS,
        metavar="SECONDS",
        help="after which hosts on the same state take over from one that gives no sign of life",
    )
    parser.add_argument("--no-strict", action="store_true", help="let the 1.x protocol's hazards happen")
    parser.add_argument("--clock-control", action="store_true", help="serve /sandbox/clock")
    parser.add_argument(
        "--worker",
        choices=("auto", "runtime", "invoker"),
        default="auto",
        help="auto: the real worker library on Python 3.13 and later",
    )
    parser.add_argument("--key", default=os.environ.get("SANDBOX_HOST_KEY"), help="default function key")
    parser.add_argument("--master-key", default=os.environ.get("SANDBOX_HOST_MASTER_KEY"))
    parser.add_argument(
        "--identity-key",
        type=Path,
        metavar="FILE",
        help="key that signs identity tokens; made if absent (default: beside the state file)",
    )
    given = parser.parse_args(arguments)
    if given.episode_batch < 1:
        parser.error("--episode-batch must be 1 or more")
    if given.lease <= 0:
        parser.error("--lease must be more than 0")
    return Options(
        app_directory=given.app.resolve(),
        state=given.state.resolve(),
        port=given.port,
        batch=given.episode_batch,
        lease_seconds=given.lease,
        strict=not given.no_strict,
        clock_control=given.clock_control,
        worker=given.worker,
        function_key=given.key,
        master_key=given.master_key,
        identity_key=given.identity_key and given.identity_key.resolve(),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
