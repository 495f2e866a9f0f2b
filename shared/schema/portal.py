"""What Power Apps' maker portal calls each kind of column. People read these words; nothing on the wire does.

Apart from the model because the words are the portal's and change with it (make.powerapps.com, "New column").
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.schema.model import Field, Kind

DATA_TYPES = {
    Kind.TEXT: "Single line of text",
    Kind.MEMO: "Multiple lines of text",
    Kind.INTEGER: "Whole number",
    Kind.DECIMAL: "Decimal",
    Kind.MONEY: "Currency",
    Kind.BOOLEAN: "Yes/no",
    Kind.DATE: "Date only",
    Kind.INSTANT: "Date and time",
    Kind.CHOICE: "Choice",
    Kind.LOOKUP: "Lookup",
    Kind.OWNER: "Owner",
    Kind.IDENTIFIER: "Unique identifier",
    Kind.STATE: "Status",
    Kind.STATUS: "Status reason",
    Kind.FILE: "File",
    Kind.OTHER: "another type",
}

CUSTOMER = frozenset({"account", "contact"})
"""What the portal's type Customer points to; a lookup to any other several tables is made by request only."""

LARGEST_FILE = 10_485_760
"""Kilobytes of a file column where nothing smaller is asked for: the portal proposes 32 MB and never changes it."""

_BEHAVIOURS = {Kind.DATE: "Date only", Kind.INSTANT: "User local"}
_WHOLE = ("-2,147,483,648", "2,147,483,647")


def data_type(field: Field) -> str:
    """The data type to choose, without its settings."""
    if field.kind is Kind.LOOKUP and len(field.targets) > 1:
        return "Customer" if set(field.targets) == CUSTOMER else "Lookup to several tables"
    return DATA_TYPES[field.kind]


def in_a_few_words(field: Field) -> str:
    """The data type with what matters most about it: ``Single line of text, 100 characters``."""
    if len(field.targets) > 1:
        return f"{data_type(field)}: {listed(field.targets, 'or')}"
    if field.targets:
        return f"{data_type(field)} to {field.targets[0]}"
    if field.kind in (Kind.TEXT, Kind.MEMO) and field.max_length:
        return f"{data_type(field)}, {field.max_length:,} characters"
    if field.kind in _BEHAVIOURS:
        return f"{data_type(field)} (behaviour: {_BEHAVIOURS[field.kind]})"
    if field.kind in (Kind.MONEY, Kind.DECIMAL) and field.precision is not None:
        return f"{data_type(field)}, {field.precision} decimal places"
    return data_type(field)


def settings(field: Field) -> list[tuple[str, str]]:
    """Each setting of the panel that is not to be left as the portal proposes it: its name and its value."""
    found: list[tuple[str, str]] = []
    match field.kind:
        case Kind.TEXT | Kind.MEMO:
            found.append(("Format", "Plain text"))
            if field.max_length:
                found.append(("Maximum character count", f"{field.max_length:,}"))
        case Kind.INTEGER:
            found += [("Format", "None"), ("Minimum value", _WHOLE[0]), ("Maximum value", _WHOLE[1])]
        case Kind.DECIMAL | Kind.MONEY:
            if field.precision is not None:
                found.append(("Decimal places", str(field.precision)))
        case Kind.DATE:
            found += [("Format", "Date only"), ("Time zone adjustment (behaviour)", "Date only")]
        case Kind.INSTANT:
            found += [("Format", "Date and time"), ("Time zone adjustment (behaviour)", "User local")]
        case Kind.CHOICE:
            found.append(("Sync with global choice", "No"))
        case Kind.FILE:
            found.append(("Maximum file size", f"{field.max_length or LARGEST_FILE:,} KB"))
    return found


def listed(words: Sequence[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""
