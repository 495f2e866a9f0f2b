"""Attachments' bytes come through either door whole, in pieces, from any byte on, or not at all."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from sandbox.corepractice.app import RunningServer
from sandbox.faults import Fault
from shared.corepractice.bundle import BundleSource
from shared.corepractice.bundle_archive import Limits
from shared.corepractice.client import ApiSource
from shared.corepractice.source import LARGEST_CHUNK, OpenFile, Record, Source
from shared.errors import Stop, TryAgain
from tests.shared.corepractice.test_client import TOKEN, Answer, odd_server

ReadAll = Callable[..., Awaitable[list[Record]]]
CONTENT = random.Random(7).randbytes(3 * LARGEST_CHUNK + 12345)
LARGE = 64 << 20
MOST_MEMORY = 12 << 20


async def all_of(source: Source, file_id: str, *, start: int = 0, version: str | None = None) -> bytes | None:
    async with source.open_file(file_id, start=start, version=version) as opened:
        if opened is None:
            return None
        assert opened.start == start
        found = [chunk async for chunk in opened.chunks]
    assert all(0 < len(chunk) <= LARGEST_CHUNK for chunk in found)
    return b"".join(found)


def zipped(files: dict[str, bytes], *, attachments: int | None = None, how: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    """A bundle of files; `attachments` is how many of them its table declares."""
    rows = len(files) if attachments is None else attachments
    manifest = {
        "format": "core-practice-export/1",
        "practice": {"name": "P", "timezone": "Australia/Perth"},
        "exported_at": "2025-07-01T09:00:00+10:00",
        "objects": [{"name": "attachments", "file": "a.csv", "sheet": None, "columns": ["id"], "rows": rows}],
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", how) as bundle:
        bundle.writestr("manifest.json", json.dumps(manifest))
        bundle.writestr("a.csv", "id\r\n" + "".join(f"{n}\r\n" for n in range(rows)))
        for name, content in files.items():
            bundle.writestr(f"files/{name}", content)
    return target


async def test_both_doors_give_every_file_of_the_practice(
    api: ApiSource, bundle: BundleSource, read_all: ReadAll
) -> None:
    checked = 0
    for record in (await read_all(api, "attachments"))[:40]:
        from_api = await all_of(api, record["file_id"])
        assert await all_of(bundle, record["file_id"]) == from_api
        if from_api is not None:
            assert (len(from_api), sha256(from_api).hexdigest()) == (record["size"], record["sha256"])
            checked += 1
    assert checked > 5
    assert await all_of(api, "no-such") is None
    assert await all_of(bundle, "no-such") is None


async def test_a_file_says_how_long_it_is_before_its_bytes_come(
    api: ApiSource, bundle: BundleSource, read_all: ReadAll
) -> None:
    found = await read_all(api, "attachments")
    record = [record for record in found[:20] if await all_of(api, record["file_id"])][0]  # noqa: RUF015 - async
    async with api.open_file(record["file_id"]) as opened:
        assert opened is not None
        assert (opened.size, opened.content_type) == (record["size"], record["content_type"])
        assert opened.version
    async with bundle.open_file(record["file_id"]) as opened:
        assert opened is not None
        assert (opened.size, opened.content_type) == (record["size"], None)


@pytest.mark.parametrize("start", [0, 1, LARGEST_CHUNK, LARGEST_CHUNK + 1, len(CONTENT) - 1, len(CONTENT)])
@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_a_bundles_file_is_read_from_any_byte_on(start: int, how: int) -> None:
    source = BundleSource(zipped({"f-1/x.png": CONTENT, "f-2/y.png": b"", "f-3/z/deep.png": b"z"}, how=how))
    assert await all_of(source, "f-1", start=start) == CONTENT[start:]
    assert await all_of(source, "f-2") == b""
    assert await all_of(source, "f-3") == b"z"


async def test_two_files_of_a_bundle_can_be_read_at_once() -> None:
    source = BundleSource(zipped({"f-1/x": CONTENT, "f-2/y": CONTENT[::-1]}))
    async with source.open_file("f-1") as one, source.open_file("f-2") as two:
        assert one is not None
        assert two is not None
        first, second = [b"", b""]
        for _ in range(4):
            first += await anext(one.chunks)
            second += await anext(two.chunks)
    assert (first, second) == (CONTENT, CONTENT[::-1])


async def test_a_file_that_has_changed_is_not_gone_on_with() -> None:
    before, after = (BundleSource(zipped({"f-1/x": content})) for content in (CONTENT, CONTENT[::-1]))
    async with before.open_file("f-1") as opened:
        assert opened is not None
        version = opened.version
    assert await all_of(before, "f-1", start=5, version=version) == CONTENT[5:]
    for start, known in ((5, version), (len(CONTENT) + 1, None)):
        with pytest.raises(Stop) as refusal:
            await all_of(after, "f-1", start=start, version=known)
        assert refusal.value.code == "file-changed"
        assert refusal.value.remedy


@pytest.mark.parametrize("files", [{"f-1/x": b"1", "f-1/y": b"2"}])
async def test_two_contents_for_one_file_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(Stop) as refusal:
        await all_of(BundleSource(zipped(files)), "f-1")
    assert refusal.value.code == "bundle-duplicate-file"


async def test_a_file_in_no_folder_is_refused() -> None:
    with pytest.raises(Stop) as refusal:
        await all_of(BundleSource(zipped({"Canary Jane.png": b"1"})), "f-1")
    assert refusal.value.code == "bundle-file-unnamed"
    assert "Canary" not in refusal.value.message


def relabelled(file: io.BytesIO, size: int) -> io.BytesIO:
    """The zip's directory claims another size for files/f-1/x than it has."""
    with zipfile.ZipFile(file) as bundle:
        true = bundle.getinfo("files/f-1/x").file_size
    content = bytearray(file.getvalue())
    place = content.rindex(b"files/f-1/x") - 46  # the directory's header of an entry (APPNOTE 4.3.12)
    assert content[place : place + 4] == b"PK\x01\x02"
    assert int.from_bytes(content[place + 24 : place + 28], "little") == true
    content[place + 24 : place + 28] = size.to_bytes(4, "little")
    return io.BytesIO(bytes(content))


