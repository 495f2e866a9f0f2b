"""Health funds and policies: what makes two spellings one payer, and which of several policies comes first (N19, A10).

The primary policy is mirrored on the contact, so everybody who asks must get the same one: the order below leaves
nothing to chance or to the order of the records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.mapping.crosswalk import organisation_key

LEGAL_FORMS = re.compile(r"(?: (?:pty|proprietary|ltd|limited|inc|incorporated|co))+$")
INITIALS = re.compile(r"\b\w(?: \w)+\b")


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of one patient. ``priority`` 1 is the first to pay; ``valid_from`` and ``valid_to`` are its first and
    last day, open when absent."""

    id: str
    carrier: str = ""
    priority: int | None = None
    active: bool | None = None
    valid_from: date | None = None
    valid_to: date | None = None


def payer_key(carrier: str) -> str:
    """What two spellings of one fund have in common: no case, spacing, punctuation or legal form; H.C.F. is HCF.

    Words are never dropped for being common: "Medibank" and "Medibank Private" may be two funds, and a person says
    whether they are one. Empty for a text without a letter or digit.
    """
    plain = organisation_key(carrier)
    joined = INITIALS.sub(lambda initials: initials.group().replace(" ", ""), plain)
    return LEGAL_FORMS.sub("", joined) or joined


def ordered(policies: Iterable[Policy], on: date | None = None) -> list[Policy]:
    """Policies in the order in which they pay.

    1. The practice's own priority, none last: it is a statement about who pays first.
    2. Active, then unknown, then inactive: old policies keep their priority when a new one is entered.
    3. Valid on the day asked about, when one is.
    4. The newest first day, none last.
    5. The id, so that nothing is left to chance.
    """
    return sorted(policies, key=lambda policy: _place(policy, on))


def primary(policies: Iterable[Policy], on: date | None = None) -> Policy | None:
    """The policy that pays first, by ``ordered``; None without policies."""
    return min(policies, key=lambda policy: _place(policy, on), default=None)


def is_valid(policy: Policy, on: date) -> bool:
    """Whether a policy covers a day; an absent end is an open one."""
    return (policy.valid_from or date.min) <= on <= (policy.valid_to or date.max)


def _place(policy: Policy, on: date | None) -> tuple[bool, int, int, bool, int, str]:
    return (
        policy.priority is None,
        policy.priority or 0,
        {True: 0, None: 1, False: 2}[policy.active],
        on is not None and not is_valid(policy, on),
        -policy.valid_from.toordinal() if policy.valid_from else 0,
        policy.id,
    )
