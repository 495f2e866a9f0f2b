"""Dataclass to plain JSON and back: the only form in which anything enters Durable's history."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def encode(value: Any) -> dict[str, Any]:
    """A dataclass as plain dicts, lists, strings, numbers and None."""
    return dataclasses.asdict(value)


def decode(kind: type[T], payload: Any) -> T:
    """``payload`` as a ``kind``. Unknown keys are ignored, so a newer version's extra fields do no harm."""
    adapter: TypeAdapter[T] = _adapter(kind)  # type: ignore[arg-type]  # every class is hashable
    return adapter.validate_python(payload if payload is not None else {})
