"""What the verbs answer with: small frozen values, apart so that the mind can read them without opening a door."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row. ``reason`` is a stable slug when it did not go, ``column`` the column at fault.

    ``already`` says that the row was there before this request (or by an earlier try of it). ``status`` is the HTTP
    status of the last answer about it, 0 when it was settled by reading back.
    """

    id: str
    ok: bool
    reason: str | None = None
    column: str | None = None
    status: int = 0
    already: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are at the target."""

    user_id: str
    business_unit_id: str
    organization_id: str


@dataclass(frozen=True, slots=True)
class User:
    """A user of the target. ``licensed`` and ``has_role`` are None where the environment does not say."""

    id: str
    name: str
    email: str
    disabled: bool
    licensed: bool | None = None
    has_role: bool | None = None
    application: bool = False
    entra_object_id: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """How an opportunity ends. ``actual_end`` is a date; ``status`` a status reason of the state it ends in."""

    id: str
    won: bool
    status: int
    actual_end: str | None = None
    actual_revenue: float | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentRules:
    """What the organisation lets into notes. ``most_base64_bytes`` is measured on the Base64 text (default 5 MiB).

    Extensions are in lower case without a dot. Where ``allowed_types`` has any, no other type goes.
    """

    most_base64_bytes: int
    blocked_extensions: frozenset[str] = frozenset()
    blocked_types: frozenset[str] = frozenset()
    allowed_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bulk:
    """Which of the *Multiple messages a table has."""

    create: bool
    update: bool

    @property
    def upsert(self) -> bool:
        """UpsertMultiple has no registration of its own: it needs the other two."""
        return self.create and self.update
