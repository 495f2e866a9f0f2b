"""Random ledgers arrive to the cent, however billing goes; any cent that moves is caught and located (N17)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from shared.mapping.compiled import ObjectMap
from shared.money.amounts import amount, written
from shared.money.books import parts_for
from shared.money.statement import DIGESTS
from tests.shared.money.ledgers import INVOICES, PATIENTS, arrived, ledger, maps, stated

MODES = ("table", "opportunity", "both")
AMOUNTS = {
    "invoices": {"invoiced": "total", "gst": "gst", "paid": "paid", "balance": "balance"},
    "invoice_lines": {"lines": "amount", "lines' gst": "gst"},
    "payments": {"payments": "amount"},
    "payment_allocations": {"allocations": "amount"},
}


@pytest.fixture(scope="module")
def rules() -> dict[str, dict[str, ObjectMap]]:
    return {mode: maps(mode) for mode in MODES}


Rules = dict[str, dict[str, ObjectMap]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(4))
def test_n17_a_ledger_that_arrived_is_the_same_before_and_after_to_the_cent(rules: Rules, mode: str, seed: int):
    records = ledger(seed)
    body = stated(rules[mode], records, arrived(rules[mode], records))
    assert body["holds"], body
    assert body["source"]["does_not_add_up"] == {"lines": 0, "gst": 0, "paid": 0, "balance": 0}
    assert body["compared"] == {"invoices": len(INVOICES), "patients": len(PATIENTS), "families": 7}
    total = sum(amount(one["total"]) or 0 for one in records["invoices"])
    lines = next(found["invoiced"] for found in body["objects"].values() if "invoiced" in found)
    assert lines["before"] == lines["after"] == written(total)


@pytest.mark.parametrize("seed", range(40))
def test_n17_any_cent_that_moves_is_caught_and_located(rules: Rules, seed: int):
    dice, records = random.Random(seed), ledger(seed % 5)
    found = arrived(rules["table"], records)
    one = dice.choice(found)
    measure, name = dice.choice(list(AMOUNTS[one.object].items()))
    one_map = rules["table"][one.object]
    column = next(rule.target for rule in one_map.rule.fields if rule.source == name)
    assert one.there is not None
    one.there[column] = round((one.there[column] or 0) + dice.choice((-0.01, 0.01)), 2)
    body = stated(rules["table"], records, found)
    assert not body["holds"]
    assert [(line["row"], line["measure"]) for line in body["moved"]] == [(one.row.id, measure)]
    assert body["moved"][0]["patient"] == one.record["patient_id"]
    assert body["off"]["patients"] == [one.record["patient_id"]]
    assert body["broken"] == [{"object": one.object, "measure": measure}]
    assert len(body["off"]["families"]) == 1


@pytest.mark.parametrize("mode", ["table", "opportunity"])
def test_n17_a_payment_that_hangs_on_another_invoice_is_named_under_both(rules: Rules, mode: str):
    records = ledger(1)
    found = arrived(rules[mode], records)
    one = next(line for line in found if line.object == "payments" and line.record["invoice_id"])
    link = next(c for c in rules[mode]["payments"].columns if c.source == "invoice_id" and c.bind)
    other = next(line for line in found if line.object in ("invoices", "opportunities") and
                 line.record["id"] != one.record["invoice_id"])  # fmt: skip
    assert one.there is not None
    one.there[link.read] = other.row.id
    body = stated(rules[mode], records, found)
    assert body["broken"] == []  # the practice's sum is the same: only who it hangs on is not
    assert not body["holds"]
    assert body["off"]["invoices"] == sorted([one.record["invoice_id"], f"row {other.row.id}"])
    assert [line["row"] for line in body["moved"]] == [one.row.id]


def test_n17_two_cents_that_cancel_each_other_are_both_named(rules: Rules):
    records = ledger(2)
    found = arrived(rules["table"], records)
    by = {}
    for line in found:
        if line.object == "invoice_lines":
            by.setdefault(line.record["invoice_id"], []).append(line)
    pair = next(lines for lines in by.values() if len(lines) > 1)[:2]
    column = next(r.target for r in rules["table"]["invoice_lines"].rule.fields if r.source == "amount")
    for line, step in zip(pair, (0.01, -0.01), strict=True):
        assert line.there is not None
        line.there[column] = round(line.there[column] + step, 2)
    body = stated(rules["table"], records, found)
    assert {line["row"] for line in body["moved"]} == {line.row.id for line in pair}
    assert (body["broken"], body["off"]["patients"]) == ([], [])
    assert not body["holds"]


def test_n17_a_row_that_is_gone_takes_its_money_with_it(rules: Rules):
    records = ledger(3)
    found = arrived(rules["table"], records)
    one = next(line for line in found if line.object == "invoices")
    one.there, one.bucket = None, "missing"
    body = stated(rules["table"], records, found)
    assert {line["row"] for line in body["moved"]} == {one.row.id}
    assert body["off"]["patients"] == [one.record["patient_id"]]


@pytest.mark.parametrize("bucket", ["excluded", "set-aside"])
def test_n17_what_is_aside_for_a_named_reason_is_told_apart_from_what_moved(rules: Rules, bucket: str):
    records = ledger(3)
    found = arrived(rules["table"], records)
    one = next(line for line in found if line.object == "payments")
    one.there, one.bucket = None, bucket
    body = stated(rules["table"], records, found)
    assert body["holds"]
    line = body["objects"]["payments"]["payments"]
    assert line["aside"] == written(amount(one.record["amount"]) or 0)
    assert line["before"] != line["after"]


def test_n17_a_record_that_nobody_saw_breaks_the_sum(rules: Rules):
    records = ledger(3)
    found = arrived(rules["table"], records)
    lost = next(line for line in found if line.object == "invoice_lines")
    body = stated(rules["table"], records, [line for line in found if line is not lost])
    assert {one["object"] for one in body["broken"]} == {"invoice_lines"}


@pytest.mark.parametrize(
    ("name", "field", "check"),
    [("invoice_lines", "amount", "lines"), ("invoice_lines", "gst", "gst"), ("payments", "amount", "paid"),
     ("invoices", "balance", "balance")],
)  # fmt: skip
def test_n17_books_that_did_not_add_up_before_are_reported_and_no_fault_of_the_move(
    rules: Rules, name: str, field: str, check: str
):
    records = ledger(4)
    record = next(one for one in records[name] if name == "invoices" or one["invoice_id"])
    record[field] = "0.37"
    body = stated(rules["table"], records, arrived(rules["table"], records))
    assert body["holds"]
    assert body["source"]["does_not_add_up"][check] == 1
    assert body["source"]["listed"] == [[record["id"] if name == "invoices" else record["invoice_id"], check]]


@pytest.mark.parametrize("parts", [2, 5])
def test_n17_books_in_several_passes_say_the_same_as_in_one(rules: Rules, parts: int):
    records = ledger(5)
    found = arrived(rules["both"], records)
    assert stated(rules["both"], records, found, parts) == stated(rules["both"], records, found)
    assert (parts_for(10), parts_for(60_000)) == (1, 3)


def test_n17_the_digest_of_the_balances_is_of_every_patient_s_balance(rules: Rules):
    records, other = ledger(6), ledger(6)
    other["invoices"][7]["balance"] = "0.01"
    bodies: list[dict[str, Any]] = [
        stated(rules["table"], one, arrived(rules["table"], one)) for one in (records, other)
    ]
    assert all(bodies[0]["digests"][name] != bodies[1]["digests"][name] for name in DIGESTS)


@pytest.mark.parametrize(
    ("value", "units"),
    [
        ("12.34", 123_400),
        (12.34, 123_400),
        ("-0.05", -500),
        (12.3456, 123_456),
        ("", None),
        (None, None),
        ("n/a", None),
    ],
)
def test_n17_an_amount_is_read_exactly_from_text_and_from_a_number(value: Any, units: int | None):
    assert amount(value) == units


def test_n17_a_fraction_of_a_cent_is_not_rounded_away():
    assert written(123_456) == "12.3456"
    assert written(1_234_500_000) == "123,450.00"
