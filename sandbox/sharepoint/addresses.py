"""Graph's addresses taken apart: a site by path or id, an item by id, by path, or by path from an item."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .errors import invalid, not_simulated

ROOT = "/v1.0/"
_SITE_BY_PATH = re.compile(r"sites/([^/:]+):/([^:]*)(?::(/drives?)?)?")
_SITE = re.compile(r"sites/([^/:]+)(/drives?)?")
_DRIVE = re.compile(r"drives/([^/:]+)")
_ITEM = re.compile(
    r"drives/([^/:]+)/(?:root|items/([^/:]+))(?::/([^:]*))?:?(?:/(children|content|createUploadSession))?"
)


@dataclass(frozen=True)
class SiteAddress:
    """`site` is an id or a host name, `path` server-relative (None: not by path); `asked`: "", "drive" or "drives"."""

    site: str
    path: str | None
    asked: str


@dataclass(frozen=True)
class DriveAddress:
    drive: str


@dataclass(frozen=True)
class ItemAddress:
    """The item `item` (None: the root) or what lies at `path` below it; `asked` is "" for the item itself."""

    drive: str
    item: str | None
    path: tuple[str, ...]
    asked: str


Address = SiteAddress | DriveAddress | ItemAddress


def parse(raw_path: str) -> Address:
    """The address in a request's path, still percent-encoded. Raises GraphError 501 for any other."""
    path = raw_path.removeprefix(ROOT).rstrip("/")
    if found := _SITE_BY_PATH.fullmatch(path):
        return SiteAddress(unquote(found[1]), unquote(found[2]).strip("/"), (found[3] or "").strip("/"))
    if found := _SITE.fullmatch(path):
        return SiteAddress(unquote(found[1]), None, (found[2] or "").strip("/"))
    if found := _DRIVE.fullmatch(path):
        return DriveAddress(unquote(found[1]))
    if found := _ITEM.fullmatch(path):
        names = tuple(unquote(name) for name in (found[3] or "").strip("/").split("/") if name)
        item = unquote(found[2]) if found[2] else None
        if item == "root":
            item = None
        return ItemAddress(unquote(found[1]), item, names, found[4] or "")
    raise not_simulated(f"the address /v1.0/{unquote(path)}")


_RESERVED = re.compile(r'["*:<>?/\\|\x00-\x1f]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|\.lock|desktop\.ini)", re.IGNORECASE)


def checked_name(name: object) -> str:
    """A name SharePoint allows for a file or folder; GraphError 400 otherwise."""
    if not isinstance(name, str) or not name or len(name) > 255:
        raise invalid("The name must be a text of 1 to 255 characters.")
    forbidden = _RESERVED.search(name) or _DEVICES.fullmatch(name) or "_vti_" in name
    if forbidden or name != name.strip() or name.endswith(".") or name.startswith("~$"):
        raise invalid("The provided name cannot contain or be what SharePoint reserves.", inner="invalidFileName")
    return name
