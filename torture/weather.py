"""What goes wrong beside the deaths, where, and how often: named, so that it can be counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.storage_calls import ANSWERS_WITHIN as STORAGE_ANSWERS_WITHIN

Fault = dict[str, Any]
Weather = Mapping[str, Fault]
"""Faults by the name they have in the table, in the order in which they are put in force."""

ANSWERS_WITHIN = {
    "Core Practice": 60,
    "Dataverse": 110,
    "SharePoint": 110,
    "Blob Storage": STORAGE_ANSWERS_WITHIN,
    "Table Storage": STORAGE_ANSWERS_WITHIN,
}
"""Seconds that the app waits for the next byte of an answer."""

SOON = {"retry_after": 0.3}
NETWORK: Weather = {
    "connection dropped": {"kind": "drop"},
    "answer lost after commit": {"kind": "drop_after"},
    "reset amid the answer": {"kind": "reset"},
    "answer that trickles": {"kind": "slow", "seconds": 1.0},
}
REFUSALS: Weather = {"503": {"kind": "error", "status": 503}, "429 with Retry-After": {"kind": "throttle", **SOON}}


def weather(*, stall: float = 0, storm: int = 15) -> dict[str, Weather]:
    """The faults of each place. ``stall``: seconds that an answer stops for; none: beyond what the app waits for.
    ``storm``: refusals in a row."""
    angry = {"in_a_row": storm, **SOON}
    storage: Weather = {
        "storm of 503": {"kind": "error", "every": 700, "in_a_row": storm, "status": 503},
        "500": {"kind": "error", "rate": 0.002, "seed": 1, "status": 500},
        "503": {"kind": "error", "rate": 0.003, "seed": 2, "status": 503},
        **_by_chance(NETWORK, 0.003),
    }
    found: dict[str, Weather] = {
        "Core Practice": {
            "401, token expired": {"kind": "expire", "match": "^GET /v1/", "every": 35},
            "storm of 429": {"kind": "throttle", "match": "^GET /v1/", "every": 90, **angry},
            **_in_turns({**REFUSALS, **NETWORK}, 37),
        },
        "Dataverse": {
            "401, token expired": {"kind": "expire", "every": 60},
            "CreateMultiple's answer lost": {"kind": "drop_after", "match": "CreateMultiple$", "every": 6},
            "$batch's answer lost": {"kind": "drop_after", "match": "batch$", "every": 9},
            "storm of 429": {"kind": "throttle", "every": 600, **angry},
            **_by_chance(REFUSALS, 0.003),  # a 429 costs five seconds
            **_by_chance(NETWORK, 0.006),
        },
        "SharePoint": {
            "401, token expired": {"kind": "expire", "every": 9},
            **_in_turns({**REFUSALS, **NETWORK}, 10),
        },
        "Blob Storage": storage,
        "Table Storage": storage,
    }
    return {place: {"answer that stops": _stalled(place, stall), **faults} for place, faults in found.items()}


def _by_chance(faults: Weather, rate: float) -> Weather:
    return {name: {**fault, "rate": rate, "seed": seed} for seed, (name, fault) in enumerate(faults.items(), start=3)}


def _in_turns(faults: Weather, first: int) -> Weather:
    """Where there are few requests: each fault with every 37th, 39th, 41st …"""
    return {name: {**fault, "every": first + 2 * turn} for turn, (name, fault) in enumerate(faults.items())}


def _stalled(place: str, seconds: float) -> Fault:
    """Twice, since each costs the app its whole patience."""
    at = {"Core Practice": [20, 120], "SharePoint": [4]}.get(place, [45, 400])
    return {"kind": "stall", "at": at, "seconds": seconds or ANSWERS_WITHIN[place] + 5}
