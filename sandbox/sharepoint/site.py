"""The site: its libraries, and what may be done with their folders and files. It knows nothing of HTTP."""

from __future__ import annotations

import base64
import hashlib
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from .addresses import ItemAddress, SiteAddress, checked_name
from .behaviour import Behaviour
from .contents import Contents, Digest
from .errors import invalid, name_exists, not_found, not_simulated, quota_reached
from .store import Item, Library, Store

CONFLICTS = ("fail", "replace", "rename")
REWRITTEN = (".docx", ".xlsx", ".pptx", ".doc", ".xls", ".ppt", ".pdf", ".htm", ".html", ".jpg", ".jpeg")
ENRICHMENT = b"<SharePoint:ContentTypeId 0x0101>"
_NAMES = uuid.UUID("0d4f8f52-3d0e-4c5c-8a86-5b2f3b8d9f10")


class Clock:
    """Epoch seconds; may be moved forward."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.ahead = 0.0

    def now(self) -> float:
        return self._now() + self.ahead


class Site:
    """Kept in `folder`, or in a temporary one that goes with the process."""

    def __init__(self, behaviour: Behaviour, folder: Path | None = None) -> None:
        self.behaviour = behaviour
        self.granted = behaviour.granted
        self.clock = Clock()
        self._temporary = tempfile.TemporaryDirectory(prefix="sharepoint-") if folder is None else None
        home = Path(self._temporary.name) if self._temporary else folder
        assert home is not None
        home.mkdir(parents=True, exist_ok=True)
        self.contents = Contents(home / "contents")
        self.store = Store(home / "site.sqlite")
        self.id = f"{behaviour.host},{uuid.uuid5(_NAMES, behaviour.address)},{uuid.uuid5(_NAMES, behaviour.path)}"
        self._furnish()
        self.contents.sweep(self.store.contents())

    def close(self) -> None:
        self.store.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _furnish(self) -> None:
        present = {library.name for library in self.store.libraries()}
        for name in self.behaviour.libraries:
            if name not in present:
                digest = hashlib.sha256(f"{self.behaviour.address}/{name}".encode()).digest()
                library_id = "b!" + base64.urlsafe_b64encode(digest * 2).decode("ascii")[:64]
                segment = "Shared Documents" if name == "Documents" else name
                with self.store.transaction():
                    self.store.add_library(Library(library_id, name, segment))
                    self.store.put(self._fresh(library_id, None, "root", is_folder=True))

    def _fresh(
        self,
        library: str,
        parent: str | None,
        name: str,
        *,
        is_folder: bool,
        content: str = "",
        digest: Digest | None = None,
    ) -> Item:
        known = digest or Digest(0, "", "")
        now = self.instant()
        return Item(
            id=self.store.next_id(),
            library=library,
            parent=parent,
            name=name,
            is_folder=is_folder,
            size=known.size,
            sha256=known.sha256,
            quick_xor_hash=known.quick_xor_hash,
            content=content,
            created=now,
            modified=now,
        )

    def instant(self, seconds: float | None = None) -> str:
        moment = datetime.fromtimestamp(self.clock.now() if seconds is None else seconds, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def require(self, address: SiteAddress) -> None:
        """GraphError 404 unless the address is this site's."""
        own = self.behaviour
        named = address.path is not None or address.site.lower() == own.host
        there = (address.site.lower(), address.path or "") == (own.host, own.path) if named else address.site == self.id
        if not there:
            raise not_found("Requested site could not be found")

    def library(self, library_id: str) -> Library:
        for found in self.store.libraries():
            if found.id == library_id:
                return found
        raise not_found("The provided drive id appears to be malformed, or does not represent a valid drive.")

    def url_of(self, library: Library, names: list[str] | None = None) -> str:
        return "/".join(
            [self.behaviour.address.rstrip("/"), *(quote(name) for name in [library.segment, *(names or [])])]
        )

    def remaining(self, library: str) -> int:
        return self.behaviour.quota - self.store.used(library)

    def item(self, address: ItemAddress) -> Item:
        """The item at an address; GraphError 404 where there is none."""
        found = self._start(address)
        for name in address.path:
            below = self.store.child(found, name) if found.is_folder else None
            if below is None:
                raise not_found()
            found = below
        return found

    def place(self, address: ItemAddress) -> tuple[Item, str]:
        """The folder and the name that a path address means, whether or not something is there."""
        if not address.path:
            raise invalid("A new file needs a name: items/{folder}:/{name}:")
        above = replace(address, path=address.path[:-1])
        if len(address.path) > 1 and self._missing(above):
            raise not_simulated("making the missing folders of a path")
        folder = self.item(above)
        if not folder.is_folder:
            raise invalid("The parent is not a folder.")
        return folder, checked_name(address.path[-1])

    def create_folder(self, parent: Item, name: str, conflict: str) -> tuple[Item, bool]:
        """The folder, and whether it is new. `replace` leaves one that is there as it is, as SharePoint was seen to."""
        if not parent.is_folder:
            raise invalid("The parent is not a folder.")
        there = self.store.child(parent, name)
        if there is not None and conflict == "replace" and there.is_folder:
            return there, False
        name = self._settled(parent, name, conflict if conflict == "rename" else "fail")
        folder = self._fresh(parent.library, parent.id, name, is_folder=True)
        with self.store.transaction():
            self.store.put(folder)
        return folder, True

    async def kept_digest(self, name: str, content: str) -> Digest:
        """What the file will have when it is kept under that name: SharePoint writes into some kinds of files."""
        if self.behaviour.rewrites and name.lower().endswith(REWRITTEN):
            self.contents.append(content, ENRICHMENT)
        return await self.contents.digest(content)

    def keep(
        self, parent: Item, name: str, conflict: str, *, content: str, digest: Digest, ended: str | None = None
    ) -> tuple[Item, bool]:
        """Make or replace a file, and end the session `ended` in the same breath; the item, and whether it is new."""
        there = self.store.child(parent, name)
        if there is not None and (conflict == "fail" or there.is_folder) and conflict != "rename":
            raise name_exists()
        replaced = there if conflict == "replace" else None
        if digest.size - (replaced.size if replaced else 0) > self.remaining(parent.library):
            raise quota_reached()
        if replaced is not None:
            new = replace(
                replaced,
                size=digest.size,
                sha256=digest.sha256,
                quick_xor_hash=digest.quick_xor_hash,
                content=content,
                modified=self.instant(),
                version=replaced.version + 1,
            )
        else:
            name = self._settled(parent, name, conflict)
            new = self._fresh(parent.library, parent.id, name, is_folder=False, content=content, digest=digest)
        with self.store.transaction():
            self.store.put(new)
            if ended is not None:
                self.store.remove_session(ended)
        if replaced is not None:
            self.contents.remove([replaced.content])
        return new, replaced is None

    def rename(self, item: Item, name: str) -> Item:
        parent = self._parent(item)
        there = self.store.child(parent, name)
        if there is not None and there.id != item.id:
            raise name_exists()
        new = replace(item, name=name, modified=self.instant(), version=item.version + 1)
        with self.store.transaction():
            self.store.put(new)
        return new

    def delete(self, item: Item) -> None:
        """Remove the item, and everything in it if it is a folder."""
        self._parent(item)
        gone = self.store.tree(item)
        with self.store.transaction():
            self.store.remove(gone)
        self.contents.remove(found.content for found in gone if found.content)

    def _start(self, address: ItemAddress) -> Item:
        library = self.library(address.drive)
        if address.item is None:
            return self.store.root(library.id)
        found = self.store.item(library.id, address.item)
        if found is None:
            raise not_found()
        return found

    def _missing(self, address: ItemAddress) -> bool:
        found = self._start(address)
        for name in address.path:
            below = self.store.child(found, name)
            if below is None:
                return True
            found = below
        return False

    def _parent(self, item: Item) -> Item:
        found = self.store.item(item.library, item.parent) if item.parent else None
        if found is None:
            raise invalid("The root of a library cannot be changed.")
        return found

    def _settled(self, parent: Item, name: str, conflict: str) -> str:
        """The name a new item gets: another one where the wanted is taken and `rename` was asked for."""
        if self.store.child(parent, name) is None:
            return name
        if conflict != "rename":
            raise name_exists()
        stem, dot, suffix = name.rpartition(".")
        number = 1
        while self.store.child(parent, new := f"{stem or name} {number}{dot}{suffix if stem else ''}") is not None:
            number += 1
        return new
