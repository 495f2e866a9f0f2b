"""CreateMultiple, UpdateMultiple, UpsertMultiple: one transaction, no index of the bad row, per table or not at all."""

from __future__ import annotations

import pytest


async def test_ids_come_back_in_the_order_of_the_targets(api):
    answer = await api.bulk("contacts", "CreateMultiple", [{"firstname": f"C{n}"} for n in range(50)], "contact")
    assert answer.status_code == 200
    ids = answer.json()["Ids"]
    rows = (await api.row("contacts?$select=firstname"))["value"]
    assert [row["contactid"] for row in sorted(rows, key=lambda row: int(row["firstname"][1:]))] == ids


async def test_one_bad_row_undoes_all_and_the_error_does_not_say_which(api, error):
    targets = [{"firstname": "ok"}, {"firstname": "x" * 51}, {"firstname": "ok"}]
    answer = await api.bulk("contacts", "CreateMultiple", targets, "contact")
    assert error(answer) == (400, "0x80044331")
    assert answer.json() == {
        "error": {
            "code": "0x80044331",
            "message": "A validation error occurred.  The length of the 'firstname' attribute of the 'contact' entity"
            " exceeded the maximum allowed length of '50'.",
        }
    }
    assert (await api.row("contacts"))["value"] == []


async def test_each_target_names_its_type(api, error):
    answer = await api.post("contacts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": [{"firstname": "x"}]})
    assert error(answer) == (400, "0x80048d19")


@pytest.mark.parametrize(
    ("table", "message", "listed"),
    [
        ("account", "CreateMultiple", True),
        ("contact", "UpdateMultiple", True),
        ("opportunity", "CreateMultiple", True),
        ("lead", "CreateMultiple", True),
        ("lead", "UpdateMultiple", False),
        ("annotation", "CreateMultiple", False),
        ("phonecall", "CreateMultiple", False),
        ("email", "UpdateMultiple", False),
    ],
)
async def test_the_message_filters_tell_which_tables_have_it(api, table, message, listed):
    probe = (
        "sdkmessagefilters?$select=sdkmessagefilterid&$filter=sdkmessageid/name eq @message and"
        f" primaryobjecttypecode eq @table&@message='{message}'&@table='{table}'"
    )
    assert bool((await api.row(probe))["value"]) is listed
    if not listed:
        set_name = api.server.org.catalogue.tables[table].set_name
        answer = await api.bulk(set_name, message, [{"subject": "x"}], table)
        assert answer.status_code == 400


async def test_an_upsert_by_id_creates_updates_and_answers_nothing(api, new_id):
    first = await api.create("contacts", {"firstname": "old"})
    targets = [
        {"contactid": first, "firstname": "new"},
        {"contactid": new_id, "firstname": "made"},
        {"firstname": "any"},
    ]
    answer = await api.bulk("contacts", "UpsertMultiple", targets, "contact")
    assert (answer.status_code, answer.content) == (204, b"")
    names = {row["firstname"] for row in (await api.row("contacts"))["value"]}
    assert names == {"new", "made", "any"}


async def test_repeated_targets_are_ignored_in_an_update_and_refused_in_an_upsert(api, new_id, error):
    targets = [{"contactid": new_id, "firstname": "first"}, {"contactid": new_id, "firstname": "second"}]
    assert (await api.bulk("contacts", "UpsertMultiple", targets, "contact")).status_code == 400
    assert (await api.row("contacts"))["value"] == []
    await api.create("contacts", {"contactid": new_id})
    assert (await api.bulk("contacts", "UpdateMultiple", targets, "contact")).status_code == 204
    assert (await api.row(f"contacts({new_id})"))["firstname"] == "first"


async def test_an_update_of_a_missing_row_undoes_the_others(api, new_id, error):
    contact = await api.create("contacts", {"firstname": "old"})
    targets = [{"contactid": contact, "firstname": "new"}, {"contactid": new_id, "firstname": "x"}]
    assert error(await api.bulk("contacts", "UpdateMultiple", targets, "contact")) == (404, "")
    assert (await api.row(f"contacts({contact})"))["firstname"] == "old"


async def test_delete_multiple_is_for_elastic_tables(api, error, new_id):
    answer = await api.bulk("contacts", "DeleteMultiple", [{"contactid": new_id}], "contact")
    assert error(answer) == (400, "0x80040219")


async def test_a_message_is_not_read_with_get(api, error):
    assert error(await api.get("contacts/Microsoft.Dynamics.CRM.CreateMultiple")) == (404, "")
