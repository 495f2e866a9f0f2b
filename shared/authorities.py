"""The authorities whose certificates the app goes by."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """Those that httpx trusts, read once: every client for itself would take fifty milliseconds of a cold start."""
    return httpx.create_ssl_context()
