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
    "connection dropped": {"kind": "drop", "rate": 0.006, "seed": 3},
    "answer lost after commit": {"kind": "drop_after", "rate": 0.006, "seed": 4},
    "reset amid the answer": {"kind": "reset", "rate": 0.006, "seed": 5},
    "answer that trickles": {"kind": "slow", "rate": 0.006, "seed": 6, "seconds": 1.0},
}
REFUSALS: Weather = {
    "429 with Retry-After": {"kind": "throttle", "rate": 0.006, "seed": 1, **SOON},
    "503": {"kind": "error", "rate": 0.006, "seed": 2, "status": 503},
}
STORAGE: Weather = {
    "500": {"kind": "error", "rate": 0.002, "seed": 1, "status": 500},
    "503": {"kind": "error", "rate": 0.003, "seed": 2, "status": 503},
    **{name: {**fault, "rate": 0.003} for name, fault in NETWORK.items()},
}


def weather(*, stall: float = 0, storm: int = 15) -> dict[str, Weather]:
    """The faults of each place. ``stall``: seconds that an answer stops for; none: beyond what the app waits for.
    ``storm``: refusals in a row."""
    storage = {**STORAGE, "storm of 503": {"kind": "error", "every": 700, "in_a_row": storm, "status": 503}}
    found: dict[str, Weather] = {
        "Core Practice": {
            "401, token expired": {"kind": "expire", "match": "^GET /v1/", "every": 120},
            "storm of 429": {"kind": "throttle", "match": "^GET /v1/", "every": 150, "in_a_row": storm, **SOON},
            **REFUSALS,
            **NETWORK,
        },
        "Dataverse": {
            "401, token expired": {"kind": "expire", "every": 60},
            "CreateMultiple's answer lost": {"kind": "drop_after", "match": "CreateMultiple$", "every": 6},
            "$batch's answer lost": {"kind": "drop_after", "match": "batch$", "every": 9},
            "storm of 429": {"kind": "throttle", "every": 600, "in_a_row": storm, **SOON},
            **REFUSALS,
            "429 with Retry-After": {"kind": "throttle", "rate": 0.002, "seed": 1, **SOON},  # each costs five seconds
            **NETWORK,
        },
        "SharePoint": {"401, token expired": {"kind": "expire", "every": 20}, **REFUSALS, **NETWORK},
        "Blob Storage": storage,
        "Table Storage": storage,
    }
    return {place: {"answer that stops": _stalled(place, stall), **faults} for place, faults in found.items()}


def _stalled(place: str, seconds: float) -> Fault:
    """Twice, since each costs the app its whole patience."""
    return {"kind": "stall", "at": [45, 400], "seconds": seconds or ANSWERS_WITHIN[place] + 5}