@pytest.mark.parametrize("size", [len(CONTENT) - 1, 10, len(CONTENT) + 1, len(CONTENT) + LARGEST_CHUNK])
async def test_a_file_that_lies_about_its_size_ends_in_a_refusal(size: int) -> None:
    for start in (0, 7):
        with pytest.raises(Stop) as refusal:
            await all_of(BundleSource(relabelled(zipped({"f-1/x": CONTENT}), size)), "f-1", start=start)
        assert refusal.value.code == "bundle-damaged"
        assert "f-1/x" not in refusal.value.message


async def test_a_damaged_file_ends_in_a_refusal_and_the_others_are_read() -> None:
    file = zipped({"f-1/x": CONTENT, "f-2/y": b"sound"}, how=zipfile.ZIP_STORED)
    content = bytearray(file.getvalue())
    content[content.index(CONTENT[:50]) + LARGEST_CHUNK] ^= 1
    source = BundleSource(io.BytesIO(bytes(content)))
    with pytest.raises(Stop) as refusal:
        await all_of(source, "f-1")
    assert refusal.value.code == "bundle-damaged"
    assert await all_of(source, "f-2") == b"sound"


async def test_a_bomb_among_the_files_is_refused_before_it_is_opened() -> None:
    with pytest.raises(Stop) as refusal:
        await all_of(BundleSource(zipped({"f-1/x": bytes(LARGEST_CHUNK)}), Limits(ratio_from=1000)), "f-1")
    assert refusal.value.code == "bundle-too-large"


def served(
    content: bytes, *, etag: str | None = '"v1"', ranges: bool = True, break_after: list[int] | None = None
) -> Answer:
    """One file. ``break_after``: the bytes after which each next answer breaks off."""
    breaks = break_after if break_after is not None else []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.path == "/v1/files/f-1"
        assert request.headers["Accept-Encoding"] == "identity"
        start = (request.http_range.start or 0) if ranges else 0
        headers = {"ETag": etag} if etag else {}
        if start >= len(content) and start:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        response.content_length = len(content) - start
        await response.prepare(request)
        body = content[start:]
        if breaks:
            await response.write(body[: breaks.pop(0)])
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(body)
        return response

    return answer


@pytest.mark.parametrize("ranges", [True, False], ids=["with ranges", "without"])
@pytest.mark.parametrize("start", [0, 1, LARGEST_CHUNK, len(CONTENT) - 1])
async def test_the_apis_file_is_read_from_any_byte_on(http: httpx.AsyncClient, start: int, ranges: bool) -> None:
    async with odd_server(served(CONTENT, ranges=ranges)) as url:
        assert await all_of(ApiSource(url, TOKEN, http=http), "f-1", start=start) == CONTENT[start:]


async def test_nothing_is_left_to_read_at_the_end(http: httpx.AsyncClient) -> None:
    async with odd_server(served(CONTENT)) as url:
        assert await all_of(ApiSource(url, TOKEN, http=http), "f-1", start=len(CONTENT)) == b""
        with pytest.raises(Stop) as refusal:
            await all_of(ApiSource(url, TOKEN, http=http), "f-1", start=len(CONTENT) + 1)
        assert refusal.value.code == "file-changed"


@pytest.mark.parametrize("ranges", [True, False], ids=["with ranges", "without"])
async def test_a_connection_that_breaks_is_mended_where_it_broke(http: httpx.AsyncClient, ranges: bool) -> None:
    answer = served(CONTENT, ranges=ranges, break_after=[1000, 0, 2 * LARGEST_CHUNK + 1])
    async with odd_server(answer) as url:
        assert await all_of(ApiSource(url, TOKEN, http=http), "f-1") == CONTENT


