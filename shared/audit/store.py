"""The trail in append blobs, which storage itself lets nobody rewrite: ``<run>/<chain>-<part>.ndjson``. DOOR

Every append names the position it goes to, so of two writers of one chain the second is refused, reads what the first
one wrote, and chains its event to that.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import orjson
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from shared.audit.event import STORY, Event, Head, line
from shared.errors import AskPerson, TryAgain
from shared.staging import layout
from shared.storage_failures import as_failures

MOST_BLOCKS = 45_000
"""An append blob takes 50,000 blocks, and what is told at once is one. May become less one day, and never more: that a
part is full is how everybody knows that there is a next one."""
TAIL, PIECE = 256 << 10, 4 << 20
LONGEST_LINE = 8 << 20
"""An appended block, and so a line, is at most 4 MiB; a longer one was not written by us."""
ATTEMPTS = 100
"""With every refusal somebody else's event got in, so this many are a hundred events of others in a row."""
CHAINS_HELD, MARKS_HELD = 256, 1000


class _Part(NamedTuple):
    """One blob of a chain, as it was when the blobs were listed."""

    chain: str
    number: int
    size: int


@dataclass(slots=True)
class _Tail:
    """The end of a chain: where the next block goes, whether that blob is there yet, and the latest words about each
    mark, by their fingerprints."""

    part: int = 0
    position: int = 0
    blocks: int = 0
    there: bool = False
    head: Head = field(default_factory=Head)
    said: OrderedDict[str, str] = field(default_factory=OrderedDict)
    hashes: frozenset[str] = frozenset()

    def says(self, event: Event) -> bool:
        """Whether this is the repeat of what was said last about its mark."""
        return bool(event.mark) and self.said.get(event.mark) == event.fingerprint

    def note(self, event: Event) -> None:
        if event.mark:
            self.said[event.mark] = event.fingerprint
            self.said.move_to_end(event.mark)
            if len(self.said) > MARKS_HELD:
                self.said.popitem(last=False)


