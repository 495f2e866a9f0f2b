"""What a practice's consent and reminder preference become at the target, where every flag has the opposite polarity.

Dataverse asks "do not allow?", and a flag that is left out allows. So a wrong or missing answer must never open a
channel: only a clear yes does, and unknown means do not contact (Spam Act 2003, section 16: consent, not its absence).

=========  =========  ==========  ===========  ==============================================================
reminder   preferred  donotemail  donotphone   why
=========  =========  ==========  ===========  ==============================================================
sms        3 Phone    as status   as status    Dataverse has no text message; a text goes to a phone number
email      2 Email    as status   as status
phone      3 Phone    as status   as status
none       (unset)    yes         yes          who wants no reminder wants nothing less wanted either
(unknown)  (unset)    as status   as status    nobody refused: staff may still ring about treatment
=========  =========  ==========  ===========  ==============================================================

"As status" is no, but yes for the deceased, to whom nothing is ever sent. The bulk and marketing flags follow
``marketing_consent`` alone. Unset is never written as 1 (Any): that would be a preference nobody stated. Dataverse may
show Any for an unset one; the flags are what protects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PREFERRED = {"email": 2, "phone": 3, "sms": 3}
"""Reminder preference to ``preferredcontactmethodcode`` (1 Any, 2 Email, 3 Phone, 4 Fax, 5 Mail)."""


@dataclass(frozen=True, slots=True)
class ContactRules:
    """How a contact may be reached, under Dataverse's names. True means do not."""

    preferredcontactmethodcode: int | None
    donotemail: bool
    donotphone: bool
    donotpostalmail: bool
    donotbulkemail: bool
    donotbulkpostalmail: bool
    donotsendmm: bool
    """Do not send marketing material."""


def allows_contact(marketing_consent: Any) -> bool:
    """Whether marketing may be sent. Only a clear yes says so: nothing, no and nonsense all mean do not."""
    return marketing_consent is True or (
        isinstance(marketing_consent, str) and marketing_consent.strip().lower() in ("true", "yes")
    )


def preferred_contact_method(reminder_preference: str | None) -> int | None:
    """The number of Dataverse's pick-list; None where a person stated no channel."""
    return PREFERRED.get((reminder_preference or "").strip().lower())


def contact_rules(marketing_consent: Any, reminder_preference: str | None, *, deceased: bool = False) -> ContactRules:
    """All of it together, by the table above."""
    silent = deceased or (reminder_preference or "").strip().lower() == "none"
    no_marketing = deceased or not allows_contact(marketing_consent)
    return ContactRules(
        preferredcontactmethodcode=None if deceased else preferred_contact_method(reminder_preference),
        donotemail=silent,
        donotphone=silent,
        donotpostalmail=deceased,
        donotbulkemail=no_marketing,
        donotbulkpostalmail=no_marketing,
        donotsendmm=no_marketing,
    )
