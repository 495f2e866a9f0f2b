"""How fast the simulators answer: they must never hide how fast the app is."""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import orjson

from benchmarks.figures import Figure
from sandbox.town import CORE_PRACTICE_TOKEN, Part

AREA = "The simulators"
BATCH = 200
COLUMNS = {
    "firstname": "Zoë", "lastname": "O'Neill", "middlename": "Ann", "salutation": "Ms", "nickname": "Zo",
    "jobtitle": "Teacher", "emailaddress1": "zoe@example.com", "mobilephone": "0400 000 000", "telephone1": "1",
    "telephone2": "2", "address1_line1": "1 Sea Street", "address1_city": "Manly", "address1_stateorprovince": "NSW",
    "address1_postalcode": "2095", "address1_country": "Australia", "birthdate": "1980-01-31", "donotbulkemail": True,
    "description": "A person.", "importsequencenumber": 7, "overriddencreatedon": "2020-01-31T00:00:00Z",
}  # fmt: skip


def measure(*, rows: int, patients: int) -> list[Figure]:
    """Rows a second through CreateMultiple and back in pages; records a second out of the practice."""
    return asyncio.run(_measured(rows, patients))


async def _measured(rows: int, patients: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with AsyncExitStack() as stack:
            log = Path(folder) / "log"
            target = Part("sandbox.dataverse", ["--open", "--calm", "--state", f"{folder}/rows"], log=log)
            clinic = ["--patients", str(patients), "--token", CORE_PRACTICE_TOKEN, "--rate-limit", "off"]
            source = Part("sandbox.corepractice", clinic, log=log)
            for part in (target, source):
                stack.push_async_callback(part.stop)
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
            api = f"{await target.start()}/api/data/v9.2"
            return [
                Figure(AREA, "Dataverse, CreateMultiple", await _created(http, api, rows), "rows/s", "aim: 15,000"),
                Figure(AREA, "Dataverse, pages of 5,000", await _read(http, api, rows), "rows/s"),
                Figure(
                    AREA, "Core Practice, patients", await _listed(http, await source.start(), patients), "records/s"
                ),
            ]


async def _created(http: httpx.AsyncClient, api: str, rows: int) -> float:
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}
    bodies = [
        orjson.dumps({"Targets": [{**kind, **COLUMNS, "contactid": str(uuid.uuid4())} for _ in range(BATCH)]})
        for _ in range(rows // BATCH)
    ]
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    waiting = iter(bodies)

    async def lane() -> None:
        for body in waiting:
            answer = await http.post(
                f"{api}/contacts/Microsoft.Dynamics.CRM.CreateMultiple", content=body, headers=headers
            )
            answer.raise_for_status()

    began = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(4)))
    return rows / (time.perf_counter() - began)


async def _read(http: httpx.AsyncClient, api: str, rows: int) -> float:
    url, seen = f"{api}/contacts?$select=firstname,lastname,birthdate,emailaddress1", 0
    headers = {"Authorization": "Bearer any", "Prefer": "odata.maxpagesize=5000"}
    began = time.perf_counter()
    while url:
        page = orjson.loads((await http.get(url, headers=headers)).content)
        seen += len(page["value"])
        url = page.get("@odata.nextLink", "")
    assert seen == rows, seen
    return rows / (time.perf_counter() - began)


async def _listed(http: httpx.AsyncClient, url: str, patients: int) -> float:
    headers = {"Authorization": f"Bearer {CORE_PRACTICE_TOKEN}"}
    asked: dict[str, str] = {"limit": "500", "include_archived": "true"}
    seen, began = 0, time.perf_counter()
    while True:
        page = orjson.loads((await http.get(f"{url}/v1/patients", params=asked, headers=headers)).content)
        seen += len(page["data"])
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]
    assert seen > 0.9 * patients, seen
    return seen / (time.perf_counter() - began)
