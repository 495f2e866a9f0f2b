"""A note as it goes to the timeline: sanitised, with a line that says who wrote it when, in parts when it is long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shared.attachments.note import note_text
from shared.mapping.composed.circumstances import Circumstances, Getter, Record, text
from shared.mapping.transforms import Unfit, Value
from shared.richtext.header import with_header
from shared.richtext.parts import part_subject, recombine, split
from shared.richtext.sanitise import from_plain, safe_html

SOURCE = "Core Practice"
LONGEST_NOTE = 100_000
"""Characters of notetext (the Web API's entity reference of annotation)."""
ROOM_FOR_HEADER = 1_000
PART, PARTS, PART_TEXT = "@part", "@parts", "@text"


def parts_of(record: Record) -> list[dict[str, Any]]:
    """The record once per part of its text; a record whose text fits is its own single part."""
    parts = split(_safe(record, text(record, "body")), LONGEST_NOTE - ROOM_FOR_HEADER)
    return [{**record, PART: n, PARTS: len(parts), PART_TEXT: part} for n, part in enumerate(parts, start=1)]


def is_whole(record: Record, texts: Sequence[str]) -> bool:
    """Whether the texts of a note's parts, as they were read back without their first lines, make up all that the
    source says, in order (A23)."""
    try:
        return recombine(texts) == _safe(record, text(record, "body"))
    except ValueError:
        return False


def _safe(record: Record, body: str) -> str:
    return safe_html(body) if record.get("format") == "html" else from_plain(body)


def _subject(record: Record) -> Value:
    plain = text(record, "subject") or text(record, "kind").capitalize() or "Note"
    return part_subject(plain, record[PART], record[PARTS])


def _text(around: Circumstances) -> Getter:
    """With a header line unless Dataverse itself says who wrote it and when (A22)."""

    def getter(record: Record) -> Value:
        if around.writer(record):
            return record[PART_TEXT] or None
        at = text(record, "noted_at") or None
        try:
            return with_header(record[PART_TEXT], author=text(record, "author_name") or None, at=at, source=SOURCE)
        except ValueError:
            raise Unfit("not-a-time") from None

    return getter


def _attachment(around: Circumstances) -> Getter:
    def getter(record: Record) -> Value:
        found = around.resolve("patients", text(record, "patient_id"))
        return note_text(record, around.files, contact_id=found[1] if found else "") or None

    return getter


NOTES: dict[str, tuple[Callable[[Record], Value], tuple[str, ...]]] = {
    "note_subject": (_subject, ("subject", "kind")),
    "attachment_subject": (lambda record: text(record, "name") or "File", ("name",)),
}
TEXTS: dict[str, tuple[Callable[[Circumstances], Getter], tuple[str, ...]]] = {
    "note_text": (_text, ("body", "author_name", "noted_at")),
    "attachment_text": (_attachment, ()),
}
