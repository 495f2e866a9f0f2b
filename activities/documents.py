"""A run's documents: what was found, proposed, decided about and proved. Written once, then only superseded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from activities.toolbox import Toolbox
from shared.audit.event import APP, Event
from shared.errors import Stop
from shared.mapping.model import digest
from shared.runs.model import Document
from shared.staging.layout import document_path

HOLDS_VALUES = frozenset({"sample-diff", "crosswalk", "rollback-held", "conflicts"})
"""These hold record values, so they lie with the staged records and go when those go; the others are reports."""


def place(run: str, name: str, sequence: int) -> str:
    """Where one version of a document lies, in the container that its name says."""
    return f"{run}/documents/{name}-{sequence}" if name in HOLDS_VALUES else document_path(run, name, sequence)


async def publish(tools: Toolbox, run: str, name: str, body: Mapping[str, Any]) -> Document:
    """Make ``body`` the current document of that name. The same body again changes nothing."""
    mark = digest(body)
    current = await tools.runs.document(run, name)
    if current and current.digest == mark:
        return current
    sequence = current.sequence + 1 if current else 1
    if name in HOLDS_VALUES:
        address = await tools.staging.write_bytes(place(run, name, sequence), orjson.dumps(body))
    else:
        address = await tools.staging.write_document(run, name, dict(body), sequence)
    document = Document(name, address.path, mark, sequence)
    facts = {"mark": f"document/{name}", "name": name, "digest": mark, "sequence": sequence}
    await tools.audit.add(run, Event("document-published", APP, facts))
    await tools.runs.put_document(run, document)
    return document


async def read(tools: Toolbox, run: str, name: str) -> dict[str, Any] | None:
    """The current document of that name, or None when there is none yet."""
    current = await tools.runs.document(run, name)
    return await content(tools, current) if current else None


async def content(tools: Toolbox, document: Document) -> dict[str, Any]:
    """What a document says."""
    if document.name in HOLDS_VALUES:
        found: dict[str, Any] = orjson.loads(await tools.staging.read_bytes(document.path))
        return found
    return await tools.staging.read_document(document.path)


async def found(tools: Toolbox, document: Document) -> dict[str, Any] | None:
    """What a document says, or None when it is not in the storage any more."""
    try:
        return await content(tools, document)
    except Stop as gone:
        if gone.code != "staged-blob-missing":
            raise
        return None


async def replace(tools: Toolbox, document: Document, body: Mapping[str, Any]) -> None:
    """Put other words into one version of a document, because somebody is to be forgotten. Its digest goes on naming
    what was decided about."""
    if document.name in HOLDS_VALUES:
        await tools.staging.write_bytes(document.path, orjson.dumps(body))
    else:
        await tools.staging.replace_document(document.path, dict(body))


async def need(tools: Toolbox, run: str, name: str) -> dict[str, Any]:
    """A document that an earlier step must have left."""
    body = await read(tools, run, name)
    if body is None:
        raise Stop("document-missing", f"The run has no document '{name}', which an earlier step should have left.")
    return body