async def test_the_towns_faults_cost_no_byte(server: RunningServer, api: ApiSource, read_all: ReadAll) -> None:
    records = (await read_all(api, "attachments"))[:12]
    sound = [await all_of(api, record["file_id"]) for record in records]
    server.faults.add([Fault("drop", every=3), Fault("throttle", every=4, retry_after="0.01")])
    assert [await all_of(api, record["file_id"]) for record in records] == sound


async def test_a_file_that_never_comes_is_for_later(http: httpx.AsyncClient) -> None:
    async with odd_server(served(CONTENT, break_after=[0] * 1000)) as url:
        with pytest.raises(TryAgain) as failure:
            await all_of(ApiSource(url, TOKEN, http=http, patience=0.4), "f-1")
    assert failure.value.code == "source-unavailable"


async def test_a_file_that_changes_between_two_answers_is_not_patched_together(http: httpx.AsyncClient) -> None:
    old = served(CONTENT, etag='"v1"', break_after=[1000])
    new = served(CONTENT[::-1], etag='"v2"')
    asked: list[None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(None)
        return await (old if len(asked) == 1 else new)(request)

    async with odd_server(answer) as url:
        with pytest.raises(Stop) as refusal:
            await all_of(ApiSource(url, TOKEN, http=http), "f-1")
        assert refusal.value.code == "file-changed"
        with pytest.raises(Stop) as refusal:
            await all_of(ApiSource(url, TOKEN, http=http), "f-1", start=5, version='"v1"')
        assert refusal.value.code == "file-changed"
        assert await all_of(ApiSource(url, TOKEN, http=http), "f-1", start=5, version='"v2"') == CONTENT[::-1][5:]


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (206, {"Content-Range": "bytes 4-6/7"}, "source-answer-malformed"),
        (206, {"Content-Range": "bytes 5-5/7"}, "source-answer-malformed"),
        (206, {}, "source-answer-malformed"),
        (416, {}, "file-changed"),
        (200, {"Content-Encoding": "gzip"}, "source-answer-malformed"),
        (200, {}, "file-changed"),
        (400, {}, "source-request-refused"),
        (302, {"Location": "https://elsewhere.example"}, "source-redirected"),
    ],
)
async def test_an_answer_that_is_not_the_rest_of_the_file_is_refused(
    http: httpx.AsyncClient, status: int, headers: dict[str, str], code: str
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers, body=b"abc")

    async with odd_server(answer) as url:
        with pytest.raises(Stop) as refusal:
            await all_of(ApiSource(url, TOKEN, http=http), "f-1", start=5)
    assert refusal.value.code == code


async def test_a_files_id_stays_within_its_place_in_the_address(http: httpx.AsyncClient) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.raw_path)
        return web.json_response({"error": {}}, status=404)

    async with odd_server(answer) as url:
        assert await all_of(ApiSource(url, TOKEN, http=http), "../patients?x=1#y") is None
    assert asked == ["/v1/files/..%2Fpatients%3Fx%3D1%23y"]


async def digest_and_peak(opened: OpenFile) -> tuple[str, int]:
    """The digest of what comes, and the memory it took at most."""
    digest = sha256()
    tracemalloc.start()
    try:
        async for chunk in opened.chunks:
            digest.update(chunk)
        return digest.hexdigest(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("start", [0, LARGE // 2])
async def test_n20_a_large_file_of_a_bundle_takes_little_memory(tmp_path: Path, start: int) -> None:
    pieces = [random.Random(n).randbytes(LARGEST_CHUNK) for n in range(4)]
    path = tmp_path / "bundle.zip"
    path.write_bytes(zipped({}, attachments=1).getvalue())
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle,
        bundle.open("files/f-1/x.dcm", "w") as written,
    ):
        for number in range(LARGE // LARGEST_CHUNK):
            written.write(pieces[number % 4])
    expected = sha256()
    for number in range(start // LARGEST_CHUNK, LARGE // LARGEST_CHUNK):
        expected.update(pieces[number % 4])
    source = BundleSource(path.open("rb"))
    async with source.open_file("f-1", start=start) as opened:
        assert opened is not None
        assert opened.size == LARGE
        digest, peak = await digest_and_peak(opened)
    await source.close()
    assert digest == expected.hexdigest()
    assert peak < MOST_MEMORY


async def test_n20_a_large_file_of_the_api_takes_little_memory(http: httpx.AsyncClient) -> None:
    piece = random.Random(1).randbytes(LARGEST_CHUNK)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = LARGE
        await response.prepare(request)
        for _ in range(LARGE // LARGEST_CHUNK):
            await response.write(piece)
        return response

    expected = sha256()
    for _ in range(LARGE // LARGEST_CHUNK):
        expected.update(piece)
    async with odd_server(answer) as url, ApiSource(url, TOKEN, http=http).open_file("f-1") as opened:
        assert opened is not None
        digest, peak = await digest_and_peak(opened)
    assert digest == expected.hexdigest()
    assert peak < MOST_MEMORY
