"""Files after they were brought: what they did to row versions, and what could not go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from activities import documents
from activities.toolbox import Toolbox
from shared.attachments.findings import merged
from shared.attachments.receipts import Receipt, ReceiptState, after_files
from shared.attachments.router import FilesPolicy
from shared.journal.entries import Entry, Page
from shared.runs.model import Run

MOST_LISTED = 5_000
WITH_FILES = ("attachments", "documents")


async def receipts_of(tools: Toolbox, run: Run, name: str, ids: Iterable[str]) -> dict[str, Receipt]:
    """The receipts of an object's rows: bringing a file changes a row's version, which the journal cannot know."""
    return await tools.receipts.of_rows(run.id, ids) if name in WITH_FILES else {}


def corrected(page: Page, receipts: Mapping[str, Receipt]) -> Page:
    """A journal page as if it had been settled after the files were brought."""
    return replace(page, entries=tuple(after_files(entry, receipts.get(entry.id)) for entry in page.entries))


def left_behind(entry: Entry, receipt: Receipt | None) -> Entry:
    """The same for one row that is to be written again. Where an upload was cut off, the version before it stands."""
    found = after_files(entry, receipt)
    return found if found.version else entry


async def files_found(tools: Toolbox, run: Run, turn: int) -> dict[str, Any]:
    """The findings of all lanes of one proof, for the verdict."""
    lanes = await tools.runs.lanes(run.id, "prove_files")
    return merged(lane.notes for lane in lanes if lane.notes and lane.generation.endswith(f".{turn}"))


async def publish_files(tools: Toolbox, run: Run, found: Mapping[str, Any]) -> None:
    """The document ``files``: where files went, what was proved, and everything that could not go and why.

    Addresses only. A file for which there is no way gets no row at all: the loader set its record aside.
    """
    routes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    listed: list[list[str]] = []

    def list_(name: str, row: str, attachment: str, reason: str) -> None:
        reasons[reason] += 1
        if len(listed) < MOST_LISTED:
            listed.append([name, row, attachment, reason])

    async for receipt in tools.receipts.each(run.id):
        if receipt.state is ReceiptState.DONE:
            routes[receipt.route] += 1
        elif receipt.state is ReceiptState.REFUSED:
            list_(receipt.object, receipt.row, receipt.attachment, receipt.reason)
    for name in WITH_FILES:
        async for attachment, reason, _ in tools.runs.each_aside(run.id, name):
            list_(name, "", attachment, reason)
    body = {
        "policy": (await policy_of(tools, run)).to_json(),
        "brought": dict(sorted(routes.items())),
        "proved": {name: found[name] for name in ("files", "bytes", "differs", "missing")},
        "could_not_go": dict(sorted(reasons.items())),
        "listed": [dict(zip(("object", "row", "attachment", "reason"), one, strict=True)) for one in listed],
    }
    await documents.publish(tools, run.id, "files", body)


async def policy_of(tools: Toolbox, run: Run) -> FilesPolicy:
    """What was decided about files, and the organisation's limits as they were read."""
    policy = await documents.read(tools, run.id, "files-policy")
    return FilesPolicy.from_json(policy) if policy else FilesPolicy()
