"""A practice's files on their way: a source, a target and a library behind sockets, and a run that has its rows."""

from __future__ import annotations

import hashlib
import json
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import jwt
import orjson

from activities import documents
from activities.attach import attach
from activities.files import files_found, publish_files
from activities.load import load
from activities.planning import plan
from activities.prove import prove_files
from activities.reconcile import reconcile
from activities.schema import schema
from activities.sweep import sweep
from activities.toolbox import Toolbox
from activities.undo import undo
from activities.undo_files import undo_files
from sandbox.corepractice import app as corepractice
from sandbox.corepractice.folder import Folder
from sandbox.corepractice.practice import Practice
from sandbox.dataverse.access import OPEN_KEY
from sandbox.dataverse.behaviour import calm
from sandbox.faults import FaultSchedule
from sandbox.sharepoint import serving as sharepoint
from sandbox.sharepoint.control import export
from shared.attachments.router import FilesPolicy
from shared.corepractice.client import ApiSource
from shared.errors import TryAgain
from shared.mapping.choices import Choices
from shared.mapping.crosswalk import index
from shared.mapping.model import FieldMap, document
from shared.mapping.propose import propose
from shared.runs.model import Run
from shared.settings import Settings
from shared.sharepoint.client import SharePoint
from shared.vocabulary import row_id
from shared.wire.payloads import About, Slice
from tests.activities.desks import PATIENTS
from tests.activities.keyring import LOCAL_KEY
from tests.shared.conftest import ALLOWED, EVERYTHING
from tests.shared.dataverse.environment import JANE, AnyToken, Town, town_of

SYSTEM = "here"
WEEK = "2026-01-01T00:00:00+10:00"
TO_LIBRARY = {"oversize": "sharepoint", "most_megabytes": 1}
SOMEBODY = "77777777-8888-4777-8666-555555555555"


def contact(patient: str) -> str:
    return row_id(SYSTEM, "patients", patient)


