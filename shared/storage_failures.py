"""What goes wrong in the storage account, by what happens next. Every door to it, Blob or Table, comes here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from shared.errors import AskPerson, Failure, Stop, TryAgain

ROLES = "Storage Blob Data Contributor and Storage Table Data Contributor"


def storage_failure(error: AzureError | AttributeError) -> Failure:
    """The Failure that stands for a storage error. Its message names no blob and no row."""
    status = getattr(error, "status_code", None)
    if isinstance(error, ClientAuthenticationError) or status in (401, 403):
        return AskPerson(
            "storage-refused",
            "The storage account refused the app.",
            remedy=f"Give the app's identity the roles {ROLES} on the data account, then resume.",
        )
    passing = status is None or status >= 500 or status in (408, 409, 412, 429)
    if isinstance(error, HttpResponseError) and not passing:
        code = getattr(error, "error_code", None) or "no code"
        return Stop("storage-request-refused", f"The storage account answered {status} ({code}).")
    return TryAgain("storage-unavailable", "The storage account did not answer as it should.", after=5)


@contextmanager
def as_failures() -> Iterator[None]:
    """Turn storage errors that nobody caught into Failures."""
    try:
        yield
    except AzureError as error:
        raise storage_failure(error) from error
