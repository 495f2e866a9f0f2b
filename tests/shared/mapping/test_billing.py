"""What invoices, lines and payments become, in each billing mode (R59-R64)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.mapping.compiled import ObjectMap
from shared.mapping.propose import propose
from shared.mapping.rows import Excluded, SetAside
from shared.vocabulary import row_id
from tests.shared.conftest import EVERYTHING
from tests.shared.mapping.everything import EVERY, compiled, label, row


def test_r59_a8_the_practice_chooses_where_billing_goes():
    def tables_of(mode: Any) -> set[str]:
        return {rule.table for rule in propose(EVERYTHING, replace(EVERY, billing_mode=mode)).objects}

    assert ("bw_billing" in tables_of("table"), "opportunity" in tables_of("table")) == (True, False)
    assert ("bw_billing" in tables_of("opportunity"), "opportunity" in tables_of("opportunity")) == (False, True)
    assert {"bw_billing", "opportunity"} <= tables_of("both")


INVOICE = {
    "id": "I1", "invoice_number": "INV-000007", "patient_id": "P1", "issued_on": "2024-05-01", "due_on": "2024-05-15",
    "total": "297.00", "gst": "27.00", "paid": "297.00", "balance": "0.00", "status": "paid", "provider_id": "S1",
}  # fmt: skip


def test_r62_r64_invoice_lines_payments_and_allocations_survive_linked(every: dict[str, ObjectMap]):
    invoice = row(every["invoices"], **INVOICE)
    assert (invoice.values["bw_amount"], invoice.values["bw_balance"]) == (297.0, 0.0)
    assert (invoice.values["bw_invoicenumber"], invoice.values["bw_issuedon"]) == ("INV-000007", "2024-05-01")
    line = row(every["invoice_lines"], invoice_id="I1", treatment_id="T1", quantity=2, amount="148.50", item_code="531")
    payment = row(every["payments"], invoice_id="I1", amount="-20.00", kind="refund", method="eftpos")
    part = row(every["payment_allocations"], invoice_id="I1", payment_id="PM1", amount="0.01")
    assert {found.values["bw_invoiceid"] for found in (line, payment, part)} == {invoice.id}
    assert (line.values["bw_amount"], payment.values["bw_amount"], part.values["bw_amount"]) == (148.5, -20.0, 0.01)
    assert line.values["bw_treatmentid"] == row_id("here", "treatments", "T1")
    assert part.values["bw_paymentid"] == row_id("here", "payments", "PM1")
    assert label(every["payments"], payment, "bw_entrytype") == "Payment"


def test_r60_r61_a9_a_paid_invoice_is_a_won_opportunity_with_its_stage():
    opportunities = compiled(propose(EVERYTHING, replace(EVERY, billing_mode="both")))["opportunities"]
    won = row(opportunities, **INVOICE)
    assert won.state == (1, 3)
    assert (won.values["estimatedvalue"], won.values["actualvalue"]) == (297.0, 297.0)
    assert won.values["actualclosedate"] == "2024-05-01"
    assert label(opportunities, won, "bw_stage") == "Treatment Completed"
    assert won.values["customerid"] == row_id("here", "patients", "P1")
    wire = opportunities.to_create(won, 1)
    assert "actualvalue" not in wire
    assert opportunities.closing(won) == {"actualvalue": 297.0, "actualclosedate": "2024-05-01"}
    still_open = row(opportunities, **{**INVOICE, "status": "outstanding"})
    assert (still_open.state, still_open.values["actualvalue"]) == ((0, 1), None)
    assert row(opportunities, **{**INVOICE, "status": "void"}).state == (2, 4)


def test_r64_without_a_billing_table_lines_and_payments_stay_as_notes_on_the_opportunity():
    every = compiled(propose(EVERYTHING, replace(EVERY, billing_mode="opportunity")))
    line = row(every["invoice_lines"], invoice_id="I1", item_code="531", description="Filling", amount="148.50")
    assert line.values["objectid"] == row_id("here", "opportunities", "I1")
    assert "148.50" in str(line.values["notetext"])
    assert row(every["payments"], invoice_id="I1", amount="10.00").values["objectid"] == line.values["objectid"]
    assert every["payments"].rows({"id": "1", "invoice_id": None}) == Excluded("moved-by-another-rule")
    before = row(every["prepayments"], invoice_id=None, amount="10.00")
    assert before.values["objectid"] == row_id("here", "patients", "P1")


@pytest.mark.parametrize("amount", ["1.234", "12,00", "$5.00", "NaN", "1e3"])
def test_an_amount_that_is_not_exact_to_the_cent_is_set_aside(every: dict[str, ObjectMap], amount: str):
    assert every["payments"].rows({"id": "1", "patient_id": "P1", "amount": amount}) == SetAside(
        "not-an-amount", "bw_amount"
    )
