"""$batch: many requests in one body, in order; a changeset among them succeeds or fails as one.

What its body looks like is `multipart`; here its parts are executed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import errors
from .access import IMPERSONATING, impersonated
from .multipart import Changeset, Part, Reply, read_batch, write_batch
from .wire import Answer, Request, refusal, split_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from .organisation import Organisation

MOST = 1000
URL_REFERENCE = re.compile(r"(?:\A|(?<=/))\$\d+(?=/|\Z|\?)")
BODY_REFERENCE = re.compile(rb'("[^"]*@odata\.(?:bind|id)"\s*:\s*")(\$\d+)(/[^"]*)?(")')


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
    url = part.url
    if "$" in url:
        url = URL_REFERENCE.sub(lambda found: _known(found[0], known), url)
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
    body = BODY_REFERENCE.sub(put_in, part.body) if b"$" in part.body else part.body
    return Request(
        method=part.method,
        path=path,
        query=query,
        headers=headers,
        body=body,
        root=outer.root,
        caller=caller,
        in_batch=True,
    )


def _known(reference: str, known: dict[str, str]) -> str:
    address = known.get(reference)
    if not address:
        text = f"Content-ID Reference: '{reference}' does not exist in the batch context."
        raise errors.invalid(text, "0x80060888")
    return address
