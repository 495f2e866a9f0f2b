"""Libraries, items and sessions as Graph writes them."""

from __future__ import annotations

import mimetypes
from typing import Any
from urllib.parse import quote

from .site import Site
from .store import Item, Library, Session

GRAPH = "https://graph.microsoft.com/v1.0/$metadata#"


def site_document(site: Site) -> dict[str, Any]:
    name = site.behaviour.path.rpartition("/")[2] or site.behaviour.host
    return {
        "@odata.context": f"{GRAPH}sites/$entity",
        "id": site.id,
        "name": name,
        "displayName": name.capitalize(),
        "webUrl": site.behaviour.address,
        "siteCollection": {"hostname": site.behaviour.host},
    }


def library_document(site: Site, library: Library) -> dict[str, Any]:
    quota, used = site.behaviour.quota, site.store.used(library.id)
    return {
        "id": library.id,
        "name": library.name,
        "driveType": "documentLibrary",
        "webUrl": site.url_of(library),
        "quota": {
            "total": quota,
            "used": used,
            "remaining": max(0, quota - used),
            "deleted": 0,
            "state": "normal" if used < quota else "exceeded",
        },
    }


def item_document(site: Site, item: Item, *, download_url: str) -> dict[str, Any]:
    """A driveItem. `download_url` is for files only."""
    store, library = site.store, site.library(item.library)
    names = store.path(item)
    tag = f"{item.id},{item.version}"
    document: dict[str, Any] = {
        "id": item.id,
        "name": item.name,
        "size": item.size if not item.is_folder else sum(found.size for found in store.tree(item)),
        "webUrl": site.url_of(library, names),
        "createdDateTime": item.created,
        "lastModifiedDateTime": item.modified,
        "eTag": f'"{{{item.id}}},{item.version}"',
        "cTag": f'"c:{{{tag}}}"',
        "fileSystemInfo": {"createdDateTime": item.created, "lastModifiedDateTime": item.modified},
        "parentReference": _parent(item, names),
    }
    if item.is_folder:
        document["folder"] = {"childCount": store.count_children(item)}
        if item.parent is None:
            document["root"] = {}
    else:
        mime_type = mimetypes.guess_type(item.name)[0] or "application/octet-stream"
        hashes = {"hashes": {"quickXorHash": item.quick_xor_hash}} if site.behaviour.hashes else {}
        document["file"] = {"mimeType": mime_type, **hashes}
        document["@microsoft.graph.downloadUrl"] = download_url
    return document


def _parent(item: Item, names: list[str]) -> dict[str, Any]:
    reference = {"driveType": "documentLibrary", "driveId": item.library}
    if item.parent is not None:
        above = "".join(f"/{quote(name)}" for name in names[:-1])
        reference |= {"id": item.parent, "path": f"/drives/{item.library}/root:{above}"}
    return reference


def session_document(site: Site, session: Session, *, upload_url: str | None = None) -> dict[str, Any]:
    """An uploadSession: with its address when it is made, else with what is still missing."""
    expires = {"expirationDateTime": site.instant(session.expires)}
    if upload_url is not None:
        return {"uploadUrl": upload_url, **expires, "nextExpectedRanges": ["0-"]}
    complete = session.total is not None and session.received == session.total
    return {**expires, "nextExpectedRanges": [] if complete else [f"{session.received}-"]}
