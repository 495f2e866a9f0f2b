"""A run's schema step at a desk of its own, before a simulated environment, and an admin's hand to work with."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from activities import documents
from activities.schema import schema
from activities.toolbox import Toolbox
from activities.undo_schema import undo_schema
from sandbox.dataverse.behaviour import calm
from shared.errors import AskPerson, TryAgain
from shared.mapping.model import FieldMap, FieldRule, ObjectRule, document
from shared.mapping.wanted import tables
from shared.schema.model import Field, Key, Kind, Table
from shared.settings import Settings
from shared.wire.payloads import About
from tests.activities.keyring import LOCAL_KEY
from tests.shared.dataverse.environment import SOLUTION, Town, town_of

SOURCE_ID = FieldRule("id", "bw_sourceid", "source_key", Kind.TEXT, "Source id", "Its id.", "bw_SourceId", True, 300)
PATIENTS = ObjectRule(
    "patients", "contact", 2, "one to one",
    fields=(
        SOURCE_ID,
        FieldRule("last_name", "lastname", "text", Kind.TEXT, "Last Name", "Default place."),
        FieldRule("how_heard", "bw_heard", "choice", Kind.CHOICE, "Heard of us", "In use.", "bw_Heard", True,
                  choices=(("friend", "Friend"), ("web", "Web"))),
        FieldRule("fee", "bw_fee", "money", Kind.MONEY, "Fee", "As charged.", "bw_Fee", True),
    ),
)  # fmt: skip
TREATMENTS = ObjectRule(
    "treatments", "bw_treatmenthistory", 4, "one to one",
    fields=(
        SOURCE_ID,
        FieldRule("id", "bw_name", "text", Kind.TEXT, "Name", "Shows in lists.", "bw_Name", True, 100),
        FieldRule("treated_on", "bw_treatmentdate", "date", Kind.DATE, "Treatment date", "A day.", "bw_TreatmentDate",
                  True),
        FieldRule("patient_id", "bw_patientid", "lookup", Kind.LOOKUP, "Patient", "Whose.", "bw_PatientId", True,
                  refers_to=("patients",)),
        FieldRule("redo_of", "bw_redoofid", "lookup", Kind.LOOKUP, "Redo of", "The first.", "bw_RedoOfId", True,
                  refers_to=("treatments",)),
    ),
)  # fmt: skip
MAP = FieldMap("bw", "here", (PATIENTS, TREATMENTS), ())
NAMES = ["contact", "bw_treatmenthistory"]


@dataclass
class Desk:
    """One run's schema step, and the environment it looks at."""

    tools: Toolbox
    town: Town
    run: str
    wanted: tuple[Table, ...]

    async def step(self) -> bool:
        return (await schema(self.tools, About(self.run))).more

    async def until_done(self, calls: int = 20) -> int:
        """Take steps until there are no more; how many calls that took. A key being built is waited for."""
        for call in range(1, calls):
            try:
                if not await self.step():
                    return call
            except TryAgain as again:
                await self.town.clock.sleep(again.after * 20)
        raise AssertionError("the schema step never ends")

    async def problem(self) -> AskPerson:
        with pytest.raises(AskPerson) as found:
            await self.step()
        return found.value

    async def guide(self) -> dict[str, Any]:
        return await documents.need(self.tools, self.run, "setup-guide")

    async def undo(self) -> dict[str, str]:
        """Unmake everything; what stays, with the reason."""
        while (await undo_schema(self.tools, About(self.run))).more:
            pass
        lane = await self.tools.runs.lane(self.run, "undo", "schema", "schema", 0)
        return dict(lane.notes["reasons"])

    async def live(self) -> dict[str, Table]:
        return await self.town.target.tables(NAMES)

    async def containers(self) -> None:
        """What everything that is made lies in."""
        await self.town.target.ensure_publisher("bw", 72700)
        await self.town.target.ensure_solution(SOLUTION, "bw")

    async def make(self, table: str, field: Field) -> None:
        """As an admin would by hand."""
        await self.containers()
        if field.kind is Kind.LOOKUP:
            await self.town.target.create_lookup(table, field, solution=SOLUTION)
        else:
            await self.town.target.create_field(table, field, solution=SOLUTION)


class Desks:
    """Desks in one environment, each for a run of its own."""

    def __init__(self, tools: Toolbox, town: Town) -> None:
        self._tools, self._town = tools, town

    async def open(self, mapping: FieldMap = MAP, *, how: str = "provision") -> Desk:
        run = "r" + uuid.uuid4().hex[:20]
        request = {"practice": "Here", "target": {"url": self._town.server.url}, "options": {"schema": how}}
        await self._tools.runs.register(run, request, at="2026-01-01T00:00:00.000+00:00")
        await documents.publish(self._tools, run, "mapping", document(mapping))
        return Desk(self._tools, self._town, run, tables(mapping))


async def desks_of(azurite: str) -> AsyncIterator[Desks]:
    tools = Toolbox(Settings(storage_connection=azurite, local_key=LOCAL_KEY, allow_loopback=True))
    await tools.open()
    try:
        async for town in town_of(calm()):
            tools._targets[town.server.url] = town.target  # the simulated environment in place of a real one
            yield Desks(tools, town)
    finally:
        await tools.http.aclose()
        await tools.tables.close()
        await tools.staging.close()


async def by_hand(desk: Desk, *, leave_out: str = "", wrong: dict[str, Field] | None = None) -> None:
    """Everything the guide asks for, as an admin would make it: other key names, other values for the choices."""
    target = desk.town.target
    await desk.containers()
    live = await desk.live()
    for table in desk.wanted:
        if table.custom and table.name not in live:
            await target.create_table(table, solution=SOLUTION)
    live = await desk.live()
    for table in desk.wanted:
        for field in table.fields:
            if field.custom and field.name != leave_out and live[table.name].field(field.name) is None:
                options = tuple(replace(one, value=727_000_500 + n) for n, one in enumerate(field.options))
                await desk.make(table.name, (wrong or {}).get(field.name, replace(field, options=options)))
        if not live[table.name].keys and leave_out != "keys":
            await target.create_key(table.name, Key("bw_ByHand", ("bw_sourceid",)), solution=SOLUTION)
    await target.publish([table.name for table in desk.wanted])
