"""docs/scale.md shows what its own arithmetic gives, with the app's settings as they are."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"


def worked_out() -> str:
    """What the page's code prints."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    return printed.getvalue()


def test_the_page_shows_what_its_arithmetic_gives() -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert shown == worked_out(), f"paste this into docs/scale.md:\n{worked_out()}"
