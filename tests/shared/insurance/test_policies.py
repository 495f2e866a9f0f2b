"""One payer per fund, and one primary policy for everybody who asks."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.insurance.policies import Policy, ordered, payer_key, primary

TODAY = date(2025, 6, 30)
DAYS = st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1))
POLICIES = st.lists(
    st.builds(
        Policy,
        id=st.text("abc", min_size=1, max_size=4),
        priority=st.none() | st.integers(1, 3),
        active=st.none() | st.booleans(),
        valid_from=DAYS,
        valid_to=DAYS,
    ),
    max_size=6,
    unique_by=lambda policy: policy.id,
)


@pytest.mark.parametrize(
    "spellings",
    [
        ("Bupa", "BUPA", "bupa ", "B.U.P.A.", "Bupa Pty Ltd", "Bupa Limited"),
        ("Medibank Private", "Medibank  private", "MEDIBANK-PRIVATE"),
        ("HCF", "H.C.F.", "h c f", "HCF Ltd."),
        ("Teachers & Nurses", "teachers and nurses"),
    ],
)
def test_n19_every_spelling_of_a_fund_is_one_payer(spellings: tuple[str, ...]):
    assert len({payer_key(spelling) for spelling in spellings}) == 1


def test_n19_two_funds_stay_two():
    funds = ["Bupa", "Medibank", "Medibank Private", "HCF", "HIF", "nib", "ahm", "Limited", "Pty Ltd"]
    assert len({payer_key(fund) for fund in funds}) == len(funds)
    assert payer_key("") == payer_key(" .- ") == ""


@given(st.text())
def test_n19_a_key_is_its_own_key(carrier: str):
    assert payer_key(payer_key(carrier)) == payer_key(carrier)


@given(POLICIES, st.none() | st.just(TODAY), st.randoms())
def test_n19_the_order_of_the_records_changes_nothing(policies: list[Policy], on: date | None, chance: object):
    shuffled = list(policies)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ordered(shuffled, on) == ordered(policies, on)
    assert primary(shuffled, on) == (ordered(policies, on)[0] if policies else None)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Policy("b", priority=1, active=False), Policy("a", priority=2, active=True)),
        (Policy("b", priority=3), Policy("a", priority=None, active=True)),
        (Policy("b", priority=1, active=True), Policy("a", priority=1, active=False)),
        (Policy("b", priority=1, active=True), Policy("a", priority=1)),
        (Policy("b", priority=1), Policy("a", priority=1, active=False)),
        (Policy("b", valid_from=date(2010, 1, 1)), Policy("a", valid_from=date(2020, 1, 1), valid_to=date(2021, 1, 1))),
        (Policy("b"), Policy("a", valid_from=date(2026, 1, 1))),
        (Policy("b", valid_from=date(2020, 1, 1)), Policy("a", valid_from=date(2010, 1, 1))),
        (Policy("b", valid_from=date(2020, 1, 1)), Policy("a")),
        (Policy("a"), Policy("b")),
    ],
)
def test_n19_each_rule_decides_where_those_before_it_do_not(first: Policy, second: Policy):
    assert primary([second, first], TODAY) == first


def test_n19_validity_counts_only_for_a_day_that_is_asked_about():
    over = Policy("a", valid_from=date(2020, 1, 1), valid_to=date(2021, 1, 1))
    older = Policy("b", valid_from=date(2010, 1, 1))
    assert primary([over, older], None) == over
    assert primary([over, older], date(2021, 1, 1)) == over
    assert primary([over, older], TODAY) == older


def test_a_patient_without_a_policy_has_no_primary_one():
    assert primary([], TODAY) is None
