"""The places where our storage may know of a person: each is looked through, and cleared when told to.

Clearing is a repeatable look: what is gone already is not found again. Nothing of anybody else is written anew, save
that a shard is compressed once more without the person's lines.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from activities import documents
from activities.auditing import rewritten
from activities.toolbox import Toolbox
from shared.diff.masking import MASKS
from shared.evidence import pack
from shared.people.erasing import ERASED, PERSONAL, Scrub, Trace
from shared.runs.model import Document, LaneProgress, Run
from shared.staging import layout, pages
from shared.vocabulary import Address

JOINED = {"patients-insured": "patients"}
"""Shards under another name than that of the records in them."""
WITH_IDS = ("prove_files", "undo", "undo_part", "rehearse")
"""The steps whose lanes may list ids of records."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """A person to be found in one run; ``change``: and to be erased."""

    tools: Toolbox
    run: Run
    trace: Trace
    scrub: Scrub
    change: bool
    paths: tuple[str, ...] = ()
    """The shards that have records of theirs, or had."""

    # Staged records

    async def shards(self) -> int:
        """The person's staged records, of every generation."""
        known, count = await self.tools.runs.all_shards(self.run.id), 0
        for path in self.paths:
            count += await self._shard(path, object_of(path), known.get(path))
        return count

    async def _shard(self, path: str, name: str, known: tuple[str, str, int] | None) -> int:
        content = await self.tools.staging.read_bytes(path)
        records = pages.decode(content)
        kept = [record for record in records if not self.trace.is_of(name, record)]
        found = len(records) - len(kept)
        if not self.change:
            return found
        if found:
            address = await self.tools.staging.write_shard(self.run.id, *layout.shard_of(path), kept)
        else:  # an earlier attempt may have died before it was written down what lies there now
            address = Address(path, pages.digest(content), len(content), len(records))
        if known:
            await self._in_force(known, address)
        return found

    async def _in_force(self, known: tuple[str, str, int], address: Address) -> None:
        generation, name, number = known
        for kept, was in await self.tools.runs.numbered_shards(self.run.id, generation, name):
            if kept == number and was != address:
                await rewritten(self.tools, self.run, name, generation, number, was=was, now=address)
                await self.tools.runs.put_shard(self.run.id, name, generation, number, address)

    # What was made of them

    async def working_files(self) -> int:
        """What steps keep beside the records: profiles, rows that a way back held, what proofs found."""
        count = 0
        for path in await self.tools.staging.staged(self.run.id):
            folder = path.split("/")[1]
            if folder == "profiles":
                count += 1
                if self.change:
                    await self.tools.staging.drop(path)
            elif folder in ("held", "proof"):
                count += await self._working_file(path, folder)
        return count

    async def _working_file(self, path: str, folder: str) -> int:
        content = await self.tools.staging.find_bytes(path)
        body = orjson.loads(content) if content else None
        if folder == "held":
            made = self.scrub.without_rows(body)
        elif "-wrong-" in path:
            made = self.scrub.without_wrong(path.rsplit("/", 1)[1].rsplit("-", 4)[0], body)
        else:
            made = self.scrub.without_holders(body)
        if made == body:
            return 0
        if self.change:
            await self.tools.staging.write_bytes(path, orjson.dumps(made))
        return 1

    # Documents

    async def documents(self) -> int:
        """Every version of every document that may name the person, and its masked form in the evidence."""
        count = 0
        for current in await self.tools.runs.documents(self.run.id):
            if self.scrub.may_find(current.name):
                for sequence in range(1, current.sequence + 1):
                    count += await self._document(current, sequence)
        return count

    async def _document(self, current: Document, sequence: int) -> int:
        name = current.name
        path = documents.place(self.run.id, name, sequence)
        one = Document(name, path, current.digest, sequence)
        body = await documents.found(self.tools, one)
        if body is None:
            return 0
        made = self.scrub.scrubbed(name, body)
        if made is body:
            return 0
        if self.change:
            await self._keep_masked(one, body, made, digest=current.digest if sequence == current.sequence else "")
            await documents.replace(self.tools, one, made)
        return 1

    async def _keep_masked(self, one: Document, body: Any, made: Any, *, digest: str) -> None:
        """Keep the form that the evidence shows, under the digest of what was decided about."""
        if one.name == "crosswalk":
            return
        kept = await self.tools.evidence.masked(self.run.id, one.name, one.sequence)
        shown = MASKS[one.name](made) if one.name in MASKS else made
        first = kept["digest"] if kept else digest or pack.content(body)[1]
        known = {"digest": first, "document": shown, "why": "A person was erased from it."}
        await self.tools.evidence.keep_masked(self.run.id, one.name, one.sequence, known)

    # The journal

    async def journal(self) -> int:
        """The values that rows of theirs had before we changed them."""
        journal, count = await self.tools.journal(self.run.id), 0
        for _, lane, _, _ in await journal.lanes():
            rows = self.trace.rows.get(lane.split("|")[2])
            for page in await journal.pages_with(lane, frozenset(rows)) if rows else ():
                made = page.without_values_of(frozenset(rows or ()))
                count += sum(one != other for one, other in zip(page.entries, made.entries, strict=True))
                if self.change and made != page:
                    await journal.put(made)
        return count

    # Rows about records

    async def receipts(self) -> int:
        """Receipts of their files: what is needed to find the file stays, what says which file it is goes."""
        rows = [row for name in ("attachments", "documents") for row in self.trace.rows.get(name, ())]
        count = 0
        for receipt in (await self.tools.receipts.of_rows(self.run.id, rows)).values():
            made = replace(receipt, attachment=ERASED, sha256="", mark="", size=0, session="")
            count += made != receipt
            if self.change and made != receipt:
                await self.tools.receipts.put(self.run.id, made)
        return count

    async def details(self) -> int:
        """Records that were set aside, lists of lanes, and fields that somebody decided about."""
        count = 0
        for name, source in self.scrub.sources.items():
            for id_ in self.trace.ids.get(source, ()):
                if await self.tools.runs.aside(self.run.id, name, id_) is not None:
                    count += 1
                    if self.change:
                        await self.tools.runs.drop_aside(self.run.id, name, id_)
        for step in WITH_IDS:
            for lane in await self.tools.runs.lanes(self.run.id, step):
                count += await self._lane(lane)
        return count + await self._repair()

    async def _lane(self, lane: LaneProgress) -> int:
        listed = lane.notes.get("listed", [])
        made = [self.scrub.in_line(line) for line in listed]
        if made == listed:
            return 0
        if self.change:
            await self.tools.runs.put_lane(self.run.id, replace(lane, notes={**lane.notes, "listed": made}))
        return 1

    async def _repair(self) -> int:
        repair = self.run.repair or {}
        fields = [self.scrub.without_ids(one) for one in repair.get("fields", ())]
        if fields == list(repair.get("fields", ())):
            return 0
        if self.change:
            await self.tools.runs.note(self.run.id, repair=orjson.dumps({**repair, "fields": fields}).decode())
        return 1


Look = Callable[[Erasing], Awaitable[int]]
PLACES: dict[str, Look] = {
    "staged records": Erasing.shards,
    "working files": Erasing.working_files,
    "documents": Erasing.documents,
    "values before a change": Erasing.journal,
    "receipts of files": Erasing.receipts,
    "rows about records": Erasing.details,
}
"""Each place by the name under which the certificate counts it, in the order in which it is cleared."""


def object_of(path: str) -> str:
    """The source object of a staged shard, if it may hold somebody's records; nothing for any other path."""
    name = path.split("/")[1]
    name = JOINED.get(name, name)
    return name if path.endswith(".zst") and layout.generation_of(path) and name in PERSONAL else ""
