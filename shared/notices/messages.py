"""A notice as it goes out: Standard Webhooks headers, a small body, no record value.

The signature is HMAC-SHA256 over ``id.timestamp.body`` (the Standard Webhooks specification, ``v1``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import orjson

from shared.runs.model import Run


def body(run: Run, *, digest: str | None = None) -> bytes:
    """The notice about where a run is now. ``digest`` is of the document it waits to have decided, if it does."""
    return orjson.dumps(
        {
            "type": "migration.updated",
            "run": run.id,
            "phase": run.phase.value,
            "waiting_for": "problem" if run.problem else run.waiting_for or None,
            "problem": run.problem["code"] if run.problem else None,
            "digest": digest,
        }
    )


def notice_id(content: bytes) -> str:
    """The same notice has the same id, so a receiver can drop a repeat; another document makes another notice."""
    return "msg_" + hashlib.sha256(content).hexdigest()[:24]


def headers(id_: str, timestamp: int, content: bytes, secret: str) -> dict[str, str]:
    """The headers a receiver checks. Without a configured secret a notice goes out unsigned."""
    signed = {"webhook-id": id_, "webhook-timestamp": str(timestamp), "content-type": "application/json"}
    if secret:
        message = f"{id_}.{timestamp}.".encode() + content
        mac = hmac.new(_key(secret), message, hashlib.sha256).digest()
        signed["webhook-signature"] = "v1," + base64.b64encode(mac).decode()
    return signed


def _key(secret: str) -> bytes:
    """The signing key: Standard Webhooks' own form is ``whsec_`` and base64; anything else is taken as it is."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            pass  # not that form after all
    return secret.encode()