@dataclass(slots=True)
class _Held:
    """What this process remembers of a chain. Its tail is a guess that the storage confirms with every append."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    tail: _Tail | None = None


class Audit:
    """The trails of every run in one storage account."""

    def __init__(self, service: BlobServiceClient, *, most_blocks: int = MOST_BLOCKS) -> None:
        self._container = service.get_container_client(layout.AUDIT)
        self._most_blocks = most_blocks
        self._chains: OrderedDict[tuple[str, str], _Held] = OrderedDict()

    async def add(self, run: str, event: Event, chain: str = STORY) -> Head:
        """Append an event; the chain's head with it. The repeat of what was said last about its mark adds nothing.

        Returns only once the event is in the chain. Raises TryAgain or AskPerson when it could not be written.
        """
        return await self.add_all(run, [event], chain)

    async def add_all(self, run: str, events: Sequence[Event], chain: str = STORY) -> Head:
        """Append some events at once, each about a mark of its own: in the same words and with the same promises as one
        after the other, and in one request."""
        if not events:
            return await self.head(run, chain)
        held = self._held(run, chain)
        async with held.lock:
            with as_failures():
                for _ in range(ATTEMPTS):
                    tail, held.tail = held.tail or _Tail(), None  # a chain that nothing is known of may be a new one
                    if any(map(tail.says, events)):  # a repeat has to be one in the storage's eyes, too
                        tail = await self._read_tail(run, chain)
                    fresh = [event for event in events if not tail.says(event)]
                    content, head = _lines(fresh, chain=chain, after=tail.head)
                    if not fresh or await self._append(run, chain, tail, content):
                        tail.head = head
                        for event in fresh:
                            tail.note(event)
                        held.tail = tail
                        return head
                    held.tail = await self._read_tail(run, chain)
                    if head.hash in held.tail.hashes:  # nobody was quicker: the answer to our own append was lost
                        return head
        raise TryAgain("audit-contended", "Too many others are writing to the same chain of the audit trail.", after=1)

    async def head(self, run: str, chain: str = STORY) -> Head:
        """Where a chain ends, as the storage knows it."""
        held = self._held(run, chain)
        async with held.lock:
            with as_failures():
                if held.tail is None or not await self._is_end(run, chain, held.tail):
                    held.tail = await self._read_tail(run, chain)
                return held.tail.head

    async def chains(self, run: str) -> list[str]:
        """The names of a run's chains, in order."""
        return sorted({part.chain for part in await self._parts(run, "")})

    async def each(self, run: str, chain: str = STORY) -> AsyncIterator[bytes]:
        """The lines of a chain, without their newlines, a few megabytes of them in memory at a time."""
        for part in await self._parts(run, chain):
            rest = b""
            async for piece in self._pieces(run, part):
                *lines, rest = (rest + piece).split(b"\n")
                for one in lines:
                    yield one
                if len(rest) > LONGEST_LINE:
                    break
            if rest:
                yield rest

    # One chain's end

    def _held(self, run: str, chain: str) -> _Held:
        held = self._chains.setdefault((run, chain), _Held())
        self._chains.move_to_end((run, chain))
        if len(self._chains) > CHAINS_HELD:
            self._chains.popitem(last=False)  # two locks for one chain do no harm: the position decides
        return held

    async def _append(self, run: str, chain: str, tail: _Tail, content: bytes) -> bool:
        """Write a block at the tail's position and move the tail on. False when that is not the chain's end."""
        if tail.blocks >= self._most_blocks:
            # Whoever knows the position of a full part knows that it is full: nobody writes on behind our back.
            tail.part, tail.position, tail.blocks, tail.there = tail.part + 1, 0, 0, False
        blob = self._blob(run, chain, tail.part)
        try:
            if not tail.there and not await _created(blob):
                return False
            written = await blob.append_block(content, length=len(content), appendpos_condition=tail.position)
        except HttpResponseError as error:
            if error.status_code == 412:
                return False
            raise
        tail.position += len(content)
        tail.blocks = int(str(written["blob_committed_block_count"]))
        tail.there = True
        return True

    async def _is_end(self, run: str, chain: str, tail: _Tail) -> bool:
        found = await self._size_and_blocks(run, chain, tail.part)
        return found == (tail.position, tail.blocks) and tail.blocks < self._most_blocks

    async def _read_tail(self, run: str, chain: str) -> _Tail:
        tail, ends = _Tail(), (0, 0)
        found = await self._size_and_blocks(run, chain, 0)
        while found is not None:
            size, blocks = found
            tail = _Tail(tail.part + tail.there, size, blocks, there=True)
            ends = (
                (tail.part, size) if size else ends
            )  # a part begun and not yet written to ends where the last one did
            found = await self._size_and_blocks(run, chain, tail.part + 1) if blocks >= self._most_blocks else None
        if ends[1]:
            blob = self._blob(run, chain, ends[0])
            _understand(tail, await _last_lines(blob, ends[1]), f"{chain}-{ends[0]:04d}")
        return tail

    async def _size_and_blocks(self, run: str, chain: str, part: int) -> tuple[int, int] | None:
        """What a part holds by now, or None where there is none."""
        try:
            found = await self._blob(run, chain, part).get_blob_properties()
        except ResourceNotFoundError:
            return None
        return int(found.size), int(found.append_blob_committed_block_count or 0)

    async def _parts(self, run: str, chain: str) -> list[_Part]:
        """A chain's parts in order, or with no chain named every part of the run."""
        prefix = layout.run_prefix(run) + (f"{chain}-" if chain else "")
        found: list[_Part] = []
        with as_failures():
            async for blob in self._container.list_blobs(name_starts_with=prefix):
                part = layout.audit_part(blob.name)
                if part and chain in ("", part[0]):
                    found.append(_Part(*part, int(blob.size)))
        return sorted(found)

    async def _pieces(self, run: str, part: _Part) -> AsyncIterator[bytes]:
        blob, start = self._blob(run, part.chain, part.number), 0
        with as_failures():
            while start < part.size:
                download = await blob.download_blob(offset=start, length=min(PIECE, part.size - start))
                piece = await download.readall()
                start += len(piece)
                yield piece

    def _blob(self, run: str, chain: str, part: int) -> BlobClient:
        return self._container.get_blob_client(layout.audit_path(run, chain, part))


def _lines(events: Sequence[Event], *, chain: str, after: Head) -> tuple[bytes, Head]:
    """The events as they are appended, and where the chain ends with them."""
    content = b""
    for event in events:
        one, after = line(event, chain=chain, after=after, at=_now())
        content += one
    return content, after


async def _created(blob: BlobClient) -> bool:
    """Begin a part. False when somebody else has begun it."""
    try:
        await blob.create_append_blob(match_condition=MatchConditions.IfMissing)
    except ResourceExistsError:
        return False
    return True


async def _last_lines(blob: BlobClient, size: int) -> list[bytes]:
    """The whole lines in the last stretch of a blob; a longer stretch when not even one fits."""
    stretch = TAIL
    while True:
        start = max(0, size - stretch)
        content = await (await blob.download_blob(offset=start, length=size - start)).readall()
        *lines, rest = content.split(b"\n")
        lines = lines[1:] if start else lines
        if rest or lines or not start or stretch > LONGEST_LINE:
            return [*lines, rest] if rest else lines
        stretch *= 4


def _understand(tail: _Tail, lines: list[bytes], where: str) -> None:
    """Take from a chain's last lines what the next event is chained to. Raises AskPerson when that cannot be read."""
    try:
        bodies = [orjson.loads(one) for one in lines]
        tail.head = Head(int(bodies[-1]["n"]), str(bodies[-1]["hash"]))
        tail.hashes = frozenset(str(body["hash"]) for body in bodies)
        for body in bodies:
            tail.note(Event(body["kind"], body["who"], body["facts"]))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise AskPerson(
            "audit-damaged",
            f"The end of the audit trail's part {where} cannot be read; somebody changed it.",
            remedy="Restore that blob of the container 'audit' from a version before the change, then resume.",
        ) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
