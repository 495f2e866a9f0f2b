"""The receipt of a file: written before its first byte goes out, and again when it has arrived.

Nothing of a patient is in one: ids, sizes and digests. Whoever comes after a crash, or on the way back, learns from it
what may be lying about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.journal.entries import MERGED, Entry


class ReceiptState(StrEnum):
    """Intended: bytes may be on their way. Done: they are there. Refused: they cannot go, and why is known."""

    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Receipt:
    """``attachment`` is the source's id, ``row`` the target row the file belongs to, ``mark`` what the source said of
    the file (``router.mark``). ``size`` and ``sha256`` are of the bytes that were read.

    ``version`` is the row version that the upload left, which the journal cannot know; empty where ``edited``: somebody
    else had changed the row before. ``item`` is SharePoint's, ``old_item`` the one it takes the place of, each with its
    QuickXorHash; ``contact`` names the folder there, and ``made_folder`` says that this run makes it. ``session`` is
    where an upload goes on; a secret while it lasts, and gone with the upload.
    """

    attachment: str
    object: str
    route: str
    row: str
    state: ReceiptState
    mark: str = ""
    size: int = 0
    sha256: str = ""
    version: str = ""
    edited: bool = False
    contact: str = ""
    made_folder: bool = False
    item: str = ""
    quick_xor: str = ""
    old_item: str = ""
    old_quick_xor: str = ""
    session: str = ""
    reason: str = ""


def begun(fresh: Receipt, before: Receipt | None) -> Receipt:
    """What to write down before the first byte.

    The same file goes on where an earlier attempt was cut off. Another version of it starts anew, and takes the place
    of the last one that arrived.
    """
    if before is None:
        return fresh
    going = replace(
        fresh,
        version=before.version,
        edited=fresh.edited or before.edited,
        made_folder=before.made_folder,
        old_item=before.old_item,
        old_quick_xor=before.old_quick_xor,
    )
    if before.state is ReceiptState.DONE:
        return replace(going, old_item=before.item, old_quick_xor=before.quick_xor)
    if before.state is ReceiptState.INTENDED and before.mark == fresh.mark:
        return replace(
            going,
            item=before.item,
            quick_xor=before.quick_xor,
            session=before.session,
            size=before.size,
            sha256=before.sha256,
        )
    return going


def abandoned(fresh: Receipt, before: Receipt | None) -> str:
    """The item of an attempt at another version that was cut off: nothing will go on with it."""
    cut_off = before is not None and before.state is ReceiptState.INTENDED and before.mark != fresh.mark
    return before.item if before is not None and cut_off else ""


def refused(going: Receipt, reason: str) -> Receipt:
    """The receipt of a file that cannot go. An earlier version that arrived stays known, so that it can be undone."""
    return replace(going, state=ReceiptState.REFUSED, reason=reason, item="", quick_xor="", session="")


def after_files(entry: Entry, receipt: Receipt | None) -> Entry:
    """A journal entry as if it had been settled after the row's file was brought.

    An upload that was cut off may have left a version nobody wrote down: then who changed the row last has to tell.
    A row that holds a person's changes stays one.
    """
    if receipt is None or not entry.version or entry.version == MERGED:
        return entry
    if receipt.state is ReceiptState.INTENDED:
        return entry if receipt.edited else replace(entry, version="")
    return replace(entry, version=max(entry.version, receipt.version, key=_count))


def _count(version: str) -> int:
    """Dataverse counts row versions up: the larger one was left later."""
    return int(re.sub(r"\D", "", version) or -1)
