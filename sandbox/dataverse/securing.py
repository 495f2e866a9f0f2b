"""Changes to what is secured: which columns can be, who may lift it, and the permissions that come and go with it.

Apart from `column_security`, which enforces: this is metadata, changed by a customizer and kept by the platform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors
from .column_security import PERMISSIONS, denied, securable
from .columns import Column, TableSchema, stable_id
from .people import Caller
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation

SYSTEM_PROFILE = "572329c1-a042-4e22-be47-367c6374ea45"
"""The profile of the System Administrator role: the same id everywhere, a permission for each secured column."""


def check_securing(org: Organisation, caller: Caller, table: TableSchema, column: Column, *, before: bool) -> None:
    """Raises when a column cannot become (or stop being) secured. `column` is as it is to be, `before` what it was."""
    if column.secured == before:
        return
    if column.secured and not securable(table, column):
        raise errors.invalid(f"The field '{column.logical_name}' is not securable.", "0x8004f501")
    key = next((key for key in table.keys if column.logical_name in key.columns), None)
    if column.secured and key is not None:
        text = f"The field {column.logical_name} is part of the entity key {key.schema_name} and cannot be secured."
        raise errors.invalid(text, "0x80060896")
    if before and org.behaviour.unsecure_needs_permission:
        for verb in ("canread", "cancreate", "canupdate"):
            if column.logical_name in denied(org, table, caller, verb):
                text = "You must have sufficient permissions for a secured field before you can change its field level"
                raise errors.DataverseError(403, "0x8004f50d", f"{text} security.")


def record_securing(work: Work, table: str, column: Column) -> None:
    """A secured column gets its permission in the administrators' profile; one that no longer is loses them all."""
    name = column.logical_name
    if not column.secured:
        forget_permissions(work, table, name)
        return
    permission = stable_id(PERMISSIONS, table, name)
    row = {
        "fieldpermissionid": permission,
        "fieldsecurityprofileid": SYSTEM_PROFILE,
        "entityname": table,
        "attributelogicalname": name,
        "canread": 4,
        "cancreate": 4,
        "canupdate": 4,
        "versionnumber": work.org.next_version(),
    }
    work.transaction.put(PERMISSIONS, permission, row)


def forget_permissions(work: Work, table: str, column: str | None = None) -> None:
    """Remove the permissions for a column, or for every column of a table."""
    for row in work.org.store(PERMISSIONS).having("entityname", table):
        if column is None or row.get("attributelogicalname") == column:
            work.transaction.put(PERMISSIONS, row["fieldpermissionid"], None)
