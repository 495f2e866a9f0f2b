"""Create, update and upsert one row by Dataverse's rules: defaults, owner, states, audit columns, keys.

The rules of single tables (names made of parts, closed opportunities) are `rules`; deleting is `deletion`.
"""

from __future__ import annotations

from typing import Any

from . import activity_rules, errors, rules
from .column_security import check_write
from .columns import Column, Kind, TableSchema
from .nesting import create_children, create_parents
from .people import privilege
from .tables import Row
from .work import Work
from .writing import CREATE, UPDATE, Written

OVERRIDE = "prvOverrideCreatedOnCreatedBy"


def create(
    work: Work, table: TableSchema, body: dict[str, Any], *, row_id: str | None = None, nested: bool = False
) -> str:
    """Create a row, with its nested rows; answers its id. `row_id` is the one in the URL, if any; `nested` says that
    the row is inside another."""
    rules.before_create(work, table, nested=nested)
    written = work.org.writer(table, CREATE).read(body)
    check_write(work.org, table, work.caller, written.changes, "cancreate")
    if written.nested:
        create_parents(work, table, written)
    row = new_row(work, table, written, row_id)
    name, new_id = table.logical_name, row[table.primary_id]
    store = work.org.store(name)
    if new_id in store.rows:
        raise errors.duplicate_id()
    _refuse_repeated_key(work, table, new_id, row)
    work.transaction.put(name, new_id, row)
    if written.nested:
        create_children(work, table, new_id, written.nested)
    if table.activity:
        activity_rules.keep_platform_parties(work, table, row, None)
    return str(new_id)


def new_row(work: Work, table: TableSchema, written: Written, row_id: str | None = None) -> Row:
    """The row as it would be stored: what was written, over the defaults."""
    org, caller, changes = work.org, work.caller, written.changes
    new_id = row_id or written.row_id or org.new_id()
    row: Row = dict(org.plan(table).defaults)
    for name, value in changes.items():
        if value is not None:
            row[name] = value
    row[table.primary_id] = new_id
    if written.status is not None and table.states is not None:
        _check_status(table, row["statecode"], written.status, new_id)
        row["statuscode"] = written.status
    _stamp_created(work, table, row)
    if table.user_owned:
        if "ownerid" in changes:
            org.people.check_owner(row["ownerid@type"], row["ownerid"])
        else:
            row["ownerid"], row["ownerid@type"] = caller.user_id, "systemuser"
        _derive_owning(work, row)
    rules.complete(work, table, row, changes, created=True)
    row["versionnumber"] = org.next_version()
    return row


def _stamp_created(work: Work, table: TableSchema, row: Row) -> None:
    caller = work.caller
    row["createdon"] = row["modifiedon"] = work.now
    row["createdby"] = row["modifiedby"] = caller.user_id
    if caller.user_id != caller.real_id:
        row["createdonbehalfby"] = row["modifiedonbehalfby"] = caller.real_id
    original = row.get("overriddencreatedon")
    if original is None:
        return
    if not work.org.people.has(caller.user_id, OVERRIDE):
        if work.org.behaviour.override_createdon_missing == "error":
            raise errors.missing_privilege(caller.user_id, OVERRIDE, table.logical_name)
        del row["overriddencreatedon"]
        return
    # The two are swapped: what was sent becomes createdon, and the moment of import is kept beside it.
    row["createdon"], row["overriddencreatedon"] = original, work.now


def _derive_owning(work: Work, row: Row) -> None:
    owner, kind = row["ownerid"], row["ownerid@type"]
    row.pop("owninguser", None)
    row.pop("owningteam", None)
    row["owninguser" if kind == "systemuser" else "owningteam"] = owner
    holder = work.org.store(kind).rows.get(owner, {})
    row["owningbusinessunit"] = holder.get("businessunitid") or work.org.settings["business_unit"]


