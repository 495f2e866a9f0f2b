"""A document in the form somebody asked for: JSON, or the page or the Markdown that it carries for people."""

from __future__ import annotations

from dataclasses import replace

from shared import answers
from shared.answers import Answer

MEDIA = {"json": "application/json", "html": "text/html", "markdown": "text/markdown"}
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
    text = answer.body["document"].get(form)
    if not isinstance(text, str):
        if not format:
            return answer
        detail = f"The document '{answer.body['name']}' is JSON only; the setup-guide is also a page and Markdown."
        return answers.problem(406, "format-not-there", "The document has no such form", detail)
    mark = f'"{answer.body["digest"]}"'
    headers = {**answer.headers, "ETag": mark, "Content-Security-Policy": SAFETY, "Vary": "Accept"}
    return replace(answer, text=text, media=MEDIA[form], headers=headers)


def _first_known(accept: str) -> str:
    forms = {media: form for form, media in MEDIA.items()}
    asked = (part.partition(";")[0].strip().lower() for part in accept.split(","))
    return next((forms[media] for media in asked if media in forms), "json")
