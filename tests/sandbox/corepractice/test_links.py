"""Every record that hangs on another is about the same patient, and every invoice adds up, in clinics of any seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from sandbox.corepractice import money, rhythm
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.shapes import OBJECTS, Record

CLINICS = ((50, 1), (51, 2), (137, 3), (700, 4), (2000, 5))
LINKS = (
    ("treatments", "appointment_id", "appointments"),
    ("treatment_plan_lines", "plan_id", "treatment_plans"),
    ("treatment_plan_lines", "treatment_id", "treatments"),
    ("treatment_plan_lines", "appointment_id", "appointments"),
    ("invoice_lines", "invoice_id", "invoices"),
    ("invoice_lines", "treatment_id", "treatments"),
    ("payments", "invoice_id", "invoices"),
    ("payment_allocations", "payment_id", "payments"),
    ("payment_allocations", "invoice_id", "invoices"),
    ("notes", "appointment_id", "appointments"),
    ("notes", "treatment_id", "treatments"),
    ("attachments", "treatment_id", "treatments"),
)
CLINICAL = tuple(name for name in OBJECTS[5:] if name != "attachments")


class Books:
    """All records of one clinic by id."""

    def __init__(self, patients: int, seed: int) -> None:
        self.clinic = Clinic(patients, seed)
        practice = Practice(self.clinic)
        self.by_id = {name: {record["id"]: record for record in practice.all(name)} for name in OBJECTS}

    def of(self, name: str) -> list[Record]:
        return list(self.by_id[name].values())

    def grouped(self, name: str, field: str) -> dict[str, list[Record]]:
        groups: dict[str, list[Record]] = defaultdict(list)
        for record in self.of(name):
            groups[record[field]].append(record)
        return groups


@pytest.fixture(scope="module", params=CLINICS, ids=lambda clinic: f"{clinic[0]}-{clinic[1]}")
def books(request: pytest.FixtureRequest) -> Books:
    return Books(*request.param)


@pytest.mark.parametrize(("name", "field", "target"), LINKS)
def test_every_link_leads_to_a_record_of_the_same_patient(books: Books, name: str, field: str, target: str) -> None:
    linked = dangling = 0
    for record in books.of(name):
        if record[field] is None:
            continue
        found = books.by_id[target].get(record[field])
        linked += found is not None
        dangling += found is None
        if found is not None:
            assert found["patient_id"] == record["patient_id"]
        else:
            assert "-9" in record[field], "only the deliberate ones lead nowhere"
    assert linked
    assert dangling <= max(3, linked // 40)


def test_every_invoice_is_the_sum_of_its_lines_payments_and_allocations(books: Books) -> None:
    lines, paid = books.grouped("invoice_lines", "invoice_id"), books.grouped("payments", "invoice_id")
    allocated = books.grouped("payment_allocations", "invoice_id")
    for invoice in books.of("invoices"):
        own = lines[invoice["id"]]
        assert [line["sequence"] for line in own] == list(range(1, len(own) + 1))
        for line in own:
            assert money.cents(line["amount"]) == line["quantity"] * money.cents(line["unit_amount"])
        total, gst = (sum(money.cents(line[field]) for line in own) for field in ("amount", "gst"))
        assert (invoice["total"], invoice["gst"]) == (money.written(total), money.written(gst))
        settled = sum(money.cents(p["amount"]) for p in (*paid[invoice["id"]], *allocated[invoice["id"]]))
        assert invoice["paid"] == money.written(settled)
        if invoice["status"] == "void":
            assert (invoice["paid"], invoice["balance"]) == ("0.00", "0.00")
        else:
            assert invoice["balance"] == money.written(total - settled)
        assert (invoice["status"] == "paid") == (invoice["balance"] == "0.00" and invoice["status"] != "void")


def test_allocations_share_out_payments_that_name_no_invoice(books: Books) -> None:
    shares = books.grouped("payment_allocations", "payment_id")
    assert any(len(group) > 1 for group in shares.values())
    for payment_id, group in shares.items():
        payment = books.by_id["payments"][payment_id]
        assert payment["invoice_id"] is None
        assert sum(money.cents(share["amount"]) for share in group) <= money.cents(payment["amount"])
    free = [payment["id"] for payment in books.of("payments") if payment["invoice_id"] is None]
    assert set(free) - set(shares), "and some prepayments are not allocated at all"


def test_a_plan_costs_what_its_lines_do_unless_cancelled(books: Books) -> None:
    lines = books.grouped("treatment_plan_lines", "plan_id")
    for plan in books.of("treatment_plans"):
        own = lines[plan["id"]]
        assert [line["sequence"] for line in own] == list(range(1, len(own) + 1))
        wanted = sum(money.cents(line["estimated_fee"]) for line in own if line["status"] != "cancelled")
        assert plan["estimated_total"] == money.written(wanted)


def test_what_is_completed_links_to_the_treatment_it_became(books: Books) -> None:
    for line in books.of("treatment_plan_lines"):
        treatment = books.by_id["treatments"].get(line["treatment_id"])
        if treatment is not None:
            assert (line["status"], treatment["status"]) == ("completed", "completed")
            assert (line["item_code"], line["tooth"]) == (treatment["item_code"], treatment["tooth"])


@pytest.mark.parametrize("name", CLINICAL)
def test_some_of_every_object_are_about_patients_that_no_list_shows(books: Books, name: str) -> None:
    referred = Counter(record["patient_id"] for record in books.of(name))
    assert set(referred) & set(books.clinic.hidden("patients")), "known to GET by id alone"
    assert set(referred) & set(books.clinic.gone("patients")), "known to nobody"
    if len(books.by_id["patients"]) > 1500:
        assert sum(referred[p] for p in books.by_id["patients"]) > len(books.of(name)) * 0.9, "but not many"


def test_n6_invoice_and_patient_numbers_rise_with_a_few_gaps(books: Books) -> None:
    for name, field in (("invoices", "invoice_number"), ("patients", "patient_number")):
        numbers = [int(str(record[field]).removeprefix("INV-")) for record in books.of(name)]
        steps = [later - earlier for earlier, later in pairwise(numbers)]
        assert all(step > 0 for step in steps)
        assert 0 < sum(step > 1 for step in steps) < len(numbers) / 10


@pytest.mark.parametrize("patients", [0, 1, 2, 3, 19, 20, 21, 49])
def test_a_clinic_of_any_size_is_consistent(patients: int) -> None:
    books = Books(patients, 6)
    for name, field, target in LINKS:
        for record in books.of(name):
            found = books.by_id[target].get(record[field])
            assert found is None or found["patient_id"] == record["patient_id"]
    test_every_invoice_is_the_sum_of_its_lines_payments_and_allocations(books)
    test_a_plan_costs_what_its_lines_do_unless_cancelled(books)


def test_families_of_records_are_found_both_ways() -> None:
    for portions in (rhythm.TREATMENTS, rhythm.INVOICE_LINES, rhythm.PAYMENTS, rhythm.POLICIES, rhythm.PLAN_LINES):
        for parent in range(400):
            children = portions.children(parent)
            assert portions.before(parent) == children.start
            assert [portions.parent(child) for child in children] == [(parent, n) for n in range(len(children))]


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (5, "0.05"), (-2000, "-20.00"), (123_456, "1234.56")])
def test_money_is_a_text_with_two_places(cents: int, text: str) -> None:
    assert money.written(cents) == text
    assert money.cents(text) == cents


@pytest.mark.parametrize("text", ["1", "1.5", "1.555", "", "-", "1,000.00", "1.5e", "--1.00", "$1.00"])
def test_money_spelt_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="two places"):
        money.cents(text)
