"""Schedules occur when the NCRONTAB documentation says they do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.host import cron


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("0 */5 * * * *", "2026-03-01T10:02:03", "2026-03-01T10:05:00"),
        ("0 0 * * * *", "2026-03-01T10:00:00", "2026-03-01T11:00:00"),
        ("0 0 */2 * * *", "2026-03-01T23:00:00", "2026-03-02T00:00:00"),
        ("0 0 9-17 * * *", "2026-03-01T17:30:00", "2026-03-02T09:00:00"),
        ("0 30 9 * * *", "2026-03-01T09:29:59", "2026-03-01T09:30:00"),
        ("0 30 9 * * 1-5", "2026-03-06T10:00:00", "2026-03-09T09:30:00"),
        ("0 30 9 * Jan Mon", "2026-02-01T00:00:00", "2027-01-04T09:30:00"),
        ("0 0 0 1 * *", "2026-12-15T00:00:00", "2027-01-01T00:00:00"),
        ("0 0 0 31 * *", "2026-02-01T00:00:00", "2026-03-31T00:00:00"),
        ("0 0 0 29 2 *", "2026-03-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 13 * FRI", "2026-03-14T00:00:00", "2026-11-13T00:00:00"),
        ("*/10 * * * * *", "2026-03-01T10:00:05.5", "2026-03-01T10:00:10"),
        ("15,45 * * * * *", "2026-03-01T10:00:15", "2026-03-01T10:00:45"),
        ("0 5/20 * * * *", "2026-03-01T10:26:00", "2026-03-01T10:45:00"),
        ("0 0 0 * * sunday", "2026-03-02T00:00:00", "2026-03-08T00:00:00"),
        ("*/5 * * * *", "2026-03-01T10:02:03", "2026-03-01T10:05:00"),
        ("00:05:00", "2026-03-01T10:02:03", "2026-03-01T10:07:03"),
        ("1.00:00:00", "2026-03-01T10:00:00", "2026-03-02T10:00:00"),
    ],
)
def test_the_next_occurrence_is_the_documented_one(schedule, after, expected):
    assert cron.parse(schedule).after(at(after)) == at(expected)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "* * *",
        "60 * * * * *",
        "0 0 24 * * *",
        "0 0 0 0 * *",
        "0 */0 * * * *",
        "0 9-8 * * * *",
        "0 0 0 * Foo *",
        "0 0 0 * * 8",
        "x * * * * *",
        "00:00:00",
        "0 0 0 * * * *",
    ],
)
def test_a_schedule_that_means_nothing_is_refused(schedule):
    with pytest.raises(ValueError):
        cron.parse(schedule)


def test_a_day_that_never_comes_is_refused_when_asked_for():
    with pytest.raises(ValueError, match="never"):
        cron.parse("0 0 0 31 2 *").after(at("2026-01-01T00:00:00"))
