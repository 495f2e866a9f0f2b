"""Writing rows when things go wrong, told by script. What goes right runs against the simulator."""

from __future__ import annotations

import json

import httpx
import pytest

from shared.dataverse.results import Result
from shared.errors import AskPerson, Stop, TryAgain
from shared.schema.model import Field, Kind, Table

TABLE = Table("contact", "contacts", "contactid", "fullname", fields=(Field("lastname", Kind.TEXT),))
IDS = [f"0000000{number}-1111-4222-8333-abcdefabcdef" for number in range(3)]
ROWS = [{"contactid": row_id, "lastname": f"N{number}"} for number, row_id in enumerate(IDS)]
BULK = "POST contacts/Microsoft.Dynamics.CRM.CreateMultiple"


@pytest.fixture
def contacts(environment, answers):
    """An environment whose contacts have bulk messages; the script says the rest."""

    def rule(request: httpx.Request):
        assert "sdkmessagefilters" in request.url.path, request.url
        return answers.found([{"sdkmessagefilterid": "1"}])

    environment.rule = rule
    return environment


async def ready(contacts):
    client = contacts.client()
    await client.bulk("contact")
    contacts.seen.clear()
    return client


def there(answers, ids):
    return answers.found({"contactid": row_id, "@odata.etag": 'W/"1"'} for row_id in ids)


async def test_rows_go_in_one_bulk_message_with_their_ids_and_type(contacts) -> None:
    client = await ready(contacts)
    contacts.script = [httpx.Response(200, json={"Ids": IDS})]
    assert await client.create(TABLE, ROWS) == [Result(row_id, True, status=200) for row_id in IDS]
    sent = json.loads(contacts.seen[0].content)["Targets"]
    assert sent[0] == {"@odata.type": "Microsoft.Dynamics.CRM.contact", **ROWS[0]}
    assert contacts.lines() == [BULK]


