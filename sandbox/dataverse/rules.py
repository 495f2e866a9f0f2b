"""The tables whose writes have a logic of their own: names made of parts, files in rows, closed opportunities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import activity_rules, bodies, document_rules, errors, security_rules
from .columns import TableSchema
from .tables import Row
from .work import Work

OPPORTUNITY_OPEN = 0
# tables that only come into being inside another row or by the platform itself
NEVER_CREATED_ALONE = frozenset(
    {
        "organization",
        "solutioncomponent",
        "sdkmessage",
        "sdkmessagefilter",
        "asyncoperation",
        "bulkdeleteoperation",
        "bulkdeletefailure",
    }
)


def before_create(work: Work, table: TableSchema, *, nested: bool) -> None:
    name = table.logical_name
    if name in NEVER_CREATED_ALONE or table.intersect or (name == "activityparty" and not nested):
        raise not_supported("Create", name)


def not_supported(message: str, table: str) -> errors.DataverseError:
    text = f"The '{message}' method does not support entities of type '{table}'."
    return errors.DataverseError(400, "0x80040800", text)


def complete(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any], *, created: bool) -> None:
    """Fill in what follows from what was written. `row` is not stored yet and may be changed."""
    special = _SPECIAL.get(table.logical_name)
    if special is not None:
        special(work, table, row, changes)
    if table.activity and created:
        row["activitytypecode"] = table.logical_name
    if work.org.plan(table).money:
        _convert_money(work, table, row, changes)
    _refuse_circle(work, table, row, changes, created=created)


def _full_name(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    name = " ".join(part for part in (row.get("firstname"), row.get("lastname")) if part)
    if name:
        row["fullname"] = name
    else:
        row.pop("fullname", None)


def _note(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    bodies.take_in(work, table, row, changes, "documentbody")
    row["isdocument"] = "documentbody" in row
    if "objectid@type" in row:
        row["objecttypecode"] = row["objectid@type"]


def _attachment(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    activity_rules.check_attachments(work, table, row)
    bodies.take_in(work, table, row, changes, "body")


def _convert_money(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    money = work.org.plan(table).money
    sent = money.keys() & changes.keys()
    if not sent and "transactioncurrencyid" not in changes:
        return
    currency = row.get("transactioncurrencyid")
    if currency is None:
        if not any(changes[name] is not None for name in sent):
            return
        if work.org.behaviour.currency_required:
            raise errors.invalid("The currency cannot be null.", "0x80048cfb")
        currency = row["transactioncurrencyid"] = work.org.settings["base_currency"]
    rate = work.org.store("transactioncurrency").rows[currency].get("exchangerate", 1.0)
    row["exchangerate"] = rate
    for name, base in money.items():
        if name in row:
            row[base] = round(row[name] / rate, 4)
        else:
            row.pop(base, None)


_HIERARCHIES = {"account": "parentaccountid", "contact": "parentcustomerid", "businessunit": "parentbusinessunitid"}


def _refuse_circle(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any], *, created: bool) -> None:
    column = _HIERARCHIES.get(table.logical_name)
    if column is None or created or changes.get(column) is None:
        return
    if table.columns[column].polymorphic and row.get(f"{column}@type") != table.logical_name:
        return
    rows, start, at = work.org.store(table.logical_name).rows, row[table.primary_id], row[column]
    for _ in range(len(rows) + 1):
        if at == start:
            text = "Creating this parental association would create a loop in the hierarchy."
            raise errors.invalid(text, "0x80040507")
        above = rows.get(at, {})
        if table.columns[column].polymorphic and above.get(f"{column}@type") != table.logical_name:
            return
        at = above.get(column)
        if at is None:
            return


def check_transition(work: Work, table: TableSchema, old: Row, state: int) -> None:
    """Opportunities are won and lost by their own messages; a switch allows the write that some report to work."""
    if table.logical_name != "opportunity" or state == old["statecode"]:
        return
    if state != OPPORTUNITY_OPEN and not work.org.behaviour.opportunity_state_patch:
        text = "Cannot use SetState message to win or lose an Opportunity. Use the Win or Lose message instead."
        raise errors.invalid(text, "0x80100005")


def _unique_name(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    name = row.get("uniquename")
    if not name:
        raise errors.invalid(f"The unique name of a {table.logical_name} is required.", "0x80040203")
    if any(
        other[table.primary_id] != row[table.primary_id]
        for other in work.org.store(table.logical_name).having("uniquename", name)
    ):
        raise errors.duplicate_id()
    if table.logical_name == "solution":
        if "publisherid" not in row:
            raise errors.invalid("A solution needs a publisher.", "0x80040203")
        row.setdefault("version", "1.0.0.0")
        row.setdefault("ismanaged", False)
        row.setdefault("isvisible", True)
        row.setdefault("installedon", work.now)
    else:
        _check_prefix(row)


def _check_prefix(row: Row) -> None:
    prefix = row.get("customizationprefix", "")
    good = 2 <= len(prefix) <= 8 and prefix.isascii() and prefix.isalnum() and prefix[0].isalpha()
    if not good or prefix.lower().startswith("mscrm"):
        text = "The customization prefix must be 2 to 8 letters or digits, start with a letter and not be 'mscrm'."
        raise errors.invalid(text, "0x80048510")


_SPECIAL = {
    "sharepointsite": document_rules.site,
    "sharepointdocumentlocation": document_rules.location,
    "activityparty": activity_rules.party,
    "fieldpermission": security_rules.permission,
    "fieldsecurityprofile": security_rules.profile,
    "contact": _full_name,
    "lead": _full_name,
    "systemuser": _full_name,
    "annotation": _note,
    "activitymimeattachment": _attachment,
    "publisher": _unique_name,
    "solution": _unique_name,
}
