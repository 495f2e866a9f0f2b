"""Where a file goes, decided from its size and type and from what the organisation allows (N20, A14, A15).

Dataverse measures a note's file by its Base64 text, against a setting of the organisation: 5 MiB unless an admin raised
it, 128 MB at most. What a note cannot hold goes where the practice said; a file is never dropped, at worst set aside
by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from shared.dataverse.results import AttachmentRules

MEGABYTE = 1_000_000
DEFAULT_MEGABYTES = 25
"""Beyond it a file does not become a note even where the organisation would allow it (the brief's figure, A14)."""


class Route(StrEnum):
    """The four ways of a file."""

    NOTE = "note"
    FILE_COLUMN = "file-column"
    SHAREPOINT = "sharepoint"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class FilesPolicy:
    """What decides, fixed once for a run so that loader, proof and rollback agree."""

    most_base64_bytes: int = 5_242_880
    most_bytes: int = DEFAULT_MEGABYTES * MEGABYTE
    blocked_extensions: tuple[str, ...] = ()
    blocked_types: tuple[str, ...] = ()
    allowed_types: tuple[str, ...] = ()
    oversize: Route = Route.QUARANTINE
    site_url: str = ""
    library: str = ""

    @classmethod
    def of(cls, rules: AttachmentRules, files: Mapping[str, Any]) -> Self:
        """The policy of a run: the organisation's live rules, and what the start request says about files."""
        sharepoint = files.get("sharepoint") or {}
        return cls(
            rules.most_base64_bytes,
            int(files.get("most_megabytes", DEFAULT_MEGABYTES)) * MEGABYTE,
            tuple(sorted(rules.blocked_extensions)),
            tuple(sorted(rules.blocked_types)),
            tuple(sorted(rules.allowed_types)),
            Route(files.get("oversize", Route.QUARANTINE)),
            str(sharepoint.get("site_url", "")),
            str(sharepoint.get("library", "")),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for the run's document."""
        return {**asdict(self), "oversize": self.oversize.value}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_json`` wrote."""
        lists = {name: tuple(plain[name]) for name in ("blocked_extensions", "blocked_types", "allowed_types")}
        return cls(**{**plain, **lists, "oversize": Route(plain["oversize"])})


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a file goes; ``reason`` says why it is none of the ordinary ways."""

    route: Route
    reason: str = ""


def base64_length(size: int) -> int:
    """How many characters that many bytes take as Base64."""
    return 4 * -(-size // 3)


def extension(name: str) -> str:
    """The part of a file name after its last dot, in lower case; empty when there is none."""
    stem, dot, last = name.rpartition(".")
    return last.strip().lower() if dot and stem else ""


def size_of(record: Mapping[str, Any]) -> int | None:
    """The size in bytes that the source states, or None."""
    size = str(record.get("size") if record.get("size") is not None else "")
    return int(size) if size.isdigit() else None


def route(record: Mapping[str, Any], policy: FilesPolicy) -> Routed:
    """Where the file of an attachment goes."""
    size = size_of(record)
    if size is None:
        return Routed(Route.QUARANTINE, "file-size-unknown")
    if size == 0:
        return Routed(Route.QUARANTINE, "file-empty")
    if _blocked(record, policy):
        # SharePoint has rules of its own; a file column knows the same list as a note.
        elsewhere = policy.oversize is Route.SHAREPOINT
        return _out_of_a_note(Route.SHAREPOINT if elsewhere else Route.QUARANTINE, "file-type-blocked", policy)
    if size > policy.most_bytes or base64_length(size) > policy.most_base64_bytes:
        return _out_of_a_note(policy.oversize, "file-too-large", policy)
    return Routed(Route.NOTE)


def _out_of_a_note(way: Route, reason: str, policy: FilesPolicy) -> Routed:
    """Where a file goes that no note takes. Without a library to put it into it is set aside, never dropped (A15)."""
    if way is Route.SHAREPOINT and not (policy.site_url and policy.library):
        return Routed(Route.QUARANTINE, reason)
    return Routed(way, reason)


def file_name(record: Mapping[str, Any]) -> str:
    """The name a file has in Dataverse: at most 255 characters."""
    return str(record.get("name") or "file")[:255]


def content_type(record: Mapping[str, Any]) -> str:
    """The type a file has in Dataverse: at most 256 characters."""
    return str(record.get("content_type") or "application/octet-stream")[:256]


def declared_sha256(record: Mapping[str, Any]) -> str:
    """The digest that the source states, in lower case; empty where it states none."""
    return str(record.get("sha256") or "").strip().lower()


def mark(record: Mapping[str, Any], way: Route) -> str:
    """Changes when the file, what it is called or where it goes changes. A source that states no digest is taken by
    the time of its last change. Nothing can be read out of a mark."""
    version = declared_sha256(record) or str(record.get("updated_at") or "")
    parts = (way.value, str(record.get("file_id")), file_name(record), content_type(record), str(size_of(record)))
    return hashlib.sha256("\n".join((*parts, version)).encode()).hexdigest()[:32]


def _blocked(record: Mapping[str, Any], policy: FilesPolicy) -> bool:
    kind = str(record.get("content_type") or "").partition(";")[0].strip().lower()
    if extension(str(record.get("name") or "")) in policy.blocked_extensions:
        return True
    return kind not in policy.allowed_types if policy.allowed_types else kind in policy.blocked_types
