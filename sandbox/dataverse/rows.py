"""Rows over HTTP: entity sets, single rows, their properties, files and references. Protocol only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from . import deletion, errors, file_columns, records
from .addresses import RowKey, Segment, existing, find_row
from .bulk_messages import PREFIX, bulk, create_keyed
from .column_security import readable
from .columns import Column, Kind, TableSchema
from .expanding import compile_expansions
from .fetchxml import fetch_rows
from .filters import parse_filter
from .messages import user_privileges
from .people import privilege
from .queries import MOST, check_options, chosen_columns, context, count_rows, list_rows
from .references import associate, bind_single, disassociate, list_references
from .rendering import renderer
from .selection import Selection, collection, follow, navigation
from .sql import sql_rows
from .tables import Row
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

FILE_KINDS = frozenset({Kind.FILE, Kind.IMAGE})


def handle(org: Organisation, request: Request, path: list[Segment]) -> Answer:
    """Any request whose first segment is an entity set."""
    table = org.catalogue.by_set(path[0].name)
    if path[0].key is None:
        return _on_set(org, table, request, path[1:])
    row = find_row(org, table, path[0].key)
    if len(path) == 1:
        return _on_row(org, row, request)
    return _below_row(org, row, request, path[1:])


def _on_set(org: Organisation, table: TableSchema, request: Request, rest: list[Segment]) -> Answer:
    if rest and rest[0].name.startswith(PREFIX):
        if request.method != "POST":
            raise errors.DataverseError(404, "", f"No HTTP resource was found that matches the request {request.path}.")
        return bulk(org, table, rest[0].name.removeprefix(PREFIX), request)
    if rest and rest[0].name == "$count" and request.method == "GET":
        return _count(org, table, request)
    if rest:
        raise errors.unknown_segment(rest[0].name)
    if request.method == "GET":
        require_read(org, request, table)
        if "fetchXml" in request.query:
            return fetch_rows(org, table, request)
        if "sql" in request.query:
            return sql_rows(org, table, request)
        if "odata.track-changes" in request.prefer:
            raise errors.not_simulated("change tracking")
        return list_rows(org, table, request)
    if request.method == "POST":
        return _create(org, table, request, request.json())
    raise errors.method_not_allowed(request.method)


def require_read(org: Organisation, request: Request, table: TableSchema) -> None:
    org.people.require(request.caller, privilege("Read", table), table.logical_name)


def _count(org: Organisation, table: TableSchema, request: Request) -> Answer:
    require_read(org, request, table)
    node = parse_filter(request.query["$filter"], request.query) if "$filter" in request.query else None
    # The service writes a byte order mark before the number; clients have to expect it.
    number = min(count_rows(Selection(org, table, node)), MOST)
    return Answer(200, b"\xef\xbb\xbf" + str(number).encode(), content_type="text/plain")


def entity_id(request: Request, table: TableSchema, key: str) -> str:
    return f"{request.root}/{table.set_name}({key})"


def _create(org: Organisation, table: TableSchema, request: Request, body: dict[str, Any]) -> Answer:
    org.people.require(request.caller, privilege("Create", table), table.logical_name)
    with org.work(request.caller) as work:
        row_id = records.create(work, table, body)
    if request.wants_representation:
        return _representation(org, table, row_id, request, 201)
    address = entity_id(request, table, row_id)
    return Answer(204, None, {"OData-EntityId": address, "Location": address})


def _representation(org: Organisation, table: TableSchema, row_id: str, request: Request, status: int) -> Answer:
    """The row instead of its address."""
    document = _document(org, table, readable(org, table.logical_name).rows[row_id], request)
    return Answer(status, document, {"Preference-Applied": "return=representation"})


def _document(org: Organisation, table: TableSchema, row: Row, request: Request) -> dict[str, Any]:
    columns = chosen_columns(table, request.query.get("$select"))
    shown = renderer(org, table, columns, request.annotations)(row)
    expansions = compile_expansions(org, table, request.query.get("$expand", ""), request.query)
    for expansion in expansions:
        expansion.add([row], [shown], request.annotations)
    place = context(table, request.query, expansions)
    return {"@odata.context": f"{request.root}/$metadata#{place}/$entity", **shown}


def _on_row(org: Organisation, row: RowKey, request: Request) -> Answer:
    match request.method:
        case "GET":
            return _retrieve(org, row, request)
        case "PATCH":
            return _patch(org, row, request)
        case "DELETE":
            row_id = existing(org, row)
            org.people.require(request.caller, privilege("Delete", row.table), row.table.logical_name)
            with org.work(request.caller) as work:
                deletion.delete(work, row.table, row_id, if_match=request.header("If-Match"))
            return Answer(204)
    raise errors.method_not_allowed(request.method)


def _retrieve(org: Organisation, key: RowKey, request: Request) -> Answer:
    check_options(request.query)
    require_read(org, request, key.table)
    row = readable(org, key.table.logical_name).rows[existing(org, key)]
    etag = f'W/"{row["versionnumber"]}"'
    if request.header("If-None-Match") == etag and "$expand" not in request.query and not request.annotations:
        return Answer(304, None, {"ETag": etag})
    return Answer(200, _document(org, key.table, row, request), {"ETag": etag})


def _patch(org: Organisation, key: RowKey, request: Request) -> Answer:
    """Update with If-Match, create with If-None-Match: *, upsert with neither."""
    table, body, if_match = key.table, request.json(), request.header("If-Match")
    exists = key.row_id is not None and org.row_exists(table.logical_name, key.row_id)
    if request.header("If-None-Match") == "*" and exists:
        raise errors.duplicate_id()
    if if_match is not None and not exists:
        existing(org, key)
    verb = "Write" if exists else "Create"
    org.people.require(request.caller, privilege(verb, table), table.logical_name)
    with org.work(request.caller) as work:
        if exists:
            assert key.row_id is not None
            # The columns of the key are ignored in an update.
            plain = {name: value for name, value in body.items() if name not in key.values}
            records.update(work, table, key.row_id, plain, if_match=if_match)
            row_id = key.row_id
        else:
            plain = {name: value for name, value in body.items() if name not in key.values}
            row_id = create_keyed(work, table, plain, key.values, key.row_id)
    if request.wants_representation:
        return _representation(org, table, row_id, request, 200 if exists else 201)
    # The address echoes the key that was used, not the guid behind it.
    address = entity_id(request, table, key.text)
    return Answer(204, None, {"OData-EntityId": address, "Location": address})


def _below_row(org: Organisation, row: RowKey, request: Request, rest: list[Segment]) -> Answer:
    table, name = row.table, rest[0].name
    if name == f"{PREFIX}RetrieveUserPrivileges" and table.logical_name == "systemuser":
        return user_privileges(org, existing(org, row), request)
    if name.startswith(PREFIX):
        raise errors.not_simulated(f"the message {name.removeprefix(PREFIX)}")
    column = table.columns.get(name)
    if column is not None and name not in org.catalogue.links.by_navigation[table.logical_name]:
        return _on_property(org, row, column, request, rest[1:])
    links = org.catalogue.links
    single = name in links.by_navigation[table.logical_name]
    if (
        not single
        and name not in links.by_collection[table.logical_name]
        and (name not in links.many[table.logical_name])
    ):
        raise errors.unknown_segment(name)
    if len(rest) > 1 and rest[1].name == "$ref":
        return _on_reference(org, row, rest[0], request, single=single)
    if request.method == "GET":
        return _related(org, row, name, request, rest[1:], single=single)
    if request.method == "POST" and not single and name in links.by_collection[table.logical_name]:
        return _create_related(org, row, name, request)
    raise errors.method_not_allowed(request.method)


def _on_property(org: Organisation, row: RowKey, column: Column, request: Request, rest: list[Segment]) -> Answer:
    table, row_id = row.table, existing(org, row)
    raw = bool(rest) and rest[0].name == "$value"
    if column.kind in FILE_KINDS:
        match request.method:
            case "GET":
                require_read(org, request, table)
                return file_columns.get_file(org, table, row_id, column, request, raw)
            case "PATCH" | "PUT":
                return file_columns.put_file(org, table, row_id, column, request)
            case "DELETE" if column.kind is Kind.FILE:
                return file_columns.delete_file(org, table, row_id, column, request)
    match request.method:
        case "GET":
            require_read(org, request, table)
            return _property_value(org, row, row_id, column, request, raw)
        case "PUT":
            body = {column.logical_name: request.json().get("value")}
        case "DELETE":
            body = {column.logical_name: None}
        case _:
            raise errors.method_not_allowed(request.method)
    org.people.require(request.caller, privilege("Write", table), table.logical_name)
    with org.work(request.caller) as work:
        records.update(work, table, row_id, body, if_match=request.header("If-Match"))
    return Answer(204)


def _property_value(org: Organisation, row: RowKey, row_id: str, column: Column, request: Request, raw: bool) -> Answer:
    value = readable(org, row.table.logical_name).rows[row_id].get(column.logical_name)
    if value is None:
        return Answer(204)
    if column.holds_file:
        value = org.files.encoded(value)
    if raw:
        return Answer(200, value.encode() if isinstance(value, str) else orjson.dumps(value), content_type="text/plain")
    place = f"{row.table.set_name}({row_id})/{column.logical_name}"
    return Answer(200, {"@odata.context": f"{request.root}/$metadata#{place}", "value": value})


def _related(
    org: Organisation, row: RowKey, name: str, request: Request, rest: list[Segment], *, single: bool
) -> Answer:
    table = row.table
    require_read(org, request, table)
    found = readable(org, table.logical_name).rows[existing(org, row)]
    if single:
        link, target = navigation(org, table, name)
        targets = ("systemuser", "team") if link.referenced == "owner" else (target.logical_name,)
        for candidate in targets:
            other = follow(org, table, link, candidate)(found)
            if other is not None:
                return Answer(200, _document(org, org.catalogue.tables[candidate], other, request))
        return Answer(204)
    many, child = collection(org, table, name)
    if rest and rest[0].name == "$count":
        return Answer(200, b"\xef\xbb\xbf" + str(min(len(many(found)), MOST)).encode(), content_type="text/plain")
    if rest:
        raise errors.unknown_segment(rest[0].name)
    return list_rows(org, child, request, within=many(found))


def _create_related(org: Organisation, row: RowKey, name: str, request: Request) -> Answer:
    """POST to a collection: the new row is linked to this one."""
    link = org.catalogue.links.by_collection[row.table.logical_name][name]
    child = org.catalogue.tables[link.referencing]
    bound = {f"{link.navigation}@odata.bind": f"/{row.table.set_name}({existing(org, row)})"}
    return _create(org, child, request, {**request.json(), **bound})


def _on_reference(org: Organisation, row: RowKey, segment: Segment, request: Request, *, single: bool) -> Answer:
    table, row_id = row.table, existing(org, row)
    if request.method == "GET":
        return list_references(org, table, row_id, segment.name, request, single=single)
    org.people.require(request.caller, privilege("Write", table), table.logical_name)
    with org.work(request.caller) as work:
        match request.method:
            case "PUT" if single:
                bind_single(work, table, row_id, segment.name, request.json().get("@odata.id"))
            case "DELETE" if single:
                bind_single(work, table, row_id, segment.name, None)
            case "POST" if not single:
                associate(work, table, row_id, segment.name, request.json().get("@odata.id"))
            case "DELETE":
                disassociate(work, table, row_id, segment.name, segment.key or request.query.get("$id"))
            case _:
                raise errors.method_not_allowed(request.method)
    return Answer(204)
