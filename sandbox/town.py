"""The whole town on one machine: storage, source, target and the app's host, each a process of its own.

Everything listens on 127.0.0.1, on ports the system chooses. What the town keeps lies in one folder, so that throwing
the folder away is a fresh start.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import shutil
import signal
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sandbox.azurite import Azurite, running_azurite
from sandbox.dataverse.limits import load_limits
from sandbox.host.process import HostProcess
from sandbox.identity import tokens
from sandbox.identity.keyfile import read_or_create

HERE = Path(__file__).parent.parent
CORE_PRACTICE_TOKEN = "core-practice-sandbox-token"
SECRET_NAME = "core-practice"
SHAREPOINT_SITE = "https://clinic.sharepoint.com/sites/practice"
VISITOR = "99999999-8888-4777-8666-555555555555"
"""The application id of whoever looks into the target besides the app."""


@dataclass(frozen=True, slots=True)
class Town:
    """Where everything is, and the keys to it. None of it is worth anything outside this machine."""

    functions_url: str
    dataverse_url: str
    corepractice_url: str
    sharepoint_url: str
    sharepoint_site: str
    storage_connection: str
    function_key: str
    master_key: str
    corepractice_token: str
    corepractice_secret_name: str
    fallback_owner: str
    dataverse_token: str
    """A bearer token for looking into the target oneself, good for a day."""


class Part:
    """One simulator as a process: started until it says where it listens, ended when the town ends."""

    def __init__(self, module: str, arguments: Sequence[str], *, log: Path) -> None:
        self._command = [sys.executable, "-m", module, "--port", "0", *arguments]
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Its URL. RuntimeError with the name of its log when it does not come up."""
        with self._log.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdout=asyncio.subprocess.PIPE, stderr=errors, cwd=HERE
            )
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            _, found, url = line.decode().partition(" listening on ")
            if found:
                return url.strip()
        raise RuntimeError(f"{' '.join(self._command[2:3])} did not start; see {self._log}")

    @property
    def process_id(self) -> int:
        """For whoever measures it; 0 while it does not run."""
        return self._process.pid if self._process else 0

    async def stop(self) -> None:
        """End it politely."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()


class Running:
    """A town that is up: its addresses, and the app's processes, any of which a test may kill or freeze."""

    def __init__(
        self,
        town: Town,
        hosts: Sequence[HostProcess],
        simulators: Mapping[str, Part],
        weather: Mapping[str, str],
    ) -> None:
        self.town = town
        self.hosts = tuple(hosts)
        self.weather = weather
        """Where misfortune can be ordered: the URL of whatever takes ``/sandbox/faults``, by what it stands for."""
        self._simulators = simulators
        self._ports = [int(host.url.rsplit(":", 1)[1]) for host in hosts]

    @property
    def host_process_id(self) -> int:
        """The app's first process, for whoever measures it."""
        return self.hosts[0].process_id

    @property
    def host_process_ids(self) -> list[int]:
        """The app's processes; the first listens at the town's own address."""
        return [host.process_id for host in self.hosts]

    @property
    def simulator_process_ids(self) -> dict[str, int]:
        """The source's and the target's, by the name of their module."""
        return {name: part.process_id for name, part in self._simulators.items()}

    @property
    def host_is_alive(self) -> bool:
        """Whether the app's first process runs."""
        return self.hosts[0].is_alive

    async def kill_host(self, number: int = 0) -> None:
        """End one of the app's processes as ``kill -9`` does."""
        await self.hosts[number].kill()

    async def revive_host(self, number: int = 0, /, **env: str) -> None:
        """Start it again, on the same state and the same port, with ``env`` from now on."""
        self.hosts[number].environment.update(env)
        await self.hosts[number].start(port=self._ports[number])


