"""The choices of this organisation: how slow, how strict, and which side of an unsettled question it takes.

Every default that delays something is short enough for a demo and long enough that a client which does not wait for
it is found out. `calm()` is the organisation without delays, for tests about something else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Behaviour:
    """Seconds are the organisation's own (its clock may be moved), save those that hold a request up."""

    metadata_lag_seconds: float = 0.5
    """How long new tables, columns, keys stay unseen by metadata reads without `Consistency: Strong`."""
    customization_seconds: float = 0.02
    """How long a customization holds its lock (and its answer)."""
    key_index_seconds: float = 0.3
    """From the creation of an alternate key until its index is Active."""
    table_warmup_seconds: float = 0.05
    """The first bulk message on a new table; a second one meanwhile meets 0x80044150."""
    bulk_delete_seconds: float = 0.3
    """From BulkDelete until its job is done."""
    strict_crlf: bool = False
    """Refuse a $batch with bare line feeds."""
    override_createdon_missing: str = "error"
    """Without prvOverrideCreatedOnCreatedBy: "error" or "ignore" (reports differ)."""
    opportunity_state_patch: bool = False
    """Allow PATCH of an opportunity to won or lost (reports differ)."""
    update_multiple_state: bool = True
    """Allow statecode and statuscode in UpdateMultiple (not documented)."""
    recycle_bin: bool = False
    """Keep deleted rows for Restore."""
    total_count_lag_seconds: float = 0.0
    """How old the snapshot behind RetrieveTotalRecordCount may be."""
    secured_booleans_hidden: bool = True
    """Secured two-option columns, and choices with a default, are null to whoever may not read them; older
    documentation says that these can only be secured against writing."""
    unsecure_needs_permission: bool = True
    """Lifting the security of a column needs full permission on it (0x8004f50d), as the catalogue of errors says."""
    closed_email_read_only: bool = True
    """A completed or cancelled e-mail refuses changes of its content, its parties and its attachments."""
    email_from_users_only: bool = False
    """Only a user can be the sender of an e-mail, as the reference has it (reports differ)."""
    platform_parties: bool = True
    """An activity gets a party for its owner (9) and for what it regards (8) from the platform."""
    dop_hint: int = 8
    currency_required: bool = True
    """Refuse a money value without transactioncurrencyid (0x80048cfb)."""

    def __post_init__(self) -> None:
        if self.override_createdon_missing not in ("error", "ignore"):
            raise ValueError('override_createdon_missing is "error" or "ignore"')

    def but(self, **changes: Any) -> Behaviour:
        return replace(self, **changes)


def calm(**changes: Any) -> Behaviour:
    """No delays at all; keys are Active at once."""
    none = {field.name: 0.0 for field in fields(Behaviour) if field.name.endswith("_seconds")}
    return Behaviour(**{**none, **changes})


def load_behaviour(path: Path | None) -> Behaviour:
    """From a JSON object of the names above; ValueError names an unknown one."""
    if path is None:
        return Behaviour()
    document = json.loads(path.read_text(encoding="utf-8"))
    unknown = sorted(set(document) - {field.name for field in fields(Behaviour)})
    if unknown:
        raise ValueError(f"{path}: unknown behaviour: {', '.join(unknown)}")
    return Behaviour(**document)
