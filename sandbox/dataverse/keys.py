"""Alternate keys: an index that takes a while to build, and fails when the rows already repeat a value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .columns import AlternateKey, TableSchema
from .jobs import finish_job

if TYPE_CHECKING:
    from .organisation import Organisation

PENDING, IN_PROGRESS, ACTIVE, FAILED = "Pending", "InProgress", "Active", "Failed"


def key_for(table: TableSchema, columns: frozenset[str]) -> AlternateKey | None:
    """The active key over exactly these columns."""
    for key in table.keys:
        if frozenset(key.columns) == columns and key.status == ACTIVE:
            return key
    return None


def settle_keys(org: Organisation) -> None:
    """Move every key that is being built to where the clock says it is."""
    now = org.clock.now()
    for table in list(org.catalogue.tables.values()):
        for key in table.keys:
            if key.status in (PENDING, IN_PROGRESS):
                _settle(org, table.logical_name, key, now)


def _settle(org: Organisation, table: str, key: AlternateKey, now: float) -> None:
    if now >= key.ready_at:
        built = org.store(table).add_key(key.schema_name, key.columns)
        org.catalogue.put_key(table, replace(key, status=ACTIVE if built else FAILED))
        if key.job_id is not None:
            message = None if built else "Duplicate values exist in the columns of the key."
            finish_job(org, key.job_id, message)
        org.flush()
    elif key.status == PENDING and now >= (key.started_at + key.ready_at) / 2:
        org.catalogue.put_key(table, replace(key, status=IN_PROGRESS))


def rebuild(org: Organisation, table: str, key: AlternateKey) -> None:
    """ReactivateEntityKey: build the index once more."""
    now = org.clock.now()
    ready = now + org.behaviour.key_index_seconds
    org.catalogue.put_key(table, replace(key, status=PENDING, started_at=now, ready_at=ready))
    settle_keys(org)
