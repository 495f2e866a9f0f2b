"""Faults on a schedule: the connection that breaks after the commit, the token that expires, the half of a batch."""

from __future__ import annotations

import httpx
import pytest

from sandbox.faults import Fault, FaultSchedule

CREATE = r"^POST /api/data/v9\.2/contacts"


async def test_an_answer_can_be_lost_after_the_row_was_stored(start, new_id, error):
    api = await start(schedule=FaultSchedule([Fault("drop_after", match=CREATE, at=(1,))]))
    with pytest.raises(httpx.TransportError):
        await api.post("contacts", {"contactid": new_id, "firstname": "A"})
    assert error(await api.post("contacts", {"contactid": new_id})) == (412, "0x80040237")


async def test_a_connection_can_break_before_anything_happened(start, new_id):
    api = await start(schedule=FaultSchedule([Fault("drop", match=CREATE, at=(1,))]))
    with pytest.raises(httpx.TransportError):
        await api.post("contacts", {"contactid": new_id})
    assert (await api.post("contacts", {"contactid": new_id})).status_code == 204


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault("throttle", retry_after=3), 429, "0x80072322"),
        (Fault("error"), 503, "0x80044150"),
        (Fault("error", status=500, code="0x80044151"), 500, "0x80044151"),
        (Fault("expire"), 401, ""),
    ],
)
async def test_refusals_on_a_schedule_look_like_dataverses(start, error, fault, status, code):
    api = await start(schedule=FaultSchedule([fault]))
    answer = await api.get("WhoAmI")
    assert error(answer) == (status, code)
    assert (answer.headers.get("Retry-After") == "3") is (fault.kind == "throttle")


async def test_a_bulk_message_that_half_fails_leaves_nothing(start, error):
    api = await start(schedule=FaultSchedule([Fault("half_fail", match="CreateMultiple", at=(1,))]))
    targets = [{"firstname": str(n)} for n in range(10)]
    assert error(await api.bulk("contacts", "CreateMultiple", targets, "contact")) == (500, "0x80044150")
    assert (await api.row("contacts"))["value"] == []
    assert (await api.bulk("contacts", "CreateMultiple", targets, "contact")).status_code == 200


async def test_a_batch_that_half_fails_keeps_its_first_half(start):
    api = await start(schedule=FaultSchedule([Fault("half_fail", match=r"\$batch$")]))
    part = "--b\r\nContent-Type: application/http\r\n\r\nPOST /api/data/v9.2/contacts HTTP/1.1\r\n\r\n{}\r\n"
    headers = {"Content-Type": "multipart/mixed; boundary=b", "Prefer": "odata.continue-on-error"}
    answer = await api.http.post("$batch", content=part * 4 + "--b--\r\n", headers=headers)
    assert answer.text.count("HTTP/1.1 204") == 2
    assert answer.text.count('"code":"0x80044150"') == 2
    assert len((await api.row("contacts"))["value"]) == 2


async def test_faults_are_given_and_taken_while_it_runs(api):
    address = f"{api.url}/sandbox/faults"
    await api.http.post(address, json={"kind": "error", "match": "WhoAmI"})
    assert (await api.get("WhoAmI")).status_code == 503
    await api.http.delete(address)
    assert (await api.get("WhoAmI")).status_code == 200
