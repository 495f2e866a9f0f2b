"""Where bytes are kept: on disk when they are many, rolled back and remembered with the rows that hold them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

BLOCK = 4 * 1024 * 1024
NOTE = "Microsoft.Dynamics.CRM.annotation"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def raise_cap(api: Any, **settings: Any) -> None:
    organisation = (await api.row("organizations"))["value"][0]["organizationid"]
    answer = await api.patch(f"organizations({organisation})", {"maxuploadfilesize": 131072000, **settings})
    assert answer.status_code == 204


async def uploaded(api: Any, content: bytes, *, family: str = "Annotation", **target: Any) -> Any:
    typed = {"@odata.type": NOTE, "filename": "scan.tif", "mimetype": "image/tiff", **target}
    started = await api.post(f"Initialize{family}BlocksUpload", {"Target": typed})
    token = {"FileContinuationToken": started.json()["FileContinuationToken"]}
    ids = []
    for start in range(0, len(content), BLOCK):
        ids.append(encoded(f"{start:012}".encode()))
        block = {"BlockId": ids[-1], "BlockData": encoded(content[start : start + BLOCK]), **token}
        assert (await api.post("UploadBlock", block)).status_code == 204
    return await api.post(f"Commit{family}BlocksUpload", {"Target": typed, "BlockList": ids, **token})


async def downloaded(api: Any, note: str) -> bytes:
    started = await api.post(
        "InitializeAnnotationBlocksDownload", {"Target": {"@odata.type": NOTE, "annotationid": note}}
    )
    found, content = started.json(), b""
    while len(content) < found["FileSizeInBytes"]:
        wanted = {"Offset": len(content), "BlockLength": BLOCK, "FileContinuationToken": found["FileContinuationToken"]}
        content += base64.b64decode((await api.post("DownloadBlock", wanted)).json()["Data"])
    assert found["FileName"] == "scan.tif"
    return content


@pytest.mark.parametrize("size", [1, 100_000, 2 * BLOCK + 7])
async def test_r89_a_note_gives_its_file_back_by_every_door(api, size):
    await raise_cap(api)
    content = os.urandom(size)
    done = await uploaded(api, content, subject="Scan")
    assert done.json()["FileSizeInBytes"] == size
    note = done.json()["AnnotationId"]
    row = await api.row(f"annotations({note})")
    assert base64.b64decode(row["documentbody"]) == content
    assert (row["filesize"], row["isdocument"]) == (size, True)
    assert base64.b64decode((await api.row(f"annotations({note})/documentbody"))["value"]) == content
    assert base64.b64decode((await api.get(f"annotations({note})/documentbody/$value")).content) == content
    assert await downloaded(api, note) == content
    asked = "annotations?$select=filesize&$filter=documentbody ne null"
    assert [one["filesize"] for one in (await api.row(asked))["value"]] == [size]


async def test_n20_the_cap_and_what_is_blocked_are_the_organisation_s_of_this_moment(api, error):
    content = b"x" * (4 * 1024 * 1024)
    assert error(await uploaded(api, content)) == (400, "0x80044a02")
    await raise_cap(api, blockedmimetypes="text/html;image/TIFF")
    assert error(await uploaded(api, content)) == (400, "0x80043e09")
    await raise_cap(api, blockedmimetypes=None, allowedmimetypes="application/pdf")
    assert error(await uploaded(api, content)) == (400, "0x80043e09")
    assert (await uploaded(api, content, mimetype="application/pdf")).status_code == 200
    await raise_cap(api, blockedattachments="tif", allowedmimetypes=None)
    assert error(await uploaded(api, content)) == (400, "0x80043e09")
    assert len((await api.row("annotations?$select=subject"))["value"]) == 1


async def test_r73_a_note_holds_100_000_letters_and_not_one_more(api, error):
    note = await api.create("annotations", {"notetext": "é" * 100_000})
    assert len((await api.row(f"annotations({note})"))["notetext"]) == 100_000
    assert error(await api.post("annotations", {"notetext": "x" * 100_001})) == (400, "0x80044331")


async def test_a_body_that_is_no_base64_is_refused_however_long(api, error):
    for text in ("A", "AAAA=AAA", "A" * 200_000 + "!AAA", "A" * 99_998 + "==" + "A" * 100_000):
        assert error(await api.post("annotations", {"documentbody": text})) == (400, "0x80040203")


def on_disk(api: Any) -> list[Path]:
    return [path for path in api.server.org.files.folder.iterdir() if path.is_file()]


async def test_content_goes_with_its_note_and_stays_when_the_deletion_is_taken_back(api):
    content = os.urandom(200_000)
    note = await api.create("annotations", {"documentbody": encoded(content), "filename": "scan.tif"})
    assert len(on_disk(api)) == 1
    changeset = (
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n"
        f"Content-ID: 1\r\n\r\nDELETE /api/data/v9.2/annotations({note}) HTTP/1.1\r\n\r\n\r\n"
        "--c\r\nContent-Type: application/http\r\nContent-ID: 2\r\n\r\nPOST /api/data/v9.2/annotations HTTP/1.1\r\n"
        f'Content-Type: application/json\r\n\r\n{{"documentbody":"{encoded(content)}"}}\r\n'
        "--c\r\nContent-Type: application/http\r\nContent-ID: 3\r\n\r\nPOST /api/data/v9.2/contacts HTTP/1.1\r\n"
        'Content-Type: application/json\r\n\r\n{"nosuch":1}\r\n--c--\r\n--b--\r\n'
    )
    answer = await api.http.post("$batch", content=changeset, headers={"Content-Type": "multipart/mixed; boundary=b"})
    assert answer.status_code == 400
    assert await downloaded(api, note) == content
    assert len(on_disk(api)) == 1
    assert (await api.patch(f"annotations({note})", {"documentbody": encoded(b"small")})).status_code == 204
    assert on_disk(api) == []
    assert (await api.patch(f"annotations({note})", {"documentbody": None})).status_code == 204
    row = await api.row(f"annotations({note})")
    assert (row["documentbody"], row["filesize"], row["isdocument"]) == (None, None, False)


async def test_an_export_names_files_by_their_digest(api, attribute):
    await api.publisher()
    await api.define("bw_Paper", attribute("bw_Doc", "File"), HasNotes=True)
    contents = {"bw_paper": b"a" * 10, "annotation": b"b" * 100_000}
    paper = await api.create("bw_papers", {"bw_name": "x"})
    name = {"x-ms-file-name": "a.bin", "Content-Type": "application/octet-stream"}
    assert (await api.http.patch(f"bw_papers({paper})/bw_doc", content=contents["bw_paper"], headers=name)).is_success
    await api.create("annotations", {"filename": "b.bin", "documentbody": encoded(contents["annotation"])})
    lines = [orjson.loads(line) for line in (await api.http.get(f"{api.url}/sandbox/export")).content.splitlines()]
    rows = {line["table"]: line["row"] for line in lines if line.get("table") in contents}
    for table, column in (("bw_paper", "bw_doc"), ("annotation", "documentbody")):
        content = contents[table]
        about = {"name": rows[table][column]["name"], "size": len(content)}
        assert rows[table][column] == {**about, "sha256": hashlib.sha256(content).hexdigest()}


async def test_a_large_file_column_takes_a_stream_and_chunks_and_gives_ranges(api, attribute):
    await api.publisher()
    await api.define("bw_Paper", attribute("bw_Doc", "File", MaxSizeInKB=400_000))
    paper = await api.create("bw_papers", {"bw_name": "x"})
    content = os.urandom(9 * 1024 * 1024)
    headers = {"x-ms-file-name": "a.bin", "Content-Type": "application/octet-stream"}

    async def stream() -> Any:
        for start in range(0, len(content), 1 << 20):
            yield content[start : start + (1 << 20)]

    assert (await api.http.patch(f"bw_papers({paper})/bw_doc", content=stream(), headers=headers)).status_code == 204
    assert (await api.get(f"bw_papers({paper})/bw_doc/$value")).content == content
    part = await api.get(f"bw_papers({paper})/bw_doc/$value", Range="bytes=5000000-5000009")
    assert part.content == content[5_000_000:5_000_010]
    (path,) = on_disk(api)
    assert path.stat().st_size == len(content)
    assert list((api.server.org.files.folder / "arriving").iterdir()) == []


async def test_a_block_that_is_sent_twice_counts_once_and_order_is_the_list_s(api, attribute):
    typed = {"@odata.type": NOTE, "filename": "scan.tif"}
    started = await api.post("InitializeAnnotationBlocksUpload", {"Target": typed})
    token = {"FileContinuationToken": started.json()["FileContinuationToken"]}
    for name, data in (("b", b"22"), ("a", b"11"), ("b", b"33")):
        block = {"BlockId": encoded(name.encode()), "BlockData": encoded(data), **token}
        assert (await api.post("UploadBlock", block)).status_code == 204
    names = [encoded(name) for name in (b"a", b"b")]
    done = await api.post("CommitAnnotationBlocksUpload", {"Target": typed, "BlockList": names, **token})
    assert await downloaded(api, done.json()["AnnotationId"]) == b"1133"


async def begun(state: Path) -> tuple[asyncio.subprocess.Process, str]:
    command = [sys.executable, "-m", "sandbox.dataverse", "--open", "--calm", "--state", str(state)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, (await process.stdout.readline()).decode().split()[-1]


def peak_megabytes(process: asyncio.subprocess.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
async def test_a_note_of_64_megabytes_passes_through_little_memory_and_survives_a_kill(api, tmp_path):
    content = os.urandom(64 * 1024 * 1024)
    process, url = await begun(tmp_path / "state")
    headers = {"Authorization": "Bearer x"}
    async with httpx.AsyncClient(base_url=f"{url}/api/data/v9.2/", headers=headers, timeout=120) as http:
        there = type(api)(api.server, http)
        await raise_cap(there)
        before = peak_megabytes(process)
        note = (await uploaded(there, content)).json()["AnnotationId"]
        assert await downloaded(there, note) == content
        assert peak_megabytes(process) - before < 48
    process.kill()
    await process.wait()
    process, url = await begun(tmp_path / "state")
    async with httpx.AsyncClient(base_url=f"{url}/api/data/v9.2/", headers=headers, timeout=120) as http:
        assert await downloaded(type(api)(api.server, http), note) == content
    process.terminate()
    await process.wait()
