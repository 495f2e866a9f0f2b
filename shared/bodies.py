"""What people ask of a run, judged, every complaint at once. Apart from its start, which is asked for once."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from shared.intake import Strict, body_as, in_the_inbox


class DecisionRequest(Strict):
    """The body of ``POST /api/migrations/{run}/decisions``."""

    gate: str = Field(max_length=40)
    decision: Literal["approve", "reject", "amend"]
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    by: str = Field(min_length=1, max_length=200)
    comment: str = Field(default="", max_length=2000)
    acknowledge: list[str] = Field(default_factory=list, max_length=20)
    changes: list[dict[str, Any]] = Field(default_factory=list, max_length=500)


class FieldChoice(Strict):
    """A field that both sides changed, as ``conflicts`` lists it, and whose value it is to have."""

    object: str = Field(min_length=1, max_length=60)
    source: str = Field(min_length=1, max_length=200)
    column: str = Field(min_length=1, max_length=100)
    take: Literal["source", "target"]


class GoneRecord(Strict):
    """A record that is gone from the source, as ``source-changes`` lists it."""

    object: str = Field(min_length=1, max_length=60)
    source: str = Field(min_length=1, max_length=200)


class RepairRequest(Strict):
    """The body of ``POST /api/migrations/{run}/repair``. ``how``: ``rewrite`` writes wrong rows again and leaves alone
    what people changed since; ``overwrite`` writes over that too; ``set-aside`` leaves all of them as they are;
    ``resolve`` decides about ``fields`` of the document ``conflicts`` with that ``digest`` (N12); ``reload`` writes
    once more what was put back alone; ``remove`` takes out the rows of ``records``, or of whole ``objects``, that
    ``source-changes`` with that ``digest`` says are gone."""

    how: Literal["rewrite", "overwrite", "set-aside", "resolve", "reload", "remove"] = "rewrite"
    by: str = Field(min_length=1, max_length=200)
    digest: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    fields: list[FieldChoice] = Field(default_factory=list, max_length=100)
    objects: list[str] = Field(default_factory=list, max_length=50)
    records: list[GoneRecord] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if (self.how == "resolve") != bool(self.fields and self.digest):
            raise ValueError('"resolve" goes with fields and the digest of conflicts, anything else without them')
        if (self.how == "remove") != bool((self.objects or self.records) and self.digest):
            text = '"remove" goes with objects or records and the digest of source-changes, anything else without them'
            raise ValueError(text)
        return self


class PickupRequest(Strict):
    """The body of ``POST /api/migrations/{run}/pickup``: for a run out of an export, the name of a newer one."""

    bundle: str = Field(default="", max_length=500)

    @field_validator("bundle")
    @classmethod
    def _inside_the_inbox(cls, blob: str) -> str:
        return in_the_inbox(blob)


class Release(Strict):
    """Rows that the way back may undo although somebody edited them since: each by its id, or all of a table."""

    rows: list[str] = Field(default_factory=list, max_length=10_000)
    tables: list[str] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.rows and not self.tables:
            raise ValueError("name the rows to release by their ids, or the tables")
        return self


class Part(Strict):
    """What of a run is to be put back alone: the rows that the sample wrote, those of one object, or of one wave."""

    generation: Literal["sample"] | None = None
    object: str | None = Field(default=None, min_length=1, max_length=60)
    wave: int | None = Field(default=None, ge=0, le=100)

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if [self.generation, self.object, self.wave].count(None) != 2:
            raise ValueError("name one of these: generation, object, wave")
        return self


class RollbackRequest(Strict):
    """The body of ``POST /api/migrations/{run}/rollback``; an empty one releases nothing, and puts all of it back.

    ``with_dependents``: whether the objects whose rows point at those of a ``part`` go along. Without a word, a part
    that has any is refused."""

    part: Part | None = None
    with_dependents: bool | None = None
    release: Release | None = None
    digest: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    by: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _is_signed(self) -> Self:
        if self.release and not (self.digest and self.by):
            raise ValueError("a release needs the digest of rollback-held and by: who decides")
        if self.with_dependents is not None and self.part is None:
            raise ValueError("with_dependents goes with a part")
        return self


class PurgeRequest(Strict):
    """The body of ``POST /api/migrations/{run}/purge``: the run's id once more, since nothing brings back what goes."""

    run: str = Field(max_length=40)
    by: str = Field(min_length=1, max_length=200)


def rollback(body: bytes) -> RollbackRequest:
    """What somebody wants put back. Raises Doubtful with every complaint."""
    parsed: RollbackRequest = body_as(RollbackRequest, body)
    return parsed


def purge(body: bytes) -> PurgeRequest:
    """Who wants a run's health data gone. Raises Doubtful with every complaint."""
    parsed: PurgeRequest = body_as(PurgeRequest, body)
    return parsed


def repair(body: bytes) -> RepairRequest:
    """What somebody wants done about a verdict. Raises Doubtful with every complaint."""
    parsed: RepairRequest = body_as(RepairRequest, body)
    return parsed


def pickup(body: bytes) -> PickupRequest:
    """What a pickup is to read. Raises Doubtful with every complaint."""
    parsed: PickupRequest = body_as(PickupRequest, body)
    return parsed


def decision(body: bytes) -> DecisionRequest:
    """A decision out of a request body. Raises Doubtful with every complaint."""
    parsed: DecisionRequest = body_as(DecisionRequest, body)
    return parsed
