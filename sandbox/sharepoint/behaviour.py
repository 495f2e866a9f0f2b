"""How this site is, where sites differ: its address, its libraries, its quota, and what SharePoint does to files."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

GRANTS = ("none", "read", "write")
TEBIBYTE = 1024**4
ADDRESS = "https://clinic.sharepoint.com/sites/practice"


@dataclass(frozen=True)
class Behaviour:
    """`quota` is in bytes for each library. `granted` is what a site owner allowed the calling application.

    `rewrites`: SharePoint writes library columns into Office, PDF, HTML and JPEG files when they arrive under such a
    name (seen by many clients: OneDrive/onedrive-api-docs#935, microsoft-graph-docs-contrib#8903), so that size and
    hash are not those of the bytes sent. `hashes`: whether items carry a quickXorHash at once; Graph says that
    sometimes they do not. `session_seconds`: how long an upload session lives after its last slice.
    """

    address: str = ADDRESS
    libraries: tuple[str, ...] = ("Documents",)
    quota: int = TEBIBYTE
    page_size: int = 200
    session_seconds: float = 24 * 3600.0
    rewrites: bool = True
    hashes: bool = True
    granted: str = "write"

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"not a site's address: {self.address}")
        if not self.libraries or len({name.casefold() for name in self.libraries}) != len(self.libraries):
            raise ValueError("a site has one library or more, each with a name of its own")
        if self.granted not in GRANTS:
            raise ValueError(f"granted is one of {', '.join(GRANTS)}")
        if self.quota < 0 or self.session_seconds <= 0 or not 1 <= self.page_size <= 999:
            raise ValueError("quota, session_seconds and page_size must be positive, page_size at most 999")

    @property
    def host(self) -> str:
        """The host name as Graph's addresses spell it."""
        return (urlsplit(self.address).hostname or "").lower()

    @property
    def path(self) -> str:
        """The server-relative path without slashes at its ends; empty for the root site."""
        return unquote(urlsplit(self.address).path).strip("/")
