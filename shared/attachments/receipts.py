"""The receipt of a file: written before its first byte goes out, and again when it has arrived."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReceiptState(StrEnum):
    """Intended: bytes may be on their way. Done: they are there. Refused: they cannot go, and why is known."""

    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Receipt:
    """``attachment`` is the source's id, ``row`` the target row the file belongs to. ``sha256`` is of the bytes that
    were read. ``version`` is the row version that the upload left, which the journal cannot know. ``item`` and
    ``drive`` are SharePoint's; ``contact`` names the folder there."""

    attachment: str
    object: str
    route: str
    row: str
    state: ReceiptState
    size: int = 0
    sha256: str = ""
    version: str = ""
    contact: str = ""
    drive: str = ""
    item: str = ""
    folder: str = ""
    reason: str = ""
