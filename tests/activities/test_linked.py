"""What is worked out once for a generation, and looked at again before each load."""

from __future__ import annotations

from typing import Any

import pytest

from activities import documents
from activities.link import object_maps
from activities.owners import fit_to_write
from shared.errors import AskPerson
from tests.activities.filing import Cabinet
from tests.shared.dataverse.environment import JANE


async def told(cabinet: Cabinet, **changes: Any) -> None:
    """An admin changes a user of the environment."""
    http, url = cabinet.tools.http, cabinet.town.server.url
    (await http.post(f"{url}/sandbox/users", json={**JANE, **changes})).raise_for_status()


async def test_r107_a_user_disabled_since_gets_no_row_before_a_person_has_seen_to_it(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    filing.file("a-1", b"x-ray")
    await filing.bring()
    filing.file("a-2", b"letter")
    await filing.stage("delta-0001", "a-2")
    await told(cabinet, isdisabled=True)
    with pytest.raises(AskPerson) as asked:
        await filing.load("delta-0001")
    assert asked.value.code == "owner-unfit-since"
    assert f"{JANE['systemuserid']} (user-is-disabled)" in asked.value.message
    assert JANE["fullname"] not in asked.value.message
    assert set(await filing.notes()) == {"a-1"}
    await told(cabinet, isdisabled=False)
    await filing.load("delta-0001")
    assert set(await filing.notes()) == {"a-1", "a-2"}


async def test_a22_who_may_not_date_a_note_back_does_not_write_any_and_the_owner_table_says_so(
    cabinet: Cabinet,
) -> None:
    target, jane = cabinet.town.target, {JANE["systemuserid"]: "entra"}
    assert await fit_to_write(target, jane) == {"authors": jane, "authors_unfit": {}}
    await told(cabinet, roles=["Salesperson"])
    lacking = {JANE["systemuserid"]: ["prvOverrideCreatedOnCreatedBy"]}
    assert await fit_to_write(target, jane) == {"authors": {}, "authors_unfit": lacking}


async def test_of_all_the_pickups_of_a_run_one_map_is_kept(cabinet: Cabinet) -> None:
    filing, other = await cabinet.open(), await cabinet.open()
    await object_maps(filing.tools, await other.run())
    crosswalk = await documents.need(filing.tools, filing.run_id, "crosswalk")
    for number in range(3):
        await documents.publish(filing.tools, filing.run_id, "crosswalk", {**crosswalk, "payers": {str(number): "x"}})
        newest = await object_maps(filing.tools, await filing.run())
    kept = [maps for mark, maps in filing.tools.compiled.items() if mark[0] == filing.run_id]
    assert kept == [newest]
    assert [mark[0] for mark in filing.tools.compiled].count(other.run_id) == 1
