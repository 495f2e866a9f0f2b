"""A run's SharePoint library: a folder for each contact, and the document location that shows it on the contact."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from activities.toolbox import Toolbox
from shared.attachments import locations
from shared.attachments.locations import LOCATION, SITE, is_of, location_id
from shared.attachments.note import final_name, upload_name
from shared.attachments.receipts import Receipt
from shared.attachments.router import FilesPolicy, content_type, size_of
from shared.dataverse import odata
from shared.errors import AskPerson
from shared.runs.model import Run
from shared.schema.model import Table
from shared.sharepoint.client import ROOT
from shared.sharepoint.faults import NameTaken
from shared.sharepoint.items import Drive, Found, Uploaded
from shared.sharepoint.names import beside

Read = Callable[[], AsyncIterator[bytes]]
Keep = Callable[[Receipt], Awaitable[None]]
NAMES = 4
"""Under how many names beside each other an upload may have been begun (``shared.sharepoint.upload``)."""


class Library:
    """What the run's files policy names."""

    def __init__(self, tools: Toolbox, run: Run, policy: FilesPolicy) -> None:
        self._tools, self._run, self._policy = tools, run, policy
        self._site = tools.sharepoint(policy.site_url)
        self._target = tools.target_of(run)
        self._system = str(run.request["source_system"])
        self._key = (run.id, policy.site_url, policy.library)

    # On the way there

    async def store(
        self, going: Receipt, record: Mapping[str, Any], read: Read, *, keep: Keep, seen: Callable[[], tuple[int, str]]
    ) -> Receipt:
        """Bring one file into its contact's folder; the receipt with what is known of it then.

        ``keep`` writes a receipt down: before a folder is made, before bytes are sent and before the file gets the name
        that people read, since nothing could find it afterwards. ``seen``: size and digest of what ``read`` gave.
        """
        drive = await self._drive()
        if not going.made_folder and await self._site.find(drive, ROOT, going.contact) is None:
            going = replace(going, made_folder=True)
            await keep(going)
        folder = await self._site.folder(drive, going.contact)
        await self._show_on(going.contact, drive)
        if not going.item:
            uploaded = await self._upload(drive, folder, going, record, read, keep=keep)
            if not seen()[1]:
                async for _ in read():
                    pass  # nothing had to be sent any more: only our own eyes are missing
            size, sha256 = seen()
            going = replace(going, item=uploaded.item_id, quick_xor=uploaded.quick_xor_hash, session="")
            going = replace(going, size=size, sha256=sha256)
            await keep(going)
        if going.old_item:
            await self._site.delete(drive, going.old_item)  # it may have the very name that this one is to get
        await self._site.rename(drive, going.item, final_name(record))
        return going

    async def _upload(
        self, drive: Drive, folder: str, going: Receipt, record: Mapping[str, Any], read: Read, *, keep: Keep
    ) -> Uploaded:
        name, size, kind = upload_name(going.attachment), size_of(record) or 0, content_type(record)

        async def at(url: str) -> None:
            await keep(replace(going, session=url))

        async def once(session: str | None) -> Uploaded:
            return await self._site.upload(
                drive, folder, name, size, lambda start: read(), kind, session_url=session, keep=at
            )

        try:
            return await once(going.session or None)
        except NameTaken:
            # An attempt at an earlier version of this file, cut off before its receipt: the name is made of its id.
            there = await self._site.find(drive, folder, name)
            if there is None or there.is_folder:
                raise
            await self._site.delete(drive, there.item_id)
            return await once(None)

    async def is_edited(self, item: str, quick_xor: str) -> bool:
        """Whether somebody replaced a file of ours."""
        there = await self._site.item(await self._drive(), item)
        return there is not None and bool(there.quick_xor_hash and quick_xor and there.quick_xor_hash != quick_xor)

    async def delete(self, item: str) -> None:
        """Remove a file. Gone already is as good."""
        await self._site.delete(await self._drive(), item)

    # Looking

    async def read(self, item: str) -> AsyncIterator[bytes]:
        """A file's bytes as they are there now."""
        async for chunk in self._site.download(await self._drive(), item):
            yield chunk

    async def item(self, item: str) -> Found | None:
        """A file as it is now; None when it is gone."""
        return await self._site.item(await self._drive(), item)

    async def is_shown_on(self, contact: str) -> bool:
        """Whether the contact has a document location for its folder."""
        return await self._location_of(contact) is not None

    # On the way back

    async def take_out(self, receipt: Receipt) -> str:
        """Remove what a receipt knows of; why something stays, or nothing. Uploads that were cut off are found by the
        names they are sent under."""
        stays = ""
        for item, quick_xor in ((receipt.item, receipt.quick_xor), (receipt.old_item, receipt.old_quick_xor)):
            if item and await self.is_edited(item, quick_xor):
                stays = "edited-since"
            elif item:
                await self.delete(item)
        if not receipt.item:
            await self._take_out_unfinished(receipt)
        return stays

    async def _take_out_unfinished(self, receipt: Receipt) -> None:
        drive = await self._drive()
        folder = await self._site.find(drive, ROOT, receipt.contact)
        for number in range(1, NAMES + 1) if folder else ():
            assert folder is not None
            there = await self._site.find(drive, folder.item_id, beside(upload_name(receipt.attachment), number))
            if there is not None and not there.is_folder:
                await self._site.delete(drive, there.item_id)

    async def stays(self, receipt: Receipt) -> bool:
        """Whether ``take_out`` would leave something: a file of ours that somebody replaced."""
        places = ((receipt.item, receipt.quick_xor), (receipt.old_item, receipt.old_quick_xor))
        return any([await self.is_edited(item, quick_xor) for item, quick_xor in places if item])

    async def others_in(self, contact: str, ours: int) -> bool:
        """Whether a contact's folder holds more than so many files of ours."""
        there = await self._site.find(await self._drive(), ROOT, contact)
        return there is not None and there.children > ours

    async def clear(self, contact: str, *, made_folder: bool) -> str:
        """Remove a contact's document location that this run made, and its folder if this run made that too and
        nothing else is in it; why they stay, or nothing."""
        drive = await self._drive()
        there = await self._site.find(drive, ROOT, contact)
        if there is not None and made_folder:
            if there.children:
                return "still-used"
            await self._site.delete(drive, there.item_id)
        await self._target.delete(LOCATION, [(self._id(contact), None)])
        return ""

    async def forget(self) -> None:
        """Remove the rows for the library and the site that this run made, unless somebody uses them by now."""
        for table, what in ((LOCATION, "library"), (SITE, "site")):
            made = self._id(what)
            if await self._first(LOCATION, f"_parentsiteorlocation_value eq {made}") is None:
                await self._target.delete(table, [(made, None)])
        self._tools.library_rows.pop(self._key, None)

    # Rows about documents

    def _id(self, what: str) -> str:
        return location_id(self._system, self._run.id, what)

    async def _drive(self) -> Drive:
        key = (self._policy.site_url, self._policy.library)
        if key not in self._tools.drives:
            self._tools.drives[key] = await self._site.library(self._policy.library)
        return self._tools.drives[key]

    async def _show_on(self, contact: str, drive: Drive) -> None:
        library = await self._library_row(drive)
        if await self._location_of(contact, library=library) is None:
            row = locations.contact_row(self._id(contact), contact=contact, library=library)
            await self._make(LOCATION, row)

    async def _location_of(self, contact: str, *, library: str = "") -> str | None:
        select = ["name", "relativeurl", "_parentsiteorlocation_value"]
        rule = f"_regardingobjectid_value eq {contact}"
        async for page in self._target.pages(LOCATION, select=select, filter=rule):
            for row in page:
                if is_of(contact, row, library=library):
                    return str(row[LOCATION.primary_id])
        return None

    async def _library_row(self, drive: Drive) -> str:
        """The document location of the library, the organisation's own where it has one."""
        if self._key not in self._tools.library_rows:
            name, url, relative = self._policy.library, self._policy.site_url, drive.relative_url
            site = await self._found_or_made(
                SITE, f"absoluteurl eq {odata.quoted(url)}", locations.site_row(self._id("site"), name=name, url=url)
            )
            row = locations.library_row(self._id("library"), name=name, relative_url=relative, site=site)
            rule = f"relativeurl eq {odata.quoted(relative)} and _parentsiteorlocation_value eq {site}"
            self._tools.library_rows[self._key] = await self._found_or_made(LOCATION, rule, row)
        return self._tools.library_rows[self._key]

    async def _found_or_made(self, table: Table, rule: str, row: Mapping[str, Any]) -> str:
        there = await self._first(table, rule)
        if there is None:
            await self._make(table, row)
        return there or str(row[table.primary_id])

    async def _make(self, table: Table, row: Mapping[str, Any]) -> None:
        (made,) = await self._target.create(table, [dict(row)])
        if not made.ok:
            raise AskPerson(
                "document-location-refused",
                f"Dataverse refused a row of {table.name} ({made.reason}): it would show the library on contacts.",
                remedy="Turn on document management for Contact, give the app's user the privileges, then resume.",
            )

    async def _first(self, table: Table, rule: str) -> str | None:
        async for page in self._target.pages(table, select=["name"], filter=rule):
            for row in page:
                return str(row[table.primary_id])
        return None
