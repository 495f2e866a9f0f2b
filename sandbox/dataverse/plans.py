"""What a write needs to know of a table, worked out once per definition instead of once per row."""

from __future__ import annotations

from .columns import Kind, TableSchema
from .tables import Row


class Plan:
    """`defaults` is a new row's content where the body says nothing; `money` maps amounts to their base twins."""

    def __init__(self, table: TableSchema) -> None:
        self.table = table
        self.defaults: Row = {
            name: column.default for name, column in table.columns.items() if column.default is not None
        }
        if table.states is not None:
            first = table.states.options[0]
            self.defaults["statecode"], self.defaults["statuscode"] = first.value, first.default_status
        self.money = {
            name: f"{name}_base"
            for name, column in table.columns.items()
            if column.kind is Kind.MONEY and f"{name}_base" in table.columns
        }
