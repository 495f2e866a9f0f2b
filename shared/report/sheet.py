"""A document as a sheet: CSV (RFC 4180, UTF-8 with a byte order mark) that no spreadsheet takes for a formula.

A cell that begins with one of ``= + - @``, their full-width twins, a tab or a line break may be run when the file is
opened (OWASP, "CSV injection"). Such a cell gets an apostrophe in front. Numbers are written as numbers.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.report.reasons import reason

BYTE_ORDER_MARK = "\ufeff"
Rows = Iterable[Sequence[Any]]


def sheet(name: str, body: Mapping[str, Any]) -> str | None:
    """The document of that name as CSV, or None for one that has no such form."""
    if name not in SHEETS:
        return None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in SHEETS[name](body):
        writer.writerow([harmless(value) for value in row])
    return BYTE_ORDER_MARK + text.getvalue()


def harmless(value: Any) -> Any:
    """A value that a spreadsheet shows and does not run."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    plain = unicodedata.normalize("NFKC", text).lstrip(" \u00a0\u200b\ufeff")
    return f"'{text}" if plain.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")) else text


def _verdict(body: Mapping[str, Any]) -> Rows:
    names = ("records", "rows", "fields", "equal", "after", "differs", "missing", "excluded", "set_aside")
    yield ("object", "table", *names, "digest")
    for name, found in body["objects"].items():
        yield (name, found["table"], *(found[one] for one in names), found["digest"])


def _exceptions(body: Mapping[str, Any]) -> Rows:
    yield "object", "record", "row", "column", "reason", "meaning", "what to do"
    for one in body["listed"]:
        told = reason(one["reason"])
        yield one["object"], one["record"], one["row"], one["column"], one["reason"], told.meaning, told.remedy


def _sample(body: Mapping[str, Any]) -> Rows:
    yield "object", "row", "field", "column", "source field", "rule", "outcome", "source", "expected", "target"
    for name, found in body["objects"].items():
        for row in found["rows"]:
            for line in row["fields"]:
                values = (line[side] for side in ("source", "expected", "target"))
                yield (
                    name,
                    row["row"],
                    line["label"],
                    line["column"],
                    line["from"],
                    line["rule"],
                    line["outcome"],
                    *values,
                )


SHEETS = {"verdict": _verdict, "exceptions": _exceptions, "sample-diff": _sample}
