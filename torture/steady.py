"""A customer who does not mind that the app is gone for a moment: what got no answer is asked again. And the person on
call, who looks into what only a person can mend."""

from __future__ import annotations

import http.client
import time
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.customer import Api, Customer, Disappointed, Refused

PATIENCE = 1800.0
MENDED = ("source-credentials-refused",)
"""Problems that are over once somebody has looked: a token that the source refused one moment, and takes the next."""
ASKED_BEFORE = ("already-rolling-back", "already-decided", "gate-not-open", "not-held-up")
"""What an app answers to the second of two requests, the first of which it did although nobody heard of it."""


@dataclass(frozen=True, slots=True)
class SteadyApi(Api):
    """Asks until it is answered."""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """As ``Api.call``; a request without an answer is sent again, and may find that it was heard the first time."""
        deadline, lost = time.monotonic() + PATIENCE, False
        while True:
            try:
                # Explicitly: slots make a class anew, and the bare form would look for the first one.
                return Api.call(self, method, path, body, **headers)
            except Refused as refused:
                code = str(refused.problem.get("type", "")).rpartition("/")[2]
                if lost and code in ASKED_BEFORE:
                    return {}
                if refused.status < 500:
                    raise
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError):
                pass
            lost = True
            if time.monotonic() > deadline:
                raise Disappointed(f"no answer for {PATIENCE:.0f} seconds: {method} {path}")
            time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class SteadyCustomer(Customer):
    """A customer with that patience."""

    @property
    def api(self) -> Api:
        """The app with the function key."""
        return SteadyApi(self.town.functions_url, self.town.function_key)

    @property
    def patience(self) -> float:
        """The app may die hundreds of times on the way."""
        return 4 * PATIENCE

    def status(self, run: str) -> dict[str, Any]:
        """Where the run is, once whoever is on call has mended what can be mended."""
        status = Customer.status(self, run)
        if status["problem"] and status["problem"]["code"] in MENDED:
            self.ask(run, "resume")
            return {**status, "problem": None}
        return status

    @property
    def host(self) -> Api:
        """The host's admin API."""
        return SteadyApi(self.town.functions_url, self.town.master_key)


def poll(look: Callable[[], Any], *, what: str) -> None:
    """Look until there is something to see."""
    deadline = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > deadline:
            raise Disappointed(f"never seen: {what}")
        time.sleep(0.2)
