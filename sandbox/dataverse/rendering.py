"""Rows into JSON: property names, nulls, etags and, where asked for, annotations. Compiled once per query."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .column_security import readable
from .columns import CHOICE_KINDS, LOOKUP_KINDS, Column, Kind, TableSchema
from .tables import Row

if TYPE_CHECKING:
    from .organisation import Organisation

FORMATTED = "@OData.Community.Display.V1.FormattedValue"
LOGICAL = "@Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION = "@Microsoft.Dynamics.CRM.associatednavigationproperty"
HIDDEN_KINDS = frozenset({Kind.PARTIES})

Annotate = Callable[[Row, dict[str, Any]], None]


def visible_columns(table: TableSchema) -> list[Column]:
    return [column for column in table.columns.values() if column.kind not in HIDDEN_KINDS]


def renderer(
    org: Organisation, table: TableSchema, columns: Iterable[Column], annotations: str = "", *, etag: bool = True
) -> Callable[[Row], dict[str, Any]]:
    """A function from row to JSON object with exactly these columns, null where the row has nothing."""
    chosen = list(columns)
    pairs = [(column.property_name, column.logical_name) for column in chosen]
    annotate = _bodies(org, chosen) + _annotators(org, table, chosen, annotations)

    def plain(row: Row) -> dict[str, Any]:
        get = row.get
        shown: dict[str, Any] = {"@odata.etag": f'W/"{row.get("versionnumber", 1)}"'} if etag else {}
        shown.update([(name, get(stored)) for name, stored in pairs])
        return shown

    if not annotate:
        return plain

    def annotated(row: Row) -> dict[str, Any]:
        shown = plain(row)
        for add in annotate:
            add(row, shown)
        return shown

    return annotated


def _bodies(org: Organisation, columns: list[Column]) -> list[Annotate]:
    """Files inside rows are shown as their Base64, fetched only where they are asked for."""

    def showing(name: str) -> Annotate:
        def add(row: Row, shown: dict[str, Any]) -> None:
            if name in row:
                shown[name] = org.files.encoded(row[name])

        return add

    return [showing(column.logical_name) for column in columns if column.holds_file]


def _wants(annotations: str, annotation: str) -> bool:
    """Does the Prefer list of patterns name this annotation?"""
    name = annotation.lstrip("@")
    for pattern in (part.strip() for part in annotations.split(",")):
        if pattern == "*" or pattern == name or (pattern.endswith("*") and name.startswith(pattern[:-1])):
            return True
    return False


def _annotators(org: Organisation, table: TableSchema, columns: list[Column], annotations: str) -> list[Annotate]:
    if not annotations:
        return []
    made: list[Annotate] = []
    for column in columns:
        if column.kind in LOOKUP_KINDS:
            made.extend(_lookup_annotators(org, table, column, annotations))
        elif _wants(annotations, FORMATTED) and (formatted := _formatter(column)) is not None:
            made.append(_formatted_annotator(column, formatted))
    return made


def _formatted_annotator(column: Column, formatted: Callable[[Any], str]) -> Annotate:
    stored, name = column.logical_name, column.property_name + FORMATTED

    def add(row: Row, shown: dict[str, Any]) -> None:
        if stored in row:
            shown[name] = formatted(row[stored])

    return add


def _formatter(column: Column) -> Callable[[Any], str] | None:
    if column.kind in CHOICE_KINDS:
        texts = {option.value: option.text for option in column.options}
        if column.kind is Kind.MULTI:
            return lambda value: "; ".join(texts.get(int(part), part) for part in str(value).split(","))
        return lambda value: texts.get(value, str(value))
    if column.kind is Kind.BOOLEAN:
        texts = {bool(option.value): option.text for option in column.options}
        return lambda value: texts.get(value, str(value))
    if column.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY, Kind.BIGINT):
        places = 0 if column.kind in (Kind.INTEGER, Kind.BIGINT) else (column.precision or 0)
        mark = "$" if column.kind is Kind.MONEY else ""
        return lambda value: f"{mark}{value:,.{places}f}"
    if column.kind is Kind.DATETIME:
        return str
    return None


def _lookup_annotators(org: Organisation, table: TableSchema, column: Column, annotations: str) -> list[Annotate]:
    stored, name = column.logical_name, column.property_name
    links = org.catalogue.links.by_column[table.logical_name, stored]
    navigations = {link.referenced: link.navigation for link in links}

    def target_of(row: Row) -> str:
        return str(row.get(f"{stored}@type") or column.targets[0])

    def formatted(row: Row, shown: dict[str, Any]) -> None:
        if stored in row:
            target = org.catalogue.tables[target_of(row)]
            found = readable(org, target.logical_name).rows.get(row[stored], {})
            if target.primary_name and (text := found.get(target.primary_name)) is not None:
                shown[name + FORMATTED] = text

    def logical(row: Row, shown: dict[str, Any]) -> None:
        if stored in row:
            shown[name + LOGICAL] = target_of(row)

    def navigates(row: Row, shown: dict[str, Any]) -> None:
        if stored in row and (found := navigations.get(target_of(row)) or navigations.get("owner")):
            shown[name + NAVIGATION] = found

    wanted = ((FORMATTED, formatted), (LOGICAL, logical), (NAVIGATION, navigates))
    return [add for annotation, add in wanted if _wants(annotations, annotation)]
