"""Bytes: inside rows up to a cap of their Base64, in blocks, and in file columns whole or in chunks."""

from __future__ import annotations

import base64

import pytest

BLOCK = 4 * 1024 * 1024


@pytest.fixture
async def papers(api, attribute):
    await api.publisher()
    await api.define("bw_Paper", attribute("bw_Doc", "File", MaxSizeInKB=10240), HasNotes=True)
    return api


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_the_cap_is_measured_on_the_text_not_the_bytes(api, error):
    organisation = (await api.row("organizations?$select=maxuploadfilesize,blockedattachments"))["value"][0]
    cap = organisation["maxuploadfilesize"]
    assert cap == 5242880
    fits, too_big = b"x" * (cap // 4 * 3), b"x" * (cap // 4 * 3 + 3)
    note = await api.create("annotations", {"filename": "a.pdf", "documentbody": encoded(fits)})
    assert (await api.row(f"annotations({note})?$select=filesize,isdocument"))["filesize"] == len(fits)
    assert error(await api.post("annotations", {"documentbody": encoded(too_big)})) == (400, "0x80044a02")
    raised = {"maxuploadfilesize": 131072000}
    assert (await api.patch(f"organizations({organisation['organizationid']})", raised)).status_code == 204
    assert (await api.post("annotations", {"documentbody": encoded(too_big)})).status_code == 204


async def test_blocked_extensions_are_refused(api, error):
    assert error(await api.post("annotations", {"filename": "a.EXE", "documentbody": "AAAA"})) == (400, "0x80043e09")


async def test_a_big_note_arrives_in_blocks_in_any_order(api, error):
    content = bytes(range(256)) * 20_000
    target = {"@odata.type": "Microsoft.Dynamics.CRM.annotation", "subject": "scan", "filename": "scan.pdf"}
    started = await api.post("InitializeAnnotationBlocksUpload", {"Target": target})
    token = {"FileContinuationToken": started.json()["FileContinuationToken"]}
    ids = [encoded(f"block{n}".encode()) for n in range(2)]
    for at in (1, 0):
        block = content[at * BLOCK : (at + 1) * BLOCK]
        body = {"BlockId": ids[at], "BlockData": encoded(block), **token}
        assert (await api.post("UploadBlock", body)).status_code == 204
    too_big = {"BlockId": encoded(b"block2"), "BlockData": encoded(b"x" * (BLOCK + 1)), **token}
    assert error(await api.post("UploadBlock", too_big)) == (400, "0x80090008")
    await api.patch(f"organizations({(await api.row('organizations'))['value'][0]['organizationid']})",
                    {"maxuploadfilesize": 131072000})  # fmt: skip
    done = await api.post("CommitAnnotationBlocksUpload", {"Target": target, "BlockList": ids, **token})
    assert done.json()["FileSizeInBytes"] == len(content)
    row = await api.row(f"annotations({done.json()['AnnotationId']})")
    assert base64.b64decode(row["documentbody"]) == content
    assert row["subject"] == "scan"


async def test_an_attachment_of_an_email_comes_in_blocks(api):
    email = await api.create("emails", {"subject": "x"})
    target = {"@odata.type": "Microsoft.Dynamics.CRM.activitymimeattachment", "filename": "a.txt",
              "objectid_email@odata.bind": f"/emails({email})"}  # fmt: skip
    started = await api.post("InitializeAttachmentBlocksUpload", {"Target": target})
    token = {"FileContinuationToken": started.json()["FileContinuationToken"]}
    await api.post("UploadBlock", {"BlockId": "AA==", "BlockData": encoded(b"hello"), **token})
    done = await api.post("CommitAttachmentBlocksUpload", {"Target": target, "BlockList": ["AA=="], **token})
    assert done.json()["FileSizeInBytes"] == 5
    assert len((await api.row(f"emails({email})/email_activity_mime_attachment"))["value"]) == 1


async def test_a_file_column_takes_blocks_and_gives_ranges(papers):
    row = await papers.create("bw_papers", {"bw_name": "x"})
    target = {"@odata.type": "Microsoft.Dynamics.CRM.bw_paper", "bw_paperid": row}
    body = {"Target": target, "FileName": "a.txt", "FileAttributeName": "bw_doc"}
    started = await papers.post("InitializeFileBlocksUpload", body)
    token = {"FileContinuationToken": started.json()["FileContinuationToken"]}
    await papers.post("UploadBlock", {"BlockId": "AA==", "BlockData": encoded(b"0123456789"), **token})
    commit = {"FileName": "a.txt", "MimeType": "text/plain", "BlockList": ["AA=="], **token}
    done = (await papers.post("CommitFileBlocksUpload", commit)).json()
    assert (await papers.row(f"bw_papers({row})"))["bw_doc"] == done["FileId"]
    part = await papers.get(f"bw_papers({row})/bw_doc/$value", Range="bytes=2-4")
    assert (part.status_code, part.content, part.headers["mimetype"]) == (206, b"234", "text/plain")
    assert (await papers.post("DeleteFile", {"FileId": done["FileId"]})).status_code == 204
    assert (await papers.get(f"bw_papers({row})/bw_doc/$value")).status_code == 204


async def test_chunks_come_in_order_and_a_range_counts_more_than_the_mode(papers, error):
    row = await papers.create("bw_papers", {"bw_name": "x"})
    content = b"a" * BLOCK + b"b" * 10
    address = f"bw_papers({row})/bw_doc?x-ms-file-name=a.bin"
    started = await papers.http.patch(address, headers={"x-ms-transfer-mode": "chunked"})
    assert (started.status_code, started.headers["x-ms-chunk-size"]) == (200, str(BLOCK))
    location = started.headers["Location"]
    assert location.startswith(papers.url)

    async def chunk(first: int, last: int) -> int:
        headers = {"x-ms-transfer-mode": "chunked", "Content-Range": f"bytes {first}-{last}/{len(content)}"}
        answer = await papers.http.patch(location, content=content[first : last + 1], headers=headers)
        return answer.status_code

    assert await chunk(BLOCK, len(content) - 1) == 416
    assert await chunk(0, BLOCK - 1) == 206
    assert await chunk(BLOCK, len(content) - 1) == 204
    assert (await papers.get(f"bw_papers({row})/bw_doc/$value")).content == content
    assert await chunk(0, BLOCK - 1) == 400


async def test_a_file_larger_than_its_column_is_refused(papers, error):
    row = await papers.create("bw_papers", {"bw_name": "x"})
    headers = {"x-ms-file-name": "a.bin", "Content-Type": "application/octet-stream"}
    answer = await papers.http.patch(f"bw_papers({row})/bw_doc", content=b"x" * (10240 * 1024 + 1), headers=headers)
    assert error(answer) == (400, "0x80044a02")
