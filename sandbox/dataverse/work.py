"""A unit of work: who asks, when, and the transaction that holds what was done so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .people import Caller
from .tables import Transaction

if TYPE_CHECKING:
    from .organisation import Organisation


@dataclass
class Work:
    org: Organisation
    caller: Caller
    transaction: Transaction
    now: str
