"""What holds for profiles and permissions of column security as rows: the platform's own profile, valid permissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import errors
from .columns import TableSchema
from .securing import SYSTEM_PROFILE
from .tables import Row
from .work import Work


def permission(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    """A permission is for a secured column, and there is one for each profile and column."""
    profile = row.get("fieldsecurityprofileid")
    if profile is None:
        raise errors.invalid("A field permission needs a field security profile.", "0x80040203")
    refuse_system_profile(profile)
    target = work.org.catalogue.table(str(row.get("entityname")))
    column = target.columns.get(str(row.get("attributelogicalname"))) if target is not None else None
    if column is None:
        raise errors.unknown_attribute(str(row.get("entityname")), str(row.get("attributelogicalname")))
    if not column.secured:
        text = "One or more fields are not enabled for field level security."
        raise errors.invalid(f"{text} ({row['entityname']}.{column.logical_name})", "0x8004f508")
    for other in work.org.store("fieldpermission").having("fieldsecurityprofileid", profile):
        if other["fieldpermissionid"] == row["fieldpermissionid"]:
            continue
        if all(other.get(name) == row.get(name) for name in ("entityname", "attributelogicalname")):
            raise errors.duplicate_id()


def profile(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    refuse_system_profile(row["fieldsecurityprofileid"])


def refuse_system_profile(profile_id: str) -> None:
    """The administrators' profile is the platform's: nobody updates or deletes it."""
    if profile_id == SYSTEM_PROFILE:
        text = "The System Administrator field security profile is managed by the system and cannot be changed."
        raise errors.invalid(text, "0x8004022e")


def check_delete(table: TableSchema, row: Row) -> None:
    """Raises for the platform's own profile and its permissions."""
    if table.logical_name in ("fieldsecurityprofile", "fieldpermission"):
        refuse_system_profile(str(row.get("fieldsecurityprofileid")))
