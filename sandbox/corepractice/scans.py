"""Attachments: small but real files, a picture, a letter or a form, made from their number whenever asked for."""

from __future__ import annotations

import hashlib
import struct
import zlib

from sandbox.corepractice.chance import ATTACHMENT, Dice
from sandbox.corepractice.records import StoredFile

_SIDE = 16  # pixels


def scan(dice: Dice, number: int) -> StoredFile:
    dice.throw(ATTACHMENT, number)
    kind = number % 4
    if kind == 0:
        return StoredFile(f"OPG {number:05d}.png", "image/png", _picture(dice))
    if kind == 1:
        letter = f"Dear colleague,\r\n\r\nthank you for referring this patient (no. {number}). 🦷\r\n"
        return StoredFile(f"Letter – überweisung {number}.txt", "text/plain; charset=utf-8", letter.encode())
    if kind == 2:
        return StoredFile(f"Treatment plan {number}.pdf", "application/pdf", _document(f"Treatment plan {number}"))
    return StoredFile("consent_form.pdf", "application/pdf", _document(f"Consent {number} - {dice.digits(6)}"))


def digest(stored: StoredFile) -> str:
    return hashlib.sha256(stored.content).hexdigest()


def _picture(dice: Dice) -> bytes:
    """A grey PNG. Stored, not deflated: compressed bytes differ between builds of zlib, stored ones do not."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes(dice.below(256) for _ in range(_SIDE)) for _ in range(_SIDE))
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
