"""What Azure enforces, in one place, so that an app meets the walls here and not in production.

Sources: the Durable Task extension's source (status size, ids, actions, timers) and the Functions limits pages.
"""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

CUSTOM_STATUS_BYTES = 16 * 1024  # measured in UTF-16, as .NET holds it
INSTANCE_ID_CHARACTERS = 100
ORCHESTRATION_ACTIONS = 100_000
PAYLOAD_WARNING_BYTES = 45 * 1024  # above it the Azure Storage provider moves the message to a blob
EXCEPTION_CHARACTERS = 64 * 1024  # larger ones have been seen to hang an instance (extension #502)
HTTP_RESPONSE_SECONDS = 230.0  # the load balancer's, whatever functionTimeout says
REQUEST_BODY_BYTES = 100 * 1024 * 1024
ENTITY_BATCH = 50
SHORT_TIMER = "6.00:00:00"  # the SDK cuts longer timers into slices of the second number
LONG_TIMER_SLICE = "3.00:00:00"


def complaint_about_instance_id(instance_id: str) -> str | None:
    """Why this id would be refused, or None. Ids starting with `@` belong to entities."""
    if not instance_id:
        return "Instance IDs must not be empty."
    if instance_id.startswith("@"):
        return f"Orchestration instance IDs must not start with the '@' character (was '{instance_id}')."
    if len(instance_id) > INSTANCE_ID_CHARACTERS:
        return f"Instance IDs must not be longer than {INSTANCE_ID_CHARACTERS} characters."
    if any(character in "/\\#?" or ord(character) < 32 or 127 <= ord(character) < 160 for character in instance_id):
        return "Instance IDs must not contain '/', '\\', '#', '?', or control characters."
    return None


def complaint_about_custom_status(text: str) -> str | None:
    """Why this serialised custom status would be refused, or None."""
    if len(text.encode("utf-16-le")) > CUSTOM_STATUS_BYTES:
        return "The size of the custom status exceeds the limit of 16 KB of UTF-16 text."
    return None


def warn_about_payload(what: str, name: str, text: str | None) -> None:
    """Log that a payload is so large that Azure would store it aside; the payload itself is never logged."""
    if text is not None and len(text) > PAYLOAD_WARNING_BYTES:
        log.warning("%s of '%s' has %d characters: over 45 KB it travels through a blob", what, name, len(text))


def capped(text: str, name: str) -> str:
    """An exception's text, cut where larger ones have hung instances, and fit to be stored as UTF-8."""
    text = text.encode("utf-8", "replace").decode()
    if len(text) <= EXCEPTION_CHARACTERS:
        return text
    log.warning("The exception text of '%s' has %d characters and was cut", name, len(text))
    return text[:EXCEPTION_CHARACTERS] + " [cut]"
