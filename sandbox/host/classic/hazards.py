"""Strict mode: the patterns in which the 1.x SDK and the extension silently part, refused the moment they can.

Microsoft knows the first (azure-functions-durable-python #603, closed as wontfix: the protocol would have to change).
On Azure it shows as a wrong result, a `None`, or an instance that runs for ever; here it is an error that says so.
"""

from __future__ import annotations

from collections.abc import Sequence

PREFIX = "Strict mode: "


class Hazard(Exception):
    """This orchestration can go wrong on Azure without anyone noticing."""


def diverged() -> Hazard:
    """The extension still waits for action k while the worker has sent action k+1: task ids can now differ."""
    return Hazard(
        f"{PREFIX}the orchestrator went on while the Durable extension still waits for an earlier action, so task ids "
        "can differ on the two sides and results can be lost or swapped. This happens with task_any over old and new "
        "tasks together (a sliding window), and when more work is scheduled after a failed task_all whose other tasks "
        "are still running. Use a single task_all, or children that each work one item after another."
    )


def stranded() -> Hazard:
    """The orchestrator has ended, yet the extension waits for an event that nothing will send."""
    return Hazard(
        f"{PREFIX}the orchestrator has ended, but the Durable extension still waits for an external event, so on "
        "Azure the instance would stay Running until one comes. Do not put wait_for_external_event into a task_all "
        "that can fail, and do not wait twice for one event name."
    )


def check_queue(name: str, queued: Sequence[str]) -> None:
    """Raise if two events of one name wait (the SDK keeps only the last), or one that the SDK will not recognise."""
    if len(queued) > 1:
        raise Hazard(
            f"{PREFIX}{len(queued)} events named '{name}' arrived before the orchestrator waited for one. The SDK "
            "keeps only the last, the Durable extension queues all. Give every event its own name."
        )
    check_case(name, queued[0])


def check_case(awaited: str, received: str) -> None:
    """Raise if the names differ in case only: the extension takes the event, the SDK never sees it."""
    if awaited != received:
        raise Hazard(
            f"{PREFIX}the event '{received}' differs in case from the awaited '{awaited}'. The Durable extension "
            "delivers it, the SDK ignores it, and the instance would wait for ever."
        )
