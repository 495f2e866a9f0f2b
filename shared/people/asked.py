"""Who is to be found or erased, as somebody asks for it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.intake import Strict, body_as


class EraseRequest(Strict):
    """The body of ``POST /api/migrations/{run}/erase``: a patient by the source's id, given a second time as
    ``confirm`` since nothing brings back what goes."""

    object: Literal["patients"] = "patients"
    id: str = Field(min_length=1, max_length=200)
    by: str = Field(min_length=1, max_length=200)
    confirm: str = Field(default="", max_length=200)


def erase(body: bytes) -> EraseRequest:
    """Whom somebody wants found or erased. Raises Doubtful with every complaint."""
    found: EraseRequest = body_as(EraseRequest, body)
    return found
