"""A customer's own system that receives notices and checks them as the Standard Webhooks specification says.

Apart from the app's own signing on purpose: it is written from the specification, so that the two can disagree.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = b"a signing key of thirty-two byte"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TOLERANCE = 300  # seconds a receiver may accept between a notice's time and its own


@dataclass(frozen=True)
class Notice:
    """One notice as it arrived."""

    id: str
    timestamp: str
    signatures: str
    content: bytes
    heard_at: float = 0.0

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found

    @property
    def is_signed(self) -> bool:
        """By the specification: one of the signatures over id, timestamp and body fits, and the time is recent."""
        signed = f"{self.id}.{self.timestamp}.".encode() + self.content
        right = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        recent = abs(self.heard_at - int(self.timestamp)) < TOLERANCE
        return recent and any(hmac.compare_digest(right, one) for one in self.signatures.split(" "))


@dataclass
class Listener:
    """Where notices arrive."""

    url: str = ""
    heard: list[Notice] = field(default_factory=list)

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Listener]:
        """A listener on a free port."""
        listener = cls()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                names = ("webhook-id", "webhook-timestamp", "webhook-signature")
                listener.heard.append(Notice(*(self.headers.get(name, "") for name in names), content, time.time()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words: Any) -> None:
                """Silence."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            listener.url = f"http://127.0.0.1:{server.server_address[1]}/notices"
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield listener
            finally:
                server.shutdown()
                thread.join(timeout=10)
