"""Microsoft's PowerPlatform-Dataverse-Client as its README shows it: a list to ``create``, one request at a time.

It never retries a 429 itself; its README tells to look at ``is_transient`` and ``retry_after``, so that is done here.
"""

from __future__ import annotations

import time
from typing import Any

from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError

from benchmarks.rivals.course import Course


class Given:
    """A credential whose token somebody else fetched."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """The same for every scope."""
        return AccessToken(self._text, int(time.time()) + 3600)


def run(course: Course) -> None:
    """One batch after another."""
    with DataverseClient(course.url, Given(course.tokens[0])) as client:
        for number, rows in course.batches():
            while not _created(client, rows, course):
                if not course.left:
                    return
            course.done(number)


def _created(client: DataverseClient, rows: list[dict[str, Any]], course: Course) -> bool:
    try:
        client.records.create("contact", rows)
    except HttpError as refusal:
        time.sleep(min(pause(refusal), course.left))
        return False
    return True


def pause(refusal: HttpError) -> float:
    """Seconds to wait before another try; what is not transient is raised."""
    if not refusal.is_transient:
        raise refusal
    return float(refusal.details.get("retry_after") or 1)


if __name__ == "__main__":
    given = Course.given()
    run(given)
    given.finish()
