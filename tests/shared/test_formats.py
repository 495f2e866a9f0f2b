"""The same document as JSON for programs, and as a page or Markdown for people."""

from __future__ import annotations

import pytest

from shared.answers import Answer, problem
from shared.formats import as_asked

GUIDE = Answer(200, {"name": "setup-guide", "digest": "d", "document": {"html": "<p>", "markdown": "# x"}})
PLAIN = Answer(200, {"name": "mapping", "digest": "d", "sequence": 1, "document": {"proved": True}})
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("format", "accept", "media", "text"),
    [
        ("", "", "application/json", ""),
        ("", "*/*", "application/json", ""),
        ("", "application/json", "application/json", ""),
        ("", BROWSER, "text/html", "<p>"),
        ("", "Text/Markdown;q=0.9, text/html", "text/markdown", "# x"),
        ("html", "", "text/html", "<p>"),
        ("markdown", BROWSER, "text/markdown", "# x"),
        ("json", BROWSER, "application/json", ""),
    ],
)
def test_r123_the_guide_comes_in_the_form_that_is_asked_for(format: str, accept: str, media: str, text: str) -> None:
    answer = as_asked(GUIDE, format=format, accept=accept)
    assert (answer.status, answer.content_type, answer.text) == (200, media, text)


def test_a_page_may_do_nothing_in_a_browser_and_is_known_by_its_digest() -> None:
    headers = as_asked(GUIDE, format="html", accept="").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["ETag"] == '"d"'


def test_a_browser_gets_json_where_there_is_no_page_but_a_named_form_is_refused() -> None:
    assert as_asked(PLAIN, format="", accept=BROWSER) == PLAIN
    assert as_asked(PLAIN, format="html", accept="").status == 406
    assert as_asked(PLAIN, format="pdf", accept="").status == 400


def test_what_is_not_there_stays_a_problem_in_any_form() -> None:
    missing = problem(404, "document-not-yet", "Not yet", "Later.")
    assert as_asked(missing, format="html", accept=BROWSER) == missing
