"""A plain loop: one POST for each row over one connection, made again when it fails."""

from __future__ import annotations

import time

import httpx

from benchmarks.rivals.course import Course


def run(course: Course) -> None:
    """One row after another."""
    headers = {"Authorization": f"Bearer {course.tokens[0]}"}
    with httpx.Client(base_url=f"{course.url}/api/data/v9.2/", headers=headers, timeout=120) as http:
        for number, rows in course.batches():
            for row in rows:
                while (wait := _posted(http, row)) is not None:
                    time.sleep(min(wait, course.left))
                    if not course.left:
                        return
            course.done(number)


def _posted(http: httpx.Client, row: dict[str, object]) -> float | None:
    """None when it went; else the seconds to wait before another try."""
    try:
        answer = http.post("contacts", json=row)
    except httpx.TransportError:
        return 0.0
    if answer.status_code == 429:
        return float(answer.headers["Retry-After"])
    answer.raise_for_status()
    return None


if __name__ == "__main__":
    given = Course.given()
    run(given)
    given.finish()
