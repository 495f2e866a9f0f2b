"""How Dataverse comes to show a SharePoint folder on a contact: the rows for the site, its library and the folder.

The rows that a run makes have ids of its own, so that repeating makes no second one and the way back finds them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from shared.schema.model import Table
from shared.vocabulary import NAMESPACE

SITE = Table("sharepointsite", "sharepointsites", "sharepointsiteid", "name")
LOCATION = Table("sharepointdocumentlocation", "sharepointdocumentlocations", "sharepointdocumentlocationid", "name")
TITLE = "Documents of Core Practice"
Row = dict[str, Any]


def location_id(system: str, run: str, what: str) -> str:
    """The id of a row about documents: ``what`` is ``site``, ``library`` or a contact's row id."""
    return str(uuid.uuid5(NAMESPACE, f"{system}/{run}/documents/{what}"))


def site_row(id_: str, *, name: str, url: str) -> Row:
    """The row of the site."""
    return {SITE.primary_id: id_, "name": name[:160], "absoluteurl": url}


def library_row(id_: str, *, name: str, relative_url: str, site: str) -> Row:
    """The row of the library, beneath that of its site."""
    bind = {"parentsiteorlocation_sharepointsite@odata.bind": f"/{SITE.set_name}({site})"}
    return {LOCATION.primary_id: id_, "name": name[:160], "relativeurl": relative_url, **bind}


def contact_row(id_: str, *, contact: str, library: str) -> Row:
    """The row of a contact's folder, which is named by the contact's id: beneath the library, shown on the contact."""
    return {
        LOCATION.primary_id: id_,
        "name": TITLE,
        "relativeurl": contact,
        "parentsiteorlocation_sharepointdocumentlocation@odata.bind": f"/{LOCATION.set_name}({library})",
        "regardingobjectid_contact@odata.bind": f"/contacts({contact})",
    }


def is_of(contact: str, there: Mapping[str, Any], *, library: str = "") -> bool:
    """Whether a location that is there already shows that contact's folder, in that library if one is named."""
    parent = str(there.get("_parentsiteorlocation_value") or "").lower()
    named = str(there.get("relativeurl") or "").lower()
    return named == contact.lower() and (not library or parent == library.lower())
