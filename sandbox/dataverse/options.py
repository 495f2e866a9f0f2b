"""The option actions: a choice's options before, and after InsertOptionValue and its siblings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import errors
from .column_bodies import labels_of, merged_labels
from .columns import Option
from .solutions import option_prefix

if TYPE_CHECKING:
    from .organisation import Organisation

Options = tuple[Option, ...]
Changed = tuple[Options, dict[str, Any] | None]


def _new_value(org: Organisation, options: Options, body: dict[str, Any]) -> int:
    used = {option.value for option in options}
    value = body.get("Value")
    if value is None:
        value = option_prefix(org, body.get("SolutionUniqueName")) * 10_000
        while value in used:
            value += 1
    if not isinstance(value, int) or value in used:
        raise errors.invalid(f"The option value {value} is not unique or not a whole number.", "0x80048403")
    return value


def _find(options: Options, value: Any) -> Option:
    for option in options:
        if option.value == value:
            return option
    raise errors.invalid(f"The option value {value} does not exist.", "0x80048403")


def inserted_option(org: Organisation, options: Options, body: dict[str, Any]) -> Changed:
    value = _new_value(org, options, body)
    return (*options, Option(value, labels_of(body.get("Label")))), {"NewOptionValue": value}


def inserted_status(org: Organisation, options: Options, body: dict[str, Any]) -> Changed:
    value = _new_value(org, options, body)
    state = body.get("StateCode")
    if state not in {option.state for option in options}:
        raise errors.invalid(f"The state {state} does not exist.", "0x80048403")
    return (*options, Option(value, labels_of(body.get("Label")), state=state)), {"NewOptionValue": value}


def updated_option(org: Organisation, options: Options, body: dict[str, Any]) -> Changed:
    old = _find(options, body.get("Value"))
    labels = merged_labels(old.labels, labels_of(body.get("Label")), merge=bool(body.get("MergeLabels")))
    return tuple(replace(o, labels=labels) if o is old else o for o in options), None


def deleted_option(org: Organisation, options: Options, body: dict[str, Any]) -> Changed:
    old = _find(options, body.get("Value"))
    return tuple(option for option in options if option is not old), None


def ordered_options(org: Organisation, options: Options, body: dict[str, Any]) -> Changed:
    values = body.get("Values") or []
    if sorted(values) != sorted(option.value for option in options):
        raise errors.invalid("Values must name every option once.", "0x80048403")
    return tuple(_find(options, value) for value in values), None
