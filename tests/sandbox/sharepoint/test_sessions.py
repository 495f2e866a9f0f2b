"""Upload sessions: the rules of Graph's createUploadSession page, one by one."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.faults import Fault
from sandbox.sharepoint.behaviour import Behaviour
from sandbox.sharepoint.quick_xor import QuickXor

UNIT = 327_680
CONTENT = bytes(range(256)) * 3000  # 768,000 bytes: two whole units and a rest


def hash_of(content: bytes) -> str:
    quick_xor = QuickXor()
    quick_xor.update(content)
    return quick_xor.text()


async def test_slices_in_order_become_a_file(call: Any) -> None:
    url, total = await call.session(), len(CONTENT)
    first = await call.slice(url, CONTENT[:UNIT], 0, total)
    assert (first.status_code, first.json()["nextExpectedRanges"]) == (202, [f"{UNIT}-"])
    assert (await call.send("GET", "root:/scan.dcm")).status_code == 404
    last = await call.slice(url, CONTENT[UNIT:], UNIT, total)
    assert last.status_code == 201
    assert last.json()["size"] == total
    assert last.json()["file"]["hashes"] == {"quickXorHash": hash_of(CONTENT)}
    assert hashlib.sha256(CONTENT).hexdigest() in (await call.http.get("/sandbox/export")).text
    assert (await call.bare.get(url)).status_code == 404


async def test_a_token_on_a_slice_is_refused(call: Any, refusal: Any) -> None:
    url = await call.session()
    answer = await call.slice(url, b"abc", 0, 3, Authorization="Bearer any")
    assert refusal(answer) == (401, "unauthenticated")
    assert (await call.slice(url, b"abc", 0, 3)).status_code == 201


@pytest.mark.parametrize(
    ("first", "length", "total", "status", "inner"),
    [
        (0, UNIT, 2 * UNIT, 416, "fragmentOverlap"),
        (2 * UNIT, UNIT, 3 * UNIT, 416, "fragmentOutOfOrder"),
        (UNIT, 1000, 3 * UNIT, 400, "invalidFragmentSize"),
        (UNIT, UNIT, 4 * UNIT, 400, "invalidRange"),
    ],
)
async def test_a_slice_out_of_line_is_refused_and_changes_nothing(
    call: Any, first: int, length: int, total: int, status: int, inner: str
) -> None:
    url = await call.session()
    await call.slice(url, bytes(UNIT), 0, 3 * UNIT)
    total = 3 * UNIT if status == 416 else total
    answer = await call.slice(url, bytes(length), first, total)
    assert (answer.status_code, answer.json()["error"]["innerError"]["code"]) == (status, inner)
    assert (await call.bare.get(url)).json()["nextExpectedRanges"] == [f"{UNIT}-"]


async def test_a_slice_of_sixty_mebibytes_is_too_large(call: Any, refusal: Any) -> None:
    url, size = await call.session(), 60 * 1024 * 1024
    answer = await call.slice(url, bytes(size), 0, size)
    assert refusal(answer) == (413, "requestTooLarge")


async def test_a_slice_that_breaks_off_is_as_if_it_had_never_come(call: Any) -> None:
    url = await call.session()
    parts = urlsplit(url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"PUT {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {UNIT}\r\n"
    writer.write(f"{head}Content-Range: bytes 0-{UNIT - 1}/{UNIT}\r\n\r\n".encode() + bytes(1000))
    await writer.drain()
    writer.transport.abort()
    assert (await call.bare.get(url)).json()["nextExpectedRanges"] == ["0-"]
    assert (await call.slice(url, CONTENT[:UNIT], 0, UNIT)).json()["file"]["hashes"]["quickXorHash"] == hash_of(
        CONTENT[:UNIT]
    )


async def test_a_cancelled_session_is_gone_and_its_bytes_with_it(call: Any) -> None:
    url = await call.session()
    await call.slice(url, bytes(UNIT), 0, 2 * UNIT)
    assert (await call.bare.delete(url)).status_code == 204
    assert (await call.bare.get(url)).status_code == 404
    assert list(call.server.site.contents.folder.iterdir()) == []


async def test_a_session_expires_and_each_slice_gives_it_more_time(start: Any) -> None:
    call = await start(Behaviour(session_seconds=100))
    url = await call.session()
    await call.http.post("/sandbox/clock", json={"advance_seconds": 90})
    assert (await call.slice(url, bytes(UNIT), 0, 2 * UNIT)).status_code == 202
    await call.http.post("/sandbox/clock", json={"advance_seconds": 90})
    assert (await call.bare.get(url)).status_code == 200
    await call.http.post("/sandbox/clock", json={"advance_seconds": 20})
    assert (await call.slice(url, bytes(UNIT), UNIT, 2 * UNIT)).status_code == 404


async def test_a_name_has_one_session_at_a_time(call: Any, refusal: Any) -> None:
    url = await call.session()
    assert refusal(await call.send("POST", "root:/scan.dcm:/createUploadSession")) == (409, "nameAlreadyExists")
    await call.bare.delete(url)
    assert (await call.send("POST", "root:/scan.dcm:/createUploadSession")).status_code == 200


async def test_a_name_taken_meanwhile_is_a_conflict_at_the_last_slice_and_the_session_stays(
    call: Any, refusal: Any
) -> None:
    url = await call.session()
    await call.slice(url, bytes(UNIT), 0, UNIT + 3)
    await call.send("PUT", "root:/scan.dcm:/content", content=b"theirs")
    assert refusal(await call.slice(url, b"abc", UNIT, UNIT + 3)) == (409, "nameAlreadyExists")
    assert (await call.bare.get(url)).json()["nextExpectedRanges"] == []


async def test_a_name_taken_before_is_a_conflict_at_once(call: Any, refusal: Any) -> None:
    await call.send("PUT", "root:/scan.dcm:/content", content=b"theirs")
    fail = {"item": {"@microsoft.graph.conflictBehavior": "fail"}}
    assert refusal(await call.send("POST", "root:/scan.dcm:/createUploadSession", json=fail)) == (
        409,
        "nameAlreadyExists",
    )


async def test_replace_keeps_the_id_and_rename_finds_another_name(call: Any) -> None:
    first = (await call.send("PUT", "root:/scan.dcm:/content", content=b"old")).json()
    for conflict, status, name in (("replace", 200, "scan.dcm"), ("rename", 201, "scan 1.dcm")):
        url = await call.session(body={"item": {"@microsoft.graph.conflictBehavior": conflict}})
        answer = await call.slice(url, b"new", 0, 3)
        assert (answer.status_code, answer.json()["name"]) == (status, name)
        assert (answer.json()["id"] == first["id"]) == (conflict == "replace")


async def test_a_full_library_refuses_at_the_last_slice_or_at_once_when_it_knows_the_size(
    start: Any, refusal: Any
) -> None:
    call = await start(Behaviour(quota=UNIT))
    assert refusal(await call.send("POST", "root:/b:/createUploadSession", json={"item": {"fileSize": UNIT + 1}})) == (
        507,
        "quotaLimitReached",
    )
    url = await call.session()
    assert (await call.slice(url, bytes(UNIT), 0, UNIT + 1)).status_code == 202
    assert refusal(await call.slice(url, b"x", UNIT, UNIT + 1)) == (507, "quotaLimitReached")


async def test_an_answer_lost_after_the_commit_leaves_the_slice_received(call: Any) -> None:
    url = await call.session()
    call.server.schedule.add([Fault("drop_after", match="^PUT /upload/", at=(1,))])
    with pytest.raises(Exception, match="disconnected"):
        await call.slice(url, bytes(UNIT), 0, 2 * UNIT)
    assert (await call.bare.get(url)).json()["nextExpectedRanges"] == [f"{UNIT}-"]
    assert (await call.slice(url, bytes(UNIT), 0, 2 * UNIT)).status_code == 416
