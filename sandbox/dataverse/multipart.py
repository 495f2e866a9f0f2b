"""The multipart body of a $batch, read into its parts and written from their answers. Text only; nothing is executed.

Reading is lenient about line ends (npm's client sends bare line feeds) unless told to be strict. A load is thousands of
parts that differ in little but their body: what is alike is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from . import errors
from .wire import Answer

if TYPE_CHECKING:
    from .organisation import Organisation

BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
REQUEST_LINE = re.compile(rb"\s*([A-Z]+)\s+(\S+)\s+HTTP/1\.[01]\s*\Z")
BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
PHRASES = {
    200: "OK",
    201: "Created",
    204: "No Content",
    206: "Partial Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    413: "Payload Too Large",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Part:
    """One request of a batch as it was written."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    content_id: str | None = None


@dataclass(frozen=True)
class Changeset:
    parts: tuple[Part, ...]


@dataclass
class Reply:
    """What goes back: single answers, and changesets' answers with their content ids."""

    pieces: list[tuple[str | None, Answer] | list[tuple[str | None, Answer]]] = field(default_factory=list)
    failed: bool = False


def not_readable() -> errors.DataverseError:
    reason = "Microsoft.OData.ODataException: Stream was not readable."
    return errors.bad_payload("$batch", reason)


def read_batch(content_type: str, body: bytes, *, strict: bool = False) -> list[Part | Changeset]:
    """The operations of a batch body; raises 400 for one that cannot be read."""
    boundary = BOUNDARY.search(content_type)
    if boundary is None:
        raise errors.invalid("The content type of a batch must name a boundary.", "0x80060888")
    if strict and re.search(rb"(?<!\r)\n", body) and not body.endswith((b"\n\n\n", b"\r\n\r\n\r\n")):
        raise not_readable()
    operations: list[Part | Changeset] = []
    for headers, content in _pieces(body, boundary[1]):
        kind = headers.get("content-type", "")
        inner = BOUNDARY.search(kind) if kind.startswith("multipart/mixed") else None
        operations.append(_part(headers, content) if inner is None else _changeset(content, inner[1]))
    if not operations:
        raise not_readable()
    return operations


def _changeset(content: bytes, boundary: str) -> Changeset:
    parts = tuple(_part(headers, piece) for headers, piece in _pieces(content, boundary))
    for part in parts:
        if part.method == "GET":
            raise errors.invalid("A change set may not contain a GET.", "0x80060888")
        if part.content_id is None:
            raise errors.invalid("Each part of a change set needs a Content-ID.", "0x80060888")
    return Changeset(parts)


def _pieces(body: bytes, boundary: str) -> Iterator[tuple[Mapping[str, str], bytes]]:
    """(headers, content) of what lies between one mark and the next."""
    start: int | None = None
    for line_start, line_end, final in _marks(body, b"--" + boundary.encode()):
        if start is not None:
            end = line_start - 1
            yield _split_head(body, start, end - 1 if body[end - 1 : end] == b"\r" else end)
        start = None if final else line_end


def _marks(body: bytes, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """(start of its line, start of the next line, whether it is the last) for each line that is a mark."""
    at = body.find(mark)
    while at != -1:
        line_start, after = body.rfind(b"\n", 0, at) + 1, at + len(mark)
        line_end = body.find(b"\n", after)
        line_end = len(body) if line_end == -1 else line_end
        rest = body[after:line_end].rstrip(b" \t\r") if line_end - after < 100 else b"?"
        if rest in (b"", b"--") and not body[line_start:at].strip(b" \t"):
            yield line_start, line_end + 1, rest == b"--"
        at = body.find(mark, after)


def _split_head(body: bytes, start: int, end: int) -> tuple[Mapping[str, str], bytes]:
    """Headers and content of body[start:end]. Without a blank line all of it is headers."""
    while start < end and body[start] in b"\r\n":
        start += 1
    blank = BLANK.search(body, start, end)
    if blank is None:
        return _headers(body[start:end]), b""
    return _headers(body[start : blank.start()]), body[blank.end() : end]


@lru_cache(maxsize=4096)
def _headers(head: bytes) -> Mapping[str, str]:
    headers = {}
    for line in head.splitlines():
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


@lru_cache(maxsize=1024)
def _request_line(line: bytes) -> tuple[str, str]:
    found = REQUEST_LINE.match(line)
    if found is None:
        raise not_readable()
    return found[1].decode(), found[2].decode()


def _part(headers: Mapping[str, str], content: bytes) -> Part:
    at = 0
    while content[at : at + 1] in (b"\r", b"\n"):
        at += 1
    end = content.find(b"\n", at)
    end = len(content) if end == -1 else end
    method, url = _request_line(content[at:end])
    rest = end + 1
    # A request without headers of its own goes straight on to the blank line.
    if content[rest : rest + 20].lstrip(b" ")[:1] in (b"\r", b"\n", b""):
        return Part(method, url, {}, content[rest:].strip(), headers.get("content-id"))
    inner, body = _split_head(content, rest, len(content))
    return Part(method, url, inner, body.strip(), headers.get("content-id"))


def write_batch(org: Organisation, reply: Reply, boundary: str) -> bytes:
    """The multipart body; a changeset is nested in a part of its own."""
    pieces = bytearray()
    for piece in reply.pieces:
        pieces += f"--{boundary}\r\n".encode()
        if isinstance(piece, list):
            inner = f"changesetresponse_{org.new_id()}"
            pieces += f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode()
            for content_id, found in piece:
                pieces += f"--{inner}\r\n".encode() + _written(org, found, content_id)
            pieces += f"--{inner}--\r\n".encode()
        else:
            pieces += _written(org, piece[1], piece[0])
    return bytes(pieces + f"--{boundary}--\r\n".encode())


def _written(org: Organisation, answer: Answer, content_id: str | None) -> bytes:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    if content_id is not None:
        head += f"Content-ID: {content_id}\r\n"
    head += f"\r\nHTTP/1.1 {answer.status} {PHRASES.get(answer.status, 'Unknown')}\r\n"
    content = answer.content()
    if answer.status >= 400:
        head += f"REQ_ID: {org.new_id()}\r\n"
    if content:
        head += f"Content-Type: {answer.content_type}\r\n"
    head += "OData-Version: 4.0\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return head.encode() + b"\r\n" + content + b"\r\n"
