"""How Microsoft's storage library is to call: without what it would look for on the machine at every request.

Two searches cost a fifth of a small run. For every call the library looks for a tracing plug-in, and since a failed
import is remembered nowhere it walks the whole path each time; and for every request it reads the user's ``.netrc`` and
proxy settings, which no function app has.
"""

from __future__ import annotations

from typing import Any

from azure.core.settings import settings

PLAIN: dict[str, Any] = {"use_env_settings": False}
"""For every client that is made."""

settings.tracing_enabled = False
