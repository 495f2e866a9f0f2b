"""Who may do what: application users made on first sight, roles, and the privileges a role may be short of.

A role here grants everything except what it is told to lack, because what a migration must survive is a privilege that
is missing. A user without any role may do nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import errors
from .columns import TableSchema, stable_id
from .tables import Row, Table

MIGRATION_ROLE = "Bridgework Migration"
ADMIN_ROLE = "System Administrator"
VERBS = ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share")
OTHER_PRIVILEGES = (
    "prvOverrideCreatedOnCreatedBy",
    "prvActOnBehalfOfAnotherUser",
    "prvBypassCustomBusinessLogic",
    "prvBypassCustomPlugins",
    "prvBulkDelete",
    "prvPublishCustomization",
    "prvCreateEntity",
    "prvWriteEntity",
    "prvDeleteEntity",
    "prvCreateAttribute",
    "prvWriteAttribute",
    "prvDeleteAttribute",
    "prvCreateRelationship",
    "prvDeleteRelationship",
)
SALES_ROLE = "Salesperson"
SALES_GAPS = (
    *OTHER_PRIVILEGES,
    "prvWriteOrganization",
    *(f"prv{verb}FieldSecurityProfile" for verb in ("Create", "Write", "Delete")),
    *(f"prv{verb}FieldPermission" for verb in ("Create", "Write", "Delete")),
)
"""What the role of those who only use the organisation lacks: no customizing, no back-dating, no acting for others."""
# tables whose privileges do not bear their own name
PRIVILEGE_NOUNS = {
    "annotation": "Note",
    "systemuser": "User",
    "activitymimeattachment": "Activity",
    "activityparty": "Activity",
    "transactioncurrency": "TransactionCurrency",
}


@dataclass(frozen=True)
class Caller:
    """`user_id` acts; `real_id` is who the token belongs to. They differ under impersonation."""

    user_id: str
    real_id: str

    @property
    def on_behalf(self) -> bool:
        return self.user_id != self.real_id


def privilege(verb: str, table: TableSchema) -> str:
    noun = "Activity" if table.activity else PRIVILEGE_NOUNS.get(table.logical_name, table.schema_name)
    return f"prv{verb}{noun}"


class People:
    """Reads users and roles from their tables; `role_gaps` is the state it adds."""

    def __init__(self, table: Callable[[str], Table]) -> None:
        self._table = table
        self.role_gaps: dict[str, frozenset[str]] = {}
        self._gaps_known: dict[str, frozenset[str] | None] = {}
        self._gaps_version: tuple[int, int] = (-1, 0)
        self._gap_changes = 0

    def set_gaps(self, gaps: dict[str, frozenset[str]]) -> None:
        self.role_gaps = gaps
        self._gap_changes += 1

    def user(self, user_id: str) -> Row | None:
        return self._table("systemuser").rows.get(user_id)

    def roles_of(self, user_id: str) -> list[str]:
        return [row["roleid"] for row in self._table("systemuserroles").having("systemuserid", user_id)]

    def role_named(self, name: str) -> str | None:
        found = self._table("role").having("name", name)
        return str(found[0]["roleid"]) if found else None

    def gaps(self, user_id: str) -> frozenset[str] | None:
        """Privileges (lower case) that all of the user's roles lack; None when the user has no role."""
        version = (self._table("systemuserroles").version, self._gap_changes)
        if version != self._gaps_version:
            self._gaps_known, self._gaps_version = {}, version
        if user_id not in self._gaps_known:
            roles = self.roles_of(user_id)
            lacking = [self.role_gaps.get(role, frozenset()) for role in roles]
            self._gaps_known[user_id] = frozenset.intersection(*lacking) if lacking else None
        return self._gaps_known[user_id]

    def require(self, caller: Caller, name: str, table: str) -> None:
        """Raises the 403 unless every user involved has the privilege: impersonation is an intersection."""
        for user_id in {caller.user_id, caller.real_id}:
            if not self.has(user_id, name):
                raise errors.missing_privilege(user_id, name, table)

    def has(self, user_id: str, name: str) -> bool:
        gaps = self.gaps(user_id)
        return gaps is not None and name.lower() not in gaps

    def require_enabled(self, user_id: str) -> None:
        user = self.user(user_id)
        if user is None:
            raise errors.DataverseError(403, "0x80072560", "The user is not a member of the organization.")
        if user.get("isdisabled"):
            text = f"The specified user(Id={user_id}) is disabled. Consider enabling this user."
            raise errors.DataverseError(403, "0x80040225", text)

    def check_owner(self, kind: str, owner_id: str) -> None:
        """Raises what Dataverse says of an owner who cannot own."""
        if kind == "team":
            roles = self._table("teamroles").having("teamid", owner_id)
            if not roles:
                text = f"The team Id={owner_id} has not been assigned any roles."
                raise errors.DataverseError(400, "0x80042f0a", text)
            return
        user = self.user(owner_id) or {}
        if user.get("isdisabled"):
            text = f"The specified user(Id={owner_id}) is disabled. Owner is not enabled."
            raise errors.DataverseError(400, "0x8004022b", text)
        if not user.get("islicensed") and not user.get("applicationid"):
            raise errors.DataverseError(403, "0x8004d24b", f"The user Id={owner_id} has not been assigned a license.")
        if not self.roles_of(owner_id):
            text = f"The user Id={owner_id} has not been assigned any License/roles."
            raise errors.DataverseError(400, "0x80042f09", text)

    def by_application(self, appid: str) -> Row | None:
        found = self._table("systemuser").having("applicationid", appid)
        return found[0] if found else None

    def by_object_id(self, object_id: str) -> Row | None:
        found = self._table("systemuser").having("azureactivedirectoryobjectid", object_id)
        return found[0] if found else None


def user_row(document: dict[str, Any], *, business_unit: str, now: str) -> Row:
    """A systemuser from {systemuserid?, fullname, internalemailaddress, isdisabled, applicationid?, licensed}."""
    email = str(document.get("internalemailaddress") or "")
    name = str(document.get("fullname") or email)
    first, _, last = name.rpartition(" ")
    user_id = str(document.get("systemuserid") or stable_id("user", email or name)).lower()
    uuid.UUID(user_id)
    row: Row = {
        "systemuserid": user_id,
        "fullname": name,
        "firstname": first,
        "lastname": last,
        "internalemailaddress": email,
        "domainname": email or name,
        "isdisabled": bool(document.get("isdisabled", False)),
        "islicensed": bool(document.get("licensed", "applicationid" not in document)),
        "accessmode": 4 if document.get("applicationid") else 0,
        "azureactivedirectoryobjectid": str(document.get("azureactivedirectoryobjectid") or user_id).lower(),
        "applicationid": str(document["applicationid"]).lower() if document.get("applicationid") else None,
        "businessunitid": business_unit,
        "createdon": now,
        "modifiedon": now,
    }
    return {name: value for name, value in row.items() if value not in (None, "")}


def privilege_names(tables: Iterable[TableSchema]) -> list[str]:
    named = {privilege(verb, table) for table in tables if not table.private for verb in VERBS}
    return sorted(named | set(OTHER_PRIVILEGES))
