"""Histories in memory, so that a turn does not read and parse again what the turn before has written."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from ..store.instances import Instance, Instances
from .decisions import Past
from .events import Event, parsed

_CHARACTERS_KEPT = 64 * 1024 * 1024


class Histories:
    """The most recently used histories, up to a total size of text; the store stays the truth."""

    def __init__(self, instances: Instances, *, characters: int = _CHARACTERS_KEPT) -> None:
        self._instances = instances
        self._limit = characters
        self._kept: OrderedDict[str, Past] = OrderedDict()
        self._size = 0

    def get(self, instance: Instance) -> Past:
        """The past this instance's revision has; another host may have gone on from the one that is kept here."""
        past = self._kept.get(instance.id)
        if past is None or past.execution_id != instance.execution_id or past.revision != instance.revision:
            self.forget(instance.id)
            texts = self._instances.history(instance.id)
            past = Past(instance.execution_id, instance.revision)
            past.extend([parsed(text) for text in texts], texts)
            self._kept[instance.id] = past
            self._size += past.size
        self._kept.move_to_end(instance.id)
        return past

    def extend(self, instance_id: str, past: Past, events: Sequence[Event], texts: Sequence[str]) -> None:
        """Add what was just committed."""
        kept = self._kept.get(instance_id) is past
        before = past.size
        past.extend(events, texts)
        past.revision += 1
        if kept:
            self._size += past.size - before
        while self._size > self._limit and len(self._kept) > 1:
            self.forget(next(iter(self._kept)))

    def forget(self, instance_id: str) -> None:
        past = self._kept.pop(instance_id, None)
        if past is not None:
            self._size -= past.size
