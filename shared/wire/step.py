"""What a step is: a name, the type it is asked with and the type it answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Step(Generic[Q, R]):
    """One kind of work the hands can do. ``heeds`` says which wishes hold it back: pause and rollback, pause alone,
    or none (for the steps that serve those very wishes)."""

    name: str
    request: type[Q]
    reply: type[R]
    heeds: frozenset[str] = frozenset({"pause", "rollback"})
