"""How Microsoft's storage library is to call: with an end to its waiting, and without what it would look for on the
machine at every request.

Two searches cost a fifth of a small run. For every call the library looks for a tracing plug-in, and since a failed
import is remembered nowhere it walks the whole path each time; and for every request it reads the user's ``.netrc`` and
proxy settings, which no function app has.
"""

from __future__ import annotations

from typing import Any

from azure.core.settings import settings

ANSWERS_WITHIN = 60
"""Seconds for the next byte of an answer. Left alone, the library would wait for a table's for five minutes."""
PLAIN: dict[str, Any] = {"use_env_settings": False, "read_timeout": ANSWERS_WITHIN}
"""For every client that is made."""

settings.tracing_enabled = False
