"""Activities, opportunities, files and locked columns against the simulated environment."""

from __future__ import annotations

import hashlib
import tracemalloc
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.faults import Fault
from shared.dataverse.results import Closing
from shared.errors import AskPerson
from shared.schema.model import Field, Kind, Table
from tests.shared.dataverse.environment import JANE, Town, built, people, town_of

DAY = "2019-05-03"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


def name_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


async def contacts(town: Town, count: int = 1) -> list[str]:
    live = await town.target.tables(["contact"])
    rows = people(count)
    await town.target.create(live["contact"], rows)
    return [row["contactid"] for row in rows]


async def table(town: Town, name: str) -> Table:
    return (await town.target.tables([name]))[name]


def call(contact: str, number: int = 0) -> dict[str, Any]:
    return {
        "activityid": name_id(f"call{number}"),
        "subject": "Recall",
        "regardingobjectid_contact_phonecall@odata.bind": f"/contacts({contact})",
        "overriddencreatedon": "2018-02-01T08:00:00Z",
        "phonecall_activity_parties": [
            {"partyid_systemuser@odata.bind": f"/systemusers({JANE['systemuserid']})", "participationtypemask": 1},
            {"partyid_contact@odata.bind": f"/contacts({contact})", "participationtypemask": 2},
            {"addressused": "x@example.com", "participationtypemask": 2},
        ],
    }


async def test_a7_a_call_goes_in_with_its_parties_and_is_closed_with_its_own_end(town: Town) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    rows = [call(contact, number) for number in range(3)]
    assert all(result.ok for result in await town.target.create(phonecall, rows))
    ids = [row["activityid"] for row in rows]
    parties = await town.target.parties(ids)
    assert parties[ids[0]] >= {
        (1, "systemuser", JANE["systemuserid"]),
        (2, "contact", contact),
        (2, "", "x@example.com"),
    }
    values = {id_: {"actualend": "2018-02-01T08:05:00Z"} for id_ in ids}
    assert all(r.ok for r in await town.target.set_state(phonecall, [(id_, 1, 2) for id_ in ids], values=values))
    there = await town.target.rows(phonecall, ids, select=["statuscode", "actualend", "createdon"])
    assert {row["actualend"] for row in there.values()} == {"2018-02-01T08:05:00Z"}
    assert {row["createdon"] for row in there.values()} == {"2018-02-01T08:00:00Z"}


@pytest.mark.parametrize("kind", ["drop", "drop_after", "half_fail"])
async def test_a7_whatever_happens_to_a_batch_of_calls_each_is_there_once_with_its_parties_once(
    town: Town, kind: str
) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    await town.target.bulk("phonecall")
    rows = [call(contact, number) for number in range(20)]
    town.server.schedule.add([Fault(kind, match=r"\$batch", times=1)])
    assert all(result.ok for result in await town.target.create(phonecall, rows))
    town.server.schedule.clear()
    assert await town.target.count(phonecall) == 20
    ours = [row for row in town.server.org.store("activityparty").rows.values() if row["participationtypemask"] < 3]
    assert len(ours) == 20 * 3


@pytest.mark.parametrize("kind", ["drop", "drop_after", "half_fail"])
async def test_a7_whatever_happens_calls_are_closed_with_their_own_ends(town: Town, kind: str) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    rows = [call(contact, number) for number in range(6)]
    await town.target.create(phonecall, rows)
    ids = [row["activityid"] for row in rows]
    ends = {id_.upper(): {"actualend": f"2018-02-01T08:0{n}:00Z"} for n, id_ in enumerate(ids[:4])}
    states = [(id_, 1, 2) for id_ in ids]
    town.server.schedule.add([Fault(kind, match=r"\$batch", times=1)])
    assert all(result.ok for result in await town.target.set_state(phonecall, states, values=ends))
    town.server.schedule.clear()
    there = await town.target.rows(phonecall, ids, select=["statuscode", "actualend"])
    assert [there[id_]["actualend"] for id_ in ids[:4]] == [one["actualend"] for one in ends.values()]
    assert {row["statuscode"] for row in there.values()} == {2}
    assert all(result.ok for result in await town.target.set_state(phonecall, states, values=ends))


