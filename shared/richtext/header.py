"""The first line of a note that says who wrote it and when, where Dataverse itself cannot (A22, N15, R73, R74).

``createdby`` cannot be set from outside without impersonation, and the timeline sorts by other times than the note's
own. So the source's author and instant stand in the note, with the offset they were written in, in a form that a
verifier can take away again exactly.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

from shared.richtext.sanitise import from_plain

MINUTE = timedelta(minutes=1)

LINE = re.compile(
    r"<p><em>Written (?:by [^<>]+ )?(?:on \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? \(UTC[+-]\d\d:\d\d\)|at an unknown time)"
    r" in [^<>]+</em></p>"
)


def with_header(body_html: str, *, author: str | None, at: str | None, source: str) -> str:
    """Sanitised HTML behind a line that names its author, its instant (ISO text with offset) and its system.

    Seconds are shown when there are any; the exact instant has a column of its own. ValueError for an instant without
    an offset: a time of day alone is no instant.
    """
    words = ["Written"]
    if named := _one_line(author or ""):
        words.append(f"by {named}")
    words.append(_moment(at) if at else "at an unknown time")
    words.append(f"in {_one_line(source)}")
    return f"<p><em>{' '.join(words)}</em></p>{body_html}"


def without_header(html: str) -> str:
    """The body as it was before ``with_header``; HTML that does not begin with such a line, as it is."""
    line = LINE.match(html)
    return html[line.end() :] if line else html


@lru_cache(maxsize=1024)
def _one_line(text: str) -> str:
    return from_plain(" ".join(text.split()))


def _moment(at: str) -> str:
    moment = datetime.fromisoformat(at)
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("an instant needs its offset")
    shown = moment.isoformat(sep=" ", timespec="seconds" if moment.second else "minutes")[: 19 if moment.second else 16]
    minutes = round(offset / MINUTE)
    return f"on {shown} (UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02})"
