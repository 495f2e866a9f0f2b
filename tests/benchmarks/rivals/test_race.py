"""Every rival runs its course, and is judged by what the target holds."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.rivals.course import KEY, row
from benchmarks.rivals.race import Course, judged, race
from sandbox.dataverse.limits import OFF, Limits
from sandbox.faults import Fault

LOST_ANSWER = Fault("drop_after", match=r"^POST /api/data/v9.2/contacts", at=(2,))


@pytest.mark.parametrize(
    ("module", "batch", "doubled"),
    [
        ("ours", 10, 0),
        ("single_posts", 1, 1),
        ("microsoft", 10, 10),
        ("microsoft_gathered", 10, 10),
        ("dataverse_api_threads", 10, 40),
    ],
)
def test_an_answer_that_is_lost_doubles_rows_unless_their_ids_were_known(module: str, batch: int, doubled: int):
    lap = race(module, Course(OFF, batch, width=2, rows=40, faults=(LOST_ANSWER,)))
    assert (lap.rows, lap.lost, lap.doubled) == (40, 0, doubled)
    assert lap.requests >= 40 / batch
    assert min(lap.seconds, lap.cpu, lap.memory, lap.server_cpu) > 0


def test_a_lap_is_judged_by_the_target():
    course = Course(Limits(servers=3), batch=2, users=2, seconds=10)
    said = {"batches": [0, 1], "seconds": 10.0, "cpu": 1.0, "memory": 50.0}
    stats = {"requests": {"POST contacts": 3, "GET WhoAmI": 1}, "throttled": 1, "doors": 6, "shut_seconds": 6.0}
    present = Counter({str(row(number)[KEY]): 1 + (number == 0) for number in (0, 1, 2, 7)})
    lap = judged(said, course, stats, present)
    assert (lap.rows, lap.lost, lap.doubled) == (3, 1, 1), (
        "row 3 is believed to be there, row 0 is twice, row 7 nobody's"
    )
    assert lap.punished == pytest.approx(6 / (10 * 6))
    assert (lap.rows_per_second, lap.requests, lap.per_thousand(lap.requests)) == (0.3, 4, pytest.approx(4000 / 3))
