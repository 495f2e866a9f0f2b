"""What the API answers, understood or refused. Pure: bytes in, records out.

Messages say which object and which field was odd, never what it held.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from shared.corepractice.fields import CUSTOM_PREFIX
from shared.corepractice.source import Description, ObjectCount, Page, Record
from shared.errors import AskPerson, Stop

_OBJECT_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PLAIN = (str, int, float, bool, type(None))


class Passing(Exception):
    """A failure that may be over at the next attempt. ``after`` is the wait the source asked for, in seconds."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


def malformed(what: str) -> Stop:
    """The refusal of an answer that no Core Practice would give."""
    return Stop(
        "source-answer-malformed",
        f"The source answered something that is not Core Practice's: {what}.",
        remedy="Check that the base URL is that of the practice's Core Practice API.",
    )


def refused_credentials(why: str) -> AskPerson:
    """What only another secret can mend."""
    return AskPerson(
        "source-credentials-refused",
        f"The source's token {why}.",
        remedy="Put a valid token into the configured secret, then resume or post the request again.",
    )


def judge(status: int, *, after: float) -> None:
    """Raise for every status but 200 and 404. ``after`` is the wait in seconds that the answer asked for."""
    if status in (401, 403):
        raise refused_credentials(f"was refused by the source ({status})")
    if status == 429:
        raise Passing("it asks for fewer requests (429)", after)
    if status >= 500 or status in (408, 425):
        raise Passing(f"it answered {status}", after)
    if 300 <= status < 400:
        raise Stop(
            "source-redirected",
            "The source answered with a redirect; the token is not sent on to another address.",
            remedy="Start again with the address that it redirects to, if that is the right one.",
        )
    if status == 404:
        return
    if status != 200:
        raise Stop("source-request-refused", f"The source refused a request ({status}).")


def description(content: bytes) -> Description:
    """The practice and its objects out of ``GET /v1``."""
    answer = _object(_json(content), "the description is not an object")
    practice = _object(answer.get("practice"), "it describes no practice")
    listed = answer.get("objects")
    if not isinstance(listed, list):
        raise malformed("it lists no objects")
    objects = tuple(_count(_object(entry, "an object in its list is none")) for entry in listed)
    if len({found.name for found in objects}) != len(objects):
        raise malformed("it lists an object twice")
    return Description(_text(practice, "name"), _text(practice, "timezone"), objects)


def page(object_name: str, content: bytes) -> Page:
    """A page of a list."""
    answer = _object(_json(content), f"the list of {object_name} is not an object")
    found, cursor = answer.get("data"), answer.get("next_cursor")
    if not isinstance(found, list):
        raise malformed(f"the list of {object_name} has no records")
    if cursor is not None and (not isinstance(cursor, str) or not cursor):
        raise malformed(f"the list of {object_name} has an odd cursor")
    return Page([flat(object_name, entry) for entry in found], cursor)


def record(object_name: str, content: bytes) -> Record:
    """One record."""
    return flat(object_name, _json(content))


def flat(object_name: str, found: Any) -> Record:
    """A record as the rest of the app sees it. Raises Stop for what is not a record."""
    plain = _object(found, f"a record of {object_name} is not an object")
    custom = plain.pop("custom_fields", None) or {}
    if not isinstance(custom, dict):
        raise malformed(f"custom_fields of {object_name} is not an object")
    for name, value in custom.items():
        plain[CUSTOM_PREFIX + name] = value
    for name, value in plain.items():
        if value == "":
            plain[name] = None
        elif not isinstance(value, _PLAIN):
            raise malformed(f"{object_name}.{name} is not a plain value")
    if not isinstance(plain.get("id"), str):
        raise malformed(f"a record of {object_name} has no id")
    return plain


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise malformed("it is not JSON") from None


def _object(value: Any, otherwise: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise malformed(otherwise)
    return value


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise malformed(f"the practice has no {name}")
    return value


def _count(entry: dict[str, Any]) -> ObjectCount:
    name, counts = entry.get("name"), (entry.get("count"), entry.get("archived", 0))
    if not isinstance(name, str) or not _OBJECT_NAME.fullmatch(name):
        raise malformed("an object has an odd name")
    if any(not isinstance(count, int) or isinstance(count, bool) or count < 0 for count in counts):
        raise malformed(f"{name} has an odd count")
    return ObjectCount(name, int(counts[0] or 0), int(counts[1] or 0))
