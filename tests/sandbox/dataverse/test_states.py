"""States and their reasons: two steps for everything that is not open, and opportunities by their own messages."""

from __future__ import annotations

import pytest

from sandbox.dataverse.behaviour import calm


async def test_an_account_cannot_be_created_inactive(api, error, new_id):
    answer = await api.post("accounts", {"accountid": new_id, "name": "x", "statecode": 1, "statuscode": 2})
    assert error(answer) == (400, "0x80048408")
    assert answer.json()["error"]["message"] == (
        f"2 is not a valid status code for state code AccountState.Active on account with Id {new_id}."
    )


async def test_a_state_alone_is_ignored_at_create(api):
    account = await api.create("accounts", {"name": "x", "statecode": 1})
    row = await api.row(f"accounts({account})")
    assert (row["statecode"], row["statuscode"]) == (0, 1)


async def test_the_second_write_makes_it_inactive_in_a_patch_and_in_bulk(api):
    ids = [await api.create("accounts", {"name": "x"}) for _ in range(2)]
    await api.patch(f"accounts({ids[0]})", {"statecode": 1, "statuscode": 2})
    target = {"accountid": ids[1], "statecode": 1, "statuscode": 2}
    assert (await api.bulk("accounts", "UpdateMultiple", [target], "account")).status_code == 204
    assert [row["statecode"] for row in (await api.row("accounts"))["value"]] == [1, 1]


async def test_the_state_in_update_multiple_can_be_forbidden(start, error):
    api = await start(calm(update_multiple_state=False))
    account = await api.create("accounts", {"name": "x"})
    target = {"accountid": account, "statecode": 1, "statuscode": 2}
    assert error(await api.bulk("accounts", "UpdateMultiple", [target], "account"))[0] == 400


async def test_a_state_without_a_reason_takes_its_first_reason(api):
    task = await api.create("tasks", {"subject": "x"})
    await api.patch(f"tasks({task})", {"statecode": 1})
    assert (await api.row(f"tasks({task})"))["statuscode"] == 5


async def test_a_reason_of_another_state_is_refused(api, error):
    call = await api.create("phonecalls", {"subject": "x"})
    assert error(await api.patch(f"phonecalls({call})", {"statuscode": 2})) == (400, "0x80048408")
    assert error(await api.patch(f"phonecalls({call})", {"statecode": 2, "statuscode": 4})) == (400, "0x80048408")


@pytest.mark.parametrize(("message", "status", "state"), [("WinOpportunity", 3, 1), ("LoseOpportunity", 5, 2)])
async def test_an_opportunity_is_closed_by_its_message_and_leaves_an_activity(api, message, status, state, error):
    deal = await api.create("opportunities", {"name": "Implant"})
    close = {
        "subject": "closed",
        "actualend": "2019-05-03T00:00:00Z",
        "actualrevenue": 100.5,
        "opportunityid@odata.bind": f"/opportunities({deal})",
    }
    assert (await api.post(message, {"Status": status, "OpportunityClose": close})).status_code == 204
    row = await api.row(f"opportunities({deal})?$expand=Opportunity_OpportunityClose")
    assert (row["statecode"], row["statuscode"]) == (state, status)
    assert (row["actualclosedate"], row["actualvalue"]) == ("2019-05-03", 100.5)
    (activity,) = row["Opportunity_OpportunityClose"]
    assert (activity["subject"], activity["statecode"]) == ("closed", 1)
    assert error(await api.post(message, {"Status": status, "OpportunityClose": close})) == (400, "0x80040515")
    await api.patch(f"opportunities({deal})", {"statecode": 0, "statuscode": 1})
    assert (await api.row(f"opportunities({deal})"))["statecode"] == 0


async def test_an_opportunity_is_not_won_by_patch_unless_the_switch_allows_it(start, error):
    api = await start()
    deal = await api.create("opportunities", {"name": "x"})
    assert error(await api.patch(f"opportunities({deal})", {"statecode": 1, "statuscode": 3})) == (400, "0x80100005")
    lenient = await start(calm(opportunity_state_patch=True))
    deal = await lenient.create("opportunities", {"name": "x"})
    assert (await lenient.patch(f"opportunities({deal})", {"statecode": 1, "statuscode": 3})).status_code == 204


async def test_a_reason_of_the_other_outcome_is_refused_when_closing(api, error):
    deal = await api.create("opportunities", {"name": "x"})
    close = {"opportunityid@odata.bind": f"/opportunities({deal})"}
    answer = await api.post("WinOpportunity", {"Status": 4, "OpportunityClose": close})
    assert error(answer) == (400, "0x80048408")


async def test_an_opportunity_takes_its_end_and_worth_from_the_close_and_its_relatives_to_the_grave(api):
    deal = await api.create("opportunities", {"name": "Implant"})
    await api.create("annotations", {"subject": "n", "objectid_opportunity@odata.bind": f"/opportunities({deal})"})
    close = {"actualend": "2019-05-03", "actualrevenue": 80, "opportunityid@odata.bind": f"/opportunities({deal})"}
    assert (await api.post("WinOpportunity", {"Status": 3, "OpportunityClose": close})).status_code == 204
    row = await api.row(f"opportunities({deal})")
    assert (row["actualclosedate"], row["actualvalue"], row["actualvalue_base"]) == ("2019-05-03", 80, 80)
    (activity,) = (await api.row("opportunitycloses"))["value"]
    assert (activity["actualend"], activity["actualrevenue_base"]) == ("2019-05-03T00:00:00Z", 80)
    assert (await api.delete(f"opportunities({deal})")).status_code == 204
    assert (await api.row("opportunitycloses"))["value"] == (await api.row("annotations"))["value"] == []
    assert (await api.row("activityparties"))["value"] == []