async def test_the_parties_of_hundreds_of_activities_come_in_as_many_questions_as_addresses_need(town: Town) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    rows = [call(contact, number) for number in range(230)]
    assert all(result.ok for result in await town.target.create(phonecall, rows))
    parties = await town.target.parties([row["activityid"].upper() for row in rows] * 2 + [name_id("nothing")])
    assert set(parties) == {row["activityid"] for row in rows}
    assert all((2, "contact", contact) in found for found in parties.values())


async def test_a_change_of_parties_alone_is_not_taken_for_done_when_its_answer_was_lost(town: Town) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    row = call(contact)
    await town.target.create(phonecall, [row])
    there = (await town.target.rows(phonecall, [row["activityid"]], select=[]))[row["activityid"]]
    change = {
        "activityid": row["activityid"],
        "subject": row["subject"],
        "@odata.etag": there["@odata.etag"],
        "phonecall_activity_parties": [{"addressused": "y@example.com", "participationtypemask": 2}],
    }
    town.server.schedule.add([Fault("drop", match=r"\$batch", times=1)])
    assert all(result.ok for result in await town.target.update(phonecall, [change]))
    found = (await town.target.parties([row["activityid"]]))[row["activityid"]]
    assert (2, "", "y@example.com") in found


async def opportunity(town: Town) -> str:
    (contact,), one = await contacts(town), await table(town, "opportunity")
    currency = next(iter(town.server.org.store("transactioncurrency").rows))
    row = {
        "opportunityid": name_id("deal"),
        "name": "INV-1",
        "estimatedvalue": 100.0,
        "customerid_contact@odata.bind": f"/contacts({contact})",
        "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency})",
    }
    assert all(result.ok for result in await town.target.create(one, [row]))
    return str(row["opportunityid"])


@pytest.mark.parametrize("fault", [None, Fault("drop_after", match="batch", times=1)])
async def test_r60_a9_an_opportunity_is_won_once_with_its_date_even_when_the_answer_is_lost(
    town: Town, fault: Fault | None
) -> None:
    id_ = await opportunity(town)
    if fault:
        town.server.schedule.add([fault])
    closing = Closing(id_, won=True, status=3, actual_end=DAY, actual_revenue=99.5)
    assert all(result.ok for result in await town.target.close_opportunities([closing]))
    (again,) = await town.target.close_opportunities([closing])
    assert again.ok
    assert again.already
    one = await table(town, "opportunity")
    there = (await town.target.rows(one, [id_], select=["statecode", "actualclosedate", "actualvalue"]))[id_]
    assert (there["statecode"], there["actualclosedate"], there["actualvalue"]) == (1, DAY, 99.5)
    assert len(town.server.org.store("opportunityclose").rows) == 1


def read(content: bytes, chunk: int = 1 << 20) -> Any:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), chunk):
            yield content[start : start + chunk]

    return chunks


async def note(town: Town) -> str:
    (contact,), annotation = await contacts(town), await table(town, "annotation")
    row = {
        "annotationid": name_id("note"),
        "subject": "Scan",
        "objectid_contact@odata.bind": f"/contacts({contact})",
    }
    assert all(result.ok for result in await town.target.create(annotation, [row]))
    return str(row["annotationid"])


@pytest.mark.parametrize("size", [1, 3 * 1024 * 1024, 3 * 1024 * 1024 + 1])
async def test_r89_a_note_s_file_goes_up_in_blocks_and_comes_back_the_same(town: Town, size: int) -> None:
    id_, content = await note(town), bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    done = await town.target.write_note_file(
        id_, name="a.jpg", content_type="image/jpeg", size=size, read=read(content)
    )
    assert done.ok
    back = b"".join([block async for block in town.target.read_note_file(id_)])
    assert hashlib.sha256(back).digest() == hashlib.sha256(content).digest()


