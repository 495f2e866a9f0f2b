"""A running host: the state file opened, the app loaded, engine, timers and listeners started, in that order."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Literal

from sandbox.identity import endpoint, keyfile

from . import limits
from .classic.entities import ClassicEntities
from .classic.http_calls import HttpCalls
from .classic.orchestrators import ClassicOrchestrators
from .classic.replay import HTTP_ACTIVITY
from .clock import Clock
from .engine.engine import NO_BATCH, Engine, EngineLimits
from .engine.membership import Membership
from .engine.operations import Operations
from .invocations import Invocations
from .jumps import follow, jumped
from .keys import Keys, keys_of
from .settings import HostSettings, environment_of, settings_of
from .store.activities import Work
from .store.hub import Hub
from .timers import TimerTriggers
from .web.admin import Admin
from .web.durable_api import DurableApi
from .web.front import Front
from .web.links import RPC, WEBHOOKS, Links
from .web.routes import Routes
from .web.server import address_of, application, bound, serve
from .workers.contract import Worker
from .workers.invoker import Invoker
from .workers.loading import fresh_client_session, importable
from .workers.runtime import RuntimeWorker

LEASE_SECONDS = 15.0

WorkerChoice = Literal["auto", "runtime", "invoker"]


@dataclass(frozen=True)
class Options:
    """How to run one app. `environment` lies over local.settings.json; `batch` is --episode-batch.

    `lease_seconds`: how long the other hosts on the same state wait for one that gives no sign of life.
    """

    app_directory: Path
    state: Path
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    batch: int = NO_BATCH
    strict: bool = True
    clock_control: bool = False
    worker: WorkerChoice = "auto"
    function_key: str | None = None
    master_key: str | None = None
    identity_key: Path | None = None
    lease_seconds: float = LEASE_SECONDS
    http_seconds: float = limits.HTTP_RESPONSE_SECONDS


class Host:
    """Start, use, stop; one at a time in a process, because environment, modules and worker are the process's."""

    _present: Host | None = None

    def __init__(self, options: Options) -> None:
        self.options = options
        self.url = ""
        self.clock: Clock
        self.engine: Engine
        self.keys: Keys
        self.worker: Worker
        self._stack = AsyncExitStack()

    @property
    def operations(self) -> Operations:
        return self.engine.operations

    async def start(self) -> None:
        """Raises AppRefused, SettingsRefused, OSError; whatever was opened is closed again."""
        if Host._present is not None:
            raise RuntimeError("another host runs in this process")
        Host._present = self
        self._stack.callback(_leave)
        try:
            await self._open()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        options = self.options
        environment = environment_of(options.app_directory, options.environment)
        settings = settings_of(options.app_directory, environment)
        hub = Hub(options.state)
        self._stack.callback(hub.close)
        self.clock = Clock(offset=jumped(hub.database))
        self.keys = keys_of(hub.database, function=options.function_key, master=options.master_key)

        # Addresses first: the app is told them before its code is imported.
        public, loopback = bound(options.port), bound(0)
        self.url = address_of(public)
        links = Links(base=self.url, rpc=address_of(loopback), hub_name=settings.hub_name, system_key=self.keys.system)
        identity = self._identity()
        self._stack.enter_context(
            _environment(
                {
                    **environment,
                    "AzureWebJobsScriptRoot": str(options.app_directory),
                    "AZURE_FUNCTIONS_ENVIRONMENT": environment.get("AZURE_FUNCTIONS_ENVIRONMENT", "Development"),
                    "FUNCTIONS_WORKER_RUNTIME": "python",
                    "WEBSITE_HOSTNAME": self.url.removeprefix("http://"),
                    "IDENTITY_ENDPOINT": self.url + endpoint.PATH,
                    "IDENTITY_HEADER": self.keys.identity,
                }
            )
        )
        self._stack.enter_context(importable(options.app_directory))
        await fresh_client_session()
        self._stack.push_async_callback(fresh_client_session)
        self.worker = _worker(options.worker)
        self._stack.push_async_callback(self.worker.stop)
        await self.worker.load(str(options.app_directory))
        calls = HttpCalls(self.clock, token=identity.token)
        self._stack.push_async_callback(calls.stop)
        invocations = Invocations(
            self.worker, timeout=settings.function_timeout, client_binding=lambda: links.client_binding
        )
        membership = Membership(hub, self.url, lease_seconds=options.lease_seconds)
        self._start_engine(hub, membership, settings, invocations, calls)
        timers = TimerTriggers(
            hub.database, self.clock, membership, invocations, self.worker.catalogue.of("timerTrigger"), environment
        )
        self._stack.push_async_callback(timers.stop)
        await self._serve(public, loopback, hub, settings, links, invocations, identity, timers)
        self.engine.start()
        timers.start()

    def _identity(self) -> endpoint.IdentityEndpoint:
        options = self.options
        path = options.identity_key or options.state.with_name(options.state.name + ".identity-key")
        return endpoint.IdentityEndpoint(key=keyfile.read_or_create(path), header=self.keys.identity)

    def _start_engine(
        self, hub: Hub, membership: Membership, settings: HostSettings, invocations: Invocations, calls: HttpCalls
    ) -> None:
        async def run_activity(work: Work) -> str | None:
            return await (calls.run(work.input) if work.name == HTTP_ACTIVITY else invocations.run_activity(work))

        self.engine = Engine(
            hub,
            self.clock,
            self.worker.catalogue,
            membership,
            orchestrators=ClassicOrchestrators(self.worker, strict=self.options.strict),
            entity_code=ClassicEntities(self.worker),
            run_activity=run_activity,
            limits=EngineLimits(settings.concurrent_orchestrators, settings.concurrent_activities, self.options.batch),
            default_version=settings.default_version,
            changed=lambda: follow(hub.database, self.clock),
        )
        self._stack.push_async_callback(self.engine.stop)

    async def _serve(
        self,
        public: socket,
        loopback: socket,
        hub: Hub,
        settings: HostSettings,
        links: Links,
        invocations: Invocations,
        identity: endpoint.IdentityEndpoint,
        timers: TimerTriggers,
    ) -> None:
        api = DurableApi(self.engine, hub, links)
        inner = application(None)
        inner.router.add_routes(api.routes(RPC))
        outer = application(self.keys)
        outer.router.add_routes(api.routes(WEBHOOKS))
        outer.router.add_get(endpoint.PATH, identity.handle)
        board = Admin(self.worker.catalogue, self.keys, timers, self.clock, hub.database)
        outer.router.add_routes(board.routes(clock_control=self.options.clock_control))
        routes = Routes(self.worker.catalogue.of("httpTrigger"), prefix=settings.route_prefix)
        front = Front(
            routes, invocations, self.keys, headers=settings.custom_headers, seconds=self.options.http_seconds
        )
        outer.router.add_route("*", "/{path:.*}", front.handle)
        for app, listener in ((inner, loopback), (outer, public)):
            runner = await serve(app, listener)
            self._stack.push_async_callback(runner.cleanup)


def _worker(choice: WorkerChoice) -> Worker:
    """The real library where it exists (Python 3.13 and later), the own invoker below that."""
    real = choice == "runtime" or (choice == "auto" and sys.version_info >= (3, 13))
    return RuntimeWorker() if real else Invoker()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _leave() -> None:
    Host._present = None
