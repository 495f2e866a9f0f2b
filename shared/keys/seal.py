"""Seal what lies in storage: under the run's own data key, so that dropping the key is dropping it."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Stop

KEY, NONCE = 32, 12


def new_key() -> bytes:
    """A data key for one run."""
    return secrets.token_bytes(KEY)


class Seal:
    """AES-256-GCM. ``about`` is where the content belongs: it opens nowhere else."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, content: bytes, *, about: str) -> bytes:
        """Sealed bytes. The nonce is drawn: a run seals some millions of pages at most, far from a repeat."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, content, about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """The content. Raises Stop where it was altered, moved, or sealed by another key."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], about.encode())
        except InvalidTag:
            raise Stop("journal-damaged", f"The journal page {about} is not what was written.") from None
