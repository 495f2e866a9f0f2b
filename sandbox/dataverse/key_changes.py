"""Changes to alternate keys: what a key may be made of, the start of its index, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors
from .column_bodies import labels_of, refused
from .columns import AlternateKey, Kind, TableSchema
from .jobs import KEY_INDEX, start_job
from .keys import settle_keys
from .people import Caller
from .solutions import KEY, add_component, drop_component, require_prefix

if TYPE_CHECKING:
    from .organisation import Organisation


KEY_KINDS = frozenset(
    {Kind.DECIMAL, Kind.INTEGER, Kind.STRING, Kind.DATETIME, Kind.LOOKUP, Kind.PICKLIST, Kind.CUSTOMER, Kind.OWNER}
)
MOST_KEYS = 10
MOST_KEY_COLUMNS = 16
MOST_KEY_BYTES = 900


# alternate keys


def create_key(
    org: Organisation, caller: Caller, table: TableSchema, body: dict[str, Any], solution: str | None
) -> AlternateKey:
    """Start building an alternate key; it can be used when its index is Active."""
    org.people.require(caller, "prvWriteEntity", "entity")
    schema_name = body.get("SchemaName")
    if not isinstance(schema_name, str) or not schema_name:
        raise refused("a key needs a SchemaName")
    require_prefix(org, schema_name)
    columns = tuple(str(name).lower() for name in body.get("KeyAttributes") or ())
    _check_key(table, schema_name, columns)
    now = org.clock.now()
    job = start_job(org, f"Index of the key {schema_name}", KEY_INDEX, "CreateEntityKey")
    key = AlternateKey(
        schema_name,
        org.new_id(),
        columns,
        labels_of(body.get("DisplayName")),
        started_at=now,
        ready_at=now + org.behaviour.key_index_seconds,
        job_id=job,
    )
    org.catalogue.put_key(table.logical_name, key)
    with org.work(caller) as work:
        add_component(work, solution, KEY, key.metadata_id)
    settle_keys(org)
    return key


def _check_key(table: TableSchema, schema_name: str, columns: tuple[str, ...]) -> None:
    if any(key.logical_name == schema_name.lower() for key in table.keys):
        text = f"An entity key with the name {schema_name} already exists on entity {table.logical_name}."
        raise errors.invalid(text, "0x80060893")
    if any(frozenset(key.columns) == frozenset(columns) for key in table.keys):
        raise errors.invalid("An entity key with the same attributes already exists.", "0x80060894")
    if len(table.keys) >= MOST_KEYS or not 1 <= len(columns) <= MOST_KEY_COLUMNS:
        raise refused(f"a table has at most {MOST_KEYS} keys of at most {MOST_KEY_COLUMNS} columns")
    width = 0
    for name in columns:
        column = table.columns.get(name)
        if column is None or column.kind not in KEY_KINDS:
            raise refused(f"'{name}' is not a column that a key can be made of")
        if column.secured:
            raise errors.invalid(f"The field {name} is secured and cannot be part of an entity key.", "0x80060896")
        width += 2 * (column.max_length or 0) if column.kind is Kind.STRING else 16
    if width > MOST_KEY_BYTES:
        raise refused(f"the key would be {width} bytes wide; at most {MOST_KEY_BYTES} are allowed")


def delete_key(org: Organisation, caller: Caller, table: TableSchema, key: AlternateKey) -> None:
    org.people.require(caller, "prvWriteEntity", "entity")
    org.catalogue.drop_key(table.logical_name, key)
    org.store(table.logical_name).drop_key(key.schema_name)
    with org.work(caller) as work:
        drop_component(work, key.metadata_id)
