"""The hidden table between two tables that are joined many to many."""

from __future__ import annotations

from .columns import Column, Kind, ManyToMany, TableSchema, label, stable_id
from .platform_columns import (
    INT_MAX,
    INT_MIN,
)


def intersect_table(link: ManyToMany, *, code: int) -> TableSchema:
    """The hidden table between two tables; its two columns are plain guids."""
    names = (f"{link.intersect}id", link.column1, link.column2)
    columns = {name: Column(name, Kind.GUID, stable_id(link.intersect, name), label(name)) for name in names}
    columns["versionnumber"] = Column(
        "VersionNumber",
        Kind.BIGINT,
        stable_id(link.intersect, "versionnumber"),
        minimum=INT_MIN,
        maximum=INT_MAX,
        creatable=False,
        updatable=False,
    )
    return TableSchema(
        schema_name=link.intersect,
        set_name=f"{link.intersect}set",
        collection_schema_name=f"{link.intersect}set",
        metadata_id=stable_id(link.intersect) if not link.custom else link.metadata_id,
        object_type_code=code,
        primary_id=f"{link.intersect}id",
        primary_name=None,
        columns=columns,
        ownership="None",
        private=True,
        intersect=True,
        custom=link.custom,
    )
