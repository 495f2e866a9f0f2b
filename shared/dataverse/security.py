"""Locking columns away: which are secured, and the one profile whose members may read and write them (N22)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from shared.dataverse import odata
from shared.dataverse.definitions import JUDGED, column_path
from shared.dataverse.faults import failure
from shared.dataverse.removals import Removals

ALLOWED = 4
"""The value of a field permission that allows; 0 does not (field_security_permission_type)."""
DESCRIPTION = "Made by Bridgework: who may read what is locked away."
_MEMBERS = "systemuserprofiles_association"
_VERBS = ("canread", "cancreate", "canupdate")
Column = tuple[str, str]
"""A table and a column of it, by their logical names."""


class Security(Removals):
    """Verbs on column security. Each may be repeated after a crash."""

    async def secure_field(self, table: str, field: str, *, secured: bool = True) -> bool:
        """Lock a column, or open it again. Whether anything had to change."""
        path = column_path(table, field)
        where = f"secure column {table}.{field}"
        definition = (await self._transport.send("GET", path, where=where, headers=odata.STRONG)).json()
        if bool(definition.get("IsSecured")) == secured:
            return False
        body = {name: value for name, value in definition.items() if name != "@odata.context"} | {"IsSecured": secured}
        await self._transport.send("PUT", path, where=where, body=body, headers={"MSCRM.MergeLabels": "true"})
        return True

    async def ensure_security_profile(self, name: str, columns: Sequence[Column], members: Sequence[str]) -> bool:
        """A field security profile of that name that lets ``members`` read and write ``columns``. Whether it is new.

        One of that name that is there gets what it lacks, and keeps what it has: other columns, other members.
        """
        found = await self._profile(name)
        profile = found or await self._create_profile(name)
        there = await self._permissions(profile)
        for table, column in columns:
            if (table, column) not in there:
                await self._allow(profile, table, column)
            elif not there[table, column]:
                await self._widen(profile, table, column)
        joined = await self._members(profile)
        for member in dict.fromkeys(member.lower() for member in members):
            if member not in joined:
                await self._join(profile, member)
        return found is None

    async def drop_security_profile(self, name: str) -> bool:
        """Remove the profile with its permissions; whether it is gone now."""
        return await self._drop_row("fieldsecurityprofiles", "fieldsecurityprofileid", f"name eq {odata.quoted(name)}")

    async def writable_secured_columns(self, user_id: str) -> frozenset[Column]:
        """The secured columns that a user may both read and write, by any profile of the user's own."""
        path = odata.record("systemusers", user_id) + f"/{_MEMBERS}" + odata.query(select="fieldsecurityprofileid")
        found: set[Column] = set()
        async for page in self._follow(path, where="security profiles of a user", size=5000):
            for row in page:
                permissions = await self._permissions(str(row["fieldsecurityprofileid"]))
                found |= {column for column, whole in permissions.items() if whole}
        return frozenset(found)

    async def _create_profile(self, name: str) -> str:
        """With an id made from the name, so that a request that is sent twice makes one."""
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._transport.root}fieldsecurityprofiles/{name}"))
        where = "create security profile"
        body = {"fieldsecurityprofileid": identity, "name": name, "description": DESCRIPTION}
        reply = await self._transport.send("POST", "fieldsecurityprofiles", where=where, body=body, accept=JUDGED)
        profile = await self._profile(name)
        if profile is None and reply.fault is not None:
            raise failure(reply.fault, where)
        return profile or identity

    async def _profile(self, name: str) -> str | None:
        wanted = f"name eq {odata.quoted(name)}"
        return await self.find("fieldsecurityprofiles", "fieldsecurityprofileid", wanted)

    async def _permissions(self, profile: str) -> dict[Column, bool]:
        """The columns that a profile says something about, and whether it allows everything."""
        columns = "entityname,attributelogicalname,canread,cancreate,canupdate"
        path = "fieldpermissions" + odata.query(select=columns, filter=f"_fieldsecurityprofileid_value eq {profile}")
        found: dict[Column, bool] = {}
        async for page in self._follow(path, where="permissions of a security profile", size=5000):
            for row in page:
                whole = all(row.get(verb) == ALLOWED for verb in _VERBS)
                found[str(row["entityname"]), str(row["attributelogicalname"])] = whole
        return found

    async def _members(self, profile: str) -> set[str]:
        path = f"{odata.record('fieldsecurityprofiles', profile)}/{_MEMBERS}" + odata.query(select="systemuserid")
        pages = self._follow(path, where="members of a security profile", size=5000)
        return {str(row["systemuserid"]).lower() async for page in pages for row in page}

    async def _join(self, profile: str, member: str) -> None:
        """Make a user a member. Twice is refused, so a refusal is looked into: the first answer may have been lost."""
        where = "join security profile"
        path = f"{odata.record('fieldsecurityprofiles', profile)}/{_MEMBERS}/$ref"
        body = {"@odata.id": self._transport.root + odata.record("systemusers", member)}
        reply = await self._transport.send("POST", path, where=where, body=body, accept=JUDGED)
        if reply.fault is not None and member not in await self._members(profile):
            raise failure(reply.fault, where)

    async def _allow(self, profile: str, table: str, column: str) -> None:
        """Let a profile do everything with a column. Its id is made from both, so it is the same row every time."""
        where = f"allow column {table}.{column}"
        body = {
            "fieldpermissionid": str(uuid.uuid5(uuid.UUID(profile), f"{table}.{column}")),
            "fieldsecurityprofileid@odata.bind": odata.reference("fieldsecurityprofiles", profile),
            "entityname": table,
            "attributelogicalname": column,
            **dict.fromkeys(_VERBS, ALLOWED),
        }
        reply = await self._transport.send("POST", "fieldpermissions", where=where, body=body, accept=JUDGED)
        if reply.fault is not None and not (await self._permissions(profile)).get((table, column)):
            raise failure(reply.fault, where)

    async def _widen(self, profile: str, table: str, column: str) -> None:
        """Let a profile do everything with a column that it allows only some of."""
        rule = f"_fieldsecurityprofileid_value eq {profile} and entityname eq {odata.quoted(table)}"
        rule += f" and attributelogicalname eq {odata.quoted(column)}"
        found = await self.find("fieldpermissions", "fieldpermissionid", rule)
        if found is None:
            return await self._allow(profile, table, column)  # somebody took it away just now
        path, where = odata.record("fieldpermissions", found), f"allow column {table}.{column}"
        allowed = dict.fromkeys(_VERBS, ALLOWED)
        await self._transport.send("PATCH", path, where=where, body=allowed, headers={"If-Match": "*"})
