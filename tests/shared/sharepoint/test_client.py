"""Libraries, folders and files through the client, and what it says when something is missing."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from sandbox.identity.endpoint import PATH, IdentityEndpoint
from sandbox.sharepoint.behaviour import Behaviour
from shared.dataverse.tokens import Credentials, Tokens
from shared.errors import AskPerson, Stop, TryAgain
from shared.sharepoint.client import SharePoint
from shared.sharepoint.faults import NameTaken


async def test_r94_a_library_is_found_by_its_name_and_by_its_part_of_the_address(start: Any) -> None:
    shore = await start(Behaviour(libraries=("Documents", "X-rays")))
    for name in ("Documents", "documents", "Shared Documents"):
        drive = await shore.sharepoint.library(name)
        assert (drive.name, drive.relative_url) == ("Documents", "Shared Documents")
    assert (await shore.sharepoint.library("X-rays")).relative_url == "X-rays"


async def test_a_missing_library_is_named_with_those_that_are_there(shore: Any) -> None:
    with pytest.raises(AskPerson, match="'X-rays'; it has: Documents") as raised:
        await shore.sharepoint.library("X-rays")
    assert raised.value.code == "sharepoint-library-missing"


async def test_a_missing_site_is_said_to_be_missing(shore: Any) -> None:
    lost = SharePoint("https://clinic.sharepoint.com/sites/lost", shore.issuer, graph_url=shore.server.url)
    with pytest.raises(AskPerson) as raised:
        await lost.library("Documents")
    assert raised.value.code == "sharepoint-site-missing"
    await lost.close()


async def test_a_missing_permission_is_named_in_the_remedy(shore: Any) -> None:
    shore.server.site.granted = "read"
    with pytest.raises(AskPerson) as raised:
        await shore.sharepoint.folder(shore.drive, "p1")
    assert raised.value.code == "sharepoint-permission-missing"
    assert "Sites.Selected" in raised.value.remedy
    assert "Sites.ReadWrite.All" in raised.value.remedy


async def test_a_folder_is_made_once_and_found_afterwards(shore: Any) -> None:
    first = await shore.sharepoint.folder(shore.drive, "p1")
    assert await shore.sharepoint.folder(shore.drive, "p1") == first
    below = await shore.sharepoint.folder(shore.drive, "scans", parent=first)
    assert below != first
    assert set(shore.files()) == {"p1", "p1/scans"}


async def test_a_folder_whose_making_was_not_answered_is_found(shore: Any) -> None:
    shore.strike("drop_after", "^POST .*children$", at=(1,))
    made = await shore.sharepoint.folder(shore.drive, "p1")
    assert made == (await shore.sharepoint.find(shore.drive, "root", "p1")).item_id


async def test_a_file_in_the_place_of_a_folder_is_told_to_a_person(shore: Any, file_of: Any) -> None:
    await shore.upload(file_of(5), "p1")
    with pytest.raises(NameTaken):
        await shore.sharepoint.folder(shore.drive, "p1")


async def test_a_file_gets_the_name_people_read_without_that_name_in_an_address(shore: Any, source: Any) -> None:
    uploaded = await shore.upload(source, "a1")
    renamed = await shore.sharepoint.rename(shore.drive, uploaded.item_id, "Jane Doe, OPG 2020.jpg")
    assert (renamed.item_id, renamed.name) == (uploaded.item_id, "Jane Doe, OPG 2020.jpg")
    assert renamed.quick_xor_hash == uploaded.quick_xor_hash
    assert list(shore.files()) == ["Jane Doe, OPG 2020.jpg"]


async def test_a_renaming_may_be_repeated_and_a_taken_name_is_said_to_be_taken(shore: Any, file_of: Any) -> None:
    one, two = await shore.upload(file_of(5), "a1"), await shore.upload(file_of(6), "a2")
    for _ in range(2):
        await shore.sharepoint.rename(shore.drive, one.item_id, "x-ray.jpg")
    with pytest.raises(NameTaken):
        await shore.sharepoint.rename(shore.drive, two.item_id, "X-ray.jpg")


@pytest.mark.parametrize("name", ["Jane Doe", "a/b", "../a"])
async def test_no_record_s_value_is_asked_for_by_address(shore: Any, file_of: Any, name: str) -> None:
    for attempt in (
        shore.sharepoint.folder(shore.drive, name),
        shore.sharepoint.find(shore.drive, "root", name),
        shore.upload(file_of(5), name),
    ):
        with pytest.raises(Stop, match="made of ids"):
            await attempt


async def test_deleting_twice_is_deleting_once(shore: Any, source: Any) -> None:
    uploaded = await shore.upload(source)
    shore.strike("drop_after", "^DELETE ", at=(1,))
    for _ in range(2):
        await shore.sharepoint.delete(shore.drive, uploaded.item_id)
    assert shore.files() == {}


async def test_n20_a_download_gives_the_bytes_that_went_up(shore: Any, source: Any) -> None:
    uploaded = await shore.upload(source)
    pieces = [piece async for piece in shore.sharepoint.download(shore.drive, uploaded.item_id)]
    assert b"".join(pieces) == source.content
    assert max(map(len, pieces)) <= 256 * 1024


async def test_a_download_goes_on_where_it_broke(shore: Any, source: Any) -> None:
    uploaded = await shore.upload(source)
    shore.wire.cut_after(down=3_000_000)
    pieces: list[bytes] = []
    again = False
    async for piece in shore.sharepoint.download(shore.drive, uploaded.item_id):
        pieces.append(piece)
        if shore.wire.cuts == 1 and not again:
            again = True
            shore.wire.cut_after(down=1_000_000)
    assert shore.wire.cuts == 2
    assert b"".join(pieces) == source.content


async def test_a_download_whose_address_has_run_out_asks_for_another(shore: Any, source: Any) -> None:
    uploaded = await shore.upload(source)
    shore.strike("error", "^GET /download/", at=(1,), status=401)
    pieces = [piece async for piece in shore.sharepoint.download(shore.drive, uploaded.item_id)]
    assert b"".join(pieces) == source.content


async def test_a_download_of_a_file_that_changes_meanwhile_is_stopped(shore: Any, source: Any) -> None:
    uploaded = await shore.upload(source)
    shore.wire.cut_after(down=3_000_000)
    download = shore.sharepoint.download(shore.drive, uploaded.item_id)
    await anext(download)
    await shore.another().rename(shore.drive, uploaded.item_id, "other")
    with pytest.raises(Stop, match="changed while"):
        [piece async for piece in download]


async def test_throttling_is_waited_out_as_told(shore: Any) -> None:
    shore.strike("throttle", "^GET .*root", times=3, retry_after=20)
    assert await shore.sharepoint.find(shore.drive, "root", "p1") is None
    assert shore.clock.sleeps == [20, 20, 20]


async def test_throttling_beyond_two_minutes_goes_back_to_the_story(shore: Any) -> None:
    shore.strike("throttle", "^GET .*root", retry_after=50)
    with pytest.raises(TryAgain) as raised:
        await shore.sharepoint.find(shore.drive, "root", "p1")
    assert (raised.value.code, raised.value.after) == ("sharepoint-throttled", 50)
    assert shore.clock.sleeps == [50, 50]


async def test_a_wait_longer_than_patience_is_not_begun(shore: Any) -> None:
    shore.strike("throttle", "^GET .*root", retry_after=600)
    with pytest.raises(TryAgain) as raised:
        await shore.sharepoint.find(shore.drive, "root", "p1")
    assert raised.value.after == 600
    assert shore.clock.sleeps == []


async def test_an_unreachable_graph_is_tried_again_later(shore: Any) -> None:
    shore.strike("drop", "^GET .*root")
    with pytest.raises(TryAgain) as raised:
        await shore.sharepoint.find(shore.drive, "root", "p1")
    assert raised.value.code == "sharepoint-unreachable"
    assert 60 < sum(shore.clock.sleeps) <= 120


async def test_an_expired_token_is_fetched_anew_once(shore: Any) -> None:
    shore.issuer.lifetime = -10
    assert await shore.sharepoint.find(shore.drive, "root", "p1") is None
    assert shore.issuer.forgotten == 1


async def test_a_token_refused_twice_is_for_a_person(shore: Any) -> None:
    shore.strike("expire", "^GET ")
    with pytest.raises(AskPerson) as raised:
        await shore.sharepoint.find(shore.drive, "root", "p1")
    assert raised.value.code == "sharepoint-token-refused"


async def test_the_app_s_own_tokens_open_the_site(shore: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = web.Application()
    identity.router.add_get(PATH, IdentityEndpoint(key=b"k" * 32, header="knock").handle)
    runner = web.AppRunner(identity)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}")
    monkeypatch.setenv("IDENTITY_HEADER", "knock")
    tokens = Tokens(Credentials("managed-identity", client_id="11111111-2222-4333-8444-555555555555"))
    sharepoint = SharePoint(shore.server.site_url, tokens, graph_url=shore.server.url)
    assert await sharepoint.library("Documents") == shore.drive
    await sharepoint.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("site_url", "graph_url"),
    [("https://clinic.sharepoint.com", "http://graph.example"), ("not an address", "https://g")],
)
def test_an_address_that_cannot_be_right_is_refused(site_url: str, graph_url: str) -> None:
    with pytest.raises(Stop):
        SharePoint(site_url, None, graph_url=graph_url)  # type: ignore[arg-type]
