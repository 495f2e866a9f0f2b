"""The words in which the catalogue describes an object of the source: its fields, and how private each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.schema.model import Kind

CUSTOM_PREFIX = "custom_fields."


class Sensitivity(StrEnum):
    """How private a field is (N22). A field we do not know counts as HEALTH until a person says otherwise."""

    OPERATIONAL = "operational"
    CONTACT = "contact"
    IDENTIFIER = "identifier"
    FINANCIAL = "financial"
    HEALTH = "health"
    GOVERNMENT = "government"


@dataclass(frozen=True, slots=True)
class SourceField:
    """One field. ``values`` are those a choice is known to have; empty means that each practice has its own."""

    name: str
    kind: Kind
    values: tuple[str, ...] = ()
    refers_to: str | None = None
    label: str = ""
    sensitivity: Sensitivity = Sensitivity.OPERATIONAL
    why: str = ""


@dataclass(frozen=True, slots=True)
class SourceObject:
    """One object. Fields are in the order in which the source shows them."""

    name: str
    label: str
    fields: tuple[SourceField, ...]
    id_field: str = "id"
    custom_prefix: str = CUSTOM_PREFIX

    def field(self, name: str) -> SourceField | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


def field(
    name: str,
    kind: Kind = Kind.TEXT,
    sensitivity: Sensitivity = Sensitivity.OPERATIONAL,
    *values: str,
    refers_to: str | None = None,
    label: str = "",
    why: str = "",
) -> SourceField:
    """A field whose label is made from its name unless one is given."""
    readable = label or name.removeprefix(CUSTOM_PREFIX).replace("_", " ").capitalize()
    return SourceField(name, kind, values, refers_to, readable, sensitivity, why)


def refers(name: str, to: str) -> SourceField:
    """A field that holds the id of a record of another object."""
    label = name.removesuffix("_id").replace("_", " ").capitalize()
    return field(name, Kind.LOOKUP, Sensitivity.IDENTIFIER, refers_to=to, label=label)


ID = field(
    "id", Kind.IDENTIFIER, Sensitivity.IDENTIFIER,
    label="Source id", why="Stable: every link and every later delta uses it.",
)  # fmt: skip
ADDRESS = (
    field("address_line1", Kind.TEXT, Sensitivity.CONTACT, label="Address line 1", why="May hold several lines."),
    field("address_line2", Kind.TEXT, Sensitivity.CONTACT, label="Address line 2"),
    field("suburb", Kind.TEXT, Sensitivity.CONTACT),
    field("state", Kind.TEXT, Sensitivity.CONTACT),
    field("postcode", Kind.TEXT, Sensitivity.CONTACT, why="Text: some begin with a zero."),
    field("country", Kind.TEXT, Sensitivity.CONTACT),
)
STAMPS = (
    field("created_at", Kind.INSTANT, label="Created"),
    field("updated_at", Kind.INSTANT, label="Updated", why="What changed since is found by it."),
)
ACTIVE = field("active", Kind.BOOLEAN)
