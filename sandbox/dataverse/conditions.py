"""Predicates on rows, built once per query: what $filter, FetchXML and the SQL subset all come down to.

Dataverse compares text without regard to case, and "not equal" and "not like" include rows where the value is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from . import errors
from .columns import LOOKUP_KINDS, NUMBER_KINDS, TEXT_KINDS, Column, Kind
from .tables import Row, folded
from .values import day, guid, moment

Predicate = Callable[[Row], bool]
Read = Callable[[Row], Any]

EDM = {
    **dict.fromkeys(TEXT_KINDS, "Edm.String"),
    **dict.fromkeys(LOOKUP_KINDS, "Edm.Guid"),
    Kind.MULTI: "Edm.String",
    Kind.GUID: "Edm.Guid",
    Kind.INTEGER: "Edm.Int32",
    Kind.BIGINT: "Edm.Int64",
    Kind.DECIMAL: "Edm.Decimal",
    Kind.MONEY: "Edm.Decimal",
    Kind.DOUBLE: "Edm.Double",
    Kind.BOOLEAN: "Edm.Boolean",
    Kind.PICKLIST: "Edm.Int32",
    Kind.STATE: "Edm.Int32",
    Kind.STATUS: "Edm.Int32",
    Kind.FILE: "Edm.Guid",
    Kind.IMAGE: "Edm.Binary",
}


def edm_type(column: Column) -> str:
    if column.kind is Kind.DATETIME:
        return "Edm.Date" if column.date_only else "Edm.DateTimeOffset"
    return EDM.get(column.kind, "Edm.String")


def comparable(column: Column, value: Any, *, lenient: bool = False) -> Any:
    """A query's value in the form in which the column is stored; raises the 400 of a type that does not fit.

    `lenient` is for FetchXML and SQL, which write every value as text.
    """
    if value is None:
        return None
    edm = edm_type(column)
    found = _converted(column, edm, value, lenient=lenient)
    if found is None:
        given = {str: "Edm.String", bool: "Edm.Boolean", int: "Edm.Int32", float: "Edm.Double"}.get(type(value), "?")
        raise errors.invalid(
            f"A binary operator with incompatible types was detected. Found operand types '{edm}' and '{given}' for"
            f" operator kind 'Equal'. ({column.logical_name})",
            "0x0",
        )
    return found


def _converted(column: Column, edm: str, value: Any, *, lenient: bool) -> Any:
    if edm == "Edm.Guid":
        return guid(value) if isinstance(value, str) else None
    if edm in ("Edm.Date", "Edm.DateTimeOffset"):
        return _time(edm, value)
    if edm == "Edm.Boolean":
        if lenient and str(value).lower() in ("0", "1", "true", "false"):
            return str(value).lower() in ("1", "true")
        return value if isinstance(value, bool) else None
    if column.kind in NUMBER_KINDS or edm == "Edm.Int32":
        if isinstance(value, bool):
            return None
        if lenient and isinstance(value, str):
            return _number(value)
        return value if isinstance(value, (int, float)) else None
    if lenient:
        return str(value)
    return value if isinstance(value, str) else None


def _number(text: str) -> float | int | None:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return None


def _time(edm: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if edm == "Edm.Date":
        return day(value[:10])
    return moment(value) or (f"{value}T00:00:00Z" if day(value) else None)


def refuse_content(column: Column) -> None:
    """A query can ask whether there is a file, not what is in it."""
    if column.holds_file:
        raise errors.not_simulated(f"a condition on the content of {column.logical_name}")


def reader(name: str) -> Read:
    return lambda row: row.get(name)


def compare(read: Read, operator: str, value: Any) -> Predicate:
    """`operator` is eq, ne, gt, ge, lt or le; `value` is in stored form."""
    value = folded(value)
    if value is None:
        if operator == "eq":
            return lambda row: read(row) is None
        if operator == "ne":
            return lambda row: read(row) is not None
        return lambda row: False
    if operator == "eq":
        return lambda row: folded(read(row)) == value
    if operator == "ne":
        return lambda row: folded(read(row)) != value
    return _ordered(read, operator, value)


def _ordered(read: Read, operator: str, value: Any) -> Predicate:
    def known(test: Callable[[Any], bool]) -> Predicate:
        def predicate(row: Row) -> bool:
            found = folded(read(row))
            return found is not None and test(found)

        return predicate

    match operator:
        case "gt":
            return known(lambda found: bool(found > value))
        case "ge":
            return known(lambda found: bool(found >= value))
        case "lt":
            return known(lambda found: bool(found < value))
        case "le":
            return known(lambda found: bool(found <= value))
    raise errors.not_simulated(f"the operator {operator}")


def one_of(read: Read, values: Iterable[Any]) -> Predicate:
    wanted = {folded(value) for value in values}
    return lambda row: folded(read(row)) in wanted


def text_test(read: Read, function: str, value: str) -> Predicate:
    """contains, startswith, endswith."""
    wanted = value.casefold()
    tests: dict[str, Callable[[str], bool]] = {
        "contains": lambda found: wanted in found,
        "startswith": lambda found: found.startswith(wanted),
        "endswith": lambda found: found.endswith(wanted),
    }
    test = tests[function]

    def predicate(row: Row) -> bool:
        found = read(row)
        return found is not None and test(str(found).casefold())

    return predicate


def like(read: Read, pattern: str) -> Predicate:
    """SQL's LIKE: % and _ stand for anything and any letter."""
    parts = (".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern.casefold())
    expression = re.compile("".join(parts) + r"\Z", re.DOTALL)

    def predicate(row: Row) -> bool:
        found = read(row)
        return found is not None and expression.match(str(found).casefold()) is not None

    return predicate


def every(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    return lambda row: all(predicate(row) for predicate in predicates)


def some(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    return lambda row: any(predicate(row) for predicate in predicates)


def negated(predicate: Predicate) -> Predicate:
    return lambda row: not predicate(row)
