"""Attachments come out of a bundle whole, in pieces, from any byte on, or not at all."""

from __future__ import annotations

import io
import json
import random
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from shared.corepractice.bundle import BundleSource
from shared.corepractice.bundle_archive import Limits
from shared.corepractice.source import LARGEST_CHUNK
from shared.errors import Stop
from tests.shared.corepractice.reading import all_of, digest_and_peak

CONTENT = random.Random(7).randbytes(3 * LARGEST_CHUNK + 12345)
LARGE = 64 << 20
MOST_MEMORY = 12 << 20


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
