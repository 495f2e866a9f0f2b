"""The one place that turns a hand's work into an answer that may travel, and its errors into what happens next.

Nothing here raises: an exception would reach the story as bare text, and be kept in Durable's history in clear.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from activities.toolbox import Toolbox, toolbox
from shared import memory
from shared.errors import Failure, TryAgain
from shared.vocabulary import Phase
from shared.wire.codec import decode, encode
from shared.wire.payloads import Envelope, Problem, Progress
from shared.wire.step import Step

Q = TypeVar("Q")
R = TypeVar("R")
Hand = Callable[[Toolbox, Q], Awaitable[R]]

log = logging.getLogger("bridgework")

TURN = 20.0
"""Seconds. A hand that says there is more goes on in the same activity until then: each activity takes four events of
the story's history and some ten transactions of the task hub, however little it does."""


async def perform(step: Step[Q, R], hand: Hand[Q, R], payload: Any) -> dict[str, Any]:
    """Do one step, as many parts of it as a turn has time for: heed the run's wishes before each, work, and answer with
    an envelope. A part keeps what it did before the next begins, so whatever ends a turn ends none of the parts."""
    try:
        tools = await toolbox()
        request = decode(step.request, payload)
        over = time.monotonic() + TURN
        while True:
            wish = await _wish(tools, step, str(getattr(request, "run", "")))
            if wish:
                return encode(Envelope(wish=wish))
            reply = await hand(tools, request)
            memory.trim()
            if not (isinstance(reply, Progress) and reply.more) or time.monotonic() >= over:
                return encode(Envelope(reply=encode(reply)))
    except TryAgain as failure:
        log.warning("step %s: %s, again in %.0f s", step.name, failure.code, failure.after)
        return encode(Envelope(again=failure.after))
    except Failure as failure:
        log.warning("step %s: %s", step.name, failure.code)
        return encode(Envelope(problem=Problem(failure.code, failure.message, failure.remedy)))
    except Exception as error:
        where = place(error)
        log.error("step %s: %s at %s", step.name, type(error).__name__, where)
        return encode(Envelope(problem=_unexpected(step.name, error, where)))


async def _wish(tools: Toolbox, step: Step[Any, Any], run_id: str) -> str:
    if not step.heeds:
        return ""
    run = await tools.runs.get(run_id)
    if run is None or run.wish not in step.heeds:
        return ""
    return "" if run.wish == "rollback" and run.phase is Phase.ROLLBACK else run.wish


def place(error: BaseException) -> str:
    """Where an error was raised: file and line of our own code, nothing of what it said (that may hold a value)."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    last = frames[-1] if frames else None
    return f"{last.filename.rsplit('/', 2)[-2]}/{last.filename.rsplit('/', 1)[-1]}:{last.lineno}" if last else "unknown"


def _unexpected(step: str, error: Exception, where: str) -> Problem:
    return Problem(
        "unexpected-error",
        f"The step '{step}' met an error nobody foresaw: {type(error).__name__} at {where}.",
        "A fault of the app: report it with this text. Nothing was lost; the run can be resumed or rolled back.",
    )
