"""The reading verbs: who we are, who is there, what the tables look like, and rows by id, by page and by count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import orjson

from shared.dataverse import metadata, odata
from shared.dataverse.batch import Operation
from shared.dataverse.faults import FaultKind, failure
from shared.dataverse.results import Bulk, Identity, User
from shared.dataverse.together import together
from shared.dataverse.transport import FIRST, Transport, part_fault
from shared.schema.model import Table

Row = dict[str, Any]

_USER_COLUMNS = (
    "systemuserid,fullname,internalemailaddress,isdisabled,islicensed,applicationid,azureactivedirectoryobjectid"
)


IDS_AT_ONCE = 1_000
"""Of one question inside a $batch: an address there may have 64 KB (65,536 characters), and each takes 43 of them."""


class Reads:
    """Verbs that change nothing. They may be repeated at will."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._bulk: dict[str, Bulk] = {}
        self._ours: list[str] = []

    async def who_am_i(self, user: int = FIRST) -> Identity:
        """The application user behind our token, or behind that of another of our users."""
        body = (await self._transport.send("GET", "WhoAmI", where="WhoAmI", user=user)).json()
        return Identity(body["UserId"], body["BusinessUnitId"], body["OrganizationId"])

    async def us(self) -> str:
        """The id of the user that we are where one is enough."""
        return (await self.ours())[FIRST]

    async def ours(self) -> list[str]:
        """The ids of all users that we write as, in lower case, asked once: they are our tokens'."""
        if not self._ours:
            found = await asyncio.gather(*(self.who_am_i(user) for user in range(self._transport.users)))
            self._ours = [identity.user_id.lower() for identity in found]
        return self._ours

    async def privileges(self, user_id: str) -> frozenset[str]:
        """The names of the privileges that the user has by any role (``prvCreateContact``)."""
        path = f"systemusers({user_id})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()"
        granted = (await self._get(path, where="privileges of a user"))["RolePrivileges"]
        names = {one["PrivilegeName"] for one in granted if one.get("PrivilegeName")}
        unnamed = {one["PrivilegeId"].lower() for one in granted if not one.get("PrivilegeName")}
        if unnamed:
            query = odata.query(select="privilegeid,name")
            async for page in self._follow("privileges" + query, where="privileges", size=5000):
                names |= {one["name"] for one in page if one["privilegeid"].lower() in unnamed}
        return frozenset(names)

    async def users(self) -> list[User]:
        """Every user of the environment, disabled ones and applications too, by e-mail."""
        found: dict[str, User] = {}
        roles = "systemuserroles_association($select=roleid)"
        query = odata.query(select=_USER_COLUMNS, expand=roles)
        async for page in self._follow("systemusers" + query, where="users", size=1000):
            found |= {row["systemuserid"]: _user(row) for row in page}
        return sorted(found.values(), key=lambda user: (user.email.casefold(), user.id))

    async def user_name(self, user_id: str) -> str | None:
        """A user's name, or None where there is no such user or we may not read it."""
        path = f"systemusers({user_id})" + odata.query(select="fullname")
        accept = {FaultKind.DATA, FaultKind.CONFIGURATION}
        reply = await self._transport.send("GET", path, where="name of a user", accept=accept)
        return None if reply.fault else reply.json().get("fullname")

    async def tables(self, names: Sequence[str]) -> dict[str, Table]:
        """The live tables of those names, read past the metadata cache. Absent ones are absent."""
        found = await asyncio.gather(*(self._table(name) for name in dict.fromkeys(names)))
        return {table.name: table for table in found if table is not None}

    async def custom_table_count(self) -> int:
        """How many custom tables people made here: those of managed solutions are not counted by the licence."""
        query = odata.query(select="LogicalName,IsManaged,IsIntersect", filter="IsCustomEntity eq true")
        tables = await self._get("EntityDefinitions" + query, where="custom tables", strong=True)
        return sum(not (table.get("IsManaged") or table.get("IsIntersect")) for table in tables["value"])

    async def bulk(self, table: str) -> Bulk:
        """Which bulk messages the table has, asked once (bulk-operations.md): it differs between environments."""
        if table not in self._bulk:
            create, update = await asyncio.gather(
                self._has_message(table, "CreateMultiple"), self._has_message(table, "UpdateMultiple")
            )
            self._bulk[table] = Bulk(create, update)
        return self._bulk[table]

    async def rows(
        self, table: Table, ids: Iterable[str], *, select: Sequence[str], yields: bool = False
    ) -> dict[str, Row]:
        """The rows of those ids that are there, as they travel (lookups as ``_name_value``), with ``@odata.etag``.

        ``select`` takes logical names; the primary id is always among them. ``yields``: it can wait for others.
        """
        columns = _columns(table, select)
        wanted = list(dict.fromkeys(identity.lower() for identity in ids))
        few = list(odata.groups(wanted, room=self._room(columns)))
        if len(few) <= 1:
            pages = [await self._few(table, wanted, columns, yields=yields)] if wanted else []
        else:
            starts = range(0, len(wanted), IDS_AT_ONCE)
            groups = (wanted[start : start + IDS_AT_ONCE] for start in starts)
            pages = await together(self._many(table, group, columns, yields=yields) for group in groups)
        return {row[table.primary_id].lower(): row for page in pages for row in page}

    async def _few(self, table: Table, ids: Sequence[str], columns: str, *, yields: bool) -> list[Row]:
        path = table.set_name + odata.within(table.primary_id, ids, select=columns)
        headers = {"Prefer": f"odata.maxpagesize={IDS_AT_ONCE}"}
        reply = await self._transport.send(
            "GET", path, where=f"read {table.name}", headers=headers, rows=len(ids), yields=yields, user=None
        )
        return list(reply.json()["value"])

    async def _many(self, table: Table, ids: Sequence[str], columns: str, *, yields: bool) -> list[Row]:
        """More ids than an address has room for go inside a $batch, where it may be longer."""
        path = self._transport.path(table.set_name + odata.within(table.primary_id, ids, select=columns))
        headers = {"Accept": "application/json", "Prefer": f"odata.maxpagesize={IDS_AT_ONCE}"}
        where = f"read {table.name}"
        [part] = await self._transport.batch(
            [Operation("GET", path, headers)], where=where, yields=yields, rows=len(ids)
        )
        if (fault := part_fault(part)) is not None:
            raise failure(fault, where)
        return list(orjson.loads(part.body)["value"])

    def _room(self, columns: str) -> int:
        """Characters that the ids in an address may take up when it also asks for those columns."""
        return max(odata.URL_LIMIT - len(columns) - len(self._transport.root) - 300, 1000)

    async def pages(
        self, table: Table, *, select: Sequence[str], filter: str | None = None, size: int = 5000
    ) -> AsyncIterator[list[Row]]:
        """All rows that match, page by page. ``size`` is at most 5,000."""
        query = odata.query(select=_columns(table, select), **({"filter": filter} if filter else {}))
        async for page in self._follow(table.set_name + query, where=f"read {table.name}", size=size):
            yield page

    async def page(
        self, table: Table, *, select: Sequence[str], filter: str, link: str = "", size: int = 5000
    ) -> tuple[list[Row], str]:
        """One page of the rows that match, and where the next one is: a ``link`` to come back with, empty after the
        last. Between two of them any time may pass; a link holds the place by id and no other value."""
        path = link or table.set_name + odata.query(select=_columns(table, select), filter=filter)
        headers = {"Prefer": f"odata.maxpagesize={size}"}
        body = (await self._transport.send("GET", path, where=f"read {table.name}", headers=headers)).json()
        return body["value"], str(body.get("@odata.nextLink") or "")

    async def pages_among(
        self, table: Table, column: str, values: Iterable[str], *, select: Sequence[str], filter: str | None = None
    ) -> AsyncIterator[list[Row]]:
        """Rows whose ``column`` is one of ``values``, in as many questions as addresses need; ``filter`` holds too.

        Texts are the same whatever their case, and perhaps their accents: Dataverse compares so. A row comes once
        where no two of the values are the same to Dataverse. ``values`` of a lookup are ids.
        """
        wanted, name = list(dict.fromkeys(values)), odata.read_name(table, column)
        room = self._room(_columns(table, select) + (filter or ""))
        if name != column:
            for rule in odata.either(name, wanted, room=room):
                both = f"({rule}) and ({filter})" if filter else rule
                async for page in self.pages(table, select=select, filter=both):
                    yield page
            return
        for group in odata.groups(wanted, room=room):
            path = table.set_name + odata.within(column, group, also=filter, select=_columns(table, select))
            async for page in self._follow(path, where=f"read {table.name}", size=5000):
                yield page

    async def pointed_at(self, table: Table, lookup: str, ids: Sequence[str]) -> dict[str, set[str]]:
        """Which of ``ids`` rows of ``table`` point at by their column ``lookup``, with the ids of those rows."""
        found: dict[str, set[str]] = {}
        questions = list(odata.either(f"_{lookup}_value", ids, room=self._room(lookup)))
        if len(questions) > 1 and not await self._any(table, f"_{lookup}_value ne null"):
            return found
        for wanted in questions:
            async for page in self.pages(table, select=[lookup], filter=wanted):
                for row in page:
                    target = str(row[f"_{lookup}_value"]).lower()
                    found.setdefault(target, set()).add(str(row[table.primary_id]).lower())
        return found

    async def count(self, table: Table, filter: str | None = None) -> int:
        """Exactly how many rows match, now: by aggregate, or by paging where there are more than 50,000."""
        total = "aggregate($count as total)"
        query = odata.query(apply=f"filter({filter})/{total}" if filter else total)
        reply = await self._transport.send(
            "GET", table.set_name + query, where=f"count {table.name}", accept={FaultKind.DATA}
        )
        if reply.fault is None:
            rows = reply.json()["value"]
            return int(rows[0]["total"]) if rows else 0
        return sum([len(page) async for page in self.pages(table, select=[table.primary_id], filter=filter)])

    async def _any(self, table: Table, filter: str) -> bool:
        path = table.set_name + odata.query(select=table.primary_id, filter=filter, top="1")
        return bool((await self._get(path, where=f"read {table.name}"))["value"])

    async def _get(self, path: str, *, where: str, strong: bool = False) -> Any:
        reply = await self._transport.send("GET", path, where=where, headers=odata.STRONG if strong else None)
        return reply.json()

    async def _follow(self, path: str, *, where: str, size: int, annotations: bool = False) -> AsyncIterator[list[Row]]:
        names = ',odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"' if annotations else ""
        prefer = {"Prefer": f"odata.maxpagesize={size}{names}"}  # the same on every page
        link: str | None = path
        while link:
            body = (await self._transport.send("GET", link, where=where, headers=prefer)).json()
            yield body["value"]
            link = body.get("@odata.nextLink")

    async def _has_message(self, table: str, message: str) -> bool:
        options = "$select=sdkmessagefilterid&$filter=sdkmessageid/name eq @m and primaryobjecttypecode eq @t"
        path = f"sdkmessagefilters?{options}&@m='{message}'&@t='{table}'".replace(" ", "%20")
        return bool((await self._get(path, where=f"messages of {table}"))["value"])

    async def _table(self, name: str) -> Table | None:
        base = f"EntityDefinitions(LogicalName={odata.quoted(name)})"
        where = f"definition of {name}"
        expand = f"Keys($select={metadata.KEY_SELECT}),ManyToOneRelationships($select={metadata.LINK_SELECT})"
        reply = await self._transport.send(
            "GET",
            base + odata.query(select=metadata.TABLE_SELECT, expand=expand),
            where=where,
            headers=odata.STRONG,
            accept={FaultKind.DATA},
        )
        if reply.fault is not None:
            return None
        definition = reply.json()
        options = odata.query(select="LogicalName", expand="OptionSet")
        attributes = await self._get(f"{base}/Attributes", where=where, strong=True)
        kinds = {attribute["AttributeType"] for attribute in attributes["value"]} & set(metadata.CHOICE_CASTS)
        casts = (f"/Attributes/Microsoft.Dynamics.CRM.{cast}AttributeMetadata" for cast in sorted(kinds))
        choices = await asyncio.gather(*(self._get(base + cast + options, where=where, strong=True) for cast in casts))
        return metadata.read_table(
            definition,
            attributes=attributes["value"],
            choices=[choice for group in choices for choice in group["value"]],
            keys=definition["Keys"],
            links=definition["ManyToOneRelationships"],
        )


def _columns(table: Table, select: Sequence[str]) -> str:
    names = dict.fromkeys((table.primary_id, *(odata.read_name(table, name) for name in select)))
    return ",".join(names)


def _user(row: Row) -> User:
    roles = row.get("systemuserroles_association")
    return User(
        id=row["systemuserid"],
        name=row.get("fullname") or "",
        email=row.get("internalemailaddress") or "",
        disabled=bool(row.get("isdisabled")),
        licensed=row.get("islicensed"),
        has_role=None if roles is None else bool(roles),
        application=bool(row.get("applicationid")),
        entra_object_id=row.get("azureactivedirectoryobjectid") or "",
    )
