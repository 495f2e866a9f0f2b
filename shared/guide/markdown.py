"""The guide in Markdown, for a wiki, a ticket or a plain printer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def markdown(body: Json) -> str:
    """The whole guide; what is still missing and what has to be settled come first."""
    sections = (_top, _missing, _notices, _licence, _order, _tables, _profile, _checks)
    lines = [line for section in sections for line in section(body)]
    return "\n".join(lines).rstrip() + "\n"


def _top(body: Json) -> list[str]:
    who = "An administrator makes all of this." if body["by_hand"] else "The app makes all of this."
    return ["# Setup guide", "", f"{who} The guide says what is made, how, and why.", ""]


def _missing(body: Json) -> list[str]:
    lines = []
    if body["blockers"]:
        lines += ["## To settle first", ""]
        lines += [f"- {_where(blocker)}: {_plain(blocker['text'])}" for blocker in body["blockers"]]
        lines.append("")
    missing = body["missing"]
    if not missing["count"]:
        return [*lines, "Nothing is missing.", ""]
    lines += [f"## Still missing: {missing['words']}", "", "| Table | Part | Name | What |", "| -- | -- | -- | -- |"]
    lines += [
        f"| {_cell(part['table'])} | {part['kind']} | {_cell(part['name'])} | {_cell(part['text'])} |"
        for part in missing["parts"]
    ]
    return [*lines, ""]


def _notices(body: Json) -> list[str]:
    lines = [f"- `{notice['table']}`: {_plain(notice['text'])}" for notice in body["notices"]]
    return ["## Good to know", "", *lines, ""] if lines else []


def _licence(body: Json) -> list[str]:
    licence = body["licence"]
    lines = ["## Tables and the licence", "", licence["text"], ""]
    if licence["collapses"] and licence["over"]:
        lines += ["| Choice | Saves | What it does | What is lost |", "| -- | -- | -- | -- |"]
        lines += [
            f"| `{one['option']}={one['value']}` | {one['saves']} | {_cell(one['text'])} | {_cell(one['lost'])} |"
            for one in licence["collapses"]
        ]
        lines.append("")
    return [*lines, licence["reason"], ""]


def _order(body: Json) -> list[str]:
    lines = [f"{number}. **{step['title']}.** {step['text']}" for number, step in enumerate(body["order"], 1)]
    return ["## In this order", "", *lines, ""]


def _tables(body: Json) -> list[str]:
    return [line for table in body["tables"] for line in _table(table)]


def _table(table: Json) -> list[str]:
    state = "exists" if table["exists"] else "**to be made**"
    lines = [f"## {_plain(table['label'])} (`{table['name']}`) {state}", ""]
    if table["custom"]:
        lines += [
            f"Schema name `{table['schema_name']}`, plural {_plain(table['label_plural'])}, owned by "
            f"{table['ownership'].lower()}, primary column `{table['primary_column']}`.",
            "",
        ]
    if table["why"]:
        lines += [table["why"], ""]
    lines += ["| Column | Label | Type | Settings | Security | Exists | Why |", "| -- | -- | -- | -- | -- | -- | -- |"]
    lines += [_column(column) for column in (*table["columns"], *table["relationships"])]
    lines.append("")
    for column in table["columns"]:
        lines += _choices(column)
    for column in table["relationships"]:
        lines += _relationships(column)
    for key in table["keys"]:
        there = "" if key["exists"] else " (to be made)"
        lines += [f"Alternate key `{key['name']}`{there} over {', '.join(key['columns'])}. {key['why']}", ""]
    return lines


def _column(column: Json) -> str:
    settings = "; ".join(f"{name}: {value}" for name, value in column["settings"])
    why = f"{column['problem']} {column['why']}".strip()
    exists = "by itself" if column["by_itself"] else "yes" if column["exists"] else "**no**"
    if column["exists"] and not column["complete"]:
        exists = "**not complete**"
    cells = (_cell(column["label"]), _cell(column["type"]), _cell(settings), _cell(column["security"]), exists)
    return f"| `{column['schema_name']}` | {' | '.join(cells)} | {_cell(why)} |"


def _choices(column: Json) -> list[str]:
    if not column["options"]:
        return []
    names = ", ".join(
        f"{_plain(option['label'])} ({option['value']})" if option["exists"]
        else f"**{_plain(option['label'])}** ({option['value']})"
        for option in column["options"]
    )  # fmt: skip
    return [f"Choices of `{column['schema_name']}` (new ones in bold): {names}", ""]


def _relationships(column: Json) -> list[str]:
    lines = [
        f"- `{column['schema_name']}` to `{link['target']}`: relationship `{link['name']}`, {link['delete']}."
        for link in column["links"]
    ]
    if column["request"]:
        request = column["request"]
        lines += [
            "",
            f"The portal has no form for this lookup. Send `{request['method']} {request['path']}` with:",
            "",
            "```json",
            json.dumps(request["body"], indent=1),
            "```",
        ]
    return [*lines, ""] if lines else []


def _profile(body: Json) -> list[str]:
    profile = body["security_profile"]
    if not profile:
        return []
    state = "exists" if profile["exists"] else "**to be made**"
    columns = [f"- `{one['table']}.{one['column']}`" for one in profile["columns"]]
    return [
        f"## Column security profile “{profile['name']}” {state}", "", profile["why"], "",
        f"{', '.join(profile['permissions'])} allowed for:", "", *columns, "",
        f"Member: the app's own user ({', '.join(profile['members'])}). {profile['who']}", "",
    ]  # fmt: skip


def _checks(body: Json) -> list[str]:
    return ["## What the app checks", "", *(f"- {check}" for check in body["checks"]), "", body["unchecked"], ""]


def _where(blocker: Json) -> str:
    return f"`{blocker['table']}.{blocker['field']}`" if blocker["field"] else f"`{blocker['table']}`"


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """Source text that would mean something in Markdown or HTML, made to mean itself."""
    one_line = " ".join(text.split())
    for sign in ("\\", "`", "*", "_", "<", "["):
        one_line = one_line.replace(sign, f"\\{sign}")
    return one_line
