"""Objects as practice software prints them: a title above the table, readable headings, local dates, a total below.

What the reader cannot know is what a real sheet does not say either: whether 3/4/2024 is in April or in March.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.corepractice import money
from sandbox.corepractice.shapes import Record

CUSTOM = "custom_fields."
TITLE_ROWS = 3
NAME = ("last_name", "first_name")  # one column, "Last, First"
MONEY = frozenset(
    {"fee", "estimated_total", "estimated_fee", "total", "gst", "paid", "balance", "unit_amount", "amount"}
)
_LABELS = {
    **{"id": "ID", "gst": "GST", "sha256": "SHA-256", "dva_number": "DVA number", "email": "E-mail"},
    **{"starts_at": "Starts", "suburb": "Suburb/Town", "postcode": "Post code", "chair": "Surgery/Chair"},
}
_NAMED = {"patients": "Patient", "staff": "Staff member"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Report:
    """How one object is printed. `fields` says per heading which field it shows, or which two share it."""

    name: str
    fields: Mapping[str, str | tuple[str, ...]]
    zone: ZoneInfo
    brackets: bool  # negative money as ($20.00), else as -$20.00
    month_first: Collection[str]  # fields whose dates are M/D/YYYY; all others are D/M/YYYY

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(self.fields)

    def manifest(self) -> dict[str, Any]:
        """What the manifest says of this object beyond a plain one."""
        fields = {heading: field if isinstance(field, str) else list(field) for heading, field in self.fields.items()}
        return {"layout": "report", "title_rows": TITLE_ROWS, "columns": list(self.fields), "fields": fields}

    def rows(self, records: Iterable[Record], *, practice: str, printed: date) -> Iterator[list[Any]]:
        """Title, subtitle, blank, headings, records, blank, total."""
        yield [f"{title_of(self.name)} list"]
        yield [f"{practice} - printed {printed:%d/%m/%Y}"]
        yield []
        yield list(self.headings)
        count = 0
        for record in records:
            count += 1
            yield [self._cell(record, field) for field in self.fields.values()]
        yield []
        yield ["Total", count]

    def _cell(self, record: Record, field: str | tuple[str, ...]) -> Any:
        if not isinstance(field, str):
            last, first = (record[part] for part in field)
            return f"{last or ''}, {first or ''}" if last or first else None
        if field.startswith(CUSTOM):
            value = (record.get("custom_fields") or {}).get(field.removeprefix(CUSTOM))
        else:
            value = record[field]
        return self._printed(field, value)

    def _printed(self, field: str, value: Any) -> Any:
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if not isinstance(value, str):
            return value
        if field in MONEY:
            return printed_money(value, brackets=self.brackets)
        if field.endswith(("_on", "_date", "date_of_birth", "valid_from", "valid_to")) and _DATE.fullmatch(value):
            return self._day(field, date.fromisoformat(value))
        return self._instant(field, value) if field.endswith(("_at", "_instant")) else value

    def _day(self, field: str, day: date) -> str:
        parts = (day.month, day.day) if field in self.month_first else (day.day, day.month)
        return f"{parts[0]}/{parts[1]}/{day.year}"

    def _instant(self, field: str, text: str) -> str:
        """In the practice's zone; the hour that happens twice says which of the two it is."""
        moment = datetime.fromisoformat(text).astimezone(self.zone)
        suffix = f" {moment.tzname()}" if _happens_twice(moment) else ""
        half = "am" if moment.hour < 12 else "pm"
        return f"{self._day(field, moment.date())} {(moment.hour + 11) % 12 + 1}:{moment:%M} {half}{suffix}"


def _happens_twice(moment: datetime) -> bool:
    first, second = (moment.replace(fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def printed_money(text: str, *, brackets: bool) -> str:
    cents = money.cents(text)
    amount = f"${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    if cents >= 0:
        return amount
    return f"({amount})" if brackets else f"-{amount}"


def title_of(object_name: str) -> str:
    """The object in the singular: "Insurance policy"."""
    words = object_name.replace("_", " ")
    words = f"{words[:-3]}y" if words.endswith("ies") else words.removesuffix("s")
    return words.capitalize()


def report_of(
    name: str, columns: Iterable[str], zone: ZoneInfo, *, brackets: bool, month_first: Collection[str]
) -> Report:
    """`columns` are those of the plain layout; last and first name become one."""
    fields: dict[str, str | tuple[str, ...]] = {}
    plain = tuple(columns)
    joined = set(NAME) <= set(plain)
    for column in plain:
        if joined and column == NAME[0]:
            continue
        if joined and column == NAME[1]:
            fields[_NAMED.get(name, "Name")] = NAME
            continue
        heading = _heading(column)
        fields[f"{heading} (custom)" if heading in fields else heading] = column
    return Report(name, fields, zone, brackets, frozenset(month_first))


def _heading(column: str) -> str:
    field = column.removeprefix(CUSTOM)
    if field in _LABELS:
        return _LABELS[field]
    if field.endswith("_id"):
        return f"{field.removesuffix('_id').replace('_', ' ').capitalize()} ID"
    return field.replace("_", " ").capitalize()
