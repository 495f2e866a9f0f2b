"""A SharePoint site as a place for large files. DOOR

Everything a caller does with a library: find it, make folders, put files there so that their bytes are verified, read
them back, rename and remove them. Names in addresses are made of ids; what people read travels in bodies only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote, urlsplit

import httpx

from shared.errors import Stop
from shared.sharepoint import faults, files, items
from shared.sharepoint.faults import NameTaken
from shared.sharepoint.items import Drive, Found, Uploaded
from shared.sharepoint.names import made_of_ids
from shared.sharepoint.transport import GRAPH, PATIENCE, Graph, TokenSource
from shared.sharepoint.upload import CONFLICT, Keep, OpenAt, Upload, Wanted

ROOT = "root"
"""Stands for a library's own folder wherever a folder's id is asked for."""


class SharePoint:
    """One site. ``site_url`` is its address as a browser shows it, up to the site's own name.

    All verbs may be repeated after any failure. They wait out throttling and passing faults for ``patience`` seconds,
    then raise TryAgain; AskPerson names the permission, the site, the library or the space that is missing. ``http``
    is borrowed; ``close`` ends only what is ours.
    """

    def __init__(
        self,
        site_url: str,
        tokens: TokenSource,
        *,
        graph_url: str = GRAPH,
        http: httpx.AsyncClient | None = None,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        parts = urlsplit(site_url)
        if not parts.hostname:
            raise Stop("sharepoint-address-invalid", "The address of the SharePoint site is not one.")
        path = parts.path.strip("/")
        self._site_path = f"sites/{parts.hostname}" + (f":/{quote(path, safe='/%')}" if path else "")
        self._site_id: str | None = None
        self._graph = Graph(tokens, graph_url=graph_url, http=http, patience=patience, clock=clock, sleep=sleep)

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        await self._graph.close()

    async def library(self, name: str) -> Drive:
        """The document library of that name, or of that part of its address. Raises AskPerson when there is none."""
        drives, page = [], f"sites/{await self._site()}/drives"
        while page:
            answer = (await self._graph.send("GET", page, where="listing the site's libraries")).json()
            drives += [items.drive(entry) for entry in answer.get("value", ())]
            page = str(answer.get("@odata.nextLink", ""))
        for drive in drives:
            if name.casefold() == drive.name.casefold():
                return drive
        for drive in drives:
            if name.casefold() == drive.relative_url.casefold():
                return drive
        raise faults.library_missing(name, [drive.name for drive in drives])

    async def folder(self, drive: Drive, name: str, *, parent: str = ROOT) -> str:
        """The id of the folder of that name, made if need be. The name is made of ids: it is part of an address."""
        there = await self.find(drive, parent, name)
        if there is None:
            body = {"name": name, "folder": {}, CONFLICT: "fail"}
            path = f"drives/{drive.id}/items/{parent}/children"
            reply = await self._graph.send("POST", path, where="making a folder", body=body, accept=(409,))
            if reply.status != 409:
                return items.found(reply.json()).item_id
            there = await self.find(drive, parent, name)  # made by somebody else, or by us with the answer lost
        if there is None or not there.is_folder:
            raise NameTaken("making a folder")
        return there.item_id

    async def find(self, drive: Drive, folder_id: str, name: str) -> Found | None:
        """What has that name (made of ids) in the folder; None when nothing has."""
        return await files.find(self._graph, drive.id, folder_id, made_of_ids(name))

    async def item(self, drive: Drive, item_id: str) -> Found | None:
        """A file or folder as it is now; None when it is gone."""
        return await files.item(self._graph, drive.id, item_id)

    async def upload(
        self,
        drive: Drive,
        folder_id: str,
        name: str,
        size: int,
        open_at: OpenAt,
        content_type: str = "application/octet-stream",
        *,
        session_url: str | None = None,
        keep: Keep | None = None,
    ) -> Uploaded:
        """Put a file of ``size`` bytes into a folder under a name made of ids, and prove that its bytes arrived.

        Give a name without a suffix and ``rename`` afterwards: SharePoint writes into Office, PDF, HTML and JPEG files
        that arrive under such a name, and then nothing can be proven. ``open_at(place)`` gives the file's bytes from
        a place on; it is always asked from the beginning, because the hash covers the whole file, and may be asked
        more than once. The file being there already with the same bytes is a success; something else of that name
        is NameTaken. ``keep`` is told the address of each new session before bytes are sent; after the process has
        died, that address as ``session_url`` lets the upload go on where it was. It is a secret: whoever has it can
        write the file. Only 5 MiB of the file are in memory.
        """
        wanted = Wanted(drive.id, folder_id, name, size, content_type)
        return await Upload(self._graph, wanted, open_at, keep).run(session_url)

    def download(self, drive: Drive, item_id: str) -> AsyncIterator[bytes]:
        """A file's bytes in pieces of at most 256 KiB, going on wherever the connection breaks."""
        return files.download(self._graph, drive.id, item_id)

    async def delete(self, drive: Drive, item_id: str) -> None:
        """Remove a file, or a folder with all that is in it. Gone already is as good."""
        await files.delete(self._graph, drive.id, item_id)

    async def rename(self, drive: Drive, item_id: str, name: str) -> Found:
        """Give a file the name that people read; see ``names.readable`` for what SharePoint allows.

        Raises NameTaken when something else in the folder has it.
        """
        path = f"drives/{drive.id}/items/{item_id}"
        return items.found((await self._graph.send("PATCH", path, where="renaming a file", body={"name": name})).json())

    async def _site(self) -> str:
        if self._site_id is None:
            reply = await self._graph.send("GET", self._site_path, where="looking for the site", accept=(404,))
            if reply.status == 404:
                raise faults.site_missing()
            site_id = reply.json().get("id")
            if not isinstance(site_id, str):
                raise items.unreadable("a site without id")
            self._site_id = site_id
        return self._site_id
