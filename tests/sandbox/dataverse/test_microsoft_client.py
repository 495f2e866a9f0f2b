"""Microsoft's own Python client, unmodified: the async one over http, the sync one over https."""

from __future__ import annotations

import asyncio
import time
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.aio.async_client import AsyncDataverseClient
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models.labels import Label, LocalizedLabel
from PowerPlatform.Dataverse.models.relationship import (
    LookupAttributeMetadata,
    ManyToManyRelationshipMetadata,
    OneToManyRelationshipMetadata,
)
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from sandbox.dataverse.behaviour import calm
from sandbox.dataverse.certificate import tls_context


class AsyncToken:
    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("any", int(time.time()) + 3600)

    async def close(self) -> None: ...

    async def __aenter__(self) -> AsyncToken:
        return self

    async def __aexit__(self, *_: object) -> None: ...


class Token:
    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("any", int(time.time()) + 3600)


class Mood(IntEnum):
    Calm = 100000000
    Anxious = 100000001


@pytest.fixture
async def client(api):
    async with AsyncDataverseClient(api.url, AsyncToken()) as client:
        yield client


async def test_rows_are_created_read_changed_listed_and_deleted(client):
    contact = await client.records.create("contact", {"firstname": "Ann", "lastname": "Bell"})
    account_id = "11111111-0000-4000-a000-000000000001"
    account = await client.records.create(
        "account",
        {"name": "A", "accountid": account_id, "primarycontactid@odata.bind": f"/contacts({contact})",
         "industrycode": "Accounting"},
    )  # fmt: skip
    assert account == account_id
    row = await client.records.retrieve(
        "account", account, select=["name", "industrycode"], expand=["primarycontactid"]
    )
    assert (row["name"], row["industrycode"], row["primarycontactid"]["fullname"]) == ("A", 1, "Ann Bell")
    await client.records.update("account", account, {"telephone1": "1"})
    ids = await client.records.create("account", [{"name": f"B{n}"} for n in range(5)])
    assert len(ids) == 5
    await client.records.update("account", ids, {"telephone1": "2"})
    pages = [
        page async for page in client.records.list_pages("account", select=["name"], orderby=["name asc"], page_size=2)
    ]
    assert [len(page) for page in pages] == [2, 2, 2]
    found = await client.records.list("account", filter="telephone1 eq '2' and statecode eq 0", select=["name"])
    assert len(found) == 5
    await client.records.delete("account", ids[0])
    await client.records.delete("account", ids[1:3], use_bulk_delete=False)
    assert await client.records.delete("account", ids[3:])
    assert len(await client.records.list("account", select=["name"])) == 1


async def test_a_table_is_made_with_columns_keys_and_links_and_unmade(client):
    columns = {
        "new_Code": "string", "new_Notes": "memo", "new_Count": {"type": "int", "min_value": 0, "max_value": 9},
        "new_Rate": "decimal", "new_Ratio": "float", "new_Day": "datetime", "new_Good": "bool", "new_Mood": Mood,
    }  # fmt: skip
    made = await client.tables.create("new_Probe", columns)
    assert made["table_logical_name"] == "new_probe"
    assert made["entity_set_name"] == "new_probes"
    await client.tables.add_columns("new_Probe", {"new_Extra": "string"})
    await client.tables.remove_columns("new_Probe", "new_Extra")
    await client.tables.create_alternate_key("new_Probe", "new_ProbeKey", ["new_code"])
    keys = await client.tables.get_alternate_keys("new_Probe")
    assert [(key.schema_name, key.status) for key in keys] == [("new_ProbeKey", "Active")]
    await client.records.upsert("new_probe", [UpsertItem({"new_code": "E1"}, {"new_count": 1, "new_mood": "Anxious"})])
    items = [UpsertItem({"new_code": f"E{n}"}, {"new_count": n}) for n in range(1, 4)]
    await client.records.upsert("new_probe", items)
    rows = await client.records.list("new_probe", select=["new_code", "new_count", "new_mood"], orderby=["new_code"])
    assert [(row["new_code"], row["new_count"]) for row in rows] == [("E1", 1), ("E2", 2), ("E3", 3)]
    assert rows[0]["new_mood"] == Mood.Anxious
    link = await client.tables.create_lookup_field("new_probe", "new_AccountId", "account")
    assert (await client.tables.get_relationship(link.relationship_schema_name)) is not None
    many = await client.tables.create_many_to_many_relationship(
        ManyToManyRelationshipMetadata(
            schema_name="new_probe_contact", entity1_logical_name="new_probe", entity2_logical_name="contact"
        )
    )
    assert many.relationship_id
    custom = await client.tables.create_one_to_many_relationship(
        LookupAttributeMetadata(schema_name="new_OtherId", display_name=Label([LocalizedLabel("Other", 1033)])),
        OneToManyRelationshipMetadata(
            schema_name="new_contact_probe",
            referenced_entity="contact",
            referencing_entity="new_probe",
            referenced_attribute="contactid",
        ),
    )
    await client.tables.delete_relationship(custom.relationship_id)
    assert await client.tables.list_table_relationships("new_Probe")
    typed = await client.tables.list_columns("new_Probe", typed=True)
    assert any(column["LogicalName"] == "new_count" and column["MaxValue"] == 9 for column in typed)
    await client.tables.update_column("new_Probe", "new_Code", {"max_length": 60})
    column = await client.tables.get_column("new_Probe", "new_Code", typed=True)
    assert column["MaxLength"] == 60
    assert any(table["LogicalName"] == "new_probe" for table in await client.tables.list())
    await client.tables.delete("new_Probe")
    assert await client.tables.get("new_Probe") is None