def update(work: Work, table: TableSchema, row_id: str, body: dict[str, Any], *, if_match: str | None = None) -> None:
    """Change a row that exists; `if_match` is the etag the caller believes in, or "*"."""
    name = table.logical_name
    old = work.org.store(name).rows.get(row_id)
    if old is None:
        raise errors.no_record(name, row_id)
    check_version(old, if_match)
    if name == "activityparty":
        raise rules.not_supported("Update", name)
    written = work.org.writer(table, UPDATE).read(body)
    activity_rules.check_editable(work, table, old, written)
    check_write(work.org, table, work.caller, written.changes, "canupdate")
    if written.nested:
        create_parents(work, table, written)
    row = _changed(work, table, old, written)
    _refuse_repeated_key(work, table, row_id, row)
    work.transaction.put(name, row_id, row)
    if written.nested:
        if table.activity and any(name == f"{table.logical_name}_activity_parties" for name, _ in written.nested):
            activity_rules.replace_parties(work, row_id)
        create_children(work, table, row_id, written.nested)
    if table.activity:
        activity_rules.keep_platform_parties(work, table, row, old)


def _changed(work: Work, table: TableSchema, old: Row, written: Written) -> Row:
    row = dict(old)
    for name, value in written.changes.items():
        if value is None:
            row.pop(name, None)
        else:
            row[name] = value
    if written.state is not None or written.status is not None:
        _change_state(work, table, old, row, written)
        activity_rules.stamp_times(work, table, old, row, written.changes)
    if "ownerid" in written.changes:
        if "ownerid" not in row:
            raise errors.invalid("The owner of a record cannot be null.", "0x80040229")
        work.org.people.require(work.caller, privilege("Assign", table), table.logical_name)
        work.org.people.check_owner(row["ownerid@type"], row["ownerid"])
        _derive_owning(work, row)
    rules.complete(work, table, row, written.changes, created=False)
    stamp_modified(work, row)
    return row


def stamp_modified(work: Work, row: Row) -> None:
    """Who changed the row last, for whom and when; and its next version."""
    row["modifiedon"], row["modifiedby"] = work.now, work.caller.user_id
    if work.caller.on_behalf:
        row["modifiedonbehalfby"] = work.caller.real_id
    else:
        row.pop("modifiedonbehalfby", None)
    row["versionnumber"] = work.org.next_version()


def _change_state(work: Work, table: TableSchema, old: Row, row: Row, written: Written) -> None:
    row_id = old[table.primary_id]
    state = old["statecode"] if written.state is None else written.state
    status = written.status
    if status is None:
        # Sending statecode alone sets the first status reason of that state.
        status = old["statuscode"] if state == old["statecode"] else _first_status(table, state)
    _check_status(table, state, status, row_id)
    rules.check_transition(work, table, old, state)
    row["statecode"], row["statuscode"] = state, status


def _first_status(table: TableSchema, state: int) -> int | None:
    states: Column | None = table.states
    return next((option.default_status for option in states.options if option.value == state), None) if states else None


def _check_status(table: TableSchema, state: int, status: int | None, row_id: str) -> None:
    assert table.statuses is not None
    assert table.states is not None
    if any(option.value == status and option.state == state for option in table.statuses.options):
        return
    shown = next((option.text for option in table.states.options if option.value == state), str(state))
    raise errors.wrong_status(status, f"{table.schema_name}State.{shown}", table.logical_name, row_id)


def check_version(row: Row, if_match: str | None) -> None:
    """Raises 412 unless the etag is the row's own."""
    if if_match is not None and if_match != "*" and if_match.removeprefix("W/").strip('"') != str(row["versionnumber"]):
        raise errors.version_mismatch()


def _refuse_repeated_key(work: Work, table: TableSchema, row_id: str, row: Row) -> None:
    if not table.keys:
        return
    clash = work.org.store(table.logical_name).clash(row_id, row)
    if clash is not None:
        key = next(key for key in table.keys if key.schema_name == clash[0])
        shown = key.labels[0][1] if key.labels else key.schema_name
        raise errors.duplicate_key(shown, table.logical_name, key.schema_name, key.columns, clash[1])


def clear_column(work: Work, table: TableSchema, row_id: str, column: Column) -> None:
    """DELETE of a single property."""
    if column.kind is Kind.STATE or not column.updatable:
        raise errors.invalid(f"The property '{column.logical_name}' cannot be cleared.", "0x80040203")
    update(work, table, row_id, {column.logical_name: None})
