"""What a day adds to the records around a visit: notes, payments, treatments, policies and conversations.

Money stays true: a payment changes its invoice, a new invoice has the lines it is the sum of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from sandbox.corepractice import money
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.shapes import COMMUNICATION_KINDS, PAYMENT_METHODS, Record

Done = dict[str, dict[str, list[str]]]  # object -> "created" or "updated" -> ids


class DayOfRecords:
    """`pick` finds a record that lists show, or None. The same chance on the same practice does the same."""

    def __init__(
        self,
        practice: Practice,
        chance: random.Random,
        pick: Callable[[str, Callable[[Record], bool]], str | None],
    ) -> None:
        self._practice = practice
        self._chance = chance
        self._pick = pick
        self.done: Done = {}

    def work(self, turns: int) -> Done:
        """That many strokes of work, each of the next kind; what a practice has no records for is left out."""
        needed: list[tuple[Callable[[], None], set[str]]] = [
            (self._note, {"notes", "staff"}),
            (self._pay, {"payments", "invoices"}),
            (self._treat, {"treatments", "staff"}),
            (self._talk, {"communications", "staff"}),
            (self._change_policy, {"insurance_policies"}),
            (self._bill, {"invoices", "invoice_lines", "treatments"}),
            (self._correct_note, {"notes"}),
        ]
        kinds = [kind for kind, objects in needed if objects <= set(self._practice.objects)]
        for turn in range(turns if kinds else 0):
            kinds[turn % len(kinds)]()
        return self.done

    def _below(self, limit: int) -> int:
        return int(self._chance.random() * limit)

    def _log(self, object_name: str, what: str, record_id: str) -> str:
        ids = self.done.setdefault(object_name, {"created": [], "updated": []})[what]
        if record_id not in ids:
            ids.append(record_id)
        return record_id

    def _create(self, object_name: str, fields: Record) -> str:
        return self._log(object_name, "created", str(self._practice.create(object_name, fields)["id"]))

    def _update(self, object_name: str, record_id: str, changes: Record) -> None:
        self._practice.edit(object_name, record_id, changes)
        new = self.done.get(object_name, {}).get("created", [])
        if record_id not in new:
            self._log(object_name, "updated", record_id)

    def _some(self, object_name: str, wanted: Callable[[Record], bool] = lambda record: True) -> Record | None:
        found = self._pick(object_name, wanted)
        return None if found is None else self._practice.find(object_name, found)

    def _today(self) -> str:
        return self._practice.now()[:10]

    def _patient_and_staff(self) -> tuple[str | None, Record]:
        patient, member = self._some("patients"), self._some("staff", lambda staff: bool(staff["active"]))
        return None if patient is None else str(patient["id"]), member or {}

    def _note(self) -> None:
        patient, author = self._patient_and_staff()
        if patient is not None:
            note = {
                "patient_id": patient,
                "author_id": author.get("id"),
                "author_name": " ".join(str(author[part]) for part in ("first_name", "last_name") if author.get(part)),
                "kind": "phone",
                "subject": "Rang this morning",
                "body": f"<p>Asked to move to <b>{8 + self._below(9)}:00</b>.</p>",
                "format": "html",
                "noted_at": self._practice.now(),
            }
            self._create("notes", note)

    def _correct_note(self) -> None:
        note = self._some("notes", lambda note: len(note["body"] or "") < 5000)
        if note is not None:
            self._update("notes", note["id"], {"body": f"{note['body'] or ''}\nAddendum: see letter."})

    def _treat(self) -> None:
        patient, provider = self._patient_and_staff()
        if patient is not None:
            treatment = {
                "patient_id": patient,
                "provider_id": provider.get("id"),
                "location_id": provider.get("location_id"),
                "treated_on": self._today(),
                "item_code": "012",
                "description": "Periodic examination",
                "fee": "64.00",
                "status": "completed",
            }
            self._create("treatments", treatment)

    def _bill(self) -> None:
        """An invoice for a treatment of today, or for any that was completed."""
        own = self.done.get("treatments", {}).get("created", [])
        treatment = self._practice.find("treatments", own[-1]) if own else self._some("treatments", _billable)
        if treatment is None:
            return
        patient, fee = treatment["patient_id"], treatment["fee"]
        invoice = self._create(
            "invoices",
            {
                **{"patient_id": patient, "provider_id": treatment["provider_id"], "issued_on": self._today()},
                **{
                    "invoice_number": f"INV-{9_000_000 + self._below(999_999)}",
                    "location_id": treatment["location_id"],
                },
                **{"due_on": self._today(), "total": fee, "gst": "0.00", "paid": "0.00", "balance": fee},
                "status": "outstanding",
            },
        )
        self._create(
            "invoice_lines",
            {
                **{"invoice_id": invoice, "patient_id": patient, "treatment_id": treatment["id"], "sequence": 1},
                **{name: treatment[name] for name in ("provider_id", "item_code", "description", "tooth")},
                **{"quantity": 1, "unit_amount": fee, "gst": "0.00", "amount": fee},
            },
        )

    def _pay(self) -> None:
        """Half of what is open on an invoice, or all of it."""
        invoice = self._some("invoices", lambda invoice: invoice["status"] == "outstanding" and _open(invoice) > 1)
        if invoice is None:
            return
        part = _open(invoice) // (1 + self._below(2))
        payment = {
            **{"patient_id": invoice["patient_id"], "invoice_id": invoice["id"], "paid_on": self._today()},
            **{"amount": money.written(part), "kind": "payment"},
            "method": PAYMENT_METHODS[self._below(len(PAYMENT_METHODS))],
        }
        self._create("payments", payment)
        balance = _open(invoice) - part
        changes: Mapping[str, str] = {
            "paid": money.written(money.cents(invoice["paid"]) + part),
            "balance": money.written(balance),
            "status": "paid" if balance == 0 else "outstanding",
        }
        self._update("invoices", invoice["id"], dict(changes))

    def _talk(self) -> None:
        patient, member = self._patient_and_staff()
        if patient is not None:
            kind = COMMUNICATION_KINDS[self._below(len(COMMUNICATION_KINDS))]
            talk = {
                **{"patient_id": patient, "staff_id": member.get("id"), "kind": kind, "direction": "outgoing"},
                **{"subject": "About your visit", "body": "All well?", "status": "completed"},
                **{"occurred_at": self._practice.now(), "ended_at": self._practice.now()},
            }
            self._create("communications", talk)

    def _change_policy(self) -> None:
        policy = self._some("insurance_policies", lambda policy: bool(policy["active"]))
        if policy is not None:
            changes: tuple[Record, ...] = (
                {"active": False, "valid_to": self._today()},
                {"priority": 1, "group_number": f"G{1000 + self._below(9000)}"},
                {"carrier": "nib"},
            )
            self._update("insurance_policies", policy["id"], changes[self._below(len(changes))])


def _billable(treatment: Record) -> bool:
    return treatment["status"] == "completed" and treatment["fee"] is not None


def _open(invoice: Record) -> int:
    return money.cents(invoice["balance"]) if invoice["balance"] is not None and invoice["paid"] is not None else 0
