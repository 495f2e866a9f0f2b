"""Rows made in the name of a user, against the simulated environment."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.faults import Fault
from shared.dataverse.callers import DELEGATE
from shared.dataverse.results import User
from shared.errors import AskPerson
from shared.schema.model import Table
from tests.shared.dataverse.environment import Town, people, town_of


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


async def user(town: Town, name: str) -> User:
    return next(user for user in await town.target.users() if user.name == name)


async def notes(town: Town, count: int = 3) -> tuple[Table, list[dict[str, Any]]]:
    live = await town.target.tables(["contact", "annotation"])
    (contact,) = people(1)
    await town.target.create(live["contact"], [contact])
    bound = {"objectid_contact@odata.bind": f"/contacts({contact['contactid']})"}
    return live["annotation"], [{"annotationid": str(uuid.uuid4()), "notetext": "x", **bound} for _ in range(count)]


async def authors(town: Town, note: Table, rows: list[dict[str, Any]]) -> set[tuple[str, str | None]]:
    ids = [row["annotationid"] for row in rows]
    there = await town.target.rows(note, ids, select=["createdby", "createdonbehalfby"])
    assert len(there) == len(rows)
    return {(row["_createdby_value"], row["_createdonbehalfby_value"]) for row in there.values()}


@pytest.mark.parametrize("kind", ["", "drop", "drop_after", "half_fail"])
async def test_a22_notes_written_as_their_author_are_that_user_s_whatever_happens(town: Town, kind: str) -> None:
    note, rows = await notes(town)
    jane, us = await user(town, "Jane Fox"), (await town.target.who_am_i()).user_id
    if kind:
        town.server.schedule.add([Fault(kind, match=r"\$batch", times=1)])
    assert all(result.ok for result in await town.target.create(note, rows, caller=jane.entra_object_id))
    assert await authors(town, note, rows) == {(jane.id, us)}
    again = await town.target.create(note, rows, caller=jane.entra_object_id)
    assert [result.already for result in again] == [True] * 3


async def test_a22_a_table_with_bulk_messages_is_written_as_an_author_too(town: Town) -> None:
    contact = (await town.target.tables(["contact"]))["contact"]
    jane, rows = await user(town, "Jane Fox"), people(2)
    assert all(result.ok for result in await town.target.create(contact, rows, caller=jane.entra_object_id))
    there = await town.target.rows(contact, [row["contactid"] for row in rows], select=["createdby"])
    assert {row["_createdby_value"] for row in there.values()} == {jane.id}


@pytest.mark.parametrize(
    ("name", "reason"), [("Sam Gone", "caller-disabled"), ("Kim New", "caller-lacks-privilege"), ("", "caller-unknown")]
)
async def test_a22_rows_of_an_author_who_cannot_write_them_come_back_with_why(
    town: Town, name: str, reason: str
) -> None:
    note, rows = await notes(town)
    caller = (await user(town, name)).entra_object_id if name else str(uuid.uuid4())
    results = await town.target.create(note, rows, caller=caller)
    assert [(result.ok, result.reason) for result in results] == [(False, reason)] * 3
    assert all(result.ok for result in await town.target.create(note, rows))


async def test_a22_what_went_in_before_an_author_was_disabled_is_not_reported_as_refused(town: Town) -> None:
    note, rows = await notes(town, 150)
    jane = await user(town, "Jane Fox")
    text = "The specified user is disabled."
    fault = Fault("error", match=r"\$batch", at=(2,), status=403, code="0x80040225", message=text)
    town.server.schedule.add([fault])
    results = await town.target.create(note, rows, caller=jane.entra_object_id)
    assert [result.reason for result in results] == [None] * 100 + ["caller-disabled"] * 50


async def test_a22_without_the_privilege_to_act_for_others_a_person_is_asked_and_nothing_goes_in() -> None:
    async for town in town_of(calm(), privileges_missing=[DELEGATE]):
        note, rows = await notes(town)
        jane = await user(town, "Jane Fox")
        with pytest.raises(AskPerson, match=DELEGATE):
            await town.target.create(note, rows, caller=jane.entra_object_id)
        assert await town.target.count(note) == 0
