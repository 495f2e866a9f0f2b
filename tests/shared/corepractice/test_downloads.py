"""Attachments come from the API whole, in pieces, from any byte on, through any number of broken connections."""

from __future__ import annotations

import random
from hashlib import sha256

import httpx
import pytest
from aiohttp import web

from shared.corepractice.client import ApiSource
from shared.corepractice.source import LARGEST_CHUNK
from shared.errors import Stop, TryAgain
from tests.shared.corepractice.reading import all_of, digest_and_peak
from tests.shared.corepractice.test_client import TOKEN, Answer, odd_server

CONTENT = random.Random(7).randbytes(3 * LARGEST_CHUNK + 12345)
LARGE = 64 << 20
MOST_MEMORY = 12 << 20


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
