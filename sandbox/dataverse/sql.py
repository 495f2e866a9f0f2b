"""The SQL subset behind `?sql=`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors
from .columns import TableSchema
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation


def sql_rows(org: Organisation, table: TableSchema, request: Request) -> Answer:
    raise errors.not_simulated("SQL")
