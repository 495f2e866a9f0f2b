"""The words a default place is written in, and the lines that many objects share.

``@Name`` is a custom column under the publisher's prefix (``@SourceId`` becomes ``bw_sourceid``). Display names keep
the words of the practice. A line is: source field, target column, transform, kind, label.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.schema.model import Kind

Line = tuple[str, str, str, Kind, str]
Lookup = tuple[str, str, tuple[str, ...], str]
"""Source field, column, the object it refers to (and what stands in for it), label."""

TEXT, MEMO, WHOLE, DECIMAL, MONEY, YES_NO, DATE, TIME, CHOICE = (
    *(Kind.TEXT, Kind.MEMO, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.BOOLEAN, Kind.DATE, Kind.INSTANT),
    Kind.CHOICE,
)

ADDRESS: tuple[Line, ...] = (
    ("address_line1", "address1_line1", "text", TEXT, "Street 1"),
    ("address_line2", "address1_line2", "text", TEXT, "Street 2"),
    ("suburb", "address1_city", "text", TEXT, "City"),
    ("state", "address1_stateorprovince", "text", TEXT, "State"),
    ("postcode", "address1_postalcode", "text", TEXT, "Postal code"),
    ("country", "address1_country", "text", TEXT, "Country"),
)
KEPT_TIMES: tuple[Line, ...] = (
    ("created_at", "@SourceCreatedOn", "instant", TIME, "Created in source on"),
    ("updated_at", "@SourceModifiedOn", "instant", TIME, "Modified in source on"),
)
TIMES: tuple[Line, ...] = (("created_at", "createdon", "instant", TIME, "Created on"), *KEPT_TIMES)
IDENTITY: tuple[Line, ...] = (("id", "@SourceId", "source_key", TEXT, "Source id"),)
CURRENCY = "transactioncurrencyid"
"""Dataverse refuses an amount without one (0x80048cfb). The column comes with a table's first amount."""

States = tuple[tuple[str, int, int], ...]
"""What the state field says, with the state and the status reason it means; an empty text stands for all else."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one object goes by default.

    ``reads``: the source object, where it is not the object itself. ``only``: which of its records, by the values of
    a field; ``*`` means any value and an empty text none. ``clinical``: the whole object is health data.
    """

    object: str
    table: str
    wave: int
    cardinality: str
    why: str
    lines: tuple[Line, ...]
    lookups: tuple[Lookup, ...] = ()
    owner_from: str = ""
    state_from: str = ""
    active_values: tuple[str, ...] = ("true",)
    states: States = ()
    constants: tuple[tuple[str, str, str], ...] = ()
    reads: str = ""
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    clinical: bool = False

    @property
    def source(self) -> str:
        """The source object whose records become these rows."""
        return self.reads or self.object
