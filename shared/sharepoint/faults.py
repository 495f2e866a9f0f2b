"""What a refusal of Microsoft Graph means for us. Pure: a status and a code in, a failure by what happens next out.

Graph's own messages can name files and people, so none of them leaves this room.
"""

from __future__ import annotations

from shared.errors import AskPerson, Failure, Stop, TryAgain

PASSING = frozenset({408, 423, 429, 500, 502, 503, 504, 509})
"""Statuses worth another try: time-outs, locks, throttling, and failures of the service."""

_GRANT = (
    "In Entra, give the app's identity the Microsoft Graph application permission Sites.Selected with consent, and have"
    " the site's owner grant it 'write' on this site; or give it Sites.ReadWrite.All. Then resume."
)


class NameTaken(AskPerson):
    """Something else has that name. A caller with another name at hand may use it."""

    def __init__(self, where: str) -> None:
        super().__init__(
            "sharepoint-name-taken",
            f"{where}: the library already has something else of that name.",
            remedy="Move what is there, or delete it, then resume.",
        )


def is_passing(status: int) -> bool:
    """Whether the same request may succeed later."""
    return status in PASSING


def failure(status: int, code: str, where: str, *, after: float = 0.0) -> Failure:
    """A refusal as an error to raise. ``where`` says what was tried, never with whose record."""
    text = f"{where}: Microsoft Graph answered {status}" + (f" ({code})." if code.isalnum() else ".")
    if status == 429:
        return TryAgain("sharepoint-throttled", f"{where}: SharePoint asks us to slow down.", after=max(5.0, after))
    if is_passing(status):
        return TryAgain("sharepoint-unavailable", text, after=max(5.0, after))
    if status == 401:
        remedy = "Check the app's identity: client id, tenant, secret or federated credential."
        return AskPerson("sharepoint-token-refused", text, remedy=remedy)
    if status == 403:
        return AskPerson("sharepoint-permission-missing", text, remedy=_GRANT)
    if status == 404:
        return AskPerson("sharepoint-missing", f"{where}: it is not there.", remedy="Put it back, then resume.")
    if status == 409:
        return NameTaken(where)
    if status == 507:
        remedy = "Make room: empty the site's recycle bin, raise its storage limit, or buy storage. Then resume."
        return AskPerson("sharepoint-full", f"{where}: the library or the site is full.", remedy=remedy)
    return Stop("sharepoint-refused", text, remedy="Report this: the request was wrong, not the files.")


def unreachable(where: str, *, after: float) -> TryAgain:
    """No answer came, however often it was asked."""
    return TryAgain("sharepoint-unreachable", f"{where}: Microsoft Graph did not answer.", after=max(5.0, after))


def site_missing() -> AskPerson:
    """There is no site at the configured address."""
    return AskPerson(
        "sharepoint-site-missing",
        "There is no SharePoint site at the configured address.",
        remedy="Start again with the address of the site as a browser shows it, up to the site's own name.",
    )


def library_missing(wanted: str, found: list[str]) -> AskPerson:
    """The site has no library of that name; it has those."""
    listed = ", ".join(found) or "none"
    return AskPerson(
        "sharepoint-library-missing",
        f"The SharePoint site has no document library {wanted!r}; it has: {listed}.",
        remedy="Make the library, or start again with the name of one that is there.",
    )


def bytes_differ(*, rewritten: bool) -> Failure:
    """What arrived is not what was sent. The copy has been removed."""
    if rewritten:
        return AskPerson(
            "sharepoint-file-rewritten",
            "SharePoint changed a file on arrival, as it does with Office, PDF, HTML and JPEG files; it was removed.",
            remedy="Upload under a name without a suffix and rename afterwards.",
        )
    return TryAgain("sharepoint-bytes-differ", "A file arrived with other bytes than were sent; it was removed.")


def size_differs() -> Stop:
    """The source gave more or fewer bytes of a file than it had said."""
    return Stop(
        "file-size-differs",
        "A file of the source has another size than the source says.",
        remedy="Ask the source's maker, or leave the file out.",
    )
