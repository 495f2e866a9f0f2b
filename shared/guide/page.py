"""The guide as one page: offline, without scripts, for the screen and for paper.

The template lies beside this file because it belongs to the guide alone; its looks are those of every page. Names and
labels come from a practice's data and from the target: everything is escaped, and the template marks nothing as safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Template

from shared.report.paper import paper


def html(body: Mapping[str, Any]) -> str:
    """The whole page. Raises jinja2.UndefinedError for a document that lacks a member."""
    return _template().render(guide=body)


@cache
def _template() -> Template:
    return paper("shared.guide").get_template("page.html")
