"""An object's rule as straight-line Python, written out once per run: the hot path of every record, both ways.

A loop over fifty getters costs more in calls than in work. What most values of most columns need (nothing is there, a
text that fits, a choice that is known) stands in the line itself; everything else calls the very getter that the rule
was compiled to. So there is one meaning and two speeds, and a test holds them against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.mapping.composed.circumstances import Getter
from shared.mapping.rows import Column
from shared.mapping.transforms import Transform, Value

Values = Callable[[Mapping[str, Any]], dict[str, Value]]
Wire = Callable[[str, int, Mapping[str, Value]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Plain:
    """A column that is one field of the record put through one transform. ``fits`` is a Python expression over ``v``,
    the field's value, that is true where the value may stay as it is; ``among`` are values that are looked up;
    ``of_text`` is the same transform for texts alone, which remembers them."""

    source: str
    transform: Transform
    fits: str = ""
    among: Mapping[str, int] | None = None
    of_text: Transform | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A column that says where a reference leads. ``leads`` takes its text; ``default`` stands where there is none."""

    source: str
    leads: Callable[[str], Value]
    default: Value = None


@dataclass(frozen=True, slots=True)
class Marked:
    """A column that is the record's own id behind a text that is the same in every row."""

    mark: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """A column that is the same in every row."""

    value: Value


def text_that_fits(most: int | None) -> str:
    """Short enough in any encoding, and not empty, which is for the transform to make nothing of."""
    return "v.__class__ is str and v" if most is None else f"v.__class__ is str and 0 < len(v) <= {most // 2}"


WHOLE = "v.__class__ is int and -2147483648 <= v <= 2147483647"
TRUTH = "v is True or v is False"


How = Getter | Plain | Fixed | Link | Marked
"""How a column comes by its value."""


def values_of(columns: Iterable[tuple[str, How]]) -> Values:
    """A function of a record: the values of all columns, in their order. Raises Unfit for the first that does not
    go."""
    known: dict[str, Any] = {}
    lines = ["def values(record):", "    get = record.get", "    return {"]
    for number, (name, how) in enumerate(columns):
        lines.append(f"        {name!r}: {_expression(how, f'_{number}', known)},")
    lines.append("    }")
    return _made(lines, known, "values")  # type: ignore[no-any-return]


def _expression(how: How, mark: str, known: dict[str, Any]) -> str:
    if isinstance(how, Fixed):
        known[mark] = how.value
        return mark
    if isinstance(how, Marked):
        return f"{how.mark!r} + str(record['id'])"
    if isinstance(how, Link):
        known[mark], known[f"{mark}d"] = how.leads, how.default
        leads = f"{mark}(v if v.__class__ is str else str(v))"
        return f"{mark}d if (v := get({how.source!r})) is None or v == '' else {leads}"
    if isinstance(how, Plain):
        return _plain(how, mark, known)
    known[mark] = how
    return f"{mark}(record)"


def _plain(how: Plain, mark: str, known: dict[str, Any]) -> str:
    known[mark] = how.transform
    fallback = f"None if v is None else {mark}(v)"
    if how.among is not None:
        known[f"{mark}c"] = {said: value for said, value in how.among.items() if said}
        return f"{mark}c[v] if (v := get({how.source!r})).__class__ is str and v in {mark}c else ({fallback})"
    if how.of_text:
        known[f"{mark}t"] = how.of_text
        return f"{mark}t(v) if (v := get({how.source!r})).__class__ is str else ({fallback})"
    if not how.fits:
        return f"None if (v := get({how.source!r})) is None else {mark}(v)"
    return f"None if (v := get({how.source!r})) is None else (v if {how.fits} else {mark}(v))"


def wire_of(primary_id: str, number: str, columns: Iterable[tuple[Column, Callable[[Value], Any] | None]]) -> Wire:
    """A function of id, number and values: the row as a create sends it, without what is not there. A column comes
    with a function where its parts are nested in the row."""
    known: dict[str, Any] = {}
    lines = ["def wire(id_, number, values):", f"    row = {{{primary_id!r}: id_, {number!r}: number}}"]
    for index, (column, nested) in enumerate(columns):
        lines.append(f"    if (v := values[{column.name!r}]) is not None:")
        if nested is not None:
            known[f"_{index}"] = nested
            lines.append(f"        row.update(_{index}(v))")
        elif column.bind:
            start = "/" + column.bind_set + "("
            lines.append(f"        row[{column.bind!r}] = {start!r} + v + ')'")
        else:
            name = f"overridden{column.name}" if column.create_only else column.name
            lines.append(f"        row[{name!r}] = v")
    lines.append("    return row")
    return _made(lines, known, "wire")  # type: ignore[no-any-return]


def _made(lines: list[str], known: dict[str, Any], name: str) -> Any:
    # Every name in the lines is a number of ours or a repr: no text of a practice or a person becomes code.
    exec(compile("\n".join(lines), f"<{name} of an object>", "exec"), known)
    return known[name]