async def test_queries_by_sql_and_fetchxml_find_the_rows(client):
    account = await client.records.create("account", {"name": "Dental"})
    bind = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
    await client.records.create("contact", [{"firstname": f"C{n}", **bind} for n in range(5)])
    rows = await client.query.sql("SELECT TOP 3 firstname FROM contact WHERE firstname LIKE 'C%' ORDER BY firstname")
    assert [row["firstname"] for row in rows] == ["C0", "C1", "C2"]
    fetch = """<fetch count="2"><entity name="contact"><attribute name="firstname"/><order attribute="firstname"/>
      <link-entity name="account" from="accountid" to="parentcustomerid" alias="a"><attribute name="name"/>
      </link-entity>
    </entity></fetch>"""
    pages = [page async for page in client.query.fetchxml(fetch).execute_pages()]
    found = [row for page in pages for row in page]
    assert [row["firstname"] for row in found] == ["C0", "C1", "C2", "C3", "C4"]
    assert {row["a.name"] for row in found} == {"Dental"}


async def test_a_batch_with_a_changeset_is_carried_out(client):
    batch = client.batch.new()
    batch.records.create("account", {"name": "alone"})
    batch.records.create("contact", [{"firstname": "a"}, {"firstname": "b"}])
    changeset = batch.changeset()
    first = changeset.records.create("contact", {"firstname": "parent"})
    changeset.records.create("account", {"name": "child", "primarycontactid@odata.bind": first})
    result = await batch.execute()
    assert not result.has_errors, [response.error for response in result.responses]
    linked = await client.records.list("account", filter="name eq 'child'", expand=["primarycontactid"])
    assert linked[0]["primarycontactid"]["firstname"] == "parent"


async def test_files_go_up_whole_and_in_chunks(client, api, tmp_path: Path):
    await client.tables.create("new_Paper", {"new_Doc": "file"})
    row = await client.records.create("new_paper", {"new_name": "x"})
    for name, size, mode in (("small.bin", 1000, None), ("big.bin", 5 * 1024 * 1024, "chunk")):
        path = tmp_path / name
        path.write_bytes(bytes(range(250)) * (size // 250))
        await client.files.upload("new_Paper", row, "new_Doc", str(path), mode=mode)
        answer = await api.get(f"new_papers({row})/new_doc/$value")
        assert answer.content == path.read_bytes()
        assert answer.headers["x-ms-file-name"] == name


async def test_a_throttle_is_seen_with_its_wait(client, api):
    await client.records.create("account", {"name": "warm"})
    await api.http.post(f"{api.url}/sandbox/faults", json={"kind": "throttle", "retry_after": 7})
    with pytest.raises(HttpError) as caught:
        await client.records.create("account", {"name": "x"})
    assert caught.value.status_code == 429
    assert caught.value.is_transient


async def test_the_sync_client_works_over_tls(start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    context, certificate = tls_context(tmp_path)
    api = await start(calm(), tls=context)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def work() -> tuple[int, int]:
        client = DataverseClient(api.url, Token())
        ids = client.records.create("account", [{"name": f"T{n}"} for n in range(10)])
        client.records.update("account", ids[0], {"name": "changed"})
        client.records.delete("account", ids[9])
        client.tables.create("new_Probe", {"new_Code": "string", "new_Mood": Mood})
        client.records.create("new_probe", {"new_code": "1", "new_mood": "Calm"})
        found = client.records.list("account", select=["name"], page_size=3)
        return len(list(found)), len(ids)

    # The sync client would block the loop that the server of this test lives on.
    assert await asyncio.to_thread(work) == (9, 10)
