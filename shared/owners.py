"""Who will own what: staff matched to Dynamics users by e-mail, before anything is written (R65-R71).

A disabled or unlicensed user owns nothing: rows would be refused one by one. Such staff count as unmatched, with the
reason shown, and what they are responsible for goes to the fallback owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.dataverse.results import User


@dataclass(frozen=True, slots=True)
class Ownership:
    """One member of staff: the user found, if any, and why not."""

    staff: str
    user: str
    reason: str


def match(staff: Iterable[Mapping[str, Any]], users: Iterable[User]) -> list[Ownership]:
    """One line per member of staff. Two users with one e-mail address match nobody: a person has to say which."""
    by_email: dict[str, list[User]] = {}
    for user in users:
        if user.email and not user.application:
            by_email.setdefault(user.email.strip().casefold(), []).append(user)
    return [_ownership(str(person["id"]), by_email.get(_email(person), [])) for person in staff]


def _email(person: Mapping[str, Any]) -> str:
    return str(person.get("email") or "").strip().casefold() or "\0"


def _ownership(staff: str, found: list[User]) -> Ownership:
    if not found:
        return Ownership(staff, "", "no-user-with-this-e-mail")
    if len(found) > 1:
        return Ownership(staff, "", "several-users-with-this-e-mail")
    hindrance = _hindrance(found[0])
    return Ownership(staff, "", hindrance) if hindrance else Ownership(staff, found[0].id, "matched-by-e-mail")


def _hindrance(user: User) -> str:
    """Why a user can own nothing; nothing where they can."""
    if user.disabled:
        return "user-is-disabled"
    if user.licensed is False:
        return "user-has-no-licence"
    return "user-has-no-role" if user.has_role is False else ""


def lost(owners: Iterable[str], users: Iterable[User]) -> dict[str, str]:
    """Those of the owners who can own nothing any more, by id, with the reason. Applications need no licence."""
    there = {user.id: user for user in users}
    reasons = {id_: _hindrance(there[id_]) if id_ in there else "user-is-gone" for id_ in owners}
    return {
        id_: reason
        for id_, reason in sorted(reasons.items())
        if reason and not (id_ in there and there[id_].application and not there[id_].disabled)
    }


def fallback(email: str | None, users: Iterable[User], *, us: str) -> str | None:
    """The fallback owner's user id: the enabled user with that address, or the app itself when none was named."""
    if not email:
        return us
    fits = [user for user in users if (user.email or "").casefold() == email.casefold() and not user.disabled]
    return fits[0].id if len(fits) == 1 else None


def authors(lines: Iterable[Ownership], users: Iterable[User]) -> dict[str, str]:
    """The users as whom notes may be written (A22): those who own something, to their Entra object ids."""
    entra = {user.id: user.entra_object_id for user in users if user.entra_object_id}
    return {line.user: entra[line.user] for line in lines if line.user in entra}


def counted(body: Mapping[str, Any], owned: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """The owner table with how many rows each member of staff brings to whoever owns them (N14). ``owned``: object
    and staff id (empty where a record names nobody) to records. Staff whom records name but no list shows are listed
    apart (R71): their rows go to the fallback owner."""
    known = {str(line["staff"]) for line in body["staff"]}
    staff = [{**line, "rows": _rows(owned, str(line["staff"]))} for line in body["staff"]]
    strangers = sorted({person for _, person in owned} - known - {""})
    users = {str(line["user"]) for line in body["staff"] if line["user"]}
    totals = {user: _sum(line["rows"] for line in staff if line["user"] == user) for user in sorted(users)}
    without = [_rows(owned, person) for person in ("", *strangers)]
    fallback = _sum([*(line["rows"] for line in staff if not line["user"]), *without])
    return {
        **body,
        "staff": staff,
        "staff_nobody_lists": [{"staff": person, "rows": _rows(owned, person)} for person in strangers],
        "rows_by_owner": totals,
        "rows_for_fallback_owner": fallback,
    }


def _rows(owned: Mapping[tuple[str, str], int], person: str) -> dict[str, int]:
    return {name: count for (name, who), count in sorted(owned.items()) if who == person}


def _sum(parts: Iterable[Mapping[str, int]]) -> int:
    return sum(count for part in parts for count in part.values())


def document(lines: Iterable[Ownership], *, fallback_owner: str, fallback_named: bool) -> dict[str, Any]:
    """The owner table a person reviews. Staff appear by their source id: names and addresses stay in the vault."""
    rows = [{"staff": line.staff, "user": line.user or None, "reason": line.reason} for line in lines]
    reasons = [row["reason"] for row in rows]
    return {
        "fallback_owner": fallback_owner,
        "fallback_is": "the named user" if fallback_named else "the app's own user, because none was named",
        "counts": {str(reason): reasons.count(reason) for reason in sorted({str(r) for r in reasons})},
        "staff": rows,
    }
