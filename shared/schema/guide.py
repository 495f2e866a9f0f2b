"""The setup guide: everything the target needs, spelled out for a person who will make or check it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from shared.schema.budget import Budget
from shared.schema.gaps import AddField, AddKey, AddLookup, AddOptions, CreateTable, Gaps
from shared.schema.model import Field, Kind, Table

FORMAT = "bridgework-setup-guide/1"

_TYPES = {
    Kind.TEXT: "Single line of text",
    Kind.MEMO: "Multiple lines of text",
    Kind.INTEGER: "Whole number",
    Kind.DECIMAL: "Decimal number",
    Kind.MONEY: "Currency",
    Kind.BOOLEAN: "Yes/No",
    Kind.DATE: "Date only (behaviour: Date only)",
    Kind.INSTANT: "Date and time (behaviour: User local)",
    Kind.CHOICE: "Choice",
    Kind.LOOKUP: "Lookup",
    Kind.OWNER: "Owner",
    Kind.IDENTIFIER: "Unique identifier",
    Kind.STATE: "Status",
    Kind.STATUS: "Status reason",
    Kind.OTHER: "Other",
}
"""The words of the maker portal."""


def guide(wanted: Sequence[Table], found: Gaps, licence: Budget) -> dict[str, Any]:
    """The guide as JSON: tables with columns, choices, relationships and keys, each with its why and ``exists``."""
    made = {step.table.name for step in found.steps if isinstance(step, CreateTable)}
    absent = {(step.table, step.field.name) for step in found.steps if isinstance(step, AddField | AddLookup)}
    extra = {(step.table, step.field): step.options for step in found.steps if isinstance(step, AddOptions)}
    keys = {(step.table, step.key.name) for step in found.steps if isinstance(step, AddKey)}
    absent |= {(blocker.table, blocker.field) for blocker in found.blockers if blocker.missing}
    made |= {blocker.table for blocker in found.blockers if blocker.missing and not blocker.field}

    def column(table: Table, field: Field) -> dict[str, Any]:
        there = table.name not in made and (table.name, field.name) not in absent
        missing = {option.label for option in extra.get((table.name, field.name), ())}
        return {
            "name": field.name,
            "schema_name": field.schema_name or field.name,
            "label": field.label,
            "type": _TYPES[field.kind],
            "max_length": field.max_length,
            "options": [
                {"label": option.label, "exists": there and option.label not in missing} for option in field.options
            ],
            "targets": list(field.targets),
            "custom": field.custom,
            "exists": there,
            "why": field.why,
        }

    tables = [
        {
            "name": table.name,
            "schema_name": table.schema_name or table.name,
            "label": table.label or table.name,
            "custom": table.custom,
            "exists": table.name not in made,
            "why": table.why,
            "columns": [column(table, field) for field in table.fields if field.kind is not Kind.LOOKUP],
            "relationships": [column(table, field) for field in table.fields if field.kind is Kind.LOOKUP],
            "keys": [
                {
                    "name": key.name,
                    "columns": list(key.fields),
                    "exists": table.name not in made and (table.name, key.name) not in keys,
                    "why": "Finds a row by its source id and keeps two rows from having the same one.",
                }
                for key in table.keys
            ],
        }
        for table in wanted
    ]
    return {
        "format": FORMAT,
        "steps": len(found.steps),
        "tables": tables,
        "blockers": [asdict(blocker) for blocker in found.blockers],
        "licence": asdict(licence),
    }


def markdown(body: dict[str, Any]) -> str:
    """The guide for reading and printing."""
    lines = ["# Setup guide", "", body["licence"]["text"], ""]
    if body["blockers"]:
        lines += ["## To settle first", ""]
        lines += [f"- {_where(blocker)}: {blocker['text']}" for blocker in body["blockers"]]
        lines.append("")
    for table in body["tables"]:
        lines += _table(table)
    return "\n".join(lines).rstrip() + "\n"


def _where(blocker: dict[str, Any]) -> str:
    return f"`{blocker['table']}.{blocker['field']}`" if blocker["field"] else f"`{blocker['table']}`"


def _table(table: dict[str, Any]) -> list[str]:
    lines = [f"## {table['label']} (`{table['name']}`) {_state(table)}", ""]
    if table["why"]:
        lines += [table["why"], ""]
    lines += ["| Column | Label | Type | Exists | Why |", "| -- | -- | -- | -- | -- |"]
    lines += [
        f"| `{column['schema_name']}` | {_cell(column['label'])} | {_cell(_type(column))} "
        f"| {'yes' if column['exists'] else '**no**'} | {_cell(column['why'])} |"
        for column in (*table["columns"], *table["relationships"])
    ]
    lines.append("")
    for column in table["columns"]:
        if column["options"]:
            names = ", ".join(
                option["label"] if option["exists"] else f"**{option['label']}**" for option in column["options"]
            )
            lines += [f"Choices of `{column['schema_name']}` (new ones in bold): {names}", ""]
    for key in table["keys"]:
        there = "" if key["exists"] else " (to be made)"
        lines += [f"Alternate key `{key['name']}`{there} over {', '.join(key['columns'])}. {key['why']}", ""]
    return lines


def _state(table: dict[str, Any]) -> str:
    return "exists" if table["exists"] else "**to be made**"


def _type(column: dict[str, Any]) -> str:
    if column["targets"]:
        return f"{column['type']} to {', '.join(column['targets'])}"
    if column["max_length"]:
        return f"{column['type']}, {column['max_length']} characters"
    return str(column["type"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
