"""Which names go where: those in an address are made of ids, those in a body may be what people read."""

from __future__ import annotations

import re

from shared.errors import Stop

_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_RESERVED = re.compile(r'["*:<>?/\\|#%\x00-\x1f\x7f]+')
_ENDS = re.compile(r"\A[\s.~$]+|[\s.~$]+\Z")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|\.lock|desktop\.ini)", re.IGNORECASE)
_LONGEST = 200
"""Characters. SharePoint takes 255 for a name, but 400 for the whole path below the site."""

REWRITTEN = (".docx", ".xlsx", ".pptx", ".doc", ".xls", ".ppt", ".pdf", ".htm", ".html", ".jpg", ".jpeg")
"""Suffixes of files that SharePoint writes library columns into when they arrive, which changes their bytes."""


def made_of_ids(name: str) -> str:
    """The name itself, when it may stand in an address. Raises Stop for what could be a record's value.

    Addresses end up in logs of proxies and gateways: letters, digits and ``. _ -`` have to do, and they do for ids.
    """
    if not _ID.fullmatch(name):
        raise Stop(
            "name-not-an-id",
            "A name in an address must be made of ids (letters, digits, dot, dash, underscore).",
            remedy="Report this: the program chose a wrong name.",
        )
    return name


def beside(name: str, number: int) -> str:
    """Another name next to one that an abandoned upload still holds: ``scan.dcm`` gives ``scan.2.dcm``."""
    if number == 1:
        return name
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}.{number}.{suffix}" if dot else f"{name}.{number}"


def readable(name: str, *, otherwise: str = "file") -> str:
    """A file's own name as SharePoint allows it: reserved characters become dashes, the suffix stays."""
    plain = _ENDS.sub("", _RESERVED.sub("-", name).replace("_vti_", "-vti-"))
    if not plain or _DEVICES.fullmatch(plain):
        plain = otherwise
    if len(plain) > _LONGEST:
        stem, dot, suffix = plain.rpartition(".")
        suffix = f"{dot}{suffix}" if stem and len(suffix) < 20 else ""
        plain = _ENDS.sub("", plain[: _LONGEST - len(suffix)]) + suffix
    return plain


def is_rewritten(name: str) -> bool:
    """Whether SharePoint is known to change files that arrive under such a name."""
    return name.lower().endswith(REWRITTEN)
