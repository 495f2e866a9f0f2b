"""Waits: what the extension's side awaits while it walks an orchestrator's actions.

A very small imitation of .NET tasks: continuations run at once, in the order they were added, because task ids are
handed out from inside them and their order is the point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


class Wait:
    """Something that ends once, well or badly."""

    __slots__ = ("_continuations", "done", "failed")

    def __init__(self) -> None:
        self.done = False
        self.failed = False
        self._continuations: list[Callable[[Wait], None]] = []

    def then(self, continuation: Callable[[Wait], None]) -> None:
        if self.done:
            continuation(self)
        else:
            self._continuations.append(continuation)

    def end(self, *, failed: bool = False) -> None:
        if self.done:
            return
        self.done, self.failed = True, failed
        for continuation in self._continuations:
            continuation(self)
        self._continuations.clear()


def ended() -> Wait:
    wait = Wait()
    wait.end()
    return wait


def all_of(children: Sequence[Wait]) -> Wait:
    """Ends when every child has ended, also after a failure (the SDK's own task_all fails at the first)."""
    whole = Wait()
    left = len(children)

    def one_less(_child: Wait) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            whole.end(failed=any(child.failed for child in children))

    for child in children:
        child.then(one_less)
    return whole if children else ended()


def any_of(children: Sequence[Wait]) -> Wait:
    """Ends with the first child to end."""
    race = Wait()
    for child in children:
        child.then(lambda _child: race.end())
    return race if children else ended()
