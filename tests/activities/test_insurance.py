"""The primary policy beside each patient, a few shards of patients at a time."""

from __future__ import annotations

from typing import Any

import pytest

from activities import insurance
from shared.mapping.choices import Choices
from shared.mapping.propose import propose
from tests.activities.filing import SYSTEM, Cabinet
from tests.shared.conftest import ALLOWED, EVERYTHING


def _policy(number: int, patient: int, priority: str, carrier: str) -> dict[str, Any]:
    return {"id": f"i-{number}", "patient_id": f"p-{patient}", "priority": priority, "carrier": carrier, "active": True}


@pytest.mark.parametrize("at_a_time", [1, 2, 8])
async def test_r76_each_patient_has_the_primary_policy_however_many_shards_go_at_a_time(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(insurance, "SHARDS_AT_A_TIME", at_a_time)
    monkeypatch.setattr(insurance, "MOST_LOOKS", 100)
    filing = await cabinet.open()
    tools, run = filing.tools, await filing.run()
    mapping = propose(EVERYTHING, Choices("bw", SYSTEM, allowed=ALLOWED))
    assert mapping.joins_insurance

    async def stage(name: str, number: int, *records: dict[str, Any]) -> None:
        address = await tools.staging.write_shard(run.id, name, "base", number, records)
        await tools.runs.put_shard(run.id, name, "base", number, address)

    for number in range(5):
        await stage("patients", number, *({"id": f"p-{2 * number + one}", "last_name": "Fox"} for one in range(2)))
    await stage("insurance_policies", 0, _policy(1, 0, "2", "Second"), _policy(2, 9, "1", "Last"))
    await stage("insurance_policies", 1, _policy(3, 0, "1", "First"), _policy(4, 5, "1", "Middle"))
    await insurance.join(tools, run, mapping, "base")
    joined = [
        record
        for address in await tools.runs.shards(run.id, "base", "patients")
        for record in await tools.staging.read_shard(address)
    ]
    assert [one["id"] for one in joined] == [f"p-{number}" for number in range(10)]
    carriers = {one["id"]: one["insurance.carrier"] for one in joined if one["insurance.carrier"]}
    assert carriers == {"p-0": "First", "p-5": "Middle", "p-9": "Last"}
