"""What every page is printed on: templates with everything escaped, and one style sheet."""

from __future__ import annotations

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


@cache
def paper(package: str) -> Environment:
    """Templates of a package, and what all pages share. A member that a document lacks is an error, not a blank."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader("shared.report", "")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    return environment
