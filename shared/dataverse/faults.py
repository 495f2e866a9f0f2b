"""What a refusal of Dataverse means for us: its code decides, its HTTP status only when the code is unknown.

Pure, so that every rule of the catalogue is one line and one test. Dataverse's own messages can repeat a record's
value, so nothing of them leaves this room but the name of a column, a table or a privilege.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from shared.errors import AskPerson, Failure, Stop, TryAgain


class FaultKind(StrEnum):
    """What to do about it."""

    RETRY = "retry"
    THROTTLED = "throttled"
    CUSTOMIZATION = "customization"
    AMBIGUOUS = "ambiguous"
    DATA = "data"
    CONFIGURATION = "configuration"
    ALREADY = "already"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal, understood. ``wait`` is in seconds.

    ``reason`` is the stable slug a set-aside row carries; ``text`` is our own sentence, free of record values.
    ``tries`` is how often sending it whole makes sense (0: while patience lasts); ``poison`` says that after so many
    tries the fault is taken to be the row's own.
    """

    kind: FaultKind
    reason: str
    text: str
    status: int
    code: str = ""
    wait: float = 0.0
    tries: int = 0
    poison: bool = False
    column: str | None = None


class _Rule(NamedTuple):
    kind: FaultKind
    reason: str
    text: str
    wait: float = 0.0
    tries: int = 0
    poison: bool = False


_K = FaultKind
_THROTTLED = _Rule(_K.THROTTLED, "throttled", "Dataverse asks us to slow down", 5.0)
_LOCKED = _Rule(_K.CUSTOMIZATION, "customization-running", "another customization is running", 10.0)
_DENIED = _Rule(_K.CONFIGURATION, "privilege-missing", "the application user lacks a privilege")
_SECURED = _Rule(_K.CONFIGURATION, "column-locked", "a column is locked away from the application user")
_DISABLED = _Rule(_K.CONFIGURATION, "user-disabled", "the application user is disabled or in no business unit")
_GONE = _Rule(_K.DATA, "parent-missing", "the row, or one it points to, is not there")
_BUSY = _Rule(_K.RETRY, "database-busy", "the database was busy", 1.0, 5)
_TOO_LONG = _Rule(_K.DATA, "text-too-long", "a text is longer than its column")
_RANGE = _Rule(_K.DATA, "number-out-of-range", "a number is outside its column's range")
_EXISTS = _Rule(_K.ALREADY, "already-there", "it is there already")
_OWNER = _Rule(_K.DATA, "owner-unknown", "the owner is not a user or team of this environment")
_REQUEST = _Rule(_K.BUG, "request-refused", "Dataverse did not understand the request")

