"""$batch: many requests in one body, in order; a changeset among them succeeds or fails as one.

Reading is lenient about line ends (npm's client sends bare line feeds) unless the organisation is told to be strict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from . import errors
from .access import IMPERSONATING, impersonated
from .wire import Answer, Request, refusal, split_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from .organisation import Organisation

MOST = 1000
BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
REQUEST_LINE = re.compile(rb"\s*([A-Z]+)\s+(\S+)\s+HTTP/1\.[01]\s*\Z")
BODY_REFERENCE = re.compile(rb'("[^"]*@odata\.(?:bind|id)"\s*:\s*")(\$\d+)(/[^"]*)?(")')
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
    headers: dict[str, str]
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


def run_batch(org: Organisation, request: Request, answer: Callable[[Organisation, Request], Answer]) -> Answer:
    """Execute a batch. Without continue-on-error it ends, with status 400, at the first failure."""
    try:
        operations = read_batch(request.headers.get("content-type", ""), request.body, strict=org.behaviour.strict_crlf)
    except errors.DataverseError as error:
        return refusal(error)
    go_on = "odata.continue-on-error" in request.prefer
    count = sum(len(o.parts) if isinstance(o, Changeset) else 1 for o in operations)
    if count > MOST:
        text = f"Number of operations in the batch ({count}) exceeds the limit of {MOST}."
        return refusal(errors.invalid(text, "0x80060888"))
    reply, rows = Reply(), 0
    half = (count + 1) // 2 if request.fault == "half_fail" else count
    done = 0
    for operation in operations:
        parts = operation.parts if isinstance(operation, Changeset) else (operation,)
        done += len(parts)
        if done > half:
            reply.pieces.append((None, refusal(errors.DataverseError(500, "0x80044150", "Generic SQL error."))))
            ok = False
        elif isinstance(operation, Changeset):
            ok, cost = _run_changeset(org, request, operation, answer, reply)
            rows += cost
        else:
            found = _answered(org, request, operation, answer)
            reply.pieces.append((None, found))
            rows += found.rows
            ok = found.status < 400
        if not ok:
            reply.failed = True
            if not go_on:
                break
    status = 400 if reply.failed and not go_on else 200
    boundary = f"batchresponse_{org.new_id()}"
    content_type = f"multipart/mixed; boundary={boundary}"
    return Answer(status, write_batch(org, reply, boundary), {}, content_type, rows=max(rows, 1))


def _answered(
    org: Organisation, request: Request, part: Part, answer: Callable[[Organisation, Request], Answer]
) -> Answer:
    try:
        return answer(org, _request(org, request, part, {}))
    except errors.DataverseError as error:
        return refusal(error)


class _Failed(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def _run_changeset(
    org: Organisation,
    request: Request,
    changeset: Changeset,
    answer: Callable[[Organisation, Request], Answer],
    reply: Reply,
) -> tuple[bool, int]:
    answers: list[tuple[str | None, Answer]] = []
    known: dict[str, str] = {}
    rows = 0
    try:
        with org.together():
            for part in changeset.parts:
                found = answer(org, _request(org, request, part, known))
                rows += found.rows
                if found.status >= 400:
                    raise _Failed(found)
                if part.content_id is not None:
                    known[f"${part.content_id}"] = found.headers.get("OData-EntityId", "")
                answers.append((part.content_id, found))
    except errors.DataverseError as error:
        reply.pieces.append((None, refusal(error)))
        return False, rows
    except _Failed as failure:
        reply.pieces.append((None, failure.answer))
        return False, rows
    reply.pieces.append(answers)
    return True, rows


def _request(org: Organisation, outer: Request, part: Part, known: dict[str, str]) -> Request:
    """A part as a request of its own, its references to earlier parts put in."""
    url = re.sub(r"(?:\A|(?<=/))\$\d+(?=/|\Z|\?)", lambda found: _known(found[0], known), part.url)
    if url != part.url:
        url = url[url.index("http") :]

    def put_in(found: re.Match[bytes]) -> bytes:
        address = _known(found[2].decode(), known).encode()
        return found[1] + address + (found[3] or b"") + found[4]

    path, query = split_url(url)
    if path.startswith("$batch"):
        raise errors.invalid("A batch may not contain a batch.", "0x80060888")
    inherited = {"prefer": outer.headers["prefer"]} if "prefer" in outer.headers and part.method == "GET" else {}
    headers = {**inherited, **part.headers}
    # A part may act for somebody of its own; without a header it acts for whom the whole batch does.
    own = IMPERSONATING & part.headers.keys()
    caller = impersonated(org, part.headers, outer.caller.real_id) if own else outer.caller
    body = BODY_REFERENCE.sub(put_in, part.body)
    return replace(
        outer,
        method=part.method,
        path=path,
        query=query,
        headers=headers,
        body=body,
        caller=caller,
        in_batch=True,
        fault=None,
    )


def _known(reference: str, known: dict[str, str]) -> str:
    address = known.get(reference)
    if not address:
        text = f"Content-ID Reference: '{reference}' does not exist in the batch context."
        raise errors.invalid(text, "0x80060888")
    return address


# reading


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
        inner = BOUNDARY.search(headers.get("content-type", ""))
        if headers.get("content-type", "").startswith("multipart/mixed") and inner is not None:
            operations.append(_changeset(content, inner[1]))
        else:
            operations.append(_part(headers, content))
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


def _pieces(body: bytes, boundary: str) -> list[tuple[dict[str, str], bytes]]:
    found = []
    mark = re.compile(rb"(?:\A|\r?\n)[ \t]*--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    marks = list(mark.finditer(body))
    for here, following in pairwise(marks):
        if here[1] is None:
            found.append(_split_head(body[here.end() : following.start()].lstrip(b"\r\n")))
    return found


def _split_head(piece: bytes) -> tuple[dict[str, str], bytes]:
    head, _, content = _parted(piece)
    headers = {}
    for line in head.splitlines():
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers, content


def _parted(piece: bytes) -> tuple[bytes, bytes, bytes]:
    blank = re.search(rb"\r?\n[ \t]*\r?\n", piece)
    return (piece, b"", b"") if blank is None else (piece[: blank.start()], b"\n", piece[blank.end() :])


def _part(headers: dict[str, str], content: bytes) -> Part:
    line, _, rest = content.lstrip(b"\r\n").partition(b"\n")
    found = REQUEST_LINE.match(line)
    if found is None:
        raise not_readable()
    # A request without headers of its own goes straight on to the blank line.
    inner, body = ({}, rest.lstrip(b"\r\n")) if rest.lstrip(b" ")[:1] in (b"\r", b"\n", b"") else _split_head(rest)
    method, url = found[1].decode(), found[2].decode()
    return Part(method, url, inner, body.strip(), headers.get("content-id"))


# writing


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
