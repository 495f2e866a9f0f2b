"""What the worker found in the app: functions and their bindings, as plain values the rest of the host can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TRIGGERS = ("httpTrigger", "timerTrigger", "orchestrationTrigger", "activityTrigger", "entityTrigger")
OTHER_BINDINGS = ("http", "durableClient")


class AppRefused(Exception):
    """The app cannot be loaded here: what is wrong, in words for the person who wrote it."""


@dataclass(frozen=True)
class Binding:
    """One entry of a function's bindings; `details` holds what its kind adds (route, schedule, authLevel ...)."""

    name: str
    kind: str
    direction: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Function:
    """One function of the app; `key` is whatever the worker wants back to find it again."""

    name: str
    bindings: tuple[Binding, ...]
    key: str

    @property
    def trigger(self) -> Binding:
        return next(binding for binding in self.bindings if binding.kind.endswith("Trigger"))

    @property
    def durable_name(self) -> str:
        """The name orchestrators call it by: the decorator's own, or else the function's."""
        details = self.trigger.details
        return str(
            details.get("orchestration")
            or details.get("activity")
            or details.get("entityName")
            or details.get("entity_name")
            or self.name
        )

    @property
    def client_bindings(self) -> tuple[str, ...]:
        return tuple(binding.name for binding in self.bindings if binding.kind == "durableClient")


def function_of(name: str, key: str, raw_bindings: Iterable[Mapping[str, Any]]) -> Function:
    """A Function from the worker's raw binding dictionaries; AppRefused for a kind this host does not have."""
    bindings = tuple(
        Binding(str(raw["name"]), str(raw["type"]), str(raw["direction"]).lower(), raw) for raw in raw_bindings
    )
    for binding in bindings:
        if binding.kind not in TRIGGERS + OTHER_BINDINGS:
            raise AppRefused(f"function '{name}': binding '{binding.kind}' is not supported by this host")
    if sum(binding.kind.endswith("Trigger") for binding in bindings) != 1:
        raise AppRefused(f"function '{name}': exactly one trigger is needed")
    return Function(name, bindings, key)


class Catalogue:
    """The app's functions by kind; durable names are found whatever their case, as the extension does."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self.all = tuple(functions)
        self.by_name = {function.name.lower(): function for function in self.all}
        self._durable = {
            kind: {function.durable_name.lower(): function for function in self.of(kind)}
            for kind in ("orchestrationTrigger", "activityTrigger", "entityTrigger")
        }

    def of(self, kind: str) -> tuple[Function, ...]:
        return tuple(function for function in self.all if function.trigger.kind == kind)

    def orchestrator(self, name: str) -> Function | None:
        return self._durable["orchestrationTrigger"].get(name.lower())

    def activity(self, name: str) -> Function | None:
        return self._durable["activityTrigger"].get(name.lower())

    def entity(self, name: str) -> Function | None:
        return self._durable["entityTrigger"].get(name.lower())

    def unknown(self, kind: str, name: str) -> str:
        """The extension's sentence for a name that is not there, with the list of those that are."""
        word = {
            "orchestrationTrigger": "orchestrator",
            "activityTrigger": "activity",
            "entityTrigger": "entity",
        }[kind]
        article = "a" if word.startswith("b") else "an"
        known = ", ".join(f"'{function.durable_name}'" for function in self.of(kind)) or "(none)"
        return (
            f"The function '{name}' doesn't exist, is disabled, or is not {article} {word} function. "
            f"Additional info: The following are the known {word} functions: {known}."
        )
