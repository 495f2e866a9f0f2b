"""Files on their way up, through everything that can go wrong between here and a library."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sandbox.sharepoint.behaviour import Behaviour
from shared.errors import AskPerson, Stop, TryAgain
from shared.sharepoint.faults import NameTaken
from shared.sharepoint.quickxor import digest
from shared.sharepoint.session import SLICE, UNIT

SLICES = "^PUT /upload/"
SIZE = 2 * SLICE + UNIT + 7


def arrived(shore: Any, source: Any, name: str = "scan") -> bool:
    """Whether the library has the file, byte for byte, and no session left over."""
    entry = shore.files()[name]
    whole = (entry["size"], entry["sha256"]) == (source.size, hashlib.sha256(source.content).hexdigest())
    return whole and shore.server.site.store.sessions() == []


@pytest.mark.parametrize("size", [0, 1, UNIT, SLICE - 1, SLICE, SLICE + 1, 2 * SLICE, SIZE])
async def test_n20_a_file_of_any_size_arrives_byte_for_byte(shore: Any, file_of: Any, size: int) -> None:
    source = file_of(size)
    uploaded = await shore.upload(source)
    assert arrived(shore, source)
    assert (uploaded.size, uploaded.quick_xor_hash, uploaded.name) == (size, digest(source.content), "scan")
    assert uploaded.web_url.endswith("/Shared%20Documents/scan")


@pytest.mark.parametrize("strike", [1, 2, 3])
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("drop", {}),
        ("drop_after", {}),
        ("error", {"status": 503, "retry_after": 3}),
        ("error", {"status": 500}),
        ("throttle", {"retry_after": 10}),
    ],
)
async def test_n20_a_slice_that_goes_wrong_is_mended(
    shore: Any, source: Any, kind: str, more: dict[str, Any], strike: int
) -> None:
    shore.strike(kind, SLICES, at=(strike,), **more)
    await shore.upload(source)
    assert arrived(shore, source)
    assert source.opened == [0]
    assert len(shore.kept) == 1


@pytest.mark.parametrize("place", [100, 2_000_000, SLICE + 3_000_000, 2 * SLICE + 300_000])
async def test_n20_a_connection_cut_in_the_middle_of_a_slice_is_mended(shore: Any, source: Any, place: int) -> None:
    shore.wire.cut_after(up=place)
    await shore.upload(source)
    assert shore.wire.cuts == 1
    assert arrived(shore, source)
    assert source.opened == [0]


async def test_everything_at_once_is_mended(shore: Any, source: Any) -> None:
    shore.strike("drop_after", SLICES, rate=0.5, seed=3)
    await shore.upload(source)
    shore.strike("error", "upload|createUploadSession", every=3)
    other = type(source)(SIZE)
    await shore.upload(other, "other")
    assert arrived(shore, source)
    assert arrived(shore, other, "other")


async def test_a_storm_of_throttling_is_waited_out(shore: Any, source: Any) -> None:
    shore.strike("throttle", SLICES, times=11, retry_after=10)
    await shore.upload(source)
    assert shore.clock.sleeps == [10] * 11
    assert arrived(shore, source)


async def test_a_storm_beyond_two_minutes_goes_back_to_the_story_which_goes_on_later(shore: Any, source: Any) -> None:
    shore.strike("throttle", SLICES, at=tuple(range(2, 40)), retry_after=30)
    with pytest.raises(TryAgain) as raised:
        await shore.upload(source)
    assert (raised.value.code, raised.value.after) == ("sharepoint-throttled", 30)
    shore.server.schedule.clear()
    [session_url] = shore.kept
    await shore.upload(source, session_url=session_url)
    assert arrived(shore, source)
    assert len(shore.kept) == 1


async def test_a_process_that_died_goes_on_with_the_kept_session(shore: Any, source: Any) -> None:
    source.breaks_at = SLICE + 400_000
    with pytest.raises(ConnectionError):
        await shore.upload(source)
    [session_url] = shore.kept
    assert (await shore.get(session_url))["nextExpectedRanges"] == [f"{SLICE}-"]
    source.breaks_at = None
    shore.sharepoint = shore.another()
    before = await _received(shore)
    await shore.upload(source, session_url=session_url)
    assert arrived(shore, source)
    assert await _received(shore) - before == SIZE - SLICE
    await shore.sharepoint.close()


async def test_a_process_that_died_before_it_heard_that_all_was_done_finds_the_file(shore: Any, source: Any) -> None:
    uploaded = await shore.upload(source)
    again = await shore.upload(source, session_url=shore.kept[0])
    assert again == uploaded
    assert len(shore.kept) == 1


async def test_a_process_that_died_without_keeping_its_session_takes_the_name_beside(shore: Any, source: Any) -> None:
    source.breaks_at = SLICE + 400_000
    with pytest.raises(ConnectionError):
        await shore.upload(source)
    source.breaks_at = None
    uploaded = await shore.upload(source)
    assert uploaded.name == "scan.2"
    assert await shore.upload(source) == uploaded


async def test_a_session_whose_making_was_not_answered_does_not_hold_the_file_up(shore: Any, source: Any) -> None:
    shore.strike("drop_after", "createUploadSession$", at=(1,))
    assert (await shore.upload(source)).name == "scan.2"


async def test_a_source_that_fails_leaves_no_session_when_nobody_keeps_it(shore: Any, source: Any) -> None:
    source.breaks_at = SLICE
    with pytest.raises(ConnectionError):
        await shore.upload(source, keep=None)
    assert shore.server.site.store.sessions() == []


async def test_an_expired_session_is_followed_by_another(start: Any, source: Any) -> None:
    shore = await start(Behaviour(session_seconds=100))
    session_ends = source.open_at

    async def slow(place: int) -> AsyncIterator[bytes]:
        first = not source.opened
        async for piece in session_ends(place):
            yield piece
            if first:
                shore.server.site.clock.ahead += 5  # more than 100 seconds for two slices

    source.open_at = slow
    await shore.upload(source)
    assert source.opened == [0, 0]
    assert len(shore.kept) == 2
    assert arrived(shore, source)


async def test_a_kept_session_that_expired_is_followed_by_another(start: Any, source: Any) -> None:
    shore = await start(Behaviour(session_seconds=100))
    source.breaks_at = SLICE
    with pytest.raises(ConnectionError):
        await shore.upload(source)
    shore.server.site.clock.ahead += 200
    source.breaks_at = None
    uploaded = await shore.upload(source, session_url=shore.kept[0])
    assert uploaded.name == "scan"
    assert arrived(shore, source)


async def test_a_session_that_loses_bytes_it_had_confirmed_gets_them_again(shore: Any, source: Any) -> None:
    shore.strike("error", SLICES, at=(2,))
    site, lost = shore.server.site, False
    whole = source.open_at

    async def losing(place: int) -> AsyncIterator[bytes]:
        nonlocal lost
        async for piece in whole(place):
            sessions = site.store.sessions()
            if not lost and sessions and sessions[0].received == SLICE:
                lost = True
                with site.store.transaction():
                    site.store.put_session(replace(sessions[0], received=UNIT))
            yield piece

    source.open_at = losing
    await shore.upload(source)
    assert lost
    assert source.opened == [0, 0]
    assert arrived(shore, source)


async def test_a_file_that_is_there_already_is_a_success_and_is_not_sent_again(shore: Any, source: Any) -> None:
    first = await shore.upload(source)
    before = await _received(shore)
    assert await shore.upload(source) == first
    assert await _received(shore) == before


async def test_a_different_file_of_that_name_is_for_a_person(shore: Any, file_of: Any) -> None:
    await shore.upload(file_of(10))
    other = file_of(10)
    other.content = other._gives = b"0123456789"
    for source in (file_of(11), other):
        with pytest.raises(NameTaken) as raised:
            await shore.upload(source)
        assert raised.value.code == "sharepoint-name-taken"


async def test_a_name_taken_while_the_file_was_on_its_way_is_for_a_person(shore: Any, source: Any) -> None:
    site, whole = shore.server.site, source.open_at

    async def taken(place: int) -> AsyncIterator[bytes]:
        root = site.store.root(shore.drive.id)
        site.create_folder(root, "scan", "replace")
        async for piece in whole(place):
            yield piece

    source.open_at = taken
    with pytest.raises(NameTaken):
        await shore.upload(source)


async def test_a_full_library_is_for_a_person(start: Any, source: Any) -> None:
    shore = await start(Behaviour(quota=SIZE - 1))
    with pytest.raises(AskPerson) as raised:
        await shore.upload(source)
    assert raised.value.code == "sharepoint-full"


async def test_a_permission_withdrawn_is_for_a_person(shore: Any, source: Any) -> None:
    shore.server.site.granted = "read"
    with pytest.raises(AskPerson) as raised:
        await shore.upload(source)
    assert raised.value.code == "sharepoint-permission-missing"


@pytest.mark.parametrize("gives", [SIZE - 1, SIZE + 1, 2 * SLICE, 3])
async def test_a_file_of_another_size_than_was_said_does_not_arrive(shore: Any, file_of: Any, gives: int) -> None:
    with pytest.raises(Stop) as raised:
        await shore.upload(file_of(SIZE, gives=gives))
    assert raised.value.code == "file-size-differs"
    assert shore.files() == {}
    assert shore.server.site.store.sessions() == []


async def test_a_file_that_sharepoint_rewrites_is_removed_and_explained(shore: Any, source: Any) -> None:
    with pytest.raises(AskPerson, match="Office, PDF, HTML and JPEG") as raised:
        await shore.upload(source, "scan.jpg")
    assert "rename afterwards" in raised.value.remedy
    assert shore.files() == {}


async def test_bytes_that_changed_on_the_way_are_noticed_and_removed(shore: Any, source: Any) -> None:
    site = shore.server.site
    honest = site.contents.digest

    async def mangled(name: str) -> Any:
        path = site.contents.folder / name
        content = bytearray(path.read_bytes())
        content[1000] ^= 1
        path.write_bytes(content)
        return await honest(name)

    site.contents.digest = mangled
    with pytest.raises(TryAgain) as raised:
        await shore.upload(source)
    assert raised.value.code == "sharepoint-bytes-differ"
    assert shore.files() == {}


async def test_without_a_hash_from_graph_the_bytes_are_read_back(start: Any, source: Any) -> None:
    shore = await start(Behaviour(hashes=False))
    uploaded = await shore.upload(source)
    assert uploaded.quick_xor_hash == digest(source.content)
    requests = (await shore.get("/sandbox/stats"))["requests"]
    assert requests["GET /download/"] == 1


async def test_no_slice_carries_a_token_and_no_address_carries_more_than_ids(
    shore: Any, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[httpx.Request] = []
    send = httpx.AsyncClient.send

    async def watched(self: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
        seen.append(request)
        return await send(self, request, **options)

    monkeypatch.setattr(httpx.AsyncClient, "send", watched)
    uploaded = await shore.upload(source, "a1")
    await shore.sharepoint.rename(shore.drive, uploaded.item_id, "Jane Doe.jpg")
    tokened = {request.url.path.split("/")[1] for request in seen if "Authorization" in request.headers}
    assert tokened == {"v1.0"}
    assert any(request.url.path.startswith("/upload/") for request in seen)
    assert not any("Jane" in str(request.url) for request in seen)


async def _received(shore: Any) -> int:
    received: int = (await shore.get("/sandbox/stats"))["bytes_received"]
    return received
