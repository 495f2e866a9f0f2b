"""Attachments: small but real files, a picture, a letter or a form, made from their number whenever asked for."""

from __future__ import annotations

import hashlib
import struct
import zlib

from sandbox.corepractice import rhythm
from sandbox.corepractice.chance import ATTACHMENT, Dice
from sandbox.corepractice.files import StoredFile, held
from sandbox.corepractice.large_scan import LargeScan
from sandbox.corepractice.plan import FILE_PREFIX, Plan, record_id
from sandbox.corepractice.records import local_text
from sandbox.corepractice.shapes import Record
from sandbox.corepractice.visits import Visits

_SIDE = 16  # pixels
_CATEGORIES = ("xray", "letter", "other", "consent_form", "photo")


class Scans:
    """`large` is one attachment more, behind the usual ones."""

    def __init__(self, visits: Visits, large: LargeScan | None) -> None:
        self._visits = visits
        self._plan: Plan = visits.plan
        self._dice = Dice(visits.plan.seed)
        self._large = large

    def grow(self, number: int) -> tuple[Record, int]:
        """The record without id and stamps, and when it was made."""
        if number >= self._plan.usual["attachments"]:
            return self._grow_large(number)
        visit_number, _ = rhythm.ATTACHMENTS.parent(number)
        visit = self._visits.of(visit_number)
        category = _CATEGORIES[number % 5]
        treated = rhythm.TREATMENTS.children(visit_number)
        seen = category in ("xray", "photo")
        details: Record = {
            "patient_id": visit.patient_id,
            "category": category,
            "captured_at": local_text(visit.at + 900, self._visits.reception.zone) if seen else None,
            "treatment_id": record_id("treatments", treated[0]) if category == "xray" else None,
        }
        return details | self._described(number), visit.at + 1200

    def _grow_large(self, number: int) -> tuple[Record, int]:
        patient = next(n for n in range(self._plan.counts["patients"]) if self._plan.standing(n) == "active")
        made = self._plan.updated("attachments", number)
        details: Record = {
            "patient_id": record_id("patients", patient),
            "category": "xray",
            "captured_at": local_text(made - 600, self._visits.reception.zone),
        }
        return details | self._described(number), made

    def _described(self, number: int) -> Record:
        stored = self.file(number)
        return {
            "file_id": f"{FILE_PREFIX}{number:09d}",
            "name": stored.name,
            "content_type": stored.content_type,
            "size": stored.size,
            "sha256": stored.etag,
        }

    def file(self, number: int) -> StoredFile:
        if number >= self._plan.usual["attachments"] and self._large is not None:
            return self._large.stored()
        name, content_type, content = _scan(self._dice, number)
        return held(name, content_type, content, digest=hashlib.sha256(content).hexdigest())


def _scan(dice: Dice, number: int) -> tuple[str, str, bytes]:
    """Name, type and bytes."""
    dice.throw(ATTACHMENT, number)
    category = _CATEGORIES[number % 5]
    if category == "xray":
        return f"OPG {number:05d}.png", "image/png", _picture(dice)
    if category == "photo":
        return f"IMG_{number:04d}.PNG", "image/png", _picture(dice)
    if category == "letter":
        letter = f"Dear colleague,\r\n\r\nthank you for referring this patient (no. {number}). 🦷\r\n"
        return f"Letter – überweisung {number}.txt", "text/plain; charset=utf-8", letter.encode()
    if category == "other":
        return f"Treatment plan {number}.pdf", "application/pdf", _document(f"Treatment plan {number}")
    return "consent_form.pdf", "application/pdf", _document(f"Consent {number} - {dice.digits(6)}")


def _picture(dice: Dice) -> bytes:
    """A grey PNG. Stored, not deflated: compressed bytes differ between builds of zlib, stored ones do not."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    noise = hashlib.shake_128(repr(dice.chance()).encode()).digest(_SIDE * _SIDE)
    rows = b"".join(b"\0" + noise[start : start + _SIDE] for start in range(0, len(noise), _SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _document(title: str) -> bytes:
    """A one-page PDF with a correct cross-reference table."""
    content = f"BT /F1 18 Tf 60 760 Td ({title}) Tj ET".encode("latin-1")
    parts = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(parts) + 1, table)
    return body + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start)
