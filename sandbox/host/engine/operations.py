"""What a client may do to instances and entities: start, raise, suspend, resume, terminate, restart, purge, signal.

Each operation is one transaction; HTTP statuses and JSON shapes are the web rooms' business.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from ..clock import Clock
from ..functions import Catalogue
from ..limits import complaint_about_instance_id, warn_about_payload
from ..store.hub import Hub
from ..store.instances import Instance, Query
from ..store.messages import Message, Rank
from . import rewinding
from .effects import Effects, Writer
from .entities import entity_id
from .events import Kind, event, raised, text_of


class Invalid(Exception):
    """The request cannot be met as it stands: unknown function, bad id, wrong state."""


class AlreadyExists(Exception):
    """An instance of that id is not finished."""


class NotFound(Exception):
    """No such instance."""


class Gone(Exception):
    """The instance has finished, so nothing can reach it."""


class Operations:
    """The client's side of the task hub. `forget` drops what memory holds of an instance."""

    def __init__(
        self,
        hub: Hub,
        clock: Clock,
        writer: Writer,
        catalogue: Catalogue,
        *,
        notice: Callable[[Effects], None],
        forget: Callable[[str], None],
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._writer = writer
        self._catalogue = catalogue
        self._notice = notice
        self._forget = forget

    def start(
        self,
        name: str,
        *,
        instance_id: str | None = None,
        input_json: str | None = None,
        version: str | None = None,
    ) -> str:
        """Start an instance and answer its id. A finished instance of that id is replaced, as on Azure.

        Raises Invalid for an unknown orchestrator or a bad id, AlreadyExists for an instance that is not finished.
        """
        function = self._catalogue.orchestrator(name)
        if function is None:
            raise Invalid(self._catalogue.unknown("orchestrationTrigger", name))
        wanted = instance_id or uuid.uuid4().hex
        complaint = complaint_about_instance_id(wanted)
        if complaint:
            raise Invalid(complaint)
        warn_about_payload("The input", name, input_json)
        effects = Effects()
        with self._hub.transaction():
            existing = self._hub.instances.get(wanted)
            if existing is not None and not existing.finished:
                raise AlreadyExists(f"An Orchestration instance with the status {existing.status} already exists.")
            self._writer.begin(
                name=name,
                instance_id=wanted,
                input_json=input_json,
                version=version,
                parent=None,
                parent_name=None,
                effects=effects,
            )
        self._forget(wanted)
        self._notice(effects)
        return wanted

    def instance(self, instance_id: str) -> Instance:
        """Raises NotFound."""
        found = self._hub.instances.get(instance_id)
        if found is None:
            raise NotFound(f"No instance with ID '{instance_id}' found.")
        return found

    def _unfinished(self, instance_id: str) -> Instance:
        found = self.instance(instance_id)
        if found.finished:
            raise Gone(f"Instance '{instance_id}' is {found.status}.")
        return found

    def raise_event(self, instance_id: str, name: str, input_json: str) -> None:
        """Raises NotFound, Gone."""
        self._unfinished(instance_id)
        warn_about_payload("The data", name, input_json)
        item = raised(self._clock.now(), name=name, input_json=input_json)
        self._send(Message(instance_id, None, text_of(item)))

    def terminate(self, instance_id: str, reason: str | None) -> None:
        """Raises NotFound, Gone. Children and running activities go on."""
        self._control(instance_id, Kind.EXECUTION_TERMINATED, {"Input": json.dumps(reason or "")})

    def suspend(self, instance_id: str, reason: str | None) -> None:
        """Raises NotFound, Gone. Running activities finish; their results wait."""
        self._control(instance_id, Kind.SUSPENDED, {"Reason": reason})

    def resume(self, instance_id: str, reason: str | None) -> None:
        """Raises NotFound, Gone."""
        self._control(instance_id, Kind.RESUMED, {"Reason": reason})

    def _control(self, instance_id: str, kind: Kind, fields: dict[str, Any]) -> None:
        self._unfinished(instance_id)
        item = event(kind, self._clock.now(), **fields)
        self._send(Message(instance_id, None, text_of(item), Rank.CONTROL))

    def restart(self, instance_id: str, *, with_new_id: bool = True) -> str:
        """Start the same orchestrator with the same input. Raises NotFound, AlreadyExists, Invalid."""
        found = self.instance(instance_id)
        return self.start(
            found.name,
            instance_id=None if with_new_id else instance_id,
            input_json=found.input,
            version=found.version,
        )

    def rewind(self, instance_id: str, reason: str | None) -> None:
        """Run the failed steps of a failed instance again. Raises NotFound, Gone when it has not failed."""
        effects = Effects()
        with self._hub.transaction():
            found = self.instance(instance_id)
            if found.status != "Failed":
                raise Gone("The rewind operation is only supported on failed orchestration instances.")
            rewound = rewinding.rewind(self._hub, found, now=self._clock.now(), reason=reason or "")
            self._writer.send(
                [
                    Message(
                        each,
                        None,
                        text_of(event(Kind.GENERIC, self._clock.now(), Data=f"Rewound: {reason or ''}")),
                    )
                    for each in rewound
                ],
                effects,
            )
        for each in rewound:
            self._forget(each)
        self._notice(effects)

    def purge(self, instance_id: str) -> None:
        """Delete a finished instance and all that is stored of it. Raises NotFound, Invalid when it is running."""
        with self._hub.transaction():
            found = self.instance(instance_id)
            if not found.finished:
                raise Invalid(
                    f"Only orchestrations in a terminal state can be purged, but the orchestration with "
                    f"instance ID {instance_id} has status {found.status}"
                )
            self._hub.instances.delete(instance_id)
        self._forget(instance_id)

    def purge_matching(self, query: Query) -> int:
        """Purge all finished instances that match; answers how many."""
        with self._hub.transaction():
            victims = [instance for instance in self._hub.instances.find(query) if instance.finished]
            for instance in victims:
                self._hub.instances.delete(instance.id)
        for instance in victims:
            self._forget(instance.id)
        return len(victims)

    def find(self, query: Query) -> list[Instance]:
        return self._hub.instances.find(query)

    def history(self, instance_id: str) -> list[str]:
        return self._hub.instances.history(instance_id)

    def signal(self, name: str, key: str, *, operation: str, input_json: str | None) -> None:
        """Send an operation to an entity. Raises Invalid for an unknown entity."""
        if self._catalogue.entity(name) is None:
            raise Invalid(self._catalogue.unknown("entityTrigger", name))
        request = {"op": operation, "signal": True, "id": uuid.uuid4().hex, "input": input_json}
        item = raised(self._clock.now(), name="op", input_json=json.dumps(request))
        self._send(Message(entity_id(name, key), None, text_of(item)))

    def _send(self, message: Message) -> None:
        effects = Effects()
        with self._hub.transaction():
            self._writer.send([message], effects)
        self._notice(effects)
