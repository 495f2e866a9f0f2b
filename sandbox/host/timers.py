"""Timer triggers: one waiting task per function, on the host's clock, with what was last run kept in the state file.

As on Azure a function never overlaps itself, and missed runs collapse into one past-due run: after a restart, after a
long run, and here also after the clock has jumped. Of several hosts the eldest keeps the timers; when it is gone the
next goes on from what is written in the state file.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Mapping

from . import cron
from .clock import Clock, iso
from .engine.membership import Membership
from .functions import AppRefused, Function
from .invocations import Invocations
from .settings import resolved
from .store.database import Database
from .workers.contract import Datum

log = logging.getLogger(__name__)

_LATE_SECONDS = 5.0  # later than this after its moment a run counts as past due
_LOOK_SECONDS = 0.1  # how often a younger host looks whether it has become the eldest


class TimerTriggers:
    """Starts and stops the app's timers. AppRefused for a schedule that cannot be read."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        membership: Membership,
        invocations: Invocations,
        functions: tuple[Function, ...],
        environment: Mapping[str, str],
    ) -> None:
        self._db = database
        self._clock = clock
        self._membership = membership
        self._invocations = invocations
        self._timers = {function.name: _Timer(function, environment) for function in functions}
        self._tasks: list[asyncio.Task[None]] = []
        self._manual: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        on = [timer for timer in self._timers.values() if not timer.disabled]
        self._tasks = [asyncio.create_task(self._keep(timer)) for timer in on]

    async def stop(self) -> None:
        for task in [*self._tasks, *self._manual]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._manual, return_exceptions=True)

    def fire(self, name: str) -> bool:
        """Run a timer function now, beside its schedule; False if there is none of that name."""
        timer = next((timer for key, timer in self._timers.items() if key.lower() == name.lower()), None)
        if timer is None:
            return False
        last, following = self._stored(timer) or (None, timer.schedule.after(self._clock.now()))
        task = asyncio.create_task(self._invoke(timer, last, following, past_due=False))
        self._manual.add(task)
        task.add_done_callback(self._manual.discard)
        return True

    async def _keep(self, timer: _Timer) -> None:
        while True:
            while not self._membership.is_eldest():  # noqa: ASYNC110 - what ends it happens in another process
                await asyncio.sleep(_LOOK_SECONDS)
            await self._keep_as_eldest(timer)

    async def _keep_as_eldest(self, timer: _Timer) -> None:
        """Until this host has lost its place: then another's hand is on the timer."""
        now, waker = self._clock.now(), asyncio.Event()
        last, following = self._stored(timer) or (None, timer.schedule.after(now))
        self._keep_status(timer, last, following)
        if timer.on_startup and following > now:
            await self._invoke(timer, last, following, past_due=False)
        while True:
            while (now := self._clock.now()) < following:
                waker.clear()
                await self._clock.wait(following, waker)
            if not self._membership.is_eldest():
                return
            past_due = now > following + _LATE_SECONDS
            await self._invoke(timer, last, timer.schedule.after(now), past_due=past_due)
            last = now
            following = timer.schedule.after(max(following, now))
            if not self._membership.is_eldest():
                return
            self._keep_status(timer, last, following)

    async def _invoke(self, timer: _Timer, last: float | None, following: float, *, past_due: bool) -> None:
        info = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": {
                "Last": iso(last) if last is not None else "0001-01-01T00:00:00+00:00",
                "Next": iso(following),
                "LastUpdated": iso(self._clock.now()),
            },
            "IsPastDue": past_due,
        }
        try:
            await self._invocations.invoke(
                timer.function, {timer.function.trigger.name: Datum("json", json.dumps(info))}
            )
        except Exception:
            log.exception("Timer function '%s' could not be invoked", timer.function.name)

    def _stored(self, timer: _Timer) -> tuple[float | None, float] | None:
        """When it last ran and when it is due, unless the schedule has changed since."""
        row = self._db.run("SELECT last, next, schedule FROM timers WHERE name = ?", (timer.function.name,)).fetchone()
        return (row[0], row[1]) if row is not None and row[2] == timer.text else None

    def _keep_status(self, timer: _Timer, last: float | None, following: float) -> None:
        row = (timer.function.name, timer.text, last, following)
        try:
            self._db.run("INSERT OR REPLACE INTO timers (name, schedule, last, next) VALUES (?, ?, ?, ?)", row)
        except sqlite3.Error:
            log.exception("When timer function '%s' ran could not be kept", timer.function.name)


class _Timer:
    """A timer function and its schedule."""

    def __init__(self, function: Function, environment: Mapping[str, str]) -> None:
        if environment.get("WEBSITE_TIME_ZONE"):
            raise AppRefused("WEBSITE_TIME_ZONE is not supported: as on Flex Consumption, schedules are in UTC")
        details = function.trigger.details
        self.function = function
        self.text = resolved(str(details["schedule"]), environment)
        self.on_startup = bool(details.get("runOnStartup"))
        self.disabled = environment.get(f"AzureWebJobs.{function.name}.Disabled", "").lower() in ("true", "1")
        try:
            self.schedule = cron.parse(self.text)
        except ValueError as error:
            raise AppRefused(f"function '{function.name}': {error}") from error
