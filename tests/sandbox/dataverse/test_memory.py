"""An organisation outlives its process: the journal, a torn tail, a kill, and the export that compares."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.dataverse.journal import Journal

ROOT = Path(__file__).parents[3]


async def export(api) -> str:
    return (await api.http.get(f"{api.url}/sandbox/export")).text


async def fill(api, attribute, labelled) -> None:
    """A little of everything that has to be remembered."""
    await api.publisher()
    await api.define("bw_Visit", attribute("bw_Code"), attribute("bw_Doc", "File"), attribute("bw_Gone"), HasNotes=True)
    await api.key("bw_visit", "bw_code")
    body = {"@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": "bw_contact_visit",
            "ReferencedEntity": "contact", "ReferencingEntity": "bw_visit",
            "Lookup": {"SchemaName": "bw_PatientId", "DisplayName": labelled("P")}}  # fmt: skip
    await api.post("RelationshipDefinitions", body)
    contact = await api.create("contacts", {"firstname": "A"})
    doomed = await api.create("contacts", {"firstname": "B"})
    visit = await api.create(
        "bw_visits", {"bw_code": "1", "bw_gone": "x", "bw_PatientId@odata.bind": f"/contacts({contact})"}
    )
    headers = {"x-ms-file-name": "a.txt"}
    await api.http.patch(f"bw_visits({visit})/bw_doc", content=b"hello", headers=headers)
    await api.delete(f"contacts({doomed})")
    await api.delete("EntityDefinitions(LogicalName='bw_visit')/Attributes(LogicalName='bw_gone')")
    await api.create("annotations", {"subject": "n", "objectid_bw_visit@odata.bind": f"/bw_visits({visit})"})


async def test_everything_is_remembered_and_goes_on(start, attribute, labelled, tmp_path, error):
    state = tmp_path / "org.journal"
    api = await start(seeded={"state": state})
    await fill(api, attribute, labelled)
    before, who = await export(api), await api.row("WhoAmI")
    api.server.org.close()
    again = await start(seeded={"state": state})
    assert await export(again) == before
    assert (await again.row("WhoAmI"))["UserId"] == who["UserId"]
    assert error(await again.post("bw_visits", {"bw_code": "1"})) == (412, "0x80060892")
    (visit,) = (await again.row("bw_visits"))["value"]
    assert (await again.get(f"bw_visits({visit['bw_visitid']})/bw_doc/$value")).content == b"hello"
    version = visit["versionnumber"]
    await again.patch(f"bw_visits({visit['bw_visitid']})", {"bw_name": "x"})
    assert (await again.row("bw_visits"))["value"][0]["versionnumber"] > version


async def test_a_rewritten_journal_says_the_same_in_fewer_words(start, attribute, labelled, tmp_path):
    state = tmp_path / "org.journal"
    api = await start(seeded={"state": state})
    await fill(api, attribute, labelled)
    before = await export(api)
    org = api.server.org
    org._journal.rewrite(org._snapshot())
    org.close()
    assert await export(await start(seeded={"state": state})) == before


def test_a_torn_last_line_is_forgotten_and_a_second_process_refused(tmp_path):
    path = tmp_path / "j"
    journal = Journal(path)
    journal.append([("row", "a", "1", {"x": 1})])
    journal.append([("row", "a", "2", {"x": 2})])
    with pytest.raises(OSError, match="in use"):
        Journal(path)
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    journal = Journal(path)
    assert [entry[2] for entry in journal.read()] == ["1"]
    journal.append([("row", "a", "3", None)])
    journal.close()
    assert [entry[2] for entry in Journal(path).read()] == ["1", "3"]


async def command(*arguments: str) -> tuple[asyncio.subprocess.Process, str]:
    """The command line, started; answers its process and URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.dataverse", *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        if " listening on " in line:
            return process, line.split(" listening on ")[1].strip()
    raise AssertionError("it did not start")


async def test_a_kill_loses_no_row_that_was_answered_for(tmp_path):
    state = str(tmp_path / "org.journal")
    process, url = await command("--open", "--calm", "--state", state)
    answered: list[str] = []

    async def load(http: httpx.AsyncClient) -> None:
        target = {"@odata.type": "Microsoft.Dynamics.CRM.contact", "firstname": "x"}
        while True:
            answer = await http.post("contacts/Microsoft.Dynamics.CRM.CreateMultiple", json={"Targets": [target] * 50})
            answered.extend(answer.json()["Ids"])
            if len(answered) >= 1000:
                process.send_signal(signal.SIGKILL)

    headers = {"Authorization": "Bearer any"}
    async with httpx.AsyncClient(base_url=f"{url}/api/data/v9.2/", headers=headers) as http:
        results = await asyncio.gather(*(load(http) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, httpx.TransportError) for result in results)
    await process.wait()
    process, url = await command("--open", "--calm", "--state", state)
    async with httpx.AsyncClient(base_url=f"{url}/api/data/v9.2/", headers=headers) as http:
        found = {row["contactid"] for row in (await http.get("contacts?$select=contactid")).json()["value"]}
    process.terminate()
    assert await process.wait() == 0
    assert set(answered) <= found


async def test_an_export_is_the_same_for_the_same_content(start, attribute, labelled):
    api = await start(calm())
    empty = await export(api)
    assert empty.count("\n") == empty.count('"table":"publisher"') + empty.count('"table":"solution')
    await fill(api, attribute, labelled)
    assert await export(api) == await export(api) != empty
    narrowed = (await api.http.get(f"{api.url}/sandbox/export?tables=contact")).text
    assert narrowed.count("\n") == 1
    assert '"table":"contact"' in narrowed
