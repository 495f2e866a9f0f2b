"""A simulated environment over HTTP, the tables we want in it, and people to put there: for tests of every verb."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sandbox.dataverse.behaviour import Behaviour
from sandbox.dataverse.organisation import Organisation
from sandbox.dataverse.serving import Server, running
from shared.dataverse.client import Dataverse
from shared.dataverse.gate import Gate
from shared.dataverse.pools import connect
from shared.schema.gaps import AddField, AddKey, AddLookup, AddOptions, CreateTable, gaps
from shared.schema.model import Field, Key, Kind, Option, Table

SOLUTION = "bw_bridgework"
SOURCE_ID = Field("bw_sourceid", Kind.TEXT, "bw_SourceId", "Source id", max_length=100, custom=True)
KEY = Key("bw_SourceIdKey", ("bw_sourceid",))
CONTACT = Table(
    "contact",
    "contacts",
    "contactid",
    "fullname",
    fields=(
        Field("lastname", Kind.TEXT, max_length=50),
        SOURCE_ID,
        Field(
            "bw_role", Kind.CHOICE, "bw_Role", "Role", options=(Option(0, "Patient"), Option(0, "Staff")), custom=True
        ),
    ),
    keys=(KEY,),
)
VISIT = Table(
    "bw_visit",
    "bw_visits",
    "bw_visitid",
    "bw_name",
    schema_name="bw_Visit",
    label="Visit",
    label_plural="Visits",
    custom=True,
    keys=(KEY,),
    fields=(
        Field("bw_name", Kind.TEXT, "bw_Name", "Name", max_length=200, custom=True),
        SOURCE_ID,
        Field("bw_patientid", Kind.LOOKUP, "bw_PatientId", "Patient", targets=("contact",), custom=True),
        Field("bw_partyid", Kind.LOOKUP, "bw_PartyId", "Party", targets=("account", "contact"), custom=True),
        Field("bw_start", Kind.INSTANT, "bw_Start", "Start", custom=True),
        Field("bw_day", Kind.DATE, "bw_Day", "Day", custom=True),
        Field("bw_fee", Kind.MONEY, "bw_Fee", "Fee", custom=True),
        Field("bw_units", Kind.DECIMAL, "bw_Units", "Units", custom=True),
        Field("bw_count", Kind.INTEGER, "bw_Count", "Count", custom=True),
        Field("bw_done", Kind.BOOLEAN, "bw_Done", "Done", custom=True),
        Field("bw_notes", Kind.MEMO, "bw_Notes", "Notes", max_length=10_000, custom=True),
    ),
)
JANE = {"systemuserid": str(uuid.uuid5(uuid.NAMESPACE_DNS, "jane")), "fullname": "Jane Fox",
        "internalemailaddress": "jane@practice.example"}  # fmt: skip
LEFT = {"systemuserid": str(uuid.uuid5(uuid.NAMESPACE_DNS, "left")), "fullname": "Sam Gone",
        "internalemailaddress": "sam@practice.example", "isdisabled": True}  # fmt: skip
ROLELESS = {"fullname": "Kim New", "internalemailaddress": "kim@practice.example", "roles": [], "licensed": False}


class AnyToken:
    async def token(self, resource: str) -> str:
        return "anything"

    def forget(self, resource: str) -> None:
        pass


class Clock:
    """The client's time, which passes a hundred times as fast as the environment's."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(seconds / 100)


@dataclass(frozen=True)
class Town:
    server: Server
    target: Dataverse
    clock: Clock


async def town_of(behaviour: Behaviour, **more: object) -> AsyncIterator[Town]:
    org = Organisation.seeded(behaviour, users=[JANE, LEFT, ROLELESS], **more)
    async with running(org) as server, connect() as http:
        clock = Clock()
        yield Town(
            server, Dataverse(server.url, AnyToken(), http=http, pace=Gate(clock=clock, sleep=clock.sleep)), clock
        )


def people(count: int, **more: object) -> list[dict]:
    return [
        {"contactid": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"p{n}")), "lastname": f"Person {n}", **more}
        for n in range(count)
    ]


async def apply(target: Dataverse, steps: tuple) -> list[bool]:
    done = []
    for step in steps:
        match step:
            case CreateTable():
                done.append(await target.create_table(step.table, solution=SOLUTION))
            case AddField():
                done.append(await target.create_field(step.table, step.field, solution=SOLUTION))
            case AddLookup():
                done.append(await target.create_lookup(step.table, step.field, solution=SOLUTION))
            case AddOptions():
                done.append(await target.add_options(step.table, step.field, step.options, solution=SOLUTION))
            case AddKey():
                done.append(await target.create_key(step.table, step.key, solution=SOLUTION))
    return done


async def built(target: Dataverse) -> dict[str, Table]:
    """The live tables after everything wanted was made."""
    await target.ensure_publisher("bw", 72700)
    await target.ensure_solution(SOLUTION, "bw")
    live = await target.tables(["contact", "account", "bw_visit"])
    await apply(target, gaps([CONTACT, VISIT], live).steps)
    return await target.tables(["contact", "account", "bw_visit"])
