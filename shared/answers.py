"""What the API answers with; problem details (RFC 9457) for everything it refuses. Plain values, no HTTP library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.errors import Failure, TryAgain
from shared.gates import Refusal

PROBLEMS = "https://bridgework.dev/problems/"
"""Problem types are names, not pages that must exist (RFC 9457, section 3.1.1)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body or a ``text`` or ``content`` of type ``media``, and headers besides the content type."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    media: str = ""
    content: bytes = b""

    @property
    def content_type(self) -> str:
        """Problem details have a media type of their own."""
        return self.media or ("application/problem+json" if self.status >= 400 else "application/json")


def problem(status: int, code: str, title: str, detail: str, **more: Any) -> Answer:
    """Problem details. ``code`` is the stable part; ``detail`` says what to do."""
    body = {"type": PROBLEMS + code, "title": title, "status": status, "detail": detail, **more}
    return Answer(status, body)


def refused(refusal: Refusal) -> Answer:
    """A pure refusal as problem details."""
    return problem(refusal.status, refusal.code, "This cannot be done now", refusal.detail)


def doubtful(complaints: Iterable[Mapping[str, str]]) -> Answer:
    """A body with complaints: all of them at once."""
    listed = [dict(complaint) for complaint in complaints]
    detail = f"The request has {len(listed)} complaint{'s' if len(listed) != 1 else ''}; nothing was started."
    return problem(400, "request-doubtful", "The request cannot be accepted", detail, complaints=listed)


def failed(failure: Failure) -> Answer:
    """An expected failure: 503 when waiting helps, 422 when somebody has to change something."""
    status = 503 if isinstance(failure, TryAgain) else 422
    more = {"remedy": failure.remedy} if failure.remedy else {}
    answer = problem(status, failure.code, "A preparation failed", failure.message, **more)
    if isinstance(failure, TryAgain):
        return Answer(answer.status, answer.body, {"Retry-After": str(max(1, round(failure.after)))})
    return answer


def unknown_run(run: str) -> Answer:
    """No such run."""
    return problem(404, "unknown-run", "There is no such run", f"No run has the id '{run[:40]}'.")


def too_large(limit: int) -> Answer:
    """A body nobody should send."""
    detail = f"The body is larger than {limit // 1024} KiB; a request here is a page of settings, not data."
    return problem(413, "body-too-large", "The body is too large", detail)
