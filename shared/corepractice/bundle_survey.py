"""The one reading of every file to its end that comes before a bundle's first record.

What would make records wrong or lose them is found here, while nothing has been staged: a file that broke off, rows
that are not as many as declared, ids that repeat, and dates whose order of day and month nobody can know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shared.corepractice import bundle_tables
from shared.corepractice.bundle_archive import Archive, Limits, malformed, refused, shown
from shared.corepractice.bundle_cells import Evidence, Reader
from shared.corepractice.bundle_ids import Ids
from shared.corepractice.bundle_manifest import Declared, Manifest
from shared.corepractice.bundle_spool import Spool
from shared.corepractice.date_order import DateOrder, Verdict
from shared.corepractice.printed_columns import PrintedColumns, Undecided
from shared.errors import Stop

DateOrders = Mapping[str, str]
"""Orders of day and month that a person stated: ``dmy`` or ``mdy`` by ``<object>.<field>``."""

_MOST_TOLD = 12


@dataclass(frozen=True, slots=True)
class Table:
    """One surveyed file. ``spool`` holds a spreadsheet's rows, which are slow to read twice."""

    declared: Declared
    readers: list[Reader]
    archived: int
    spool: Spool | None
    ids: Ids


def survey(archive: Archive, manifest: Manifest, limits: Limits, date_orders: DateOrders) -> dict[str, Table]:
    """Read every file to its end. Raises Stop for the first thing that is not as it should be, and for all columns
    whose dates cannot be read at once: a person is to be asked about them together."""
    stated = _stated(manifest, date_orders)
    zone = _zone(manifest) if any(declared.report for declared in manifest.objects) else ZoneInfo("UTC")
    tables: dict[str, Table] = {}
    undecided: list[tuple[Declared, Undecided]] = []
    for declared in manifest.objects:
        table, blocked = _table(archive, declared, limits, _evidence(declared, zone, stated[declared.name]))
        tables[declared.name] = table
        undecided += ((declared, column) for column in blocked)
    if undecided:
        raise _order_refused(undecided)
    return tables


def _table(
    archive: Archive, declared: Declared, limits: Limits, evidence: Evidence | PrintedColumns
) -> tuple[Table, list[Undecided]]:
    spool, ids = Spool() if declared.sheet else None, Ids()
    id_place = declared.fields.index("id")
    status_place = declared.fields.index("status") if "status" in declared.fields else None
    count = archived = 0
    for number, cells in bundle_tables.rows(archive, declared, limits):
        count += 1
        if not cells[id_place]:
            raise refused("id-missing", f"{shown(declared.file)}: the row at line {number} has no id.")
        if count > declared.rows:
            break
        archived += status_place is not None and cells[status_place] == "archived"
        ids.add(cells[id_place])
        evidence.add(cells)
        if spool:
            spool.add(cells)
    if count != declared.rows:
        found = "more" if count > declared.rows else str(count)
        text = f"{shown(declared.file)}: the manifest declares {declared.rows} rows, the file has {found}."
        raise refused("row-count", text)
    if repeated := ids.repeated():
        text = f"{shown(declared.file)}: {repeated} of its {count} rows have an id that a row above them has too."
        raise refused("duplicate-id", text)
    undecided = evidence.undecided() if isinstance(evidence, PrintedColumns) else []
    return Table(declared, evidence.readers(), archived, spool, ids), undecided


def _evidence(declared: Declared, zone: ZoneInfo, stated: dict[str, DateOrder]) -> Evidence | PrintedColumns:
    if declared.report is None:
        return Evidence(declared.name, declared.fields)
    return PrintedColumns(declared.name, declared.fields, zone=zone, stated=dict(declared.report.stated) | stated)


def _zone(manifest: Manifest) -> ZoneInfo:
    try:
        return ZoneInfo(manifest.timezone)
    except (KeyError, ValueError, OSError):  # the database is a tree of files, and the name a path in it
        raise malformed("its time zone is not one that anybody knows") from None


def _stated(manifest: Manifest, date_orders: DateOrders) -> dict[str, dict[str, DateOrder]]:
    """What a person stated, by object and field. What it does not apply to is refused: it was meant for something."""
    stated: dict[str, dict[str, DateOrder]] = {declared.name: {} for declared in manifest.objects}
    fields = {declared.name: declared.fields for declared in manifest.objects}
    for place, order in date_orders.items():
        name, _, field = place.partition(".")
        if field not in fields.get(name, ()) or order not in list(DateOrder):
            raise refused(
                "date-order-unknown",
                f"date_orders has an entry {shown(place)} that is not dmy or mdy for a field of the bundle.",
                "Name it <object>.<field> as in the bundle's manifest, then start again.",
            )
        stated[name][field] = DateOrder(order)
    return stated


def _order_refused(undecided: list[tuple[Declared, Undecided]]) -> Stop:
    told = [_told(declared, column) for declared, column in undecided[:_MOST_TOLD]]
    if len(undecided) > _MOST_TOLD:
        told.append(f"and {len(undecided) - _MOST_TOLD} more columns.")
    open_ones = [f"{d.name}.{c.field}" for d, c in undecided if c.evidence.verdict is Verdict.UNDECIDABLE]
    if open_ones:
        remedy = (
            "Ask the practice how these columns are printed, state it in the start request's source "
            f'("date_orders": {{"{shown(open_ones[0])}": "dmy"}} for day first, "mdy" for month first), '
            "then start again."
        )
    elif any(c.evidence.verdict is Verdict.CONTRADICTORY for _, c in undecided):
        remedy = "Export the practice again with one order of day and month in each column, then start again."
    else:
        remedy = "Take the stated order back or correct it, in date_orders or in the manifest, then start again."
    return refused("date-order", "The order of day and month cannot be told. " + " ".join(told), remedy)


def _told(declared: Declared, column: Undecided) -> str:
    evidence = column.evidence
    place = f"{declared.name}.{shown(column.field)} ({evidence.told()})"
    match evidence.verdict:
        case Verdict.CONTRADICTORY:
            return f"{place}: both orders occur."
        case Verdict.UNDECIDABLE:
            return f"{place}: every value could be read either way, {evidence.differing} as two different days."
        case verdict:
            return f"{place}: {verdict.value}, but {column.stated} is stated."
