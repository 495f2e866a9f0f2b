"""How many records a staged shard has: as many as are asked for, and fewer where they are long (N20)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from activities import extract
from activities.shorter import NOTES
from sandbox.corepractice import app as corepractice
from sandbox.corepractice.folder import Folder
from sandbox.corepractice.practice import Practice
from shared.corepractice.client import ApiSource
from shared.wire.payloads import Slice
from tests.activities.filing import WEEK, Cabinet

RECORDS, MOST, A_PAGE = 100, 40, 10
LIGHT, MEDIUM, LONG = 20, 500, 3_000
"""Characters of a note, which has some 300 bytes besides: as a shard has room for, for three pages of four, and a page
of which takes more than a shard has room for."""


@pytest.mark.parametrize(
    ("length", "shards"), [(LIGHT, [40, 40, 20]), (MEDIUM, [20, 20, 20, 20, 20]), (LONG, [A_PAGE] * 10)]
)
async def test_n20_a_shard_of_long_records_has_fewer_of_them_and_none_is_lost(
    cabinet: Cabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int, shards: list[int]
) -> None:
    monkeypatch.setattr(extract, "PAGE_RECORDS", A_PAGE)
    filing = await cabinet.open(source=NOTES)
    tools = filing.tools
    tools.settings = replace(tools.settings, shard_records=MOST)
    folder = tmp_path / "practice"
    folder.mkdir()
    notes = [
        {
            "id": f"n-{number:03}", "patient_id": "p-1", "kind": "clinical", "body": "a" * length,
            "created_at": WEEK, "updated_at": WEEK,
        }
        for number in range(RECORDS)
    ]  # fmt: skip
    (folder / f"{NOTES}.ndjson").write_text("".join(json.dumps(note) + "\n" for note in notes))
    async with corepractice.running(Practice(Folder(folder))) as server:
        tools._sources[filing.run_id] = ("", ApiSource(server.url, "sandbox", http=tools.http, patience=5))
        while (await extract.extract(tools, Slice(filing.run_id, "extract", "base", NOTES))).more:
            pass
    staged = [
        await tools.staging.read_shard(address) for address in await tools.runs.shards(filing.run_id, "base", NOTES)
    ]
    assert [len(shard) for shard in staged] == shards
    assert sorted(record["id"] for shard in staged for record in shard) == [note["id"] for note in notes]
