"""What Graph tells of libraries and files, as the rest of the app sees it. Pure: answers in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from shared.errors import Stop


@dataclass(frozen=True, slots=True)
class Drive:
    """A document library."""

    id: str
    name: str = ""
    web_url: str = ""

    @property
    def relative_url(self) -> str:
        """Its part of the site's address, which Dataverse wants: ``Shared Documents`` for the library Documents."""
        return unquote(urlsplit(self.web_url).path.rstrip("/").rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Found:
    """A file or folder that is there. ``quick_xor_hash`` is Base64, None where Graph does not give it."""

    item_id: str
    name: str
    web_url: str
    size: int
    is_folder: bool
    quick_xor_hash: str | None = None
    children: int = 0


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that is there, its bytes verified. ``name`` differs from the wanted one where an abandoned upload
    still held that."""

    item_id: str
    web_url: str
    size: int
    quick_xor_hash: str
    name: str


def drive(answer: Mapping[str, Any]) -> Drive:
    """A drive out of Graph's document; Stop when it is none."""
    return Drive(_text(answer, "id"), _text(answer, "name"), str(answer.get("webUrl", "")))


def found(answer: Mapping[str, Any]) -> Found:
    """A driveItem out of Graph's document; Stop when it is none."""
    size, file = answer.get("size"), answer.get("file")
    hashes = file.get("hashes") if isinstance(file, Mapping) else None
    quick_xor_hash = hashes.get("quickXorHash") if isinstance(hashes, Mapping) else None
    return Found(
        item_id=_text(answer, "id"),
        name=_text(answer, "name"),
        web_url=str(answer.get("webUrl", "")),
        size=size if isinstance(size, int) else 0,
        is_folder="folder" in answer,
        quick_xor_hash=quick_xor_hash if isinstance(quick_xor_hash, str) and quick_xor_hash else None,
        children=_children(answer.get("folder")),
    )


def _children(folder: Any) -> int:
    count = folder.get("childCount") if isinstance(folder, Mapping) else None
    return count if isinstance(count, int) else 0


def next_expected(answer: Mapping[str, Any]) -> int | None:
    """The first byte an upload session still wants; None when it has all."""
    ranges = answer.get("nextExpectedRanges")
    if not isinstance(ranges, list):
        raise unreadable("an upload session without nextExpectedRanges")
    starts = [str(entry).partition("-")[0] for entry in ranges]
    if not all(start.isascii() and start.isdigit() for start in starts):
        raise unreadable("an upload session with odd nextExpectedRanges")
    return min((int(start) for start in starts), default=None)


def unreadable(what: str) -> Stop:
    """The refusal of an answer that Graph does not give."""
    return Stop("sharepoint-answer-unreadable", f"Microsoft Graph answered something unexpected: {what}.")


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise unreadable(f"something without {name}")
    return value
