"""What is kept too long is found, and the certificate counts what went and names what stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.runs.model import Run
from shared.runs.retention import certificate, overdue
from shared.vocabulary import Phase

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ENDED = Run(
    "r" + "1" * 20,
    {"practice": "Harbour Dental", "source": {"kind": "api"}},
    phase=Phase.FINISHED,
    ended_at=(NOW - timedelta(days=31)).isoformat(),
)
PURGED = {"by": "Dr Practice", "asked_at": "2026-11-23T00:00:00+00:00"}
WENT = {"staged": 40, "journal": 12, "receipts": 3, "details": 99, "key": True}


def test_a_run_is_overdue_when_it_ended_longer_ago_than_its_records_are_kept():
    recent = replace(ENDED, ended_at=(NOW - timedelta(days=29)).isoformat())
    waiting = replace(ENDED, phase=Phase.SIGN_OFF, ended_at="")
    proved_again = replace(ENDED, phase=Phase.RECONCILE)
    gone = replace(ENDED, purge=PURGED)
    assert overdue([ENDED, recent, waiting, proved_again, gone], now=NOW, days=30) == [ENDED]


def test_nothing_is_overdue_where_records_are_kept_until_somebody_asks():
    assert overdue([ENDED], now=NOW, days=0) == []


def test_the_certificate_counts_what_went_and_says_why_and_until_when_the_rest_stays():
    found = certificate(replace(ENDED, purge={**PURGED, "went": WENT}), histories=321, at="2026-11-23T01:00:00+00:00")
    assert [one["count"] for one in found["went"]] == [40, 12, 3, 99, 321, 1]
    assert all(one["what"] and one["why"] and one["until"] for one in found["stays"])
    assert "bundle" not in str(found["stays"])
    assert found["no_more"]


def test_a_bundle_that_the_customer_put_there_is_named_among_what_stays():
    bundled = replace(ENDED, request={**ENDED.request, "source": {"kind": "bundle"}}, purge={**PURGED, "went": WENT})
    assert "the export bundle" in str(certificate(bundled, histories=0, at="")["stays"])
