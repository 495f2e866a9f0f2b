"""The file that holds the signing secret: every part of the town that shares it trusts the same tokens."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

MINIMUM_BYTES = 32


def read_or_create(path: Path) -> bytes:
    """The secret in `path`, made first (mode 0600, hex text) when absent; ValueError when it is too short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        # Written whole under another name and then linked: two processes starting together agree on one key.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    key = path.read_bytes().strip()
    if len(key) < MINIMUM_BYTES:
        raise ValueError(f"{path}: a signing key needs at least {MINIMUM_BYTES} characters")
    return key
