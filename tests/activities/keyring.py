"""The key that wraps data keys in tests."""

from __future__ import annotations

import base64

LOCAL_KEY = base64.b64encode(b"sealed for tests, 32 bytes long!").decode()
