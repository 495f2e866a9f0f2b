"""Take records away between any two stages: the equation breaks, and names the stage, the provider and the month."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from shared.reconcile.conservation import (
    ELSEWHERE,
    ENDS,
    MISSING,
    REPLACED,
    Account,
    Cells,
    Equation,
    add,
    cell,
    merged,
    siblings,
)


def records(chance: random.Random, count: int = 200) -> list[dict[str, Any]]:
    return [
        {
            "id": str(number),
            "provider_id": chance.choice(["S1", "S2", None]),
            "starts_at": f"2024-{chance.randint(1, 12):02d}-05T09:00:00+11:00",
            "ends": chance.choice(ENDS),
        }
        for number in range(count)
    ]


def seen(some: list[dict[str, Any]], bucket: str = "") -> Cells:
    cells: Cells = {}
    for record in some:
        add(cells, cell(record), bucket or record["ends"])
    return cells


def counted(some: list[dict[str, Any]]) -> dict[str, int]:
    return dict(Counter(cell(record) for record in some))


def judged(account: Account) -> dict[str, Any]:
    equation = Equation()
    equation.add("appointments", account)
    return equation.document()


def places(body: dict[str, Any]) -> set[tuple[str, str, str, int]]:
    return {(one["stage"], one["provider"], one["month"], one["missing"]) for one in body["broken"]}


@pytest.mark.parametrize("seed", range(10))
def test_n2_an_undisturbed_run_adds_up_by_provider_and_by_month(seed: int):
    some = records(random.Random(seed))
    body = judged(Account(200, 200, counted(some), seen(some)))
    assert body["holds"]
    told = body["objects"]["appointments"]
    assert sum(told[bucket] for bucket in ENDS) == told["staged"] == told["source"] == 200
    for grouped in (told["providers"], told["months"]):
        assert sum(sum(buckets.values()) for buckets in grouped.values()) == 200


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("stage", ["extract", "staging", "map", "load"])
def test_n2_records_lost_at_any_stage_break_it_there_and_nowhere_else(seed: int, stage: str):
    chance = random.Random(seed)
    some = records(chance)
    lost = chance.sample(some, chance.randint(1, 9))
    kept = [record for record in some if record not in lost]
    where = Counter(tuple(cell(record).split("|")) for record in lost)
    expected = {(stage, provider, month, count) for (provider, month), count in where.items()}
    if stage == "extract":
        body, expected = judged(Account(200, len(kept), counted(kept), seen(kept))), {("extract", "*", "*", len(lost))}
    elif stage == "staging":
        body = judged(Account(200, 200, counted(some), seen(kept)))
    elif stage == "map":
        body = judged(Account(200, 200, counted(some), merged([seen(kept), seen(lost, ELSEWHERE)])))
    else:
        body = judged(Account(200, 200, counted(some), merged([seen(kept), seen(lost, MISSING)])))
    assert places(body) == expected
    assert not body["holds"]


def test_n2_a_record_that_a_delta_brought_again_counts_once():
    some = records(random.Random(1))
    base = merged([seen(some[10:]), seen(some[:10], REPLACED)])
    later = seen(some[:10], "updated")
    body = judged(Account(200, 200, counted(some), base, later, brought=10))
    assert body["holds"]
    assert body["objects"]["appointments"]["replaced"] == 10
    lost = judged(Account(200, 200, counted(some), base, later, brought=11))
    assert places(lost) == {("staging", "*", "*", 1)}


def test_n2_rules_that_share_a_source_take_each_record_once():
    some = records(random.Random(2))
    calls, mails = some[:120], some[120:]
    one = merged([seen(calls), seen(mails, ELSEWHERE)])
    other = merged([seen(mails), seen(calls, ELSEWHERE)])
    assert judged(Account(200, 200, counted(some), siblings(merged([one, other]), one)))["holds"]
    forgotten = merged([seen(mails[5:]), seen(mails[:5], ELSEWHERE), seen(calls, ELSEWHERE)])
    body = judged(Account(200, 200, counted(some), siblings(merged([one, forgotten]), one)))
    assert {one["stage"] for one in body["broken"]} == {"map"}
    assert sum(one["missing"] for one in body["broken"]) == 5
    twice = judged(Account(200, 200, counted(some), siblings(merged([seen(some), other]), seen(some))))
    assert not twice["holds"]


def test_a_record_without_provider_or_date_still_counts():
    assert cell({"id": "1"}) == "-|-"
    assert cell({"id": "1", "created_at": "2024-05-06T00:00:00Z", "provider_id": ""}) == "-|2024-05"
    assert cell({"id": "1", "treated_on": "03/04/2024", "author_id": "S9"}) == "S9|-"