# Section 16 of the fact sheet, in its order. Codes are 32-bit numbers, compared in lower case.
_BY_CODE: dict[str, _Rule] = {
    "0x80072322": _THROTTLED,
    "0x80072321": _THROTTLED,
    "0x80072326": _THROTTLED,
    "0x8005f103": _THROTTLED,
    **dict.fromkeys(("0x80072323", "0x80072324", "0x80072325", "0x80072327"), _THROTTLED._replace(wait=30.0)),
    "0x80071151": _LOCKED,
    "0x80071154": _LOCKED,
    "0x80090447": _LOCKED,
    "0x80044150": _BUSY,
    "0x80044151": _BUSY._replace(reason="database-timeout", tries=3),
    "0x80040255": _BUSY,
    "0x80040251": _BUSY,
    "0x80044339": _BUSY._replace(reason="lock-not-obtained"),
    "0x80040216": _Rule(_K.RETRY, "unexpected-error", "Dataverse met an unexpected error", 1.0, 3, True),
    "0x80040224": _Rule(_K.DATA, "plug-in-failed", "a plug-in of the environment failed on the row"),
    "0x80040265": _Rule(_K.DATA, "business-rule", "a business rule of the environment refused the row"),
    "0x80040237": _EXISTS,
    "0x80060892": _Rule(_K.CONFLICT, "key-taken", "another row has the same alternate key"),
    "0x80040333": _Rule(_K.DATA, "duplicate-detected", "a duplicate detection rule refused the row"),
    "0x80060882": _Rule(_K.CONFLICT, "edited-since", "someone changed the row in the meantime"),
    "0x8006088d": _Rule(_K.CONFIGURATION, "row-versions-off", "the table keeps no row versions"),
    "0x80060883": _REQUEST,
    "0x80060890": _Rule(_K.CONFIGURATION, "key-missing", "an alternate key is not defined or not active"),
    "0x80060891": _Rule(_K.RETRY, "key-without-row", "no row has that alternate key yet", 2.0, 3, True),
    "0x8006089d": _Rule(_K.DATA, "key-ambiguous", "several rows have that alternate key"),
    "0x80060893": _EXISTS,
    "0x80060894": _EXISTS,
    "0x80047013": _EXISTS,
    "0x80044363": _EXISTS,
    "0x80047007": _EXISTS,
    "0x8004f01f": _Rule(_K.DATA, "still-used", "other parts of the environment depend on it"),
    "0x80040217": _GONE,
    **dict.fromkeys(("0x80040220", "0x80040231", "0x80048306", "0x80048405"), _DENIED),
    **dict.fromkeys(("0x8004f502", "0x8004f504", "0x8004f507", "0x8004f50d"), _SECURED),
    "0x80040225": _DISABLED,
    "0x8004022b": _Rule(_K.DATA, "owner-disabled", "the owner is a disabled user"),
    "0x80040229": _OWNER,
    "0x80042f09": _Rule(_K.DATA, "owner-without-role", "the owner has no security role"),
    "0x80042f0a": _Rule(_K.DATA, "owner-without-role", "the owning team has no security role"),
    "0x8004d24b": _Rule(_K.CONFIGURATION, "user-unlicensed", "a user has no licence"),
    "0x80072560": _Rule(_K.CONFIGURATION, "not-a-member", "the application user is not in the environment"),
    "0x80048408": _Rule(_K.DATA, "status-invalid", "the status does not belong to the state"),
    "0x8004f027": _Rule(_K.DATA, "status-invalid", "the state cannot change that way"),
    "0x80100005": _REQUEST,
    "0x80040515": _EXISTS,
    "0x8004051a": _EXISTS,
    "0x80040516": _Rule(_K.DATA, "cannot-be-closed", "the opportunity cannot be closed"),
    "0x80044331": _TOO_LONG,
    "0x80073001": _TOO_LONG,
    "0x8004432f": _RANGE,
    "0x80044330": _RANGE,
    "0x80040317": _RANGE,
    "0x8004431a": _Rule(_K.DATA, "choice-unknown", "a choice has no such value"),
    "0x80048cfb": _Rule(_K.DATA, "currency-missing", "an amount of money has no currency"),
    "0x80073002": _Rule(_K.DATA, "not-unique", "a value has to be unique and is not"),
    "0x80040203": _Rule(_K.DATA, "value-refused", "Dataverse refused a value"),
    "0x80048d19": _REQUEST,
    "0x0": _REQUEST,
    "0x8006088a": _REQUEST._replace(reason="not-found", text="there is no such table or address"),
    "0x80041103": _REQUEST._replace(text="a query names a column that is not there"),
    "0x80040227": _Rule(_K.DATA, "has-children", "other rows depend on it"),
    "0x80040502": _GONE,
    "0x80040503": _GONE,
    "0x80040507": _Rule(_K.DATA, "hierarchy-loop", "the row would become its own ancestor"),
    "0x80044a02": _Rule(_K.DATA, "file-too-large", "a file is larger than the environment allows"),
    "0x80090008": _REQUEST,
    "0x8004418a": _Rule(_K.TOO_LARGE, "request-too-large", "the request is too large"),
    "0x80050400": _Rule(_K.CONFIGURATION, "capacity-exceeded", "the environment's storage is full"),
    "0x80044352": _Rule(_K.CONFIGURATION, "change-token-expired", "the change-tracking token has expired"),
    "0x80072491": _Rule(_K.CONFIGURATION, "change-tracking-off", "change tracking is off for the table"),
    "0x8004e023": _Rule(_K.DATA, "aggregate-too-large", "the query would count more than 50,000 rows"),
    "0x80040219": _Rule(_K.BUG, "not-implemented", "Dataverse does not implement the request"),
}

