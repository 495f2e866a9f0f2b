"""A document in the form somebody asked for: JSON, or the page, the sheet or the Markdown made of it for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared import answers
from shared.answers import Answer
from shared.report.pages import page
from shared.report.sheet import sheet

MEDIA = {"json": "application/json", "html": "text/html", "markdown": "text/markdown", "csv": "text/csv"}
SAFETY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What a page may do in a browser: look as it does, and nothing else."""


def as_asked(answer: Answer, *, format: str, accept: str) -> Answer:
    """The answer in the form of ``?format=``, or else in the first form of an ``Accept`` header that we know.

    A form that was asked for by name and is not there is refused; a browser gets JSON where there is no page.
    """
    if format and format not in MEDIA:
        detail = f"Formats are: {', '.join(MEDIA)}."
        return answers.problem(400, "unknown-format", "There is no such format", detail)
    form = format or _first_known(accept)
    if answer.status != 200 or form == "json":
        return answer
    name, mark = str(answer.body["name"]), f'"{answer.body["digest"]}"'
    text = _written(answer.body, form)
    if not isinstance(text, str):
        if not format:
            return answer
        detail = (
            f"The document '{name}' has no such form. The setup-guide is also html and markdown; verdict, "
            "exceptions and sample-diff are also html and csv."
        )
        return answers.problem(406, "format-not-there", "The document has no such form", detail)
    headers = {**answer.headers, "ETag": mark, "Content-Security-Policy": SAFETY, "Vary": "Accept"}
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{name}-{answer.body["sequence"]}.csv"'
    return replace(answer, text=text, media=MEDIA[form], headers=headers)


def _written(body: Mapping[str, Any], form: str) -> Any:
    """A document in a form: the one it carries, or the one that is made of it."""
    name, document = str(body["name"]), body["document"]
    if form in document:
        return document[form]
    if form == "csv":
        return sheet(name, document)
    return page(name, document, digest=str(body["digest"]), sequence=int(body["sequence"])) if form == "html" else None


def _first_known(accept: str) -> str:
    forms = {media: form for form, media in MEDIA.items()}
    asked = (part.partition(";")[0].strip().lower() for part in accept.split(","))
    return next((forms[media] for media in asked if media in forms), "json")
