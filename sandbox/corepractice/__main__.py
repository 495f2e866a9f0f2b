"""python -m sandbox.corepractice [--patients N --seed S | --data DIR]: serve a practice until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

from sandbox.corepractice.app import TOKEN, running
from sandbox.corepractice.clinic import Clinic, Extras
from sandbox.corepractice.folder import Folder
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.rate import DEFAULT_RATE
from sandbox.corepractice.records import Records
from sandbox.faults import FaultSchedule, load_faults


def _rate(text: str) -> float | None:
    """Requests a second; None for off. ValueError, which argparse reports, for what is neither."""
    rate = None if text == "off" else float(text)
    if rate is not None and not rate > 0:
        raise ValueError("not positive")
    return rate


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.corepractice", description="A stand-in for Core Practice.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timezone", default="Australia/Sydney")
    parser.add_argument("--data", type=Path, help="a folder of NDJSON files to serve instead of a grown clinic")
    parser.add_argument("--extra-objects", default="", help="objects beyond the contract: medical_histories")
    parser.add_argument("--notes-of-one-patient", type=int, default=0, metavar="N", help="that many notes more")
    parser.add_argument("--large-file-mb", type=int, default=0, metavar="MB", help="one attachment of that size more")
    parser.add_argument("--custom-columns", type=int, default=0, metavar="N", help="so many more for patients")
    parser.add_argument("--without", default="", help="objects that this practice's system does not know")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--rate-limit", type=_rate, default=DEFAULT_RATE, help="requests a second, or off")
    parser.add_argument("--faults", type=Path, help="JSON list of faults, see sandbox/faults.py")
    parser.add_argument("--state", type=Path, help="a file in which edits survive a restart")
    return parser.parse_args()


def _records(asked: argparse.Namespace) -> Records:
    extras = Extras(
        objects=tuple(name for name in asked.extra_objects.split(",") if name),
        notes_of_one_patient=asked.notes_of_one_patient,
        large_file_mb=asked.large_file_mb,
        custom_columns=asked.custom_columns,
        without=tuple(name for name in asked.without.split(",") if name),
    )
    if asked.data is None:
        return Clinic(asked.patients, asked.seed, asked.timezone, extras=extras)
    if extras != Extras():
        raise ValueError("--data brings its own records; extra ones are for a grown clinic")
    return Folder(asked.data)


async def _serve(arguments: argparse.Namespace, practice: Practice, faults: FaultSchedule) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    serving = running(
        practice,
        token=arguments.token,
        rate_limit=arguments.rate_limit,
        faults=faults,
        port=arguments.port,
    )
    async with serving as server:
        print(f"corepractice listening on {server.url}", flush=True)
        await stop.wait()
    practice.close()


def main() -> int:
    arguments = _arguments()
    try:
        practice = Practice(_records(arguments), state=arguments.state)
        asyncio.run(_serve(arguments, practice, load_faults(arguments.faults)))
    except (ValueError, ZoneInfoNotFoundError, OSError) as problem:
        print(f"corepractice: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
