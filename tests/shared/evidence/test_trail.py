"""A chain that streams by: what is known of it does not depend on where its pieces were cut."""

from __future__ import annotations

import pytest

from shared.audit.event import Head
from shared.evidence.trail import Chain, Story
from tests.shared.evidence.making import LANE, Teller

CHAIN = Teller(LANE)
for _number in range(7):
    CHAIN.tell("loaded", rows=_number)
CONTENT = b"".join(CHAIN.lines)


def pieces(size: int) -> list[bytes]:
    return [CONTENT[start : start + size] for start in range(0, len(CONTENT), size)]


@pytest.mark.parametrize("kind", [Chain, lambda: Story({}, set())])
@pytest.mark.parametrize("size", [1, 2, 50, len(CHAIN.lines[0]), len(CHAIN.lines[0]) + 1, len(CONTENT)])
def test_a_chain_is_counted_alike_however_it_is_cut(kind, size):
    chain = kind()
    assert b"".join(chain.taken(piece) for piece in pieces(size)) == CONTENT
    assert chain.events == 7


def test_a_chain_ends_with_its_last_whole_line_however_it_is_cut():
    for size in range(1, 2 * len(CHAIN.lines[0])):
        chain = Chain()
        for piece in pieces(size):
            chain.taken(piece)
        assert chain.head == Head(7, CHAIN.hash)


def test_a_line_that_is_being_written_is_not_the_end_of_a_chain():
    chain = Chain()
    for piece in (CONTENT[:-40], CONTENT[-40:-20]):
        chain.taken(piece)
    assert (chain.events, chain.head.n) == (6, 6)
