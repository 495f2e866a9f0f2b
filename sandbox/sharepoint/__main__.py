"""python -m sandbox.sharepoint: one SharePoint site behind Graph on a port, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sqlite3
import sys
from pathlib import Path

from sandbox.faults import FaultSchedule, load_faults
from sandbox.identity.keyfile import read_or_create

from .behaviour import ADDRESS, GRANTS, TEBIBYTE, Behaviour
from .serving import running


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.sharepoint", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="a folder: the site survives its process")
    trust = parser.add_mutually_exclusive_group(required=True)
    trust.add_argument("--open", action="store_true", help="accept any bearer token")
    trust.add_argument("--identity-key", type=Path, help="signing key of the sandbox's identity endpoint")
    parser.add_argument("--faults", type=Path, help="a schedule of failures (sandbox/faults.py)")
    parser.add_argument("--site", default=ADDRESS, help="the site's address, as a person knows it")
    parser.add_argument("--library", action="append", metavar="NAME", help="a document library; may be repeated")
    parser.add_argument("--quota", type=int, default=TEBIBYTE, metavar="BYTES", help="for each library")
    parser.add_argument("--page-size", type=int, default=200, help="children on a page unless $top says otherwise")
    parser.add_argument("--session-seconds", type=float, default=24 * 3600.0, help="life of an upload session")
    parser.add_argument("--no-rewriting", action="store_true", help="keep Office, PDF, HTML and JPEG files as sent")
    parser.add_argument("--no-hashes", action="store_true", help="items carry no quickXorHash")
    parser.add_argument("--granted", choices=GRANTS, default="write", help="what the application may do")
    return parser.parse_args()


def behaviour(given: argparse.Namespace) -> Behaviour:
    return Behaviour(
        address=given.site,
        libraries=tuple(given.library or ("Documents",)),
        quota=given.quota,
        page_size=given.page_size,
        session_seconds=given.session_seconds,
        rewrites=not given.no_rewriting,
        hashes=not given.no_hashes,
        granted=given.granted,
    )


async def serve(given: argparse.Namespace, wanted: Behaviour, schedule: FaultSchedule) -> None:
    done = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, done.set)
    key = read_or_create(given.identity_key) if given.identity_key else None
    async with running(wanted, state=given.state, port=given.port, key=key, schedule=schedule) as server:
        print(f"sharepoint listening on {server.url}", flush=True)
        await done.wait()


def main() -> int:
    given = arguments()
    try:
        asyncio.run(serve(given, behaviour(given), load_faults(given.faults)))
    except (ValueError, OSError, sqlite3.Error) as problem:
        print(f"sharepoint: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
