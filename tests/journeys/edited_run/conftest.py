"""The run of this folder, step by step: each fixture is a chapter, and knows the one before."""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from sandbox.customer import Api, Customer
from tests.journeys.asking import Door, Seen
from tests.journeys.conftest import Stay, stay
from tests.journeys.somebody import Somebody
from tests.journeys.watching import poll

AT_THE_SOURCE = "0411 222 333"
Rows = dict[str, dict[str, dict[str, Any]]]
Line = tuple[str, str, str, str]


class Case:
    """A run with a pickup in its window, proved, and the target as it was then."""

    def __init__(self, stay: Stay) -> None:
        self.stay = stay
        self.customer: Customer = stay.customer("Harbour Dental")
        self.door, self.somebody = Door(stay.town), Somebody(stay)
        self.run = self.customer.start(self.customer.request())
        self.customer.approve_until_delta(self.run)
        self.moved = self._picks_up()
        self.customer.api.call("POST", f"/api/migrations/{self.run}/pickup?close=true", b"")
        self.customer.until(self.run, waits_for="sign-off")
        self.first = self.verdict()
        self.rows = self.exported()

    def _picks_up(self) -> str:
        """A patient changes at the source, and a delta brings it. The contact's id."""
        marks = {str(row.get("bw_sourceid")): id_ for id_, row in self.exported()["contact"].items()}
        patients = {mark.split("|")[2]: id_ for mark, id_ in marks.items() if "|patients|" in mark}
        practice = Api(self.stay.town.corepractice_url)
        bearer = f"Bearer {self.stay.town.corepractice_token}"
        listed = practice.call("GET", "/v1/patients?limit=40", Authorization=bearer)["data"]
        active = [one["id"] for one in listed if one["status"] == "active" and one["id"] in patients]
        moved = max(active, key=lambda id_: patients[id_])  # the edits begin with the least
        practice.call("PUT", f"/sandbox/patients/{moved}", {"mobile": AT_THE_SOURCE})
        self.customer.ask(self.run, "pickup")
        poll(lambda: sum(self.customer.status(self.run)["delta"].values()))
        return patients[moved]

    def verdict(self) -> dict[str, Any]:
        """The document as it is now."""
        document: dict[str, Any] = self.customer.document(self.run, "verdict")["document"]
        return document

    def exported(self) -> Rows:
        """The rows that bear the run's number, by table and id."""
        number = int(self.run[1:9], 16) & 0x7FFFFFFF
        rows: Rows = {}
        for line in map(json.loads, self.customer.export()):
            if line.get("row", {}).get("importsequencenumber") == number:
                rows.setdefault(line["table"], {})[line["id"]] = line["row"]
        return rows

    def asks(self, what: str, body: dict[str, Any] | None = None, *, back_at: str = "sign-off") -> dict[str, Any]:
        """Verify or repair, and wait for the verdict."""
        turn = self.verdict()["turn"]
        self.customer.api.call("POST", f"/api/migrations/{self.run}/{what}", body or b"")
        poll(lambda: self.verdict()["turn"] != turn, patience=600)
        if back_at == "sign-off":
            self.customer.until(self.run, waits_for="sign-off")
        else:
            self.customer.until(self.run, phase=back_at)
        return self.verdict()

    def in_order(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table by id."""
        return [row for _, row in sorted(self.rows[table].items())]

    def one(self, table: str, fits: Callable[[dict[str, Any]], Any] = lambda row: True) -> dict[str, Any]:
        """The first of them that fits."""
        return next(row for row in self.in_order(table) if fits(row))

    def asks_for_lineage(self, table: str, id_: str, query: str = "?values=shown") -> Seen:
        return self.door.send("GET", f"/api/migrations/{self.run}/lineage/{table}/{id_}{query}")

    def lineage(self, table: str, id_: str) -> dict[str, Any]:
        seen = self.asks_for_lineage(table, id_)
        assert seen.status == 200, seen.body
        body: dict[str, Any] = seen.body
        return body

    def refused(self, status: int, slug: str, table: str, id_: str) -> dict[str, Any]:
        path = f"/api/migrations/{self.run}/lineage/{table}/{id_}"
        return dict(self.door.refused(status, slug, "GET", path).body)


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stay]:
    """A calm town with a small clinic."""
    with stay(tmp_path_factory.mktemp("edited-run"), patients=30, seed=3, dataverse=["--calm"]) as here:
        yield here


@pytest.fixture(scope="package")
def case(town: Stay) -> Case:
    return Case(town)


@pytest.fixture(scope="package")
def told(case: Case) -> list[dict[str, Any]]:
    """The lineage of a few rows of every table, while nobody has edited any; last that of the one a delta brought."""
    chance = random.Random(25)
    picked = {table: chance.sample(sorted(set(rows) - {case.moved}), min(4, len(rows) - 1))
              for table, rows in sorted(case.rows.items())}  # fmt: skip
    return [*(case.lineage(table, id_) for table, ids in picked.items() for id_ in ids),
            case.lineage("contact", case.moved)]  # fmt: skip


class Edits(NamedTuple):
    """What somebody did: what the next verdict has to say of it, and where the rows they did it to came from."""

    lines: set[Line]
    edited: dict[str, Any]
    removed: dict[str, Any]
    file: str
    stray: str


@pytest.fixture(scope="package")
def edits(case: Case, told: list[dict[str, Any]]) -> Edits:
    """One character, one lookup, one hour, one cent, one choice, one byte of a file, a row gone, a row too many."""
    by = case.somebody
    person, other = case.in_order("contact")[:2]
    by.changes("contacts", person["contactid"], firstname=f"{person['firstname']}x")
    accounts = {row["accountid"] for row in case.rows["account"].values()} - {other["parentcustomerid"]}
    bind = {"parentcustomerid_account@odata.bind": f"/accounts({min(accounts)})"}
    by.changes("contacts", other["contactid"], **bind)
    visit, done = case.in_order("bw_dentalappointment")[:2]
    hour_later = datetime.fromisoformat(visit["bw_startson"]) + timedelta(hours=1)
    kinds = {row["bw_appointmentstatus"] for row in case.rows["bw_dentalappointment"].values()}
    status = min(kinds - {done["bw_appointmentstatus"]})
    for row, change in ((visit, {"bw_startson": hour_later.isoformat()}), (done, {"bw_appointmentstatus": status})):
        by.changes(by.set_of("bw_dentalappointment"), row["bw_dentalappointmentid"], **change)
    bill = case.one("bw_billing", lambda row: row.get("bw_paymentmethod"))
    by.changes(by.set_of("bw_billing"), bill["bw_billingid"], bw_amount=round(bill["bw_amount"] + 0.01, 2))
    line = case.one("bw_treatmentplanline")["bw_treatmentplanlineid"]
    by.removes(by.set_of("bw_treatmentplanline"), line)
    lines = {
        ("contact", person["contactid"], "firstname", "differs"),
        ("contact", other["contactid"], "parentcustomerid", "differs"),
        ("bw_dentalappointment", visit["bw_dentalappointmentid"], "bw_startson", "differs"),
        ("bw_billing", bill["bw_billingid"], "bw_amount", "differs"),
        ("bw_dentalappointment", done["bw_dentalappointmentid"], "bw_appointmentstatus", "differs"),
        ("bw_treatmentplanline", line, "*", "missing"),
    }
    edited, removed = case.lineage("contact", person["contactid"]), case.lineage("bw_treatmentplanline", line)
    return Edits(lines, edited, removed, _one_byte_of_a_file(case), _a_row_too_many(case))


def _one_byte_of_a_file(case: Case) -> str:
    notes = case.somebody.reads("annotations", select="annotationid,documentbody,filename")
    note = min((note for note in notes if note.get("documentbody")), key=lambda note: str(note["annotationid"]))
    content = bytearray(base64.b64decode(note["documentbody"]))
    content[len(content) // 2] ^= 1
    case.somebody.changes("annotations", note["annotationid"], documentbody=base64.b64encode(content).decode())
    return str(note["annotationid"])


def _a_row_too_many(case: Case) -> str:
    """A row that bears the run's number, and that no record of the source became."""
    id_ = str(uuid.uuid4())
    number = case.one("contact")["importsequencenumber"]
    case.somebody.makes("contacts", contactid=id_, lastname="Nobody", importsequencenumber=number)
    return id_


@pytest.fixture(scope="package")
def second(case: Case, edits: Edits) -> dict[str, Any]:
    """The verdict that was asked for after all that, and the money as it was then."""
    verdict = case.asks("verify")
    return {**verdict, "statement": case.customer.document(case.run, "money")["document"]}
