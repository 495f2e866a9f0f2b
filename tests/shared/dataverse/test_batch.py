"""The text of $batch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dataverse.batch import Operation, decode, encode, read_error

OK = b"HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\nOData-EntityId: http://h/contacts(1)\r\n\r\n\r\n"
BAD = (
    b"HTTP/1.1 400 Bad Request\r\nREQ_ID: 1\r\nContent-Type: application/json; odata.metadata=minimal\r\n\r\n"
    b'{"error":{"code":"0x80044331","message":"too long"}}\r\n'
)


def answer(*messages: bytes, boundary: str = "batchresponse_1") -> bytes:
    head = (
        b"--" + boundary.encode() + b"\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    )
    return b"".join(head + message for message in messages) + b"--" + boundary.encode() + b"--\r\n"


def test_every_line_of_a_batch_ends_with_crlf() -> None:
    kind, body = encode([Operation("POST", "/api/data/v9.2/contacts", {"If-Match": "*"}, b'{"lastname":"A"}')])
    assert b"\n" not in body.replace(b"\r\n", b"")
    boundary = kind.split('"')[1].encode()
    assert body == (
        b"--" + boundary + b"\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        b"POST /api/data/v9.2/contacts HTTP/1.1\r\nIf-Match: *\r\nContent-Type: application/json\r\n\r\n"
        b'{"lastname":"A"}\r\n--' + boundary + b"--\r\n"
    )


def test_a_request_without_a_body_ends_with_an_empty_line() -> None:
    _, body = encode([Operation("DELETE", "/x(1)")], boundary="b")
    assert b"DELETE /x(1) HTTP/1.1\r\n\r\n\r\n--b--\r\n" in body


def test_answers_come_back_in_order_with_status_headers_and_error() -> None:
    parts = decode('multipart/mixed; boundary="batchresponse_1"', answer(OK, BAD, OK))
    assert [part.status for part in parts] == [204, 400, 204]
    assert parts[0].headers["odata-entityid"] == "http://h/contacts(1)"
    assert parts[0].body == b""
    assert read_error(parts[1].body) == ("0x80044331", "too long")


def test_an_unquoted_boundary_is_understood() -> None:
    assert len(decode("multipart/mixed; boundary=batchresponse_1", answer(OK))) == 1


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/mixed", answer(OK)),
        ("multipart/mixed; boundary=batchresponse_1", answer(OK).removesuffix(b"--batchresponse_1--\r\n")),
        ("multipart/mixed; boundary=b", b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--"),
        ("multipart/mixed; boundary=b", b"--b\r\nContent-Type: application/http\r\n\r\nnonsense\r\n--b--"),
    ],
)
def test_what_is_not_a_whole_batch_answer_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(ValueError):
        decode(kind, body)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"error":"x"}', b'{"error":{"code":null}}'])
def test_a_body_that_is_no_error_has_no_code(body: bytes) -> None:
    assert read_error(body)[0] == ""


@given(st.lists(st.binary(max_size=200).filter(lambda body: b"--batchresponse_1" not in body), max_size=5))
def test_bodies_of_any_bytes_come_through(bodies: list[bytes]) -> None:
    bodies = [body.strip(b"\r\n") for body in bodies]
    messages = [b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n" + body + b"\r\n" for body in bodies]
    parts = decode("multipart/mixed; boundary=batchresponse_1", answer(*messages))
    assert [part.body for part in parts] == bodies