@asynccontextmanager
async def running_town(
    folder: Path,
    *,
    patients: int,
    seed: int,
    dataverse: Sequence[str] = (),
    corepractice: Sequence[str] = (),
    app: Mapping[str, str] | None = None,
    storage_weather: bool = False,
    hosts: int = 1,
    lease_seconds: float = 15.0,
) -> AsyncIterator[Running]:
    """A fresh town in ``folder``; its ``town.json`` says where everything is.

    ``dataverse`` and ``corepractice``: more arguments for the simulators. ``app``: settings unlike the town's own.
    ``storage_weather``: let the app reach its storage only through proxies that can fail.
    ``hosts``: processes that share the app's work, ``lease_seconds``: how long they wait for one that is silent.
    """
    home = folder / "town"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    identity_key = home / "identity.key"
    signing_key = read_or_create(identity_key)
    async with AsyncExitStack() as stack:
        azurite = stack.enter_context(running_azurite())
        practice = Part(
            "sandbox.corepractice", [*_clinic(patients, seed), *corepractice], log=home / "corepractice.log"
        )
        stack.push_async_callback(practice.stop)
        practice_url = await practice.start()
        people = await asyncio.to_thread(_get, f"{practice_url}/sandbox/staff-users")
        users = home / "users.json"
        users.write_text(json.dumps([*people, *_applications(app or {})]))
        known = ["--state", str(home / "dataverse.db"), "--identity-key", str(identity_key), "--users", str(users)]
        target = Part("sandbox.dataverse", [*known, *dataverse], log=home / "dataverse.log")
        stack.push_async_callback(target.stop)
        target_url = await target.start()
        site = ["--identity-key", str(identity_key), "--state", str(home / "sharepoint"), "--site", SHAREPOINT_SITE]
        library = Part("sandbox.sharepoint", site, log=home / "sharepoint.log")
        stack.push_async_callback(library.stop)
        library_url = await library.start()
        storage = await _behind_weather(azurite, stack, home) if storage_weather else azurite
        keys = {"--key": secrets.token_hex(24), "--master-key": secrets.token_hex(24)}
        arguments = ["--clock-control", "--identity-key", str(identity_key), "--lease", str(lease_seconds)]
        arguments += [word for pair in keys.items() for word in pair]
        limits = {"BRIDGEWORK_DATAVERSE_LIMITS": _limits(dataverse)}
        env = {**settings(storage.connection_string, library_url), **limits, **(app or {})}
        processes = [
            HostProcess(HERE, state=home / "hub.db", arguments=arguments, env=env, log=home / f"host{number or ''}.log")
            for number in range(hosts)
        ]
        for process in processes:
            stack.push_async_callback(process.stop)
        urls = await asyncio.gather(*(process.start() for process in processes))
        town = Town(
            functions_url=urls[0],
            dataverse_url=target_url,
            corepractice_url=practice_url,
            sharepoint_url=library_url,
            sharepoint_site=SHAREPOINT_SITE,
            storage_connection=azurite.connection_string,
            function_key=keys["--key"],
            master_key=keys["--master-key"],
            corepractice_token=CORE_PRACTICE_TOKEN,
            corepractice_secret_name=SECRET_NAME,
            fallback_owner=next(p["internalemailaddress"] for p in reversed(people) if not p["isdisabled"]),
            dataverse_token=tokens.issue(
                resource=target_url, client_id=VISITOR, key=signing_key, now=time.time(), lifetime=24 * 3600
            ),
        )
        (folder / "town.json").write_text(json.dumps(asdict(town), indent=2))
        simulators = {"sandbox.corepractice": practice, "sandbox.dataverse": target, "sandbox.sharepoint": library}
        weather = {"Core Practice": practice_url, "Dataverse": target_url, "SharePoint": library_url}
        if storage_weather:
            weather |= {"Blob Storage": storage.blob_url, "Table Storage": storage.table_url}
        yield Running(town, processes, simulators, weather)


async def _behind_weather(azurite: Azurite, stack: AsyncExitStack, home: Path) -> Azurite:
    urls = {}
    for service, upstream in (("blob", azurite.blob_url), ("table", azurite.table_url)):
        known = ["--service", service, "--upstream", upstream]
        proxy = Part("sandbox.storage_weather", known, log=home / f"{service}-weather.log")
        stack.push_async_callback(proxy.stop)
        urls[service] = await proxy.start()
    return replace(azurite, blob_url=urls["blob"], table_url=urls["table"])


def _limits(dataverse: Sequence[str]) -> str:
    """The target's service protection as the app is told of it: without any, it should not go by the documented one."""
    named = dataverse[dataverse.index("--limits") + 1] if "--limits" in dataverse else "off"
    limits, most = load_limits(named), 1_000_000
    seconds = limits.execution_seconds or most
    return f"{limits.requests or most},{seconds:g},{limits.window_seconds:g},{limits.concurrent or 52}"


def _applications(app: Mapping[str, str]) -> list[dict[str, object]]:
    """The further application users that the app is to write as: an admin makes them beforehand."""
    ids = [one.strip() for one in app.get("BRIDGEWORK_MORE_CLIENTS", "").split(",") if one.strip()]
    return [
        {"fullname": f"# Bridgework {number}", "internalemailaddress": f"{one}@sandbox.example", "applicationid": one}
        for number, one in enumerate(ids, start=2)
    ]


def _clinic(patients: int, seed: int) -> list[str]:
    grown = ["--patients", str(patients), "--seed", str(seed)]
    return [*grown, "--token", CORE_PRACTICE_TOKEN, "--rate-limit", "off"]


def settings(storage_connection: str, graph_url: str) -> dict[str, str]:
    """The app's settings in the town: what an admin's app settings are in Azure."""
    return {
        "BRIDGEWORK_STORAGE_CONNECTION": storage_connection,
        "BRIDGEWORK_ALLOW_LOOPBACK": "true",
        "BRIDGEWORK_GRAPH_URL": graph_url,
        "BRIDGEWORK_CLIENT_ID": "11111111-2222-4333-8444-555555555555",
        "BRIDGEWORK_LOCAL_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "BRIDGEWORK_SECRET_CORE_PRACTICE": CORE_PRACTICE_TOKEN,
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "true",
        "TASKHUB_NAME": "sandbox",
        "BRIDGEWORK_LANES": str(max(2, min(8, os.cpu_count() or 2))),
    }


def _get(url: str) -> list[dict[str, str]]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        found: list[dict[str, str]] = json.load(answer)
        return found
