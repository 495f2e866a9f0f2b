"""The package dataverse-api: its mode "multiple" with threads, as many as its pool takes by itself.

A refused request is only logged by it, and its answers come in no order: nobody can tell whose rows did not go. So they
are not sent again here either; a broken connection is raised for the whole call, and the call made again.
"""

from __future__ import annotations

import itertools
import logging
import os
import time
from typing import Any

import requests
from dataverse_api import DataverseClient

from benchmarks.rivals.course import Course

CALL = 4 * min(32, (os.cpu_count() or 1) + 4)
"""Batches in one call: four for each thread of the pool."""


def run(course: Course) -> None:
    """Call after call."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {course.tokens[0]}"
        contacts = DataverseClient(session, course.url).entity("contact")
        batches = course.batches()
        while call := list(itertools.islice(batches, CALL)):
            rows = [row for _, some in call for row in some]
            answers = _created(contacts, rows, course.batch)
            for number, _ in call:
                course.done(number)
            waits = [float(one.headers.get("Retry-After", 1)) for one in answers if one.status_code == 429]
            time.sleep(min(max(waits, default=0.0), course.left))


def _created(contacts: Any, rows: list[dict[str, Any]], batch: int) -> list[requests.Response]:
    while True:
        try:
            return contacts.create(rows, mode="multiple", batch_size=batch, threading=True)
        except requests.ConnectionError:
            continue


if __name__ == "__main__":
    logging.disable()
    given = Course.given()
    run(given)
    given.finish()