@dataclass
class Filing:
    """One run in a town of its own."""

    tools: Toolbox
    town: Town
    site: sharepoint.Server
    source: FaultSchedule
    folder: Path
    run_id: str
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    # What the source has

    def file(self, id_: str, content: bytes = b"", **said: Any) -> dict[str, Any]:
        """A file of the source, and the record that tells of it. ``size`` and ``sha256`` may tell lies."""
        (self.folder / "files" / f"f-{id_}").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        record = {
            "id": id_, "patient_id": "p-1", "file_id": f"f-{id_}", "name": f"{id_}.png", "content_type": "image/png",
            "size": len(content), "sha256": digest, "category": "xray", "captured_at": WEEK, "treatment_id": None,
            "created_at": WEEK, "updated_at": WEEK, **said,
        }  # fmt: skip
        self.records[id_] = record
        return record

    def lose(self, id_: str) -> None:
        (self.folder / "files" / f"f-{id_}").unlink()

    def spoil(self, id_: str, content: bytes) -> None:
        """Other bytes than the record speaks of."""
        (self.folder / "files" / f"f-{id_}").write_bytes(content)

    # What the story does

    async def run(self) -> Run:
        return await self.tools.run(self.run_id)

    async def stage(self, generation: str = "base", *ids: str) -> None:
        """Stage the records of those ids, or all."""
        some = [self.records[id_] for id_ in ids or self.records]
        address = await self.tools.staging.write_shard(self.run_id, "attachments", generation, 0, some)
        await self.tools.runs.put_shard(self.run_id, "attachments", generation, 0, address)
        if generation.startswith("delta"):
            await self.tools.runs.note(self.run_id, generation=int(generation.removeprefix("delta-")))

    async def phase(self, step: str, generation: str = "base") -> None:
        """As the orchestrators do: plan it, then its lanes, each until it is done."""
        hands = {
            "load": load, "attach": attach, "prove_files": prove_files, "undo": undo, "reconcile": reconcile,
            "sweep": sweep,
        }  # fmt: skip
        for wave in (await plan(self.tools, Slice(self.run_id, step, generation, ""))).waves:
            for slice_ in wave:
                while (await hands[step](self.tools, slice_)).more:
                    pass

    async def load(self, generation: str = "base") -> None:
        await self.phase("load", generation)

    async def attach(self, generation: str = "base") -> None:
        await self.phase("attach", generation)

    async def bring(self, generation: str = "base", *ids: str) -> None:
        """Everything from the staged record to the arrived file."""
        await self.stage(generation, *ids)
        await self.load(generation)
        await self.attach(generation)

    async def proof(self) -> dict[str, Any]:
        """A proof of its own, as the verdict tells it."""
        run = await self.run()
        before = await self.tools.runs.document(run.id, "verdict")
        turn = before.sequence + 1 if before else 1
        await self.phase("prove_files", "all")
        found = await files_found(self.tools, run, turn)
        await publish_files(self.tools, run, found)
        await documents.publish(self.tools, run.id, "verdict", {"turn": turn})
        return found

    async def document(self) -> dict[str, Any]:
        return await documents.need(self.tools, self.run_id, "files")

    async def back(self) -> dict[str, Any]:
        """The whole way back; what is held, by rows and by files."""
        await self.phase("undo", "")
        await self.undo_files()
        lanes = await self.tools.runs.lanes(self.run_id, "undo")
        return {lane.object: lane.notes["listed"] for lane in lanes if lane.notes.get("held")}

    async def undo_files(self) -> None:
        while (await undo_files(self.tools, About(self.run_id))).more:
            pass

    async def receipt(self, id_: str, name: str = "attachments") -> Any:
        return await self.tools.receipts.get(self.run_id, row_id(SYSTEM, name, id_))

    # What is there in the end

    async def look(self, path: str) -> list[dict[str, Any]]:
        headers = {"Authorization": "Bearer anything"}
        async with httpx.AsyncClient(base_url=f"{self.town.server.api}/", headers=headers) as http:
            found = (await http.get(path)).json()["value"]
            return list(found)

    async def notes(self) -> dict[str, dict[str, Any]]:
        """Notes by the attachment's id, with their bytes' size."""
        rows = {row_id(SYSTEM, "attachments", id_): id_ for id_ in self.records}
        columns = "annotationid,subject,notetext,filename,mimetype,filesize,documentbody"
        found = await self.look(f"annotations?$select={columns}")
        return {rows[row["annotationid"]]: row for row in found if row["annotationid"] in rows}

    async def locations(self) -> list[dict[str, Any]]:
        return await self.look("sharepointdocumentlocations?$select=name,relativeurl,_regardingobjectid_value")

    def library(self) -> dict[str, dict[str, Any]]:
        """Everything in the library by path."""
        lines = [orjson.loads(line) for line in export(self.site.site).splitlines()]
        return {line["path"]: line for line in lines}

    async def library_counts(self) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.site.url) as http:
            return dict((await http.get("/sandbox/stats")).json())

    async def picture(self) -> Any:
        """Everything that files left in the target and the library, in a form that can be compared."""
        notes = await self.notes()
        kept = {id_: {k: v for k, v in row.items() if not k.startswith("@")} for id_, row in notes.items()}
        there = {path: {k: v for k, v in one.items() if k != "id"} for path, one in self.library().items()}
        shown = [(one["relativeurl"], one["_regardingobjectid_value"]) for one in await self.locations()]
        return kept, there, sorted(shown, key=str)

    async def as_somebody(self, method: str, path: str, body: Any) -> None:
        """Another program in the target."""
        token = jwt.encode({"appid": SOMEBODY}, OPEN_KEY, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}", "If-Match": "*"} if method == "PATCH" else {
            "Authorization": f"Bearer {token}"}  # fmt: skip
        async with httpx.AsyncClient(base_url=f"{self.town.server.api}/", headers=headers) as http:
            (await http.request(method, path, json=body)).raise_for_status()

    async def drive(self) -> str:
        """The library's id."""
        return (await self.tools._sites[self.site.site_url].library("Documents")).id

    async def as_library_user(self, method: str, path: str, content: bytes) -> None:
        """A person in the library."""
        async with httpx.AsyncClient(base_url=f"{self.site.url}/v1.0/", headers={"Authorization": "Bearer x"}) as http:
            (await http.request(method, path, content=content)).raise_for_status()


def mapping(source: str = "attachments") -> FieldMap:
    """Patients as little as can be, attachments and documents (or another source) as the app proposes them."""
    chosen = Choices("bw", SYSTEM, allowed=ALLOWED, documents=True)
    rules = tuple(rule for rule in propose(EVERYTHING, chosen).objects if rule.source == source)
    patients = replace(PATIENTS, fields=PATIENTS.fields[:2])
    return FieldMap("bw", SYSTEM, (patients, *rules), ())


