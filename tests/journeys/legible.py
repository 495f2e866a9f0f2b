"""All that lies in a town's storage, read past the app and opened: unpacked, and unsealed with the key it was given."""

from __future__ import annotations

import asyncio
import io
import zipfile

import orjson
import zstandard
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from shared.keys.client import LocalKeys
from shared.keys.seal import Seal


def raw(connection: str, run: str) -> dict[str, bytes]:
    """Everything of a run as it lies there, by where it is."""
    found: dict[str, bytes] = {}
    blobs = BlobServiceClient.from_connection_string(connection)
    for container in blobs.list_containers():
        client = blobs.get_container_client(container.name)
        for name in client.list_blob_names(name_starts_with=f"{run}/"):
            found[f"{container.name}/{name}"] = client.download_blob(name).readall()
    tables = TableServiceClient.from_connection_string(connection)
    for table in tables.list_tables():
        for row in tables.get_table_client(table.name).list_entities():
            if run in (table.name.removeprefix("journal"), row["PartitionKey"], row["RowKey"]):
                found[f"{table.name}/{row['PartitionKey']}/{row['RowKey']}"] = repr(dict(row)).encode()
    return found


def opened(connection: str, run: str, local_key: str) -> dict[str, bytes]:
    """The same, legible: shards and packs unpacked, the journal unsealed."""
    found = {}
    for where, content in raw(connection, run).items():
        if where.endswith(".zst"):
            content = zstandard.ZstdDecompressor().decompress(content)
        if where.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as pack:
                content = b"\n".join(pack.read(name) for name in pack.namelist())
        found[where] = content
    return found | _journal(connection, run, local_key)


def _journal(connection: str, run: str, local_key: str) -> dict[str, bytes]:
    tables = TableServiceClient.from_connection_string(connection)
    wrapped = tables.get_table_client("runs").get_entity(run, "key")["wrapped"]
    seal = Seal(asyncio.run(LocalKeys(local_key).unwrap(str(wrapped))))
    found = {}
    for row in tables.get_table_client(f"journal{run}").list_entities():
        lane, number = str(row["PartitionKey"]), str(row["RowKey"])
        sealed = b"".join(bytes(row[name]) for name in sorted(row) if name.startswith("entries"))
        plain = seal.open(sealed, about=f"{lane}/{int(number)}")
        body = orjson.loads(zstandard.ZstdDecompressor().decompress(plain))
        found[f"journal{run}/{lane}/{number}"] = orjson.dumps(body)
    return found
