"""python -m sandbox.dataverse: one organisation on a port, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import ssl
import tempfile
from pathlib import Path

from sandbox.faults import load_faults
from sandbox.identity.keyfile import read_or_create

from .behaviour import calm, load_behaviour
from .certificate import tls_context
from .limits import load_limits
from .organisation import Organisation
from .serving import running


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.dataverse", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--state", type=Path, help="journal file: the organisation survives its process")
    parser.add_argument("--limits", default="off", help="off, documented, or a JSON file")
    parser.add_argument("--tls", action="store_true", help="serve https with a self-signed certificate")
    parser.add_argument("--tls-folder", type=Path, help="where dataverse.crt and dataverse.key are kept")
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument("--open", action="store_true", help="accept any bearer token")
    trust.add_argument("--identity-key", type=Path, help="signing key of the sandbox's identity endpoint")
    parser.add_argument("--faults", type=Path, help="a schedule of failures (sandbox/faults.py)")
    parser.add_argument("--users", type=Path, help="JSON list of users")
    parser.add_argument("--privileges-missing", default="", help="names, comma separated, the migration role lacks")
    parser.add_argument("--behaviour", type=Path, help="JSON object of sandbox/dataverse/behaviour.py")
    parser.add_argument("--calm", action="store_true", help="no simulated delays")
    given = parser.parse_args()
    if not given.open and given.identity_key is None:
        parser.error("choose --open or --identity-key FILE")
    if given.calm and given.behaviour:
        parser.error("choose --calm or --behaviour FILE")
    return given


async def serve(given: argparse.Namespace) -> None:
    org = Organisation.seeded(
        calm() if given.calm else load_behaviour(given.behaviour),
        users=json.loads(given.users.read_text(encoding="utf-8")) if given.users else (),
        privileges_missing=given.privileges_missing.split(","),
        state=given.state,
    )
    # Rows live long: a collector that walks them all again and again would be most of the work of a big load.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    done = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, done.set)
    key = read_or_create(given.identity_key) if given.identity_key else None
    async with running(
        org,
        port=given.port,
        limits=load_limits(given.limits),
        key=key,
        schedule=load_faults(given.faults),
        tls=_tls(given),
    ) as server:
        print(f"dataverse listening on {server.url}", flush=True)
        await done.wait()


def _tls(given: argparse.Namespace) -> ssl.SSLContext | None:
    if not given.tls:
        return None
    beside = given.state.parent if given.state else None
    folder = given.tls_folder or beside or Path(tempfile.mkdtemp(prefix="dataverse-tls-"))
    context, certificate = tls_context(folder)
    print(f"dataverse certificate: {certificate}", flush=True)
    return context


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
