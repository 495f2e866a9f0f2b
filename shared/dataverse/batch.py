"""The multipart text of ``$batch``: many single requests in one, answered one by one. Pure bytes in and out.

No changesets: a batch is how we keep good rows in when one is bad, so no part may take another down with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

LIMIT = 1_000
"""Operations in one batch (execute-batch-operations-using-web-api.md)."""

_END = b"\r\n"


@dataclass(frozen=True, slots=True)
class Operation:
    """One request inside a batch. ``url`` is absolute, or an absolute path; ``body`` is JSON, encoded."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One answer inside a batch's answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def error(self) -> tuple[str, str]:
        """The error's code and message; empty when there are none."""
        return read_error(self.body)


def read_error(body: bytes) -> tuple[str, str]:
    """Code and message of an error body, empty texts when it is not one."""
    try:
        error = orjson.loads(body)["error"]
        return str(error.get("code") or ""), str(error.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def encode(operations: Sequence[Operation], *, boundary: str | None = None) -> tuple[str, bytes]:
    """The Content-Type and the body. Line ends are CRLF: with bare LF Dataverse may refuse the whole batch."""
    boundary = boundary or f"batch_{uuid.uuid4()}"
    lines: list[bytes] = []
    for operation in operations:
        lines += [
            b"--" + boundary.encode(),
            b"Content-Type: application/http",
            b"Content-Transfer-Encoding: binary",
            b"",
            f"{operation.method} {operation.url} HTTP/1.1".encode(),
            *(f"{name}: {value}".encode() for name, value in operation.headers.items()),
        ]
        if operation.body is None:
            lines += [b"", b""]
        else:
            lines += [b"Content-Type: application/json", b"", operation.body]
    lines += [b"--" + boundary.encode() + b"--", b""]
    return f'multipart/mixed; boundary="{boundary}"', _END.join(lines)


def decode(content_type: str, body: bytes) -> list[Part]:
    """The answers, in the order of the requests. Raises ValueError when the text is not what the header says."""
    boundary = _boundary(content_type)
    delimiter = b"--" + boundary.encode()
    parts: list[Part] = []
    for piece in (b"\r\n" + body).split(b"\r\n" + delimiter)[1:]:
        if piece.startswith(b"--"):
            return parts
        parts.append(_part(piece.lstrip(b" \t").removeprefix(_END)))
    raise ValueError("a batch answer without its end")


def _boundary(content_type: str) -> str:
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() != "multipart/mixed":
        raise ValueError("a batch answer that is not multipart")
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary" and value:
            return value.strip('"')
    raise ValueError("a batch answer without a boundary")


def _part(piece: bytes) -> Part:
    envelope, _, message = piece.partition(_END + _END)
    if b"application/http" not in envelope.lower():
        raise ValueError("a part of a batch answer that is not an HTTP message")
    head, _, body = message.partition(_END + _END)
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise ValueError("a part of a batch answer without a status")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Part(int(words[1]), headers, body.strip(_END))
