"""The four things that a person looks at first in a sample (R132): names, dates, statuses and owners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Line = Mapping[str, Any]

OWNER = "ownerid"
HEADLINES: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("patient names", "patients", "from", frozenset({"first_name", "middle_name", "last_name"})),
    ("treatment dates", "treatments", "from", frozenset({"treated_on"})),
    ("appointment statuses", "appointments", "from", frozenset({"status"})),
    ("owners", "", "column", frozenset({OWNER})),
)
"""Each with the object it is about (none is every object), and by what of a compared field it is known."""
WRONG = frozenset({"differs", "missing"})


def headlines(objects: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Out of the compared rows of a sample: each headline with every field it is about, and how many are wrong."""
    found = {}
    for name, only, by, wanted in HEADLINES:
        parts = {object_: part for object_, part in objects.items() if only in ("", object_)}
        rows = [line for object_, part in parts.items() for line in _lines(object_, part["rows"], by, wanted)]
        differ = sum(line["outcome"] in WRONG for line in rows)
        text = f"{len(rows):,} {name} compared; {differ:,} differ" if rows else f"no {name} in the sample"
        found[name] = {"headline": text, "compared": len(rows), "differ": differ, "rows": rows}
    return found


def _lines(
    object_: str, rows: Iterable[Mapping[str, Any]], by: str, wanted: frozenset[str]
) -> Iterator[dict[str, Any]]:
    for row in rows:
        for line in row["fields"]:
            if line[by] in wanted:
                yield {"object": object_, "row": row["row"], **line}
