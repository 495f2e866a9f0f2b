"""Somebody who believes nothing of what the app says: reads storage and target with keys of their own, and replays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import zstandard
from azure.storage.blob import BlobServiceClient

from activities.link import object_maps
from activities.reading import present
from activities.toolbox import Toolbox
from sandbox.town import Town
from shared.dataverse.client import Dataverse
from shared.settings import Settings

Said = dict[str, Any]
Rows = Mapping[str, Mapping[str, Mapping[str, Any]]]


class _Visitor:
    """A token for looking into the target oneself, in place of the app's."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self, resource: str) -> str:
        return self._token


class Outsider(Toolbox):
    """Opens the same storage and target from outside the app's process."""

    def __init__(self, town: Town) -> None:
        super().__init__(Settings(storage_connection=town.storage_connection, allow_loopback=True))
        self._town = town
        self._seen: dict[str, Dataverse] = {}

    def target(self, url: str) -> Dataverse:
        return self._seen.setdefault(url, Dataverse(url, _Visitor(self._town.dataverse_token)))  # type: ignore[arg-type]

    async def close(self) -> None:
        await self.tables.close()
        await self.staging.close()
        await self.http.aclose()
        for target in self._seen.values():
            await target.close()


def staged(town: Town, said: Said) -> dict[str, Any]:
    """The record that a lineage names: the line of the blob, after its digest was checked."""
    shard = said["source"]["shard"]
    with BlobServiceClient.from_connection_string(town.storage_connection) as service:
        content = service.get_blob_client(shard["container"], shard["path"]).download_blob().readall()
    assert hashlib.sha256(content).hexdigest() == shard["sha256"]
    line = zstandard.ZstdDecompressor().decompress(content).splitlines()[shard["line"] - 1]
    record: dict[str, Any] = orjson.loads(line)
    assert str(record["id"]) == said["source"]["id"]
    return record


async def replayed(town: Town, told: Sequence[Said], export: Rows) -> list[tuple[Said, Said, Said]]:
    """Each lineage with what its rule makes of the record that it names, and what the target says: both by column.

    Columns that only members of a security profile can read are looked up in an ``export`` of the target.
    """
    tools = Outsider(town)
    try:
        return [(said, *await _replayed(tools, said, staged(town, said), export)) for said in told]
    finally:
        await tools.close()


async def _replayed(tools: Outsider, said: Said, record: dict[str, Any], export: Rows) -> tuple[Said, Said]:
    run = await tools.run(said["run"])
    mapping = await tools.runs.document(run.id, "mapping")
    assert mapping is not None
    versions = [field["mapping"] for field in said["fields"]]
    assert versions == [{"digest": mapping.digest, "sequence": mapping.sequence}] * len(versions)
    object_map = (await object_maps(tools, run))[said["expected"]["rule"]]
    rows = object_map.rows(record)
    assert isinstance(rows, list)
    row = next(row for row in rows if row.id == said["row"]["id"])
    there = (await present(tools.target_of(run), object_map, [row.id]))[row.id]
    held = {column.name: there.get(column.read) for column in object_map.columns}
    secured = [rule.target for rule in object_map.rule.fields if rule.secured and held.get(rule.target) is None]
    return dict(row.values), held | {name: export[said["row"]["table"]][row.id].get(name) for name in secured}