_BY_STATUS: dict[int, _Rule] = {
    401: _Rule(_K.CONFIGURATION, "token-refused", "the access token was refused"),
    403: _DENIED,
    404: _Rule(_K.DATA, "row-missing", "it is not there"),
    408: _Rule(_K.AMBIGUOUS, "no-answer", "the request timed out on the way", 2.0),
    412: _Rule(_K.CONFLICT, "edited-since", "a condition on the row did not hold"),
    413: _Rule(_K.TOO_LARGE, "request-too-large", "the request is too large"),
    429: _THROTTLED,
    501: _Rule(_K.BUG, "not-implemented", "Dataverse does not implement the request"),
    502: _Rule(_K.AMBIGUOUS, "no-answer", "a gateway lost the answer", 2.0),
    503: _Rule(_K.RETRY, "unavailable", "Dataverse is not available now", 5.0),
    504: _Rule(_K.AMBIGUOUS, "no-answer", "a gateway waited too long for the answer", 2.0),
}

NO_ANSWER = Fault(_K.AMBIGUOUS, "no-answer", "the connection broke before the answer came", 0, wait=1.0)
NOT_SENT = Fault(_K.RETRY, "not-reached", "Dataverse could not be reached", 0, wait=2.0)

# Where Dataverse itself writes a column name; nothing else between quotes is ever taken out of a message.
_COLUMN = re.compile(r"length of the '(\w+)' attribute of the '| of '(\w+)' on record of type '")
_PRIVILEGE = re.compile(r"missing (prv\w+) privilege")
_TABLE = re.compile(r"entity '(\w+)'")


def classify(status: int, code: str, message: str, retry_after: float | None) -> Fault:
    """What an error answer means. ``retry_after`` is in seconds."""
    code = code.lower()
    rule = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if code == "0x80060888":  # any malformed address, and also things that are not there
        rule = _BY_STATUS[404] if status == 404 else _REQUEST
    if rule is None and status >= 500:
        rule = _Rule(_K.RETRY, "server-error", "Dataverse failed", 2.0, 4 if code else 0, bool(code))
    if rule is None:
        rule = _Rule(_K.DATA, f"refused-{code or status}", "Dataverse refused it")
    text = rule.text
    if rule is _DENIED:
        text = _denied(message)
    # The server's word is better than our guess, but only for a throttle does it shorten the wait.
    told = retry_after is not None and rule.kind is _K.THROTTLED
    wait = retry_after if told and retry_after else max(rule.wait, retry_after or 0.0)
    return Fault(rule.kind, rule.reason, text, status, code, wait, rule.tries, rule.poison, _column(message))


def _column(message: str) -> str | None:
    found = _COLUMN.search(message)
    return next(filter(None, found.groups()), None) if found else None


def _denied(message: str) -> str:
    privilege, table = _PRIVILEGE.search(message), _TABLE.search(message)
    name = privilege[1] if privilege else "a privilege"
    return f"the application user lacks {name}" + (f" on table {table[1]}" if table else "")


def failure(fault: Fault, where: str) -> Failure:
    """The fault as an error to raise. ``where`` names the verb and the table or column, never a record."""
    code = f" ({fault.code or fault.status})" if fault.code or fault.status else ""
    text = f"{where}: {fault.text}{code}."
    match fault.kind:
        case FaultKind.BUG:
            return Stop(fault.reason, text, remedy="Report this: the request was wrong, not the records.")
        case FaultKind.CONFIGURATION:
            return AskPerson(fault.reason, text, remedy=_REMEDIES.get(fault.reason, ""))
        case FaultKind.DATA | FaultKind.CONFLICT | FaultKind.ALREADY | FaultKind.TOO_LARGE:
            return AskPerson(fault.reason, text)
        case _:
            return TryAgain(fault.reason, text, after=max(fault.wait, 5.0))


_REMEDIES = {
    "privilege-missing": "Give the application user's security role that privilege, then resume.",
    "column-locked": "Make it a member of a column security profile that may read, create and update the column.",
    "token-refused": "Check that the app's identity is an application user of the environment.",
    "user-disabled": "Enable the application user and put it in a business unit.",
    "not-a-member": "Add the app's identity to the environment as an application user.",
    "capacity-exceeded": "Free or buy database capacity for the environment.",
}
