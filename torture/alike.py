"""An export of a target in the form in which two towns can be compared: without what clocks and chance put in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

STAMPS = ("versionnumber", "modifiedon", "createdon", "overriddencreatedon", "installedon")
"""Of the server's own clock and counters; the last one of solutions, some of which are as old as the town. The times of
the practice are in columns of ours."""
BY_CHANCE = {"publisher": "uniquename", "solution": "uniquename", "fieldsecurityprofile": "name"}
"""Rows whose ids depend on the town, and the column that they are known by."""
NAMELESS = ("activityparty", "solutioncomponent", "fieldpermission", "systemuserprofiles")
"""Rows that tie others together. Their own ids say nothing."""
OF_KEYS = ("started_at", "ready_at")
"""When the server began and ended to build the index of an alternate key."""
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?) \(UTC([+-]\d\d:\d\d)\)")
"""An instant as the first line of a note has it."""
MEANWHILE = "while the story was told"


def canonical(export: Iterable[str], *, since: datetime) -> list[str]:
    """The lines of an export, sorted. Ids that depend on the town are replaced by names, and instants of the time since
    the story began by the fact that they are."""
    lines = [json.loads(text) for text in export]
    names = dict(name for line in lines for name in _names(line))
    return sorted(_plain(_bare(line), names, since) for line in lines)


def _names(line: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each id of the line that depends on the town, with what it is the id of."""
    if known_by := BY_CHANCE.get(line.get("table", "")):
        yield line["id"], f"{line['table']} {line['row'][known_by]}"
    if "definition" in line:
        yield from _of_metadata(line["definition"], line["name"])


def _of_metadata(part: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, list):
        for one in part:
            yield from _of_metadata(one, name)
    elif isinstance(part, dict):
        own = f"{name} {part.get('name') or part.get('schema_name') or ''}".strip()
        for key in ("metadata_id", "job_id"):
            if part.get(key):
                yield part[key], f"{key} of {own}"
        for one in part.values():
            yield from _of_metadata(one, own)


def _bare(line: dict[str, Any]) -> dict[str, Any]:
    """The line without what only clocks and counters say."""
    if "row" not in line:
        return _bare_metadata(line)
    left_out = {*STAMPS, *([f"{line['table']}id"] if line["table"] in NAMELESS else [])}
    row = {name: value for name, value in line["row"].items() if name not in left_out}
    return {**line, "row": row, "id": "" if line["table"] in NAMELESS else line["id"]}


def _bare_metadata(line: dict[str, Any]) -> dict[str, Any]:
    definition = line.get("definition", {})
    if not definition.get("keys"):
        return line
    keys = [{name: value for name, value in key.items() if name not in OF_KEYS} for key in definition["keys"]]
    return {**line, "definition": {**definition, "keys": keys}}


def _plain(line: dict[str, Any], names: dict[str, str], since: datetime) -> str:
    first = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def written(found: re.Match[str]) -> str:
        date, time, offset = found.groups()
        return MEANWHILE if datetime.fromisoformat(f"{date}T{time}{offset}") >= since else found[0]

    text = GUID.sub(lambda found: names.get(found[0], found[0]), json.dumps(line, sort_keys=True))
    text = INSTANT.sub(lambda found: MEANWHILE if found[0] >= first else found[0], text)
    return WRITTEN.sub(written, text)