async def test_r93_a14_a_file_over_the_organisation_s_own_limit_is_refused_by_name(town: Town) -> None:
    rules = await town.target.attachment_rules()
    assert rules.most_base64_bytes == 5_242_880
    assert "exe" in rules.blocked_extensions
    id_ = await note(town)
    large = await town.target.write_note_file(
        id_, name="a.jpg", content_type="image/jpeg", size=4_000_000, read=read(b"x" * 4_000_000)
    )
    assert (large.ok, large.reason) == (False, "file-too-large")
    wrong = await town.target.write_note_file(id_, name="a.exe", content_type="image/jpeg", size=1, read=read(b"x"))
    assert (wrong.ok, wrong.reason) == (False, "file-type-blocked")


async def test_a_commit_whose_answer_was_lost_is_settled_by_looking(town: Town) -> None:
    id_ = await note(town)
    town.server.schedule.add([Fault("drop_after", match="CommitAnnotation", times=1)])
    done = await town.target.write_note_file(id_, name="a.jpg", content_type="x", size=3, read=read(b"abc"))
    assert done.ok


async def test_a15_a_file_column_takes_64_megabytes_a_few_in_memory(town: Town) -> None:
    live = await built(town.target)
    field = Field("bw_file", Kind.FILE, schema_name="bw_File", label="File", custom=True)
    assert await town.target.create_field("bw_visit", field, solution="")
    visit = (await town.target.tables(["bw_visit"]))["bw_visit"]
    assert (found := visit.field("bw_file")) is not None
    assert found.kind is Kind.FILE
    row = {"bw_visitid": name_id("visit"), live["bw_visit"].primary_name: "v"}
    assert all(result.ok for result in await town.target.create(visit, [row]))
    block = b"0123456789abcdef" * 65_536

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield block

    done = await town.target.write_file_column(
        visit, row["bw_visitid"], "bw_file", name="scan", content_type="image/tiff", read=chunks
    )
    assert done.ok
    hashed, size = hashlib.sha256(), 0
    tracemalloc.start()
    async for part in town.target.read_file_column(visit, row["bw_visitid"], "bw_file"):
        hashed.update(part)
        size += len(part)
    tracemalloc.stop()
    assert (size, hashed.hexdigest()) == (64 << 20, hashlib.sha256(block * 64).hexdigest())


async def test_n22_a_locked_column_is_written_by_members_of_the_profile_alone(town: Town) -> None:
    await built(town.target)
    target = town.target
    field = Field(
        "bw_alert", Kind.TEXT, schema_name="bw_Alert", label="Alert", max_length=50, custom=True, secured=True
    )
    await target.create_field("contact", field, solution="")
    contact = await table(town, "contact")
    assert (made := contact.field("bw_alert")) is not None
    assert made.secured
    row = {**people(1)[0], "bw_alert": "penicillin"}
    us = (await target.who_am_i()).user_id
    assert await target.writable_secured_columns(us) == frozenset()
    with pytest.raises(AskPerson, match="8004f502"):
        await target.create(contact, [row])
    columns = [("contact", "bw_alert")]
    assert await target.ensure_security_profile("Bridgework: health data", columns, [us])
    assert not await target.ensure_security_profile("Bridgework: health data", columns, [us])
    assert await target.writable_secured_columns(us) == frozenset(columns)
    assert [result.ok for result in await target.create(contact, [row])] == [True]
    there = await target.rows(contact, [row["contactid"]], select=["bw_alert"])
    assert there[row["contactid"]]["bw_alert"] == "penicillin"
    assert await target.drop_security_profile("Bridgework: health data")
    there = await target.rows(contact, [row["contactid"]], select=["bw_alert"])
    assert there[row["contactid"]]["bw_alert"] is None
    assert await target.secure_field("contact", "bw_alert", secured=False)
    assert not await target.secure_field("contact", "bw_alert", secured=False)
    there = await target.rows(contact, [row["contactid"]], select=["bw_alert"])
    assert there[row["contactid"]]["bw_alert"] == "penicillin"


async def test_notes_take_no_columns_of_ours(town: Town) -> None:
    field = Field("bw_sourceid", Kind.TEXT, schema_name="bw_SourceId", label="Source id", max_length=50, custom=True)
    await town.target.ensure_publisher("bw", 72700)
    with pytest.raises(Exception, match="annotation"):
        await town.target.create_field("annotation", field, solution="")
