"""Failures, named by what happens next: try again, ask a person, stop.

A message says what happened, where, and what to do. It never carries a record's value, a patient's detail or a token:
messages are stored in run documents and in Durable's history.
"""

from __future__ import annotations


class Failure(Exception):
    """Something that is expected to go wrong now and then.

    ``code`` is a stable slug for people and tests (``source-unreachable``); ``remedy`` says what to do about it.
    """

    def __init__(self, code: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


class TryAgain(Failure):
    """Nothing is wrong with the request; the other side could not serve it now. ``after`` is in seconds."""

    def __init__(self, code: str, message: str, *, after: float = 5.0, remedy: str = "") -> None:
        super().__init__(code, message, remedy=remedy)
        self.after = after


class AskPerson(Failure):
    """A person has to change something (a secret, a privilege, a table); the same step then works."""


class Stop(Failure):
    """This run cannot go on as it was asked for."""
