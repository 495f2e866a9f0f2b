"""Where documents lie: sites, libraries and folders as rows, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest


async def library(api: Any) -> tuple[str, str]:
    site = await api.create("sharepointsites", {"name": "Clinic", "absoluteurl": "https://clinic.sharepoint.com"})
    bound = {"parentsiteorlocation_sharepointsite@odata.bind": f"/sharepointsites({site})"}
    return site, await api.create("sharepointdocumentlocations", {"name": "Docs", "relativeurl": "docs", **bound})


async def folder(api: Any, above: str, **more: Any) -> str:
    bound = {"parentsiteorlocation_sharepointdocumentlocation@odata.bind": f"/sharepointdocumentlocations({above})"}
    made: str = await api.create("sharepointdocumentlocations", {"name": "Doe", "relativeurl": "doe", **bound, **more})
    return made


async def locations(api: Any) -> int:
    return len((await api.row("sharepointdocumentlocations"))["value"])


async def test_r92_a_location_shows_on_its_record_and_says_where_it_lies(api):
    site, docs = await library(api)
    contact = await api.create("contacts", {"lastname": "Doe"})
    made = await folder(api, docs, **{"regardingobjectid_contact@odata.bind": f"/contacts({contact})"})
    row = await api.row(f"sharepointdocumentlocations({made})?$expand=parentsiteorlocation_sharepointdocumentlocation")
    assert (row["_regardingobjectid_value"], row["servicetype"], row["locationtype"]) == (contact, 0, 0)
    assert row["parentsiteorlocation_sharepointdocumentlocation"]["relativeurl"] == "docs"
    assert row["sitecollectionid"] == site
    shown = await api.row(f"contacts({contact})/Contact_SharepointDocumentLocation")
    assert [one["sharepointdocumentlocationid"] for one in shown["value"]] == [made]
    assert (await api.delete(f"contacts({contact})")).status_code == 204
    assert await locations(api) == 1


async def test_a_site_takes_its_libraries_and_folders_along(api):
    site, docs = await library(api)
    await folder(api, docs)
    assert await locations(api) == 2
    assert (await api.delete(f"sharepointsites({site})")).status_code == 204
    assert await locations(api) == 0


async def test_a_location_needs_an_address_of_its_own_or_below_another(api, error):
    for body in ({"name": "x"}, {"name": "x", "relativeurl": "x"}):
        assert error(await api.post("sharepointdocumentlocations", body)) == (400, "0x80040203")
        assert error(await api.post("sharepointsites", body)) == (400, "0x80040203")
    await api.create("sharepointdocumentlocations", {"name": "x", "absoluteurl": "https://x.sharepoint.com/docs"})


@pytest.mark.parametrize("table", ["account", "opportunity", "lead"])
async def test_each_of_the_standard_records_can_have_a_location(api, table):
    sets = {"account": "accounts", "opportunity": "opportunities", "lead": "leads"}
    _, docs = await library(api)
    record = await api.create(sets[table], {})
    await folder(api, docs, **{f"regardingobjectid_{table}@odata.bind": f"/{sets[table]}({record})"})
    assert (await api.delete(f"{sets[table]}({record})")).status_code == 204
    assert await locations(api) == 1


async def test_a_custom_table_can_be_opened_to_documents(api):
    await api.publisher()
    await api.define("bw_Visit", IsDocumentManagementEnabled=True)
    _, docs = await library(api)
    visit = await api.create("bw_visits", {"bw_name": "v"})
    await folder(api, docs, **{"regardingobjectid_bw_visit@odata.bind": f"/bw_visits({visit})"})
    definition = await api.row("EntityDefinitions(LogicalName='bw_visit')?$select=IsDocumentManagementEnabled")
    assert definition["IsDocumentManagementEnabled"]
    assert (await api.delete("EntityDefinitions(LogicalName='bw_visit')")).status_code == 204
