"""The guide as one page: offline, without scripts, for the screen and for paper.

The template lies beside this file because it belongs to the guide alone. Names and labels come from a practice's data
and from the target, so everything is escaped: autoescape is on, and the template marks nothing as safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def html(body: Mapping[str, Any]) -> str:
    """The whole page. Raises jinja2.UndefinedError for a document that lacks a member."""
    return _template().render(guide=body)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("shared.guide", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")
