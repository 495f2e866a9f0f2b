"""Find the contacts that are there already, by explicit rule (N21): their row is the patient's, not a second one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.survey import records
from activities.toolbox import Toolbox
from shared.dataverse.client import Dataverse
from shared.mapping.model import FieldMap
from shared.people.matching import Found, Person, same_person
from shared.runs.model import Run
from shared.schema.model import Table
from shared.vocabulary import row_id

COLUMNS = ("firstname", "lastname", "emailaddress1", "birthdate")


async def match_existing(
    tools: Toolbox, run: Run, mapping: FieldMap, generation: str, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """``matched``: patient to contact. ``ambiguous``: patients who fit several contacts, or share one that fits: they
    wait for a person, and so does all that belongs to them."""
    matched: dict[str, str] = dict(before["matched"]) if before else {}
    ambiguous: set[str] = set(before["ambiguous"]) if before else set()
    answer = {"matched": matched, "ambiguous": []}
    if not run.option("match_existing") or mapping.rule("patients") is None:
        return answer
    target = tools.target_of(run)
    contact = (await target.tables(["contact"]))["contact"]
    ours = f"{mapping.prefix}_sourceid"
    there = await _there(target, contact, ours, run.number)
    if not there:
        return {**answer, "ambiguous": sorted(ambiguous)}
    taken: dict[str, list[str]] = {}
    prefix = f"{mapping.source_system}|patients|"
    async for record in records(tools, run, generation, "patients"):
        id_ = str(record["id"])
        found = same_person(_person(record, prefix), there.get(prefix + id_) or there.get(_email(record), []))
        if found.found is Found.AMBIGUOUS:
            ambiguous.add(id_)
        elif found.found is Found.MATCHED and found.ids[0] != row_id(mapping.source_system, "patients", id_):
            taken.setdefault(found.ids[0], []).append(id_)
    for contact_id, patients in taken.items():
        if len(patients) == 1:
            matched[patients[0]] = contact_id
        else:
            ambiguous.update(patients)
    return {"matched": matched, "ambiguous": sorted(ambiguous)}


async def _there(target: Dataverse, contact: Table, ours: str, number: int) -> dict[str, list[Person]]:
    """Contacts that this run did not make, by source id and by e-mail address."""
    select = [*COLUMNS, *([ours] if contact.field(ours) else [])]
    found: dict[str, list[Person]] = {}
    rule = f"importsequencenumber ne {number} or importsequencenumber eq null"
    async for page in target.pages(contact, select=select, filter=rule):
        for row in page:
            person = Person(
                id=str(row["contactid"]).lower(),
                source_id=row.get(ours) or "",
                first_name=row.get("firstname") or "",
                last_name=row.get("lastname") or "",
                email=row.get("emailaddress1") or "",
                birth_date=row.get("birthdate") or "",
            )
            # A row that carries a source id is found by it alone: it is somebody else's otherwise.
            key = person.source_id or (person.email or "").strip().casefold()
            if key:
                found.setdefault(key, []).append(person)
    return found


def _email(record: Mapping[str, Any]) -> str:
    return str(record.get("email") or "\0").strip().casefold()


def _person(record: Mapping[str, Any], prefix: str) -> Person:
    return Person(
        id="",
        source_id=prefix + str(record["id"]),
        first_name=str(record.get("first_name") or ""),
        last_name=str(record.get("last_name") or ""),
        email=str(record.get("email") or ""),
        birth_date=str(record.get("date_of_birth") or ""),
    )
