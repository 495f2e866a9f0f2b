"""Health data is locked away as it gets its columns, and opened to the app's own user only (N22)."""

from __future__ import annotations

from dataclasses import replace

from shared.mapping.model import FieldMap, FieldRule
from shared.schema.gaps import PROFILE
from shared.schema.model import Field, Kind
from tests.activities.desks import MAP, PATIENTS, TREATMENTS, Desk, Desks, by_hand
from tests.shared.dataverse.environment import people

ALLERGIES = FieldRule(
    "allergies", "bw_allergies", "text", Kind.MEMO, "Allergies", "Health.", "bw_Allergies", True, 2000, secured=True
)
NOTES = FieldRule(
    "clinical_notes", "bw_clinicalnotes", "text", Kind.MEMO, "Clinical notes", "Health.", "bw_ClinicalNotes", True,
    4000, secured=True,
)  # fmt: skip
LOCKED = frozenset({("contact", "bw_allergies"), ("bw_treatmenthistory", "bw_clinicalnotes")})
HEALTH: FieldMap = replace(
    MAP,
    objects=(
        replace(PATIENTS, fields=(*PATIENTS.fields, ALLERGIES)),
        replace(TREATMENTS, fields=(*TREATMENTS.fields, NOTES)),
    ),
)


async def ours(desk: Desk) -> frozenset[tuple[str, str]]:
    """The secured columns that the app's user may write."""
    target = desk.town.target
    return await target.writable_secured_columns((await target.who_am_i()).user_id)


async def locked(desk: Desk) -> set[tuple[str, str]]:
    live = await desk.live()
    return {(table.name, field.name) for table in live.values() for field in table.fields if field.secured}


def allergies(desk: Desk) -> Field:
    return next(field for table in desk.wanted for field in table.fields if field.name == "bw_allergies")


async def test_n22_health_columns_are_locked_and_the_app_alone_may_write_them(desks: Desks) -> None:
    desk = await desks.open(HEALTH)
    await desk.until_done()
    assert await locked(desk) == LOCKED
    assert await ours(desk) == LOCKED
    rows = people(1, bw_allergies="penicillin")
    contact = (await desk.live())["contact"]
    assert all(result.ok for result in await desk.town.target.create(contact, rows))
    read = await desk.town.target.rows(contact, [rows[0]["contactid"]], select=["bw_allergies"])
    assert read[rows[0]["contactid"]]["bw_allergies"] == "penicillin"


async def test_n22_rollback_takes_the_profile_with_the_columns(desks: Desks) -> None:
    desk = await desks.open(HEALTH)
    await desk.until_done()
    assert await desk.undo() == {}
    assert await locked(desk) == set()
    named = f"name eq '{PROFILE}'"
    assert await desk.town.target.find("fieldsecurityprofiles", "fieldsecurityprofileid", named) is None
    assert await ours(desk) == frozenset()


async def test_n22_the_profile_stays_while_a_column_holds_somebodys_values(desks: Desks) -> None:
    desk = await desks.open(HEALTH)
    await desk.until_done()
    contact = (await desk.live())["contact"]
    await desk.town.target.create(contact, people(1, bw_allergies="theirs"))
    assert await desk.undo() == {"field|contact|bw_allergies": "holds-values", f"profile|{PROFILE}": "still-used"}
    assert ("contact", "bw_allergies") in await ours(desk)


async def test_n22_a_column_that_was_there_unlocked_is_locked_and_opened_again_by_the_way_back(desks: Desks) -> None:
    desk = await desks.open(HEALTH)
    await desk.make("contact", replace(allergies(desk), secured=False))
    assert ("contact", "bw_allergies") not in await locked(desk)
    await desk.until_done()
    assert await locked(desk) == LOCKED
    assert await desk.undo() == {}
    assert (await desk.live())["contact"].field("bw_allergies") is not None
    assert await locked(desk) == set()


async def test_n22_a_second_run_finds_the_profile_and_its_way_back_leaves_it(desks: Desks) -> None:
    first, second = await desks.open(HEALTH), await desks.open(HEALTH)
    await first.until_done()
    await second.until_done()
    assert await second.undo() == {}
    assert await ours(first) == LOCKED


async def test_n22_by_hand_unlocked_columns_and_the_profile_are_missing_parts(desks: Desks) -> None:
    desk = await desks.open(HEALTH, how="guide")
    await by_hand(desk, wrong={"bw_allergies": replace(allergies(desk), secured=False)})
    problem = await desk.problem()
    assert problem.code == "schema-incomplete"
    assert problem.message == (
        "2 parts of the set-up guide are missing: 1 column without column security and 1 column security profile."
    )
    target = desk.town.target
    assert await target.secure_field("contact", "bw_allergies")
    assert (await desk.problem()).message == "1 part of the set-up guide is missing: 1 column security profile."
    assert (await desk.guide())["security_profile"]["exists"] is False
    await target.ensure_security_profile("Named otherwise", sorted(LOCKED), [(await target.who_am_i()).user_id])
    await desk.until_done()
    assert (await desk.guide())["security_profile"]["exists"]
