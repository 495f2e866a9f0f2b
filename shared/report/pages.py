"""Documents as pages: one file each, without scripts, for the screen, for paper, and for who hears it read aloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.report.paper import paper
from shared.report.reasons import reason

PAGES = {"verdict": "verdict.html", "exceptions": "exceptions.html", "sample-diff": "sample.html"}
HEADLINES = ("patients", "treatments", "appointments")
"""What the brief asks to be shown first (R132), with the owners, which are a field of each."""


def page(name: str, body: Mapping[str, Any], *, digest: str, sequence: int) -> str | None:
    """The document of that name as a page, or None for one that has no such form."""
    if name not in PAGES:
        return None
    template = paper("shared.report").get_template(PAGES[name])
    return template.render(body=body, digest=digest, sequence=sequence, reason=reason, first=_first(name, body))


def _first(name: str, body: Mapping[str, Any]) -> list[str]:
    """The objects of a sample in the order of its page."""
    if name != "sample-diff":
        return []
    objects = body["objects"]
    return [*(one for one in HEADLINES if one in objects), *(one for one in objects if one not in HEADLINES)]
