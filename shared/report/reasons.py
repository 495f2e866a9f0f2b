"""What a reason means to a person, and what they may do about it. Every slug the app can give has its sentence."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """What happened, and what to do."""

    meaning: str
    remedy: str


NOTHING = "Nothing: this is by rule."
CORRECT = "Correct it in Core Practice; the next pickup brings it."
ELSEWHERE = "Name a SharePoint library in the start request, and run again."
LOOK = "Look at the row and its source, then repair, or leave it as it is."

REASONS = {
    "is-a-dynamics-user": Reason("This member of staff has a user in Dynamics, who owns the rows instead.", NOTHING),
    "same-organisation": Reason("Another record of the same organisation became the account.", NOTHING),
    "moved-by-another-rule": Reason("A sibling rule takes this record.", NOTHING),
    "matches-several-contacts": Reason(
        "The patient fits several contacts that were there already.", "Merge or tell apart the contacts, then pick up."
    ),
    "parent-missing": Reason("What the record belongs to is not in the source.", CORRECT),
    "choice-unknown": Reason("The value is not among the choices of the approved map.", CORRECT),
    "date-too-early": Reason("Dynamics takes no date before 1753.", CORRECT),
    "date-too-late": Reason("Dynamics takes no date after 9999.", CORRECT),
    "not-a-date": Reason("The value cannot be read as a date.", CORRECT),
    "not-a-time": Reason("The value cannot be read as a time.", CORRECT),
    "time-without-zone": Reason("The time does not say in which zone it is.", CORRECT),
    "not-a-number": Reason("The value cannot be read as a number.", CORRECT),
    "number-out-of-range": Reason("The number does not fit its column.", CORRECT),
    "not-an-amount": Reason("The value is no amount that is exact to the cent.", CORRECT),
    "not-a-yes-or-no": Reason("The value is neither yes nor no.", CORRECT),
    "text-too-long": Reason("The text does not fit its column.", CORRECT),
    "edited-since": Reason(
        "Somebody changed the row after it was written.", "Leave it, or repair with how: overwrite."
    ),
    "left-as-it-is": Reason("A person decided to leave the row as it is.", NOTHING),
    "differs": Reason("The target holds another value than the source says.", LOOK),
    "missing": Reason("The row is not there.", "Repair: it is written again."),
    "unexpected": Reason(
        "The row bears this run's number, and no record of the source became it.", "Find out who made it."
    ),
    "gone-in-source": Reason(
        "The source has the record no more; its row is still here.",
        "Read source-changes; leave the row, or repair with how: remove.",
    ),
    "deleted-in-source": Reason("The source deleted the record, and a person had its row taken out.", NOTHING),
    "merged-in-source": Reason("The source merged the patient away, and a person had the row taken out.", NOTHING),
    "not-brought": Reason("The file has not arrived.", "Repair: it is brought again."),
    "bytes-differ": Reason("The file's bytes are not those of the source.", LOOK),
    "name-differs": Reason("The file has another name.", LOOK),
    "type-differs": Reason("The file has another type.", LOOK),
    "not-shown-on-contact": Reason("The contact does not show the library's folder.", LOOK),
    "another-file-there": Reason(
        "Another file was there before this run.", "Look at both; the source still has its own."
    ),
    "file-missing-in-source": Reason("The source has no such file.", CORRECT),
    "file-damaged-in-source": Reason("The file is not what its record says.", CORRECT),
    "file-size-unknown": Reason("The source does not say how large the file is.", CORRECT),
    "file-empty": Reason("The file is empty, and a note takes no empty file.", NOTHING),
    "file-type-blocked": Reason("The organisation blocks files of this type.", ELSEWHERE),
    "file-too-large": Reason("The file is larger than a note takes.", ELSEWHERE),
}
"""By slug."""

UNKNOWN = Reason("Dynamics refused the row, or gave a reason of its own.", "Look the reason up; correct it and repair.")


def reason(slug: str) -> Reason:
    """What a reason means. Dynamics has codes of its own, which are named as they are."""
    return REASONS.get(slug, UNKNOWN)
