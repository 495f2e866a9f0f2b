"""Which members of staff have a user in the target, so that owners can be found for most and not for all.

A believable mess: most clinicians have a user, one of them disabled and one spelt in capitals, assistants have
none, and one user belongs to nobody at the practice.
"""

from __future__ import annotations

from typing import Any

from sandbox.corepractice.names import PRACTICE_DOMAIN
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.shapes import CLINICIANS

_OFFICE = frozenset({"practice_manager", "receptionist"})


def staff_users(practice: Practice) -> list[dict[str, Any]]:
    """Users as [{fullname, internalemailaddress, isdisabled, licensed}], in the order of staff ids."""
    users: list[dict[str, Any]] = []
    clinicians = 0
    for member in practice.all("staff"):
        treats = member["role"] in CLINICIANS and member["active"]
        clinicians += treats
        if member["email"] is None or not _has_user(member["role"], bool(member["active"]), clinicians):
            continue
        users.append(
            {
                "fullname": f"{member['first_name']} {member['last_name']}",
                "internalemailaddress": member["email"].upper() if treats and clinicians == 3 else member["email"],
                "isdisabled": not member["active"] or (treats and clinicians == 5),
                "licensed": member["role"] != "receptionist",
            }
        )
    outsider = f"migration@{PRACTICE_DOMAIN}"
    users.append(
        {"fullname": "Migration Partner", "internalemailaddress": outsider, "isdisabled": False, "licensed": True}
    )
    return users


def _has_user(role: str, present: bool, clinicians: int) -> bool:
    """Of those who left, dentists keep a disabled user; every sixth clinician was never given one."""
    if not present:
        return role == "dentist"
    return clinicians % 6 != 4 if role in CLINICIANS else role in _OFFICE
