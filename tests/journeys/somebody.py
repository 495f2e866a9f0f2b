"""Somebody else who works in the target: a person or another program, signed in as neither of us."""

from __future__ import annotations

import time
import urllib.parse
import uuid
from typing import Any

from sandbox.customer import Api
from sandbox.identity import tokens
from sandbox.identity.keyfile import read_or_create
from tests.journeys.conftest import Stay

SOMEBODY = str(uuid.uuid5(uuid.NAMESPACE_DNS, "somebody.example.com"))


class Somebody:
    """Writes to the target past the app."""

    def __init__(self, stay: Stay) -> None:
        url = stay.town.dataverse_url
        key = read_or_create(stay.home / "identity.key")
        token = tokens.issue(resource=url, client_id=SOMEBODY, key=key, now=time.time())
        self._headers = {"Authorization": f"Bearer {token}"}
        self._api = Api(f"{url}/api/data/v9.2")

    def changes(self, table: str, row: str, **values: Any) -> None:
        self._api.call("PATCH", f"/{table}({row})", values, **self._headers, **{"If-Match": "*"})

    def reads(self, table: str, *, select: str) -> list[dict[str, Any]]:
        return self._api.call("GET", f"/{table}?$select={select}", **self._headers)["value"]  # type: ignore[no-any-return]

    def deleted(self, entity_set: str, table: str) -> set[str]:
        """The ids of the rows of a table that the recycle bin still holds."""
        fetch = f"<fetch datasource='bin'><entity name='{table}'><attribute name='{table}id'/></entity></fetch>"
        path = f"/{entity_set}?{urllib.parse.urlencode({'fetchXml': fetch})}"
        return {str(row[f"{table}id"]) for row in self._api.call("GET", path, **self._headers)["value"]}

    def removes(self, table: str, row: str) -> None:
        self._api.call("DELETE", f"/{table}({row})", **self._headers)

    def set_of(self, table: str) -> str:
        """The entity set of a table by its logical name."""
        path = f"/EntityDefinitions(LogicalName='{table}')?$select=EntitySetName"
        return str(self._api.call("GET", path, **self._headers)["EntitySetName"])

    def makes(self, table: str, **values: Any) -> None:
        self._api.call("POST", f"/{table}", values, **self._headers)
