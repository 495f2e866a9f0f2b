"""Bytes into and out of notes and file columns: in blocks of three megabytes, never a whole file in memory.

Every verb may be repeated from its beginning after any failure: what is committed replaces what was there.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from shared.dataverse import odata
from shared.dataverse.blocks import SIZE, Read, block_body, block_data, block_id, cut
from shared.dataverse.faults import FaultKind, failure
from shared.dataverse.opportunities import Opportunities
from shared.dataverse.results import AttachmentRules, Result
from shared.dataverse.transport import OutcomeUnknown, Reply
from shared.errors import Stop, TryAgain
from shared.schema.model import Table

NOTE = Table("annotation", "annotations", "annotationid", "subject")
_RULES = "maxuploadfilesize,blockedattachments,blockedmimetypes,allowedmimetypes"
_JUDGED = frozenset({FaultKind.DATA, FaultKind.TOO_LARGE, FaultKind.ALREADY, FaultKind.CONFLICT})
_TRIES = 3
_TYPE = "Microsoft.Dynamics.CRM."


@dataclass(frozen=True, slots=True)
class _Upload:
    """One upload: the words that begin and commit it, and the file as it will be called."""

    row_id: str
    where: str
    name: str
    begin: tuple[str, Mapping[str, Any]]
    commit: tuple[str, Mapping[str, Any]]
    look: tuple[str, Mapping[str, Any]]


class Files(Opportunities):
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
        """Put a file of ``size`` bytes into a note that is there.

        Reasons: ``file-too-large``, ``file-type-blocked``, ``file-name-refused``, ``file-size-differs`` (``read`` gave
        more or fewer bytes; nothing is committed then), ``file-empty``, or the fault's own.
        """
        key = {"@odata.type": f"{_TYPE}annotation", "annotationid": note_id}
        target = {"Target": {**key, "filename": name, "mimetype": content_type, "isdocument": True}}
        upload = _Upload(
            note_id,
            "upload a note's file",
            name,
            ("InitializeAnnotationBlocksUpload", target),
            ("CommitAnnotationBlocksUpload", target),
            ("InitializeAnnotationBlocksDownload", {"Target": key}),
        )
        return await self._write(upload, size, read)

    async def read_note_file(self, note_id: str) -> AsyncIterator[bytes]:
        """A note's file, block by block. AskPerson when it has none."""
        target = {"@odata.type": f"{_TYPE}annotation", "annotationid": note_id}
        async for block in self._download("InitializeAnnotationBlocksDownload", {"Target": target}):
            yield block

    async def write_file_column(
        self,
        table: Table,
        row_id: str,
        column: str,
        *,
        name: str,
        content_type: str,
        read: Read,
        size: int | None = None,
    ) -> Result:
        """Put a file into a file column of a row that is there. Reasons as for a note's file."""
        key = {"@odata.type": f"{_TYPE}{table.name}", table.primary_id: row_id}
        upload = _Upload(
            row_id,
            f"upload {table.name}.{column}",
            name,
            ("InitializeFileBlocksUpload", {"Target": key, "FileName": name, "FileAttributeName": column}),
            ("CommitFileBlocksUpload", {"FileName": name, "MimeType": content_type}),
            ("InitializeFileBlocksDownload", {"Target": key, "FileAttributeName": column}),
        )
        return await self._write(upload, size, read)

    async def read_file_column(self, table: Table, row_id: str, column: str) -> AsyncIterator[bytes]:
        """A file column's file, block by block. AskPerson when it has none."""
        target = {"@odata.type": f"{_TYPE}{table.name}", table.primary_id: row_id}
        body = {"Target": target, "FileAttributeName": column}
        async for block in self._download("InitializeFileBlocksDownload", body):
            yield block

    async def _write(self, upload: _Upload, size: int | None, read: Read) -> Result:
        """Upload; once more from the beginning where the first try ended for a reason that may lie in it alone.

        It may have grown too old, or its commit may never have been heard.
        """
        try:
            result = await self._attempt(upload, size, read)
        except OutcomeUnknown:
            return await self._attempt(upload, size, read)
        return result if result.ok or result.reason in _FINAL else await self._attempt(upload, size, read)

    async def _attempt(self, upload: _Upload, size: int | None, read: Read) -> Result:
        """Begin, send the blocks, commit. A commit is never sent twice: its blocks are gone once it was heard.

        So a lost answer is settled by looking at the file that is there; OutcomeUnknown when it is not ours.
        """
        begun = await self._post(*upload.begin, where=upload.where)
        if begun.fault is not None:
            return _refused(upload.row_id, begun)
        token = begun.json()["FileContinuationToken"]
        blocks, sent, refused = await self._send_blocks(token, read, where=upload.where)
        if refused is not None:
            return _refused(upload.row_id, refused)
        if size is not None and sent != size:
            return Result(upload.row_id, False, "file-size-differs")
        if not sent:
            return Result(upload.row_id, False, "file-empty")
        action, words = upload.commit
        body = {**words, "BlockList": blocks, "FileContinuationToken": token}
        try:
            done = await self._post(action, body, where=upload.where, repeatable=False)
        except OutcomeUnknown:
            if await self._is_there(upload, sent):
                return Result(upload.row_id, True, already=True)
            raise
        return Result(upload.row_id, True, status=done.status) if done.fault is None else _refused(upload.row_id, done)

    async def _send_blocks(self, token: str, read: Read, *, where: str) -> tuple[list[str], int, Reply | None]:
        """Send every block in turn. Their ids, how many bytes they were, and the answer that refused one."""
        ids: list[str] = []
        sent = 0
        async with aclosing(cut(read())) as blocks:
            async for block in blocks:
                ids.append(block_id(len(ids)))
                content = (odata.JSON, block_body(ids[-1], token, block))
                reply = await self._transport.send("POST", "UploadBlock", where=where, content=content, accept=_JUDGED)
                if reply.fault is not None:
                    return ids, sent, reply
                sent += len(block)
        return ids, sent, None

    async def _is_there(self, upload: _Upload, size: int) -> bool:
        """Whether the file of that name and size is there: bytes cannot be compared without fetching them all."""
        reply = await self._post(*upload.look, where=upload.where)
        if reply.fault is not None:
            return False
        found = reply.json()
        return bool(found.get("FileName") == upload.name and int(found["FileSizeInBytes"]) == size)

    async def _download(self, action: str, body: Mapping[str, Any]) -> AsyncIterator[bytes]:
        where = "download a file"
        token, size = await self._begin_download(action, body, where=where)
        offset, tries = 0, 0
        while offset < size:
            part = {"FileContinuationToken": token, "Offset": offset, "BlockLength": min(SIZE, size - offset)}
            reply = await self._post("DownloadBlock", part, where=where)
            if reply.fault is not None:
                tries += 1  # the last block's answer may have been lost, and the token ended with it
                if tries == _TRIES:
                    raise failure(reply.fault, where)
                token, again = await self._begin_download(action, body, where=where)
                if again != size:
                    raise TryAgain("file-changed", "A file was replaced while it was being read.")
                continue
            try:
                block = block_data(reply.body)
            except ValueError as error:
                raise Stop("answer-unreadable", f"{where}: {error}.") from None
            if not block:
                raise TryAgain("file-cut-short", "A file ended before its size was reached.")
            offset, tries = offset + len(block), 0
            yield block

    async def _begin_download(self, action: str, body: Mapping[str, Any], *, where: str) -> tuple[str, int]:
        """The token that names a download, and the file's size in bytes."""
        begun = await self._post(action, body, where=where)
        if begun.fault is not None:
            raise failure(begun.fault, where)
        found = begun.json()
        return found["FileContinuationToken"], int(found["FileSizeInBytes"])

    async def _post(self, action: str, body: Mapping[str, Any], *, where: str, repeatable: bool = True) -> Reply:
        return await self._transport.send(
            "POST", action, where=where, body=dict(body), accept=_JUDGED, repeatable=repeatable
        )


def _words(text: str | None) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in re.split(r"[;,\s]+", text or "") if word.strip())


_REASONS = {
    "0x80043e09": "file-type-blocked",  # AttachmentBlocked: "not a valid type or too large"; sizes have 0x80044a02
    "0x80044a02": "file-too-large",
    "0x80044a08": "file-name-refused",  # AttachmentInvalidFileName
}
_FINAL = frozenset({*_REASONS.values(), "file-size-differs", "file-empty", "row-missing", "parent-missing"})
"""Refusals of the file or its row. Another try would meet them again."""


def _refused(row_id: str, reply: Reply) -> Result:
    fault = reply.fault
    assert fault is not None
    too_large = "file-too-large" if fault.kind is FaultKind.TOO_LARGE else fault.reason
    return Result(row_id, False, _REASONS.get(fault.code.lower(), too_large), status=fault.status)
