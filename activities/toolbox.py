"""The doors, opened once per process and shared by everything it does."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from azure.data.tables.aio import TableServiceClient

from shared.attachments.store import Receipts
from shared.audit.store import Audit
from shared.authorities import trusted
from shared.corepractice.bundle import BundleSource
from shared.corepractice.client import ApiSource
from shared.corepractice.source import Source
from shared.dataverse.client import Dataverse
from shared.dataverse.gate import Gate
from shared.dataverse.pace import Pace
from shared.dataverse.tokens import Credentials, StorageCredential, Tokens
from shared.delta.snapshot import Snapshot
from shared.errors import AskPerson, Stop
from shared.evidence.store import Evidence
from shared.journal.store import Journal
from shared.journal.went import Went
from shared.keys.client import keys
from shared.keys.seal import Seal, new_key
from shared.mapping.compiled import ObjectMap
from shared.peers.store import Presence
from shared.runs.model import Run
from shared.runs.store import Runs
from shared.settings import Settings, settings
from shared.sharepoint.client import SharePoint
from shared.sharepoint.items import Drive
from shared.staging.store import Staging
from shared.storage_calls import PLAIN

LARGEST_BUNDLE = 20 * 1024**3
BATCHES_AT_ONCE = 6
"""Of all that this process loads: each has up to four requests under way, and its rows are in memory whole."""


class Toolbox:
    """Everything a hand may reach for."""

    def __init__(self, config: Settings) -> None:
        self.settings = config
        self._tokens = Tokens(_credentials(config, config.client_id, config.client_secret))
        more = (_credentials(config, one, config.secret(one) or "") for one in config.more_clients)
        self._users = (self._tokens, *map(Tokens, more))
        # Storage is always our own tenant's: the identity signs in there, whoever we are at the target.
        credential = StorageCredential(Tokens(_identity(config)))
        self.tables = (
            TableServiceClient.from_connection_string(config.storage_connection, **PLAIN)
            if config.storage_connection
            else TableServiceClient(
                f"https://{config.storage_account}.table.core.windows.net", credential=credential, **PLAIN
            )
        )
        self.staging = Staging.connect(
            connection=config.storage_connection, account=config.storage_account, credential=credential
        )
        self.audit = Audit(self.staging.service)
        self.runs = Runs(self.tables)
        self.receipts = Receipts(self.tables)
        self.evidence = Evidence(self.staging.service)
        waits = httpx.Timeout(60, connect=10)
        self.http = httpx.AsyncClient(timeout=waits, follow_redirects=False, verify=trusted())
        self.keys = keys(url=config.key_url, local=config.local_key, tokens=Tokens(_identity(config)), http=self.http)
        self._targets: dict[str, Dataverse] = {}
        self._sources: dict[str, tuple[str, Source]] = {}
        self._journals: dict[str, Journal] = {}
        self._sites: dict[str, SharePoint] = {}
        self.drives: dict[tuple[str, str], Drive] = {}
        self.library_rows: dict[tuple[str, str, str], str] = {}
        self._opening = asyncio.Lock()
        self.compiling = asyncio.Lock()
        self.batches = asyncio.Semaphore(BATCHES_AT_ONCE)
        self.replaced: dict[tuple[str, int, str], frozenset[str]] = {}
        self.snapshots: dict[tuple[str, str, str], Snapshot] = {}
        self.went: dict[str, tuple[Went, set[str]]] = {}
        self.compiled: dict[tuple[str, ...], dict[str, ObjectMap]] = {}

    async def open(self) -> None:
        """Create what storage must hold."""
        await self.runs.ensure()
        await self.receipts.ensure()
        await self.staging.ensure()

    def target(self, url: str) -> Dataverse:
        """The Dataverse environment at that address; one client per environment and process."""
        if url not in self._targets:
            us = Presence(self.tables, url, (self.settings.client_id, *self.settings.more_clients))
            gate = Gate(Pace(self.settings.allowance, users=len(self._users)), peers=us)
            self._targets[url] = Dataverse(url, *self._users, pace=gate)
        return self._targets[url]

    def target_of(self, run: Run) -> Dataverse:
        """The run's target."""
        return self.target(str(run.request["target"]["url"]))

    def sharepoint(self, site_url: str) -> SharePoint:
        """The SharePoint site at that address; one client per site and process."""
        if site_url not in self._sites:
            self._sites[site_url] = SharePoint(
                site_url, self._tokens, graph_url=self.settings.graph_url, http=self.http
            )
        return self._sites[site_url]

    async def source_of(self, run: Run) -> Source:
        """The run's source, opened once per process; of exports the newest that a pickup has begun with."""
        async with self._opening:
            blob, source = self._sources.get(run.id, ("", None))
            if source is None or blob != run.blob:
                opened = await self.open_source(export(run, run.blob))
                self._sources[run.id] = (run.blob, opened)
                if source is not None:
                    await source.close()
                return opened
            return source

    async def open_source(self, source: Mapping[str, Any], *, patience: float = 60.0) -> Source:
        """A source as a start request describes it. ``patience``: seconds to insist when it does not answer."""
        if source["kind"] == "api":
            secret = self.settings.secret(source["secret"])
            if secret is None:
                raise AskPerson(
                    "secret-missing", "The source's secret is not configured any more.", remedy="Set it, then resume."
                )
            return ApiSource(source["base_url"], secret, http=self.http, patience=patience)
        return await self._bundle(str(source["blob"]), source.get("date_orders") or {})

    async def _bundle(self, blob: str, date_orders: Mapping[str, str]) -> Source:
        if not await self.staging.inbox_exists(blob):
            raise Stop("bundle-missing", "There is no such blob in the container 'inbox'.")
        folder = Path(tempfile.mkdtemp(prefix="bridgework-"))
        path = folder / "bundle.zip"
        with path.open("wb") as file:
            await self.staging.download_to(blob, file, most=LARGEST_BUNDLE)
        opened = path.open("rb")
        path.unlink()  # the open file keeps the bytes; nothing of it outlives the process
        folder.rmdir()
        return BundleSource(opened, date_orders=date_orders)

    def forget(self, run_id: str) -> None:
        """Drop what was compiled for a run: its target's schema has changed."""
        self.compiled = {mark: maps for mark, maps in self.compiled.items() if mark[0] != run_id}

    async def release(self, run_id: str) -> None:
        """Let go of what this process holds for a run that has ended: its compiled map, its source, a bundle's file."""
        self.forget(run_id)
        self._journals.pop(run_id, None)
        _, source = self._sources.pop(run_id, ("", None))
        if source is not None:
            await source.close()

    async def journal(self, run: str) -> Journal:
        """A run's journal."""
        if run not in self._journals:
            journal = Journal(self.tables, run, Seal(await self._data_key(run)))
            await journal.ensure()
            self._journals[run] = journal
        return self._journals[run]

    async def _data_key(self, run: str) -> bytes:
        """The key that a run's values before each change are sealed with; made at its first use."""
        kept = await self.runs.data_key(run)
        return await self.keys.unwrap(kept or await self.runs.claim_data_key(run, await self.keys.wrap(new_key())))

    async def run(self, run_id: str) -> Run:
        """A run that has to be there."""
        run = await self.runs.get(run_id)
        if run is None:
            raise Stop("run-unknown", "The runs table does not know this run any more.")
        return run


def _credentials(config: Settings, client_id: str, secret: str) -> Credentials:
    """Who one of the app's users is in the target."""
    return Credentials(
        kind=config.dataverse_auth,
        client_id=client_id,
        tenant_id=config.tenant_id,
        client_secret=secret,
        assertion_file=config.assertion_file,
        identity_client_id=config.identity_client_id,
    )


def export(run: Run, blob: str) -> Mapping[str, Any]:
    """A run's source as its start request describes it, with that export in place of the first; an API as it is."""
    source: Mapping[str, Any] = run.request["source"]
    return {**source, "blob": blob} if source["kind"] == "bundle" else source


def _identity(config: Settings) -> Credentials:
    """Who the app is in its own tenant."""
    return Credentials("managed-identity", client_id=config.identity_client_id)


_opened: dict[int, Toolbox] = {}
_lock = asyncio.Lock()


async def toolbox() -> Toolbox:
    """This process's toolbox. One per event loop: an open connection belongs to the loop it was made on."""
    loop = id(asyncio.get_running_loop())
    if loop not in _opened:
        async with _lock:
            if loop not in _opened:
                tools = Toolbox(settings())
                await tools.open()
                _opened[loop] = tools
    return _opened[loop]
