"""A run's SharePoint library: a folder for each contact, and the document location that shows it on the contact."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from activities.toolbox import Toolbox
from shared.attachments.note import final_name, upload_name
from shared.attachments.receipts import Receipt
from shared.runs.model import Run
from shared.schema.model import Table
from shared.sharepoint.items import Drive
from shared.vocabulary import NAMESPACE

SITE = Table("sharepointsite", "sharepointsites", "sharepointsiteid", "name")
LOCATION = Table("sharepointdocumentlocation", "sharepointdocumentlocations", "sharepointdocumentlocationid", "name")
Read = Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Place:
    """A contact's folder."""

    drive: str
    folder: str


class Library:
    """What the run's files policy names."""

    def __init__(self, tools: Toolbox, run: Run) -> None:
        self._tools = tools
        self._run = run
        files: Mapping[str, Any] = run.request.get("files") or {}
        named: Mapping[str, Any] = files.get("sharepoint") or {}
        self._url, self._name = str(named.get("site_url", "")), str(named.get("library", ""))
        self._site = tools.sharepoint(self._url)
        self._target = tools.target_of(run)

    async def folder_of(self, contact: str) -> Place:
        """The contact's folder, shown on the contact; both made if need be."""
        drive = await self._drive()
        folder = await self._site.folder(drive, contact)
        await self._show_on(contact, drive)
        return Place(drive.id, folder)

    async def upload(self, place: Place, name: str, size: int, read: Read) -> str:
        """Put a file into a folder; its id."""
        uploaded = await self._site.upload(await self._drive(), place.folder, name, size, lambda start: read())
        return uploaded.item_id

    async def show(self, item: str, record: Mapping[str, Any]) -> None:
        """Give a file the name people read. The name travels in a body: addresses are logged all over the world."""
        await self._site.rename(await self._drive(), item, final_name(record))

    async def read(self, receipt: Receipt) -> AsyncIterator[bytes]:
        """A file's bytes as they are there now."""
        async for chunk in self._site.download(await self._drive(), receipt.item):
            yield chunk

    async def remove(self, receipt: Receipt) -> None:
        """Remove a file. Gone already is as good."""
        if receipt.item:
            await self._site.delete(await self._drive(), receipt.item)

    async def take_out(self, receipt: Receipt) -> None:
        """Remove a file by its receipt; one whose upload was cut off is found by the name it was sent under."""
        if receipt.item:
            await self.remove(receipt)
            return
        drive = await self._drive()
        folder = await self._site.find(drive, "root", receipt.contact)
        there = await self._site.find(drive, folder.item_id, upload_name(receipt.attachment)) if folder else None
        if there is not None:
            await self._site.delete(drive, there.item_id)

    async def clear(self, contact: str) -> None:
        """Remove a contact's folder that we made and its document location, if nothing else is in it."""
        drive = await self._drive()
        there = await self._site.find(drive, "root", contact)
        if there is not None and not there.children:
            await self._site.delete(drive, there.item_id)
            await self._target.delete(LOCATION, [(location_id(self._run, contact), None)])

    async def forget(self) -> None:
        """Remove the rows for the site and the library that this run made, once nothing points at them."""
        for table, name in ((LOCATION, "library"), (SITE, "site")):
            await self._target.delete(table, [(location_id(self._run, name), None)])

    async def _drive(self) -> Drive:
        key = (self._url, self._name)
        if key not in self._tools.drives:
            self._tools.drives[key] = await self._site.library(self._name)
        return self._tools.drives[key]

    async def _show_on(self, contact: str, drive: Drive) -> None:
        row = {
            LOCATION.primary_id: location_id(self._run, contact),
            "name": "Documents of Core Practice",
            "relativeurl": contact,
            "parentsiteorlocation_sharepointdocumentlocation@odata.bind": f"/{LOCATION.set_name}"
            f"({await self._library_row(drive)})",
            "regardingobjectid_contact@odata.bind": f"/contacts({contact})",
        }
        await self._target.create(LOCATION, [row])

    async def _library_row(self, drive: Drive) -> str:
        """The document location of the library, the organisation's own where it has one."""
        key = (self._run.id, self._url, self._name)
        if key not in self._tools.library_rows:
            site = await self._row(SITE, f"absoluteurl eq '{self._url}'", "site", {"absoluteurl": self._url})
            parent = {"parentsiteorlocation_sharepointsite@odata.bind": f"/{SITE.set_name}({site})"}
            rule = f"relativeurl eq '{drive.relative_url}' and _parentsiteorlocation_value eq {site}"
            body = {"relativeurl": drive.relative_url, **parent}
            self._tools.library_rows[key] = await self._row(LOCATION, rule, "library", body)
        return self._tools.library_rows[key]

    async def _row(self, table: Table, rule: str, name: str, body: Mapping[str, Any]) -> str:
        async for page in self._target.pages(table, select=["name"], filter=rule):
            for row in page:
                return str(row[table.primary_id])
        made = location_id(self._run, name)
        await self._target.create(table, [{table.primary_id: made, "name": self._name, **body}])
        return made


def location_id(run: Run, name: str) -> str:
    """The id of a row about documents: the same on every attempt of a run."""
    return str(uuid.uuid5(NAMESPACE, f"{run.request['source_system']}/{run.id}/documents/{name}"))
