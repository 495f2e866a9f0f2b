"""Bytes into and out of notes and file columns: in blocks of four megabytes, never a whole file in memory.

Every verb may be repeated from its beginning after any failure: what is committed replaces what was there.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from shared.dataverse import odata
from shared.dataverse.activities import Activities
from shared.dataverse.faults import FaultKind, failure
from shared.dataverse.results import AttachmentRules, Result
from shared.dataverse.transport import OutcomeUnknown, Reply
from shared.schema.model import Table

Read = Callable[[], AsyncIterator[bytes]]
BLOCK = 3 * 1024 * 1024
"""Bytes in one block; Dataverse takes less than four megabytes (0x80090008 otherwise)."""
NOTE = Table("annotation", "annotations", "annotationid", "subject")
_RULES = "maxuploadfilesize,blockedattachments,blockedmimetypes,allowedmimetypes"
_JUDGED = frozenset({FaultKind.DATA, FaultKind.TOO_LARGE, FaultKind.ALREADY, FaultKind.CONFLICT})


class Files(Activities):
    """Verbs on files."""

    async def attachment_rules(self) -> AttachmentRules:
        """What the organisation lets in now: its size limit and its lists of blocked and allowed types."""
        path = "organizations" + odata.query(select=_RULES)
        (row,) = (await self._get(path, where="read the organisation's rules"))["value"]
        return AttachmentRules(
            int(row["maxuploadfilesize"]),
            _words(row.get("blockedattachments")),
            _words(row.get("blockedmimetypes")),
            _words(row.get("allowedmimetypes")),
        )

    async def write_note_file(self, note_id: str, *, name: str, content_type: str, size: int, read: Read) -> Result:
        """Put a file into a note that is there. Reasons: ``file-too-large``, ``file-type-blocked``, or the fault's.

        A commit whose answer was lost is settled by reading the note: committing again would need the blocks again.
        """
        target = {
            "@odata.type": "Microsoft.Dynamics.CRM.annotation",
            "annotationid": note_id,
            "filename": name,
            "mimetype": content_type,
            "isdocument": True,
        }
        where = "upload a note's file"
        begun = await self._post("InitializeAnnotationBlocksUpload", {"Target": target}, where=where)
        if begun.fault is not None:
            return _refused(note_id, begun)
        token = begun.json()["FileContinuationToken"]
        blocks, refused = await self._upload(token, read, where=where)
        if refused is not None:
            return _refused(note_id, refused)
        body = {"Target": target, "BlockList": blocks, "FileContinuationToken": token}
        try:
            done = await self._post("CommitAnnotationBlocksUpload", body, where=where, repeatable=False)
        except OutcomeUnknown:
            there = (await self.rows(NOTE, [note_id], select=["filename", "filesize"])).get(note_id.lower(), {})
            if there.get("filename") == name and there.get("filesize") == size:
                return Result(note_id, True, already=True)
            raise
        return Result(note_id, True, status=done.status) if done.fault is None else _refused(note_id, done)

    async def read_note_file(self, note_id: str) -> AsyncIterator[bytes]:
        """A note's file, block by block."""
        target = {"@odata.type": "Microsoft.Dynamics.CRM.annotation", "annotationid": note_id}
        async for block in self._download("InitializeAnnotationBlocksDownload", {"Target": target}):
            yield block

    async def write_file_column(
        self, table: Table, row_id: str, column: str, *, name: str, content_type: str, read: Read
    ) -> Result:
        """Put a file into a file column of a row that is there."""
        where = f"upload {table.name}.{column}"
        target = {"@odata.type": f"Microsoft.Dynamics.CRM.{table.name}", table.primary_id: row_id}
        body = {"Target": target, "FileName": name, "FileAttributeName": column}
        begun = await self._post("InitializeFileBlocksUpload", body, where=where)
        if begun.fault is not None:
            return _refused(row_id, begun)
        token = begun.json()["FileContinuationToken"]
        blocks, refused = await self._upload(token, read, where=where)
        if refused is not None:
            return _refused(row_id, refused)
        commit = {"FileName": name, "MimeType": content_type, "BlockList": blocks, "FileContinuationToken": token}
        done = await self._post("CommitFileBlocksUpload", commit, where=where)
        return Result(row_id, True, status=done.status) if done.fault is None else _refused(row_id, done)

    async def read_file_column(self, table: Table, row_id: str, column: str) -> AsyncIterator[bytes]:
        """A file column's file, block by block."""
        target = {"@odata.type": f"Microsoft.Dynamics.CRM.{table.name}", table.primary_id: row_id}
        body = {"Target": target, "FileAttributeName": column}
        async for block in self._download("InitializeFileBlocksDownload", body):
            yield block

    async def _upload(self, token: str, read: Read, *, where: str) -> tuple[list[str], Reply | None]:
        """Send every block in turn. Their ids, and the answer that refused one."""
        ids: list[str] = []
        async for block in _blocks(read()):
            ids.append(base64.b64encode(f"{len(ids):010d}".encode()).decode())
            data = base64.b64encode(block).decode()
            body = {"BlockId": ids[-1], "BlockData": data, "FileContinuationToken": token}
            reply = await self._post("UploadBlock", body, where=where)
            if reply.fault is not None:
                return ids, reply
        return ids, None

    async def _download(self, action: str, body: Mapping[str, Any]) -> AsyncIterator[bytes]:
        where = "download a file"
        begun = await self._post(action, body, where=where)
        if begun.fault is not None:
            raise failure(begun.fault, where)
        found = begun.json()
        token, size = found["FileContinuationToken"], int(found["FileSizeInBytes"])
        offset = 0
        while offset < size:
            part = {"FileContinuationToken": token, "Offset": offset, "BlockLength": min(BLOCK, size - offset)}
            reply = await self._post("DownloadBlock", part, where=where)
            if reply.fault is not None:
                raise failure(reply.fault, where)
            block = base64.b64decode(reply.json()["Data"])
            offset += len(block)
            yield block

    async def _post(self, action: str, body: Mapping[str, Any], *, where: str, repeatable: bool = True) -> Reply:
        return await self._transport.send(
            "POST", action, where=where, body=dict(body), accept=_JUDGED, repeatable=repeatable
        )


async def _blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in blocks of one size; an empty file is one empty block."""
    held = bytearray()
    given = False
    async for chunk in chunks:
        held += chunk
        while len(held) >= BLOCK:
            yield bytes(held[:BLOCK])
            given = True
            del held[:BLOCK]
    if held or not given:
        yield bytes(held)


def _words(text: str | None) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in re.split(r"[;,\s]+", text or "") if word.strip())


_BLOCKED = frozenset({"0x80043e09"})
_TOO_LARGE = frozenset({"0x80044a02", "0x80090008"})


def _refused(row_id: str, reply: Reply) -> Result:
    fault = reply.fault
    assert fault is not None
    if fault.code.lower() in _TOO_LARGE or fault.kind is FaultKind.TOO_LARGE:
        return Result(row_id, False, "file-too-large", status=fault.status)
    if fault.code.lower() in _BLOCKED:
        return Result(row_id, False, "file-type-blocked", status=fault.status)
    return Result(row_id, False, fault.reason, status=fault.status)
