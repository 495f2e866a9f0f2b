"""What we made goes, what we changed returns, what a person touched since stays."""

from __future__ import annotations

import pytest

from shared.journal import undo
from shared.journal.entries import FORGOTTEN, Entry, Page, PageState

US, THEM = "us", "them"


def page(entry: Entry, state: PageState = PageState.SETTLED) -> Page:
    return Page(1, "contact", "lane", 0, state, (entry,))


def row(version: str, by: str = US, **values: object) -> dict[str, object]:
    return {"@odata.etag": version, "_modifiedby_value": by, **values}


MADE = Entry("1", None, version="v1")
CHANGED = Entry("1", {"name": "before"}, version="v1")


@pytest.mark.parametrize(
    ("entry", "there", "happens"),
    [
        (MADE, None, "done"),
        (MADE, row("v1"), "deletes"),
        (MADE, row("v2", THEM), "held"),
        (MADE, row("v2", US), "held"),
        (CHANGED, row("v1", name="ours"), "restores"),
        (CHANGED, row("v2", THEM, name="theirs"), "held"),
        (CHANGED, row("v9", name="before"), "done"),
        (CHANGED, None, "held"),
        (Entry("1", FORGOTTEN, version="v1"), row("v1", name="ours"), "held"),
        (Entry("1", FORGOTTEN, version="v1"), row("v1"), "held"),
    ],
)
def test_a_settled_row(entry: Entry, there: dict[str, object] | None, happens: str):
    found = undo.decide(page(entry), {} if there is None else {"1": there}, us=US)
    assert _what(found) == happens


@pytest.mark.parametrize(("there", "happens"), [(None, "done"), (row("v7", US), "deletes"), (row("v7", THEM), "held")])
def test_an_intended_row_is_ours_while_we_were_the_last_to_touch_it(there: dict[str, object] | None, happens: str):
    found = undo.decide(page(Entry("1", None), PageState.INTENDED), {} if there is None else {"1": there}, us=US)
    assert _what(found) == happens


def _what(found: undo.Undo) -> str:
    names = [name for name in ("deletes", "restores", "held") if getattr(found, name)]
    assert len(names) + found.done == 1
    return names[0] if names else "done"
