"""How a journey waits: for what can be seen from outside, never for a guess of how long it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sandbox.customer import Customer

T = TypeVar("T")
PATIENCE = 90.0
SOON, LATER = 0.05, 0.4
"""Seconds between two looks: each costs the app and its storage as much as some of their work."""


def poll(look: Callable[[], T], *, patience: float = PATIENCE) -> T:
    """Look again and again until there is something true to see; AssertionError when patience ends."""
    deadline, pause = time.monotonic() + patience, SOON
    while not (seen := look()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(pause)
        pause = min(LATER, pause * 1.2)
    return seen


def at_rest(customer: Customer, run: str, topic: str) -> bool:
    """Whether the run's story waits for a person about ``topic``: by then every lane of it has ended."""
    found: Any = customer.host.call("GET", "/runtime/webhooks/durabletask/instances?top=1000&runtimeStatus=Running")
    waiting = [one["input"] for one in found if one["name"] == "gate"]
    return any(run in json.dumps(asked) and topic in json.dumps(asked) for asked in waiting)


def unlike(text: str, records: Any) -> list[str]:
    """The telling words of records (longer than seven characters, no ids or times) that are in a text all the same."""
    words = {word for word in _texts(records) if len(word) > 7 and not word[0].isdigit()}
    assert len(words) > 20
    return sorted(word for word in words if word in text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