@dataclass
class Cabinet:
    """A town in which filings are opened, each with a run, a folder of files and patients of its own."""

    tools: Toolbox
    town: Town
    site: sharepoint.Server
    source: corepractice.RunningServer
    folder: Path
    ready: bool = False

    async def open(
        self, files: dict[str, Any] | None = None, *, most_base64: int | None = None, source: str = "attachments"
    ) -> Filing:
        """``files``: as in a start request; the library is named where it is asked for."""
        wanted = dict(files or {})
        if wanted.get("oversize") == "sharepoint" and "sharepoint" not in wanted:
            wanted["sharepoint"] = {"site_url": self.site.site_url, "library": "Documents"}
        run_id = "r" + uuid.uuid4().hex[:20]
        request = {
            "practice": "Here", "source_system": SYSTEM, "target": {"url": self.town.server.url}, "files": wanted,
            "source": {"kind": "api", "base_url": self.source.url, "secret": "core-practice"},
            "options": {"schema": "provision"},
        }  # fmt: skip
        await self.tools.runs.register(run_id, request, at="2026-01-01T00:00:00.000+00:00")
        filing = Filing(self.tools, self.town, self.site, self.source.faults, self.folder, run_id)
        await documents.publish(self.tools, run_id, "mapping", document(mapping(source)))
        if not self.ready:
            await self._schema(run_id)
            self.ready = True
        rules = await self.town.target.attachment_rules()
        if most_base64 is not None:
            rules = replace(rules, most_base64_bytes=most_base64)
        policy = FilesPolicy.of(rules, wanted)
        await documents.publish(self.tools, run_id, "files-policy", policy.to_json())
        known = await self.tools.staging.write_bytes(f"{run_id}/known", index(["p-1", "p-2"]).tobytes())
        crosswalk = {
            "fallback_owner": JANE["systemuserid"], "users": {}, "authors": {}, "aliases": {}, "matched": {},
            "ambiguous": [], "known": {"patients": known.path},
        }  # fmt: skip
        await documents.publish(self.tools, run_id, "crosswalk", crosswalk)
        api = ApiSource(self.source.url, "sandbox", http=self.tools.http, patience=5)
        self.tools._sources[run_id] = ("", api)  # in place of one that a secret opens
        table = (await self.town.target.tables(["contact"]))["contact"]
        people = [{"contactid": contact(patient), "lastname": "Fox"} for patient in ("p-1", "p-2")]
        await self.town.target.create(table, people)
        return filing

    async def _schema(self, run_id: str) -> None:
        for _ in range(30):
            try:
                if not (await schema(self.tools, About(run_id))).more:
                    return
            except TryAgain as again:
                await self.town.clock.sleep(again.after * 20)
        raise AssertionError("the schema step never ends")


Towns = Callable[[], AsyncIterator[Town]]


async def cabinet_of(azurite: str, tmp_path: Path, towns: Towns = lambda: town_of(calm())) -> AsyncIterator[Cabinet]:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    (folder / "files").mkdir()
    # The simulator serves the file of any attachment it was told of when it started.
    told = [
        {"id": f"a-{n}", "patient_id": "p-1", "file_id": f"f-a-{n}", "created_at": WEEK, "updated_at": WEEK}
        for n in range(60)
    ]
    (folder / "attachments.ndjson").write_text("".join(json.dumps(one) + "\n" for one in told))
    tools = Toolbox(Settings(storage_connection=azurite, local_key=LOCAL_KEY, allow_loopback=True))
    await tools.open()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(tools.staging.close)
        stack.push_async_callback(tools.tables.close)
        stack.push_async_callback(tools.http.aclose)
        source = await stack.enter_async_context(corepractice.running(Practice(Folder(folder))))
        site = await stack.enter_async_context(sharepoint.running())
        client = SharePoint(site.site_url, AnyToken(), graph_url=site.url, patience=5)
        stack.push_async_callback(client.close)
        tools._sites[site.site_url] = client
        async for town in towns():
            tools._targets[town.server.url] = town.target
            yield Cabinet(tools, town, site, source, folder)
