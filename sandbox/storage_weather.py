"""python -m sandbox.storage_weather --upstream URL: a storage service with misfortune, as a proxy before the emulator.

The emulator never fails by itself, and nothing in it is ours. So whatever is to fail stands in front of it: requests
and answers pass byte by byte, except for those that a fault of `POST /sandbox/faults` strikes, which are refused in the
words of Azure Storage.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from sandbox.broken_answers import hang_up
from sandbox.faults import Answering, Fault, FaultSchedule, add_fault_routes, faults_middleware

SERVICES = ("blob", "table")
LARGEST_BODY = 300 << 20
LONGEST_LINE = 64 << 10
IDLE_SECONDS = 2.0
"""Less than the emulator keeps an idle connection: one that it closes in the very moment would be a fault of ours."""
HOP_BY_HOP = ("Connection", "Keep-Alive", "Transfer-Encoding", "Host", "Date")
CODES: Mapping[int, str] = {
    401: "InvalidAuthenticationInfo",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServerBusy",
    504: "OperationTimedOut",
}
STATUS: Mapping[str, int] = {"error": 503, "throttle": 503, "expire": 401}
"""Azure Storage throttles with 503."""


def refusal(service: str) -> Answering:
    """How that service refuses: Blob Storage in XML, Table Storage in JSON."""

    def answer(fault: Fault) -> web.Response:
        status = fault.status or STATUS[fault.kind]
        code = fault.code or CODES.get(status, "InternalError")
        words = fault.message or "The sandbox was asked for this answer."
        head = {"x-ms-error-code": code}
        if fault.retry_after is not None:
            head["Retry-After"] = str(fault.retry_after)
        if service == "table":
            body = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": words}}}
            return web.Response(status=status, headers=head, text=json.dumps(body), content_type="application/json")
        text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{words}</Message></Error>'
        return web.Response(status=status, headers=head, text=text, content_type="application/xml")

    return answer


def build_app(service: str, upstream: str, session: aiohttp.ClientSession, schedule: FaultSchedule) -> web.Application:
    """The proxy before one service."""

    async def pass_on(request: web.Request) -> web.StreamResponse:
        head = _without_hops(request.headers)
        url = URL(upstream + request.raw_path, encoded=True)
        try:
            async with session.request(
                request.method, url, headers=head, data=await request.read() or None, allow_redirects=False
            ) as found:
                return web.Response(status=found.status, headers=_without_hops(found.headers), body=await found.read())
        except aiohttp.ClientError:
            return hang_up(request)  # whatever it is, the emulator has not answered

    app = web.Application(
        client_max_size=LARGEST_BODY, middlewares=[faults_middleware(schedule, answering=refusal(service))]
    )
    add_fault_routes(app, schedule)
    app.router.add_route("*", "/{path:.*}", pass_on)
    return app


def _without_hops(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """Headers as they came, also those that come twice, but for what concerns one connection only."""
    found = CIMultiDict(headers)
    for name in HOP_BY_HOP:
        found.popall(name, None)
    return found


@asynccontextmanager
async def running(
    service: str, upstream: str, *, port: int = 0, schedule: FaultSchedule | None = None
) -> AsyncIterator[str]:
    """Stand before ``upstream`` until the block ends. Its URL."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        timeout=aiohttp.ClientTimeout(total=None),
    ) as session:
        runner = web.AppRunner(
            build_app(service, upstream, session, schedule or FaultSchedule()),
            access_log=None,
            shutdown_timeout=1.0,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


async def _serve(given: argparse.Namespace) -> None:
    done = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, done.set)
    async with running(given.service, given.upstream.rstrip("/"), port=given.port) as url:
        print(f"storage_weather listening on {url}", flush=True)
        await done.wait()


def main() -> None:
    """Until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.storage_weather", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--service", choices=SERVICES, default="blob", help="in whose words it refuses")
    parser.add_argument("--upstream", required=True, help="the service's URL, without the account")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
