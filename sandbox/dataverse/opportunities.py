"""WinOpportunity and LoseOpportunity: how an opportunity is closed, and the activity that this leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import errors, records, rules
from .addresses import resolve_reference
from .columns import TableSchema
from .people import privilege
from .wire import Answer, Request
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation


def closing(status_of_state: int) -> Callable[[Organisation, Request], Answer]:
    """WinOpportunity (1) and LoseOpportunity (2): close, and leave an opportunityclose activity."""

    def message(org: Organisation, request: Request) -> Answer:
        body = request.json()
        given = body.get("OpportunityClose")
        if not isinstance(given, dict) or "opportunityid@odata.bind" not in given:
            raise errors.invalid("OpportunityClose with opportunityid@odata.bind is required.", "0x80040203")
        target, row_id = resolve_reference(org, given["opportunityid@odata.bind"])
        table = org.catalogue.tables["opportunity"]
        if target != "opportunity":
            raise errors.invalid("opportunityid must bind an opportunity.", "0x80040203")
        old = org.store("opportunity").rows.get(row_id)
        if old is None:
            raise errors.missing_target("opportunity", row_id)
        if old["statecode"] != 0:
            raise errors.invalid("The opportunity has already been closed.", "0x80040515")
        status = body.get("Status")
        options = table.statuses.options if table.statuses else ()
        if (
            status is not None
            and status != -1
            and not any(option.value == status and option.state == status_of_state for option in options)
        ):
            shown = {1: "Won", 2: "Lost"}[status_of_state]
            raise errors.wrong_status(status, f"OpportunityState.{shown}", "opportunity", row_id)
        org.people.require(request.caller, privilege("Write", table), "opportunity")
        with org.work(request.caller) as work:
            _close_opportunity(work, table, old, given, status_of_state, status)
        return Answer(204)

    return message


def _close_opportunity(
    work: Work, table: TableSchema, old: dict[str, Any], given: dict[str, Any], state: int, status: int | None
) -> None:
    states = table.states.options if table.states else ()
    if status in (None, -1):
        status = next(option.default_status for option in states if option.value == state)
    closing = {name: value for name, value in given.items() if name != "@odata.type"}
    close_table = work.org.catalogue.tables["opportunityclose"]
    ended = str(closing.get("actualend") or work.now)
    if len(ended) == 10:
        # Clients send a day here; the column of the activity is a moment.
        closing["actualend"] = f"{ended}T00:00:00Z"
    if "actualrevenue" in closing and "transactioncurrencyid@odata.bind" not in closing:
        currency = old.get("transactioncurrencyid") or work.org.settings["base_currency"]
        closing["transactioncurrencyid@odata.bind"] = f"/transactioncurrencies({currency})"
    close_id = records.create(work, close_table, closing)
    close = work.org.store("opportunityclose").rows[close_id]
    closed = {**close, "statecode": 1, "statuscode": 2, "opportunitystatuscode": status}
    work.transaction.put("opportunityclose", close_id, closed)
    row = {
        **old,
        "statecode": state,
        "statuscode": status,
        "actualclosedate": ended[:10],
    }
    if "actualrevenue" in close:
        row["actualvalue"] = close["actualrevenue"]
        row.setdefault("transactioncurrencyid", close["transactioncurrencyid"])
        rules.complete(work, table, row, {"actualvalue": close["actualrevenue"]}, created=False)
    records.stamp_modified(work, row)
    work.transaction.put("opportunity", old["opportunityid"], row)
