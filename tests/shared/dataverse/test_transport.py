"""One request: retried while that can help, and never longer."""

from __future__ import annotations

import httpx
import pytest

from shared.dataverse.faults import FaultKind
from shared.dataverse.pace import Pace
from shared.dataverse.transport import PATIENCE, OutcomeUnknown
from shared.errors import AskPerson, Stop, TryAgain

OK = httpx.Response(200, json={"UserId": "u", "BusinessUnitId": "b", "OrganizationId": "o"})


async def test_who_we_are_is_read_with_our_token_and_the_odata_headers(environment) -> None:
    environment.script = [OK]
    assert (await environment.client().who_am_i()).user_id == "u"
    headers = environment.seen[0].headers
    assert headers["authorization"] == "Bearer token-0"
    assert headers["odata-version"] == "4.0"


async def test_a_throttle_is_waited_out_for_as_long_as_it_says(environment, answers) -> None:
    environment.script = [answers.refused(429, "0x80072322", **{"Retry-After": "17"}), OK]
    await environment.client().who_am_i()
    assert environment.clock.sleeps == [17.0]


async def test_one_throttle_slows_everybody_down(environment, answers) -> None:
    environment.script = [answers.refused(429, "0x80072326", **{"Retry-After": "5"}), OK]
    pace = Pace()
    await environment.client(pace=pace).who_am_i()
    assert next(pace.books()).width.allowed() == 4


async def test_a_throttle_longer_than_our_patience_goes_back_to_the_caller_with_its_length(
    environment, answers
) -> None:
    environment.script = [answers.refused(429, "0x80072322", **{"Retry-After": "300"})]
    with pytest.raises(TryAgain) as raised:
        await environment.client().who_am_i()
    assert raised.value.after == 300.0
    assert environment.clock.sleeps == []


async def test_a_running_customization_is_waited_for_without_slowing_anybody_down(environment, answers) -> None:
    environment.script = [answers.refused(429, "0x80071151"), answers.refused(429, "0x80071151"), OK]
    pace = Pace()
    await environment.client(pace=pace).who_am_i()
    assert pace.refusals == 0
    assert next(pace.books()).width.allowed() == 8
    assert len(environment.clock.sleeps) == 2
    assert all(sleep >= 10 for sleep in environment.clock.sleeps)


async def test_patience_ends_after_two_minutes(environment, answers) -> None:
    environment.rule = lambda request: answers.refused(503)
    with pytest.raises(TryAgain) as raised:
        await environment.client().who_am_i()
    assert raised.value.code == "unavailable"
    assert sum(environment.clock.sleeps) <= PATIENCE


async def test_a_refused_token_is_replaced_once_and_then_a_person_is_asked(environment, answers) -> None:
    environment.script = [answers.refused(401), OK]
    client = environment.client()
    await client.who_am_i()
    assert environment.seen[1].headers["authorization"] == "Bearer token-1"
    environment.rule = lambda request: answers.refused(401)
    with pytest.raises(AskPerson) as raised:
        await client.who_am_i()
    assert raised.value.code == "token-refused"
    assert environment.issuer.forgotten == 2


async def test_a_missing_privilege_is_for_a_person(environment, answers) -> None:
    text = "Principal user (Id=1) is missing prvReadUser privilege on entity 'systemuser'."
    environment.script = [answers.refused(403, "0x80040220", text)]
    with pytest.raises(AskPerson, match="prvReadUser on table systemuser"):
        await environment.client().who_am_i()


async def test_a_request_that_makes_no_sense_stops_the_run(environment, answers) -> None:
    environment.script = [answers.refused(400, "0x80048d19", "secret value inside")]
    with pytest.raises(Stop) as raised:
        await environment.client().who_am_i()
    assert "secret" not in raised.value.message


@pytest.mark.parametrize("lost", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError])
async def test_a_lost_answer_is_asked_for_again_when_the_request_may_be_repeated(environment, lost) -> None:
    environment.script = [lost, OK]
    await environment.client().who_am_i()
    assert len(environment.seen) == 2


@pytest.mark.parametrize("lost", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError])
async def test_a_lost_answer_to_what_must_not_be_repeated_is_told_to_the_caller(environment, lost) -> None:
    environment.script = [lost]
    with pytest.raises(OutcomeUnknown):
        await environment.client()._transport.send("POST", "contacts", where="x", body={}, repeatable=False)
    assert len(environment.seen) == 1


async def test_a_request_that_never_left_is_sent_again_even_when_it_must_not_be_repeated(environment) -> None:
    environment.script = [httpx.ConnectError, httpx.Response(204)]
    reply = await environment.client()._transport.send("POST", "contacts", where="x", body={}, repeatable=False)
    assert reply.status == 204


async def test_an_error_that_will_not_go_away_is_handed_to_whoever_can_take_the_request_apart(
    environment, answers
) -> None:
    environment.rule = lambda request: answers.refused(500, "0x80040216")
    send = environment.client()._transport.send
    reply = await send("POST", "contacts", where="x", body={}, accept={FaultKind.DATA})
    assert reply.fault.kind is FaultKind.DATA
    assert len(environment.seen) == 3


async def test_no_token_is_sent_to_another_host(environment) -> None:
    environment.script = [httpx.Response(200, json={"value": [], "@odata.nextLink": "https://evil.example/api"})]
    with pytest.raises(Stop) as raised:
        await environment.client().users()
    assert raised.value.code == "foreign-link"
    assert len(environment.seen) == 1


async def test_cookies_are_never_kept(environment) -> None:
    environment.script = [httpx.Response(200, json=OK.json(), headers={"Set-Cookie": "ARRAffinity=a"}), OK]
    client = environment.client()
    await client.who_am_i()
    await client.who_am_i()
    assert "cookie" not in environment.seen[1].headers


async def test_the_server_may_lower_how_much_is_under_way(environment) -> None:
    environment.script = [httpx.Response(200, json=OK.json(), headers={"x-ms-dop-hint": "4"})]
    pace = Pace()
    await environment.client(pace=pace).who_am_i()
    assert next(pace.books()).width.allowed() == 4


async def test_a_refusal_that_spells_other_limits_corrects_ours(environment, answers) -> None:
    said = "Combined execution time of incoming requests exceeded limit of 40,000 milliseconds over time window of 10"
    said += " seconds."
    environment.script = [answers.refused(429, "0x80072321", said, **{"Retry-After": "1"}), OK]
    pace = Pace()
    await environment.client(pace=pace).who_am_i()
    assert (pace.allowance.seconds, pace.allowance.window) == (40.0, 10.0)


async def test_a_server_that_names_itself_is_asked_by_that_name(environment) -> None:
    named = {"Set-Cookie": "ARRAffinity=abc123; path=/; HttpOnly"}
    environment.rule = lambda request: httpx.Response(200, json=OK.json(), headers=named)
    client = environment.client()
    for _ in range(20):
        await client.who_am_i()
    assert environment.seen[-1].headers["cookie"] == "ARRAffinity=abc123"
