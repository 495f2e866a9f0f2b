"""Two towns in which the same happened are alike, whatever ids and instants they made up; anything else shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from torture.alike import canonical

BEGAN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def town(number: int, **differs: Any) -> list[str]:
    """A publisher with a table that has a key, a row that was changed just now, and a party of it."""
    ids = [f"{number}{place}345678-1234-4234-8234-123456789abc" for place in range(5)]
    now = f"2026-05-04T0{3 + number}:30:00Z"
    key = {"name": "bw_key", "metadata_id": ids[1], "job_id": ids[2], "started_at": number, "ready_at": number}
    table = {"metadata_id": ids[3], "schema_name": "bw_Thing", "keys": [key], "columns": []}
    text = f"<p><em>Written on 2026-05-04 1{3 + number}:30 (UTC+10:00) in Core Practice</em></p>moved"
    call = {"activityid": "c", "versionnumber": number, "actualstart": now, "description": text, **differs}
    party = {"activitypartyid": ids[4], "activityid": "c", "partyid": "p"}
    built_in = {"solutionid": ids[1], "uniquename": "Default", "installedon": f"2026-05-03T0{number}:00:00Z"}
    lines = [
        {"table": "solution", "id": ids[1], "row": built_in},
        {"table": "publisher", "id": ids[0], "row": {"publisherid": ids[0], "uniquename": "bw"}},
        {"metadata": "table", "name": "bw_thing", "definition": table},
        {"table": "solutioncomponent", "id": ids[4], "row": {"solutioncomponentid": ids[4], "objectid": ids[3]}},
        {"table": "phonecall", "id": "c", "row": call},
        {"table": "activityparty", "id": ids[4], "row": party},
    ]
    return [json.dumps(line) for line in lines]


def test_n11_two_towns_are_alike_whatever_ids_and_moments_they_made_up() -> None:
    assert canonical(town(1), since=BEGAN) == canonical(town(2), since=BEGAN)


@pytest.mark.parametrize(
    "differs", [{"subject": "x"}, {"actualstart": "2020-01-01T00:00:00Z"}, {"description": "lost"}, {"regarding": "d"}]
)
def test_n11_any_other_difference_shows(differs: dict[str, str]) -> None:
    assert canonical(town(1, **differs), since=BEGAN) != canonical(town(1), since=BEGAN)


def test_n11_a_row_that_is_there_twice_shows() -> None:
    lines = town(1)
    assert canonical([*lines, lines[-1]], since=BEGAN) != canonical(lines, since=BEGAN)
