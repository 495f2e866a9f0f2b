"""The dozen words every room speaks. Plain frozen values: no behaviour beyond what the word itself means."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from enum import StrEnum

NAMESPACE = uuid.UUID("6d0b4b57-0f8e-5d0c-9a57-2f4f3c6f8f10")
"""Root of every row id we make. Changing it would make every earlier migration unrecognisable."""


class Phase(StrEnum):
    """Where a run is. A run moves down this list, or into the last four;
    a proof asked for later takes it back to ``reconcile`` and then to where it was."""

    REGISTERED = "registered"
    DISCOVER = "discover"
    PROPOSE = "propose"
    MAPPING_REVIEW = "mapping-review"
    SCHEMA = "schema"
    OWNERS = "owners"
    EXTRACT = "extract"
    SAMPLE = "sample"
    SAMPLE_REVIEW = "sample-review"
    LOAD = "load"
    RECONCILE = "reconcile"
    DELTA = "delta"
    SIGN_OFF = "sign-off"
    FINISHED = "finished"
    ROLLBACK = "rollback"
    ROLLED_BACK = "rolled-back"
    REJECTED = "rejected"
    FAILED = "failed"


PROVE_AGAIN = "prove-again"
"""The answer to a story that waits when somebody asked for another proof, or for a repair before it."""


class Gate(StrEnum):
    """Where a person decides before the story goes on."""

    MAPPING = "mapping"
    SAMPLE = "sample"
    SIGN_OFF = "sign-off"


class Verdict(StrEnum):
    """What a person can say at a gate."""

    APPROVE = "approve"
    REJECT = "reject"
    AMEND = "amend"


@dataclass(frozen=True, slots=True)
class Address:
    """Where something staged lives. This travels; what it points to never does."""

    path: str
    sha256: str
    size: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records of one object went where. Every extracted record ends in exactly one of the last four."""

    extracted: int = 0
    created: int = 0
    updated: int = 0
    excluded: int = 0
    set_aside: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.extracted + other.extracted,
            self.created + other.created,
            self.updated + other.updated,
            self.excluded + other.excluded,
            self.set_aside + other.set_aside,
        )


ANOTHER_RULE = "moved-by-another-rule"
"""Why a rule leaves out a record that a sibling of it takes: such a record is none of this rule's."""

_ROOT = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def row_id(source_system: str, object_name: str, source_id: str) -> str:
    """The target row's id: the same for the same record on every attempt, in every run (UUIDv5).

    Spelled out by RFC 9562, section 5.5: ``uuid.uuid5`` takes three times as long, and every reference of every
    record comes through here.
    """
    name = f"{source_system}/{object_name}/{source_id}".encode()
    hashed = hashlib.sha1(_ROOT + name, usedforsecurity=False).hexdigest()
    return f"{hashed[:8]}-{hashed[8:12]}-5{hashed[13:16]}-{_VARIANT[hashed[16]]}{hashed[17:20]}-{hashed[20:32]}"
