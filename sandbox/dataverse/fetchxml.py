"""FetchXML: entity, attributes, filters, link-entity, order, paging, aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors
from .columns import TableSchema
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation


def fetch_rows(org: Organisation, table: TableSchema, request: Request) -> Answer:
    raise errors.not_simulated("FetchXML")
