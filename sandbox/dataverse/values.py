"""One JSON value into one stored value: a small function per column, made once and called for every row.

Stored forms: guids lower case, moments as UTC text to the second, dates as text, numbers as numbers. Text sorts and
compares as the value does, so queries need no second parsing. The texts and codes are those Dataverse answers with.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from . import errors
from .columns import Column, Kind

Convert = Callable[[Any], Any]

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
EARLIEST = "1753-01-01"
WIDEST_TEXT = 1_073_741_823


def literal_error(table: str, edm: str, value: object, set_name: str = "") -> errors.DataverseError:
    shown = str(value)[:100]
    reason = f"Microsoft.OData.ODataException: Cannot convert the literal '{shown}' to the expected type '{edm}'."
    return errors.bad_payload(set_name or table, reason)


def guid(value: Any) -> str | None:
    """The canonical guid, or None when it is not one."""
    if not isinstance(value, str):
        return None
    text = value.strip("{}").lower()
    return text if GUID.match(text) else None


def moment(text: str) -> str | None:
    """UTC to the second, from ISO-8601 with Z or an offset; None when it is not that. Sub-seconds are cut off."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        return None
    if len(text) == 20 and text[-1] == "Z" and text[10] == "T" and text[7] == "-":
        return text
    try:
        return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)
    except OverflowError:
        return None


def day(text: str) -> str | None:
    try:
        return text if len(text) == 10 and date.fromisoformat(text) else None
    except ValueError:
        return None


def converter(table: str, column: Column) -> Convert:
    """The function for one column. It never sees None; it raises DataverseError for what does not fit."""
    makers: dict[Kind, Callable[[str, Column], Convert]] = {
        Kind.STRING: _text,
        Kind.MEMO: _text,
        Kind.ENTITY_NAME: _text,
        Kind.INTEGER: _whole,
        Kind.BIGINT: _whole,
        Kind.DECIMAL: _fraction,
        Kind.DOUBLE: _fraction,
        Kind.MONEY: _fraction,
        Kind.BOOLEAN: _truth,
        Kind.PICKLIST: _option,
        Kind.STATE: _option,
        Kind.STATUS: _option,
        Kind.MULTI: _options,
        Kind.GUID: _guid,
        Kind.IMAGE: _image,
    }
    if column.kind is Kind.DATETIME:
        return _day(table, column) if column.date_only else _moment(table, column)
    return makers[column.kind](table, column)


def _text(table: str, column: Column) -> Convert:
    limit = column.max_length or WIDEST_TEXT
    name = column.logical_name

    def convert(value: Any) -> Any:
        if value.__class__ is not str:
            raise literal_error(table, "Edm.String", value)
        if (len(value) > limit or not value.isascii()) and _utf16_length(value) > limit:
            raise errors.too_long(table, name, limit)
        # An empty string is stored as null.
        return value or None

    return convert


def _utf16_length(text: str) -> int:
    """SQL Server counts UTF-16 units: an emoji is two."""
    return len(text) + sum(1 for letter in text if letter > "\uffff")


def _whole(table: str, column: Column) -> Convert:
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    edm = "Edm.Int64" if column.kind is Kind.BIGINT else "Edm.Int32"

    def convert(value: Any) -> Any:
        if value.__class__ is not int:
            raise literal_error(table, edm, value)
        if not low <= value <= high:
            raise errors.out_of_range(table, column.logical_name, column.kind, value)
        return value

    return convert


def _fraction(table: str, column: Column) -> Convert:
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    precision = 2 if column.precision is None else column.precision
    edm = "Edm.Double" if column.kind is Kind.DOUBLE else "Edm.Decimal"

    def convert(value: Any) -> Any:
        if value.__class__ is not float and value.__class__ is not int:
            raise literal_error(table, edm, value)
        if not low <= value <= high:
            raise errors.out_of_range(table, column.logical_name, column.kind, value)
        return round(value, precision)

    return convert


def _truth(table: str, column: Column) -> Convert:
    def convert(value: Any) -> Any:
        if value is True or value is False:
            return value
        raise literal_error(table, "Edm.Boolean", value)

    return convert


def _option(table: str, column: Column) -> Convert:
    accepted = frozenset(option.value for option in column.options)

    def convert(value: Any) -> Any:
        if value.__class__ is not int:
            raise literal_error(table, "Edm.Int32", value)
        if value not in accepted:
            raise errors.not_an_option(table, column.logical_name, value, sorted(accepted))
        return value

    return convert


def _options(table: str, column: Column) -> Convert:
    accepted = frozenset(option.value for option in column.options)

    def convert(value: Any) -> Any:
        if value.__class__ is not str:
            raise literal_error(table, "Edm.String", value)
        chosen = []
        for part in filter(None, (part.strip() for part in value.split(","))):
            if not part.lstrip("-").isdigit():
                raise literal_error(table, "Edm.Int32", part)
            if int(part) not in accepted:
                raise errors.not_an_option(table, column.logical_name, part, sorted(accepted))
            chosen.append(int(part))
        return ",".join(map(str, sorted(set(chosen)))) or None

    return convert


def _moment(table: str, column: Column) -> Convert:
    def convert(value: Any) -> Any:
        found = moment(value) if value.__class__ is str else None
        if found is None:
            raise literal_error(table, "Edm.DateTimeOffset", value)
        return _not_too_early(found)

    return convert


def _day(table: str, column: Column) -> Convert:
    def convert(value: Any) -> Any:
        found = day(value) if value.__class__ is str else None
        if found is None:
            raise literal_error(table, "Edm.Date", value)
        return _not_too_early(found)

    return convert


def _not_too_early(text: str) -> str:
    if text < EARLIEST:
        raise errors.invalid(
            f"DateTime is less than minumum value supported by CrmDateTime. Actual value: {text},"
            " Minimum value supported: 01/01/1753 00:00:00",
            "0x80040239",
        )
    return text


def _guid(table: str, column: Column) -> Convert:
    def convert(value: Any) -> Any:
        found = guid(value)
        if found is None:
            raise literal_error(table, "Edm.Guid", value)
        return found

    return convert


def _image(table: str, column: Column) -> Convert:
    limit = (column.max_size_kb or 10240) * 1024

    def convert(value: Any) -> Any:
        try:
            size = len(base64.b64decode(value, validate=True))
        except (TypeError, ValueError, binascii.Error):
            raise literal_error(table, "Edm.Binary", value) from None
        if size > limit:
            raise errors.invalid(f"Image attribute {column.logical_name} exceeds {limit} bytes.", "0x80090008")
        return value

    return convert
