"""Column security: secured columns, and the profiles that let their members read, create and update them.

A user without a profile reads null in a secured column and may not write it; System Administrators may do everything.
Profiles of teams, masking, and filters or aggregates over a column that the caller may not read are not simulated.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from .columns import TableSchema
from .errors import DataverseError
from .people import ADMIN_ROLE, Caller

if TYPE_CHECKING:
    from .organisation import Organisation

READING: ContextVar[Caller | None] = ContextVar("reading", default=None)
"""Whose request is being answered. Rows are rendered in many places, which need not all know of callers."""
VERBS = {"canread": "read", "cancreate": "create", "canupdate": "update"}
ALLOWED = 4
MOST_REMEMBERED = 10_000
MEMBERS, PERMISSIONS = "systemuserprofiles", "fieldpermission"
CODES = {"cancreate": "0x8004f502", "canupdate": "0x8004f507", "canread": "0x8004f504"}
"""AttributePrivilegeCreateIsMissing, AttributePermissionUpdateIsMissingDuringUpdate and ...ReadIsMissing: 403 all."""


def denied(org: Organisation, table: TableSchema, user_id: str, verb: str) -> frozenset[str]:
    """The secured columns of a table on which a user may not do what `verb` (`canread`) says."""
    secured = table.secured_columns
    if not secured:
        return frozenset()
    versions = [org.store(name).version for name in (MEMBERS, PERMISSIONS, "systemuserroles")]
    key = (table.logical_name, secured, user_id, verb, *versions)
    if key not in org.denials:
        if len(org.denials) > MOST_REMEMBERED:
            org.denials.clear()
        org.denials[key] = _denied(org, table, user_id, verb)
    return org.denials[key]


def _denied(org: Organisation, table: TableSchema, user_id: str, verb: str) -> frozenset[str]:
    secured = table.secured_columns
    if org.people.role_named(ADMIN_ROLE) in org.people.roles_of(user_id):
        return frozenset()
    allowed: set[str] = set()
    for member in org.store(MEMBERS).having("systemuserid", user_id):
        for permission in org.store(PERMISSIONS).having("fieldsecurityprofileid", member["fieldsecurityprofileid"]):
            if permission.get("entityname") == table.logical_name and permission.get(verb) == ALLOWED:
                allowed.add(str(permission.get("attributelogicalname")))
    return secured - allowed


def hidden(org: Organisation, table: TableSchema) -> frozenset[str]:
    """The columns that whoever is being answered may not read."""
    caller = READING.get()
    if not table.secured_columns or caller is None:
        return frozenset()
    return denied(org, table, caller.user_id, "canread")


def check_write(org: Organisation, table: TableSchema, caller: Caller, written: set[str], verb: str) -> None:
    """Raises the 403 when a secured column is written by somebody who may not."""
    if not table.secured_columns:
        return
    wrong = denied(org, table, caller.user_id, verb) & written
    if wrong:
        text = f"The user does not have {VERBS[verb]} permissions to a secured field ({', '.join(sorted(wrong))})."
        raise DataverseError(403, CODES[verb], text + " The requested operation could not be completed.")