async def test_one_bad_row_is_named_and_the_others_go_in(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [
        answers.refused(400, "0x80044331", "The length of the 'lastname' attribute of the 'contact' entity exceeded"),
        answers.batch((204, ""), (400, "0x80044331"), (204, "")),
    ]
    results = await client.create(TABLE, ROWS)
    assert [result.ok for result in results] == [True, False, True]
    assert (results[1].reason, results[1].status) == ("text-too-long", 400)
    assert contacts.lines() == [BULK, "POST $batch"]


async def test_a_lost_answer_is_settled_by_reading_and_only_what_is_missing_is_sent_again(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [httpx.ReadTimeout, there(answers, IDS[:2]), httpx.Response(200, json={"Ids": IDS[2:]})]
    results = await client.create(TABLE, ROWS)
    assert [(result.ok, result.already) for result in results] == [(True, True), (True, True), (True, False)]
    assert contacts.lines() == [BULK, "GET contacts", BULK]
    assert [row["contactid"] for row in json.loads(contacts.seen[2].content)["Targets"]] == IDS[2:]


async def test_a_lost_answer_after_everything_went_in_sends_nothing_again(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [httpx.Response(504), there(answers, IDS)]
    assert all(result.ok for result in await client.create(TABLE, ROWS))
    assert contacts.lines() == [BULK, "GET contacts"]


async def test_answers_lost_again_and_again_go_back_to_the_caller(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [httpx.ReadTimeout, there(answers, []), httpx.ReadTimeout, there(answers, []), httpx.ReadTimeout]
    with pytest.raises(TryAgain):
        await client.create(TABLE, ROWS)


async def test_rows_that_are_there_already_are_a_success(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [
        answers.refused(412, "0x80040237"),
        answers.batch((412, "0x80040237"), (204, ""), (204, "")),
        there(answers, IDS[:1]),
    ]
    results = await client.create(TABLE, ROWS)
    assert [(result.ok, result.already) for result in results] == [(True, True), (True, False), (True, False)]


async def test_an_alternate_key_of_another_row_is_a_reason_not_a_success(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [
        answers.refused(412, "0x80060892"),
        answers.batch((204, ""), (412, "0x80060892"), (204, "")),
        there(answers, []),
    ]
    results = await client.create(TABLE, ROWS)
    assert [result.reason for result in results] == [None, "key-taken", None]


async def test_a_lost_batch_answer_is_settled_by_reading_too(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [
        answers.refused(400, "0x80040265"),
        httpx.ReadError,
        there(answers, IDS[:1]),
        answers.batch((400, "0x80040265"), (204, "")),
    ]
    results = await client.create(TABLE, ROWS)
    assert [result.ok for result in results] == [True, False, True]
    assert results[1].reason == "business-rule"


async def test_parts_that_met_a_busy_database_are_sent_again_alone(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [
        answers.refused(400, "0x80040265"),
        answers.batch((204, ""), (500, "0x80044150"), (400, "0x80040265")),
        answers.batch((204, "")),
    ]
    results = await client.create(TABLE, ROWS)
    assert [result.ok for result in results] == [True, True, False]
    assert contacts.clock.sleeps


async def test_a_row_that_only_ever_meets_unexpected_errors_is_set_aside(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [
        *(answers.refused(500, "0x80040216") for _ in range(3)),
        answers.batch((204, ""), (500, "0x80040216"), (204, "")),
        answers.batch((500, "0x80040216")),
        answers.batch((500, "0x80040216")),
    ]
    results = await client.create(TABLE, ROWS)
    assert [result.reason for result in results] == [None, "unexpected-error", None]


async def test_a_bulk_message_that_is_too_large_is_halved(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [httpx.Response(413), *(httpx.Response(200, json={"Ids": []}) for _ in range(2))]
    assert all(result.ok for result in await client.create(TABLE, ROWS))
    assert [len(json.loads(request.content)["Targets"]) for request in contacts.seen] == [3, 1, 2]


async def test_one_odd_row_is_set_aside_but_a_request_refused_for_all_rows_is_our_mistake(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [answers.refused(400, "0x80048d19"), answers.batch((204, ""), (400, "0x80048d19"), (204, ""))]
    assert [result.reason for result in await client.create(TABLE, ROWS)] == [None, "request-refused", None]
    contacts.script = [answers.refused(400, "0x80048d19"), answers.batch(*[(400, "0x80048d19")] * 3)]
    with pytest.raises(Stop):
        await client.create(TABLE, ROWS)


async def test_a_missing_privilege_is_raised_and_names_no_row(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [answers.refused(403, "0x80040220", "is missing prvCreateContact privilege for entity 'contact'")]
    with pytest.raises(AskPerson, match="prvCreateContact on table contact"):
        await client.create(TABLE, ROWS)


async def test_an_id_named_twice_in_one_call_is_our_mistake(contacts) -> None:
    client = await ready(contacts)
    with pytest.raises(Stop, match="same id"):
        await client.create(TABLE, [ROWS[0], ROWS[0]])
    with pytest.raises(Stop, match="same id"):
        await client.delete(TABLE, [(IDS[0], None), (IDS[0].upper(), None)])


async def test_guarded_updates_go_one_by_one_under_the_version_they_name(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [answers.batch((204, ""), (412, "0x80060882")), answers.found([
        {"contactid": IDS[1], "lastname": "Someone else's", "@odata.etag": 'W/"9"'},
    ])]  # fmt: skip
    rows = [{**row, "@odata.etag": 'W/"5"'} for row in ROWS[:2]]
    results = await client.update(TABLE, rows)
    assert [(result.ok, result.reason) for result in results] == [(True, None), (False, "edited-since")]
    text = contacts.seen[0].content.decode()
    assert f'PATCH /api/data/v9.2/contacts({IDS[0]}) HTTP/1.1\r\nIf-Match: W/"5"' in text
    assert '{"lastname":"N0"}' in text


async def test_a_guarded_update_whose_answer_was_lost_is_recognised_by_its_values(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [
        httpx.ReadTimeout,
        answers.found([
            {"contactid": IDS[0], "lastname": "N0", "@odata.etag": 'W/"6"'},
            {"contactid": IDS[1], "lastname": "Edited", "@odata.etag": 'W/"7"'},
            {"contactid": IDS[2], "lastname": "Old", "@odata.etag": 'W/"5"'},
        ]),
        answers.batch((204, "")),
    ]  # fmt: skip
    results = await client.update(TABLE, [{**row, "@odata.etag": 'W/"5"'} for row in ROWS])
    assert [(result.ok, result.reason) for result in results] == [(True, None), (False, "edited-since"), (True, None)]
    assert contacts.seen[2].content.decode().count("PATCH") == 1


async def test_a_row_that_is_not_there_is_never_made_by_an_update(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [answers.refused(404, "0x80040217"), answers.batch((204, ""), (404, ""), (204, ""))]
    results = await client.update(TABLE, ROWS)
    assert [result.reason for result in results] == [None, "row-missing", None]
    assert contacts.seen[1].content.decode().count("If-Match: *") == 3


async def test_deleting_what_is_gone_is_a_success_and_what_was_edited_or_has_children_stays(contacts, answers) -> None:
    client = await ready(contacts)
    contacts.script = [answers.batch((404, ""), (412, "0x80060882"), (405, "0x80040227"))]
    results = await client.delete(TABLE, [(IDS[0], 'W/"1"'), (IDS[1], 'W/"1"'), (IDS[2], None)])
    assert [(result.ok, result.reason) for result in results] == [
        (True, None),
        (False, "edited-since"),
        (False, "has-children"),
    ]
    assert contacts.seen[0].content.decode().count("If-Match") == 2


async def test_states_that_a_bulk_update_silently_ignores_are_set_one_by_one_ever_after(contacts, answers) -> None:
    client = await ready(contacts)
    states = [(row_id, 1, 2) for row_id in IDS]
    unchanged = answers.found([{"contactid": IDS[0], "statecode": 0, "statuscode": 1}])
    ones = answers.batch((204, ""), (204, ""), (204, ""))
    contacts.script = [httpx.Response(204), unchanged, ones]
    assert all(result.ok for result in await client.set_state(TABLE, states))
    contacts.script = [answers.batch((204, ""), (204, ""), (204, ""))]
    assert all(result.ok for result in await client.set_state(TABLE, states))
    assert contacts.lines() == [
        "POST contacts/Microsoft.Dynamics.CRM.UpdateMultiple",
        "GET contacts",
        "POST $batch",
        "POST $batch",
    ]


async def test_states_that_a_bulk_update_does_set_are_checked_once(contacts, answers) -> None:
    client = await ready(contacts)
    states = [(row_id, 1, 2) for row_id in IDS]
    changed = answers.found([{"contactid": IDS[0], "statecode": 1, "statuscode": 2}])
    contacts.script = [httpx.Response(204), changed, httpx.Response(204)]
    await client.set_state(TABLE, states)
    await client.set_state(TABLE, states)
    assert contacts.lines().count("GET contacts") == 1


async def test_a_closed_activity_that_refuses_to_be_closed_again_as_it_is_counts_as_closed(contacts, answers) -> None:
    client = await ready(contacts)
    states = [(row_id, 1, 2) for row_id in IDS]
    ends = {row_id: {"lastname": "N"} for row_id in IDS}
    as_wanted = {"contactid": IDS[0], "statecode": 1, "statuscode": 2, "lastname": "N"}
    contacts.script = [
        answers.batch((400, "0x80045007"), (400, "0x80045007"), (204, "")),
        answers.found([as_wanted, {**as_wanted, "contactid": IDS[1], "lastname": "M"}]),
    ]
    results = await client.set_state(TABLE, states, values=ends)
    assert [(one.ok, one.already, one.reason) for one in results] == [
        (True, True, None),
        (False, False, "refused-0x80045007"),
        (True, False, None),
    ]


async def test_a_table_without_bulk_messages_is_written_in_batches_of_a_hundred(environment, answers) -> None:
    def rule(request: httpx.Request):
        if "sdkmessagefilters" in request.url.path:
            return answers.found([])
        return answers.batch(*[(204, "")] * request.content.count(b"POST /api"))

    environment.rule = rule
    client = environment.client()
    rows = [{"contactid": f"{n:08d}-1111-4222-8333-abcdefabcdef", "lastname": "A"} for n in range(250)]
    assert all(result.ok for result in await client.create(TABLE, rows))
    assert environment.lines().count("POST $batch") == 3
