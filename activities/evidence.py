"""Pack the evidence of a run, and hand it out: what a practice and an auditor keep when everything else is gone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson

from activities import documents
from activities.reception import Outcome, counts
from activities.toolbox import Toolbox
from shared import answers, gates
from shared.answers import Answer
from shared.audit.event import STORY
from shared.diff.masking import MASKS
from shared.evidence import pack
from shared.evidence.archive import Archive
from shared.evidence.pack import Version
from shared.evidence.ranges import Unsatisfiable, stretch
from shared.evidence.store import Part
from shared.evidence.trail import Chain, Story
from shared.runs.model import Document, Run
from shared.wire.payloads import About, Nothing

"""Of the documents that hold values, the one that a person decided about."""
LARGEST_ANSWER = 64 << 20
"""An answer is held in memory whole; a larger pack is fetched in stretches."""
LINES = 1000


async def evidence(tools: Toolbox, about: About) -> Nothing:
    """Pack what there is now. The same again makes the same pack, and changes nothing."""
    await build(tools, await tools.run(about.run))
    return Nothing()


async def build(tools: Toolbox, run: Run) -> Document:
    """Make the pack and note its digest on the run.

    The audit trail goes last: an event is told before its document or decision is in force, so by then the trail tells
    of everything that was packed, and what it tells besides is cut off.
    """
    with tools.evidence.spool() as file:
        digest = await _Packing(tools, run, Archive(file)).all()
        path = await tools.evidence.keep(run.id, digest, file)
    before = await tools.runs.document(run.id, pack.NAME)
    if before and before.digest == digest:
        return before
    made = Document(pack.NAME, path, digest, before.sequence + 1 if before else 1)
    await tools.runs.put_document(run.id, made)
    return made


@dataclass(slots=True)
class _Packing:
    """One pack on its way."""

    tools: Toolbox
    run: Run
    archive: Archive
    versions: list[Version] = field(default_factory=list)
    instants: list[str] = field(default_factory=list)

    async def all(self) -> str:
        """Pack everything; the manifest's digest."""
        run, archive = self.run, self.archive
        decisions = await self.tools.runs.decisions(run.id)
        current = [one for one in await self.tools.runs.documents(run.id) if one.name != pack.NAME]
        for document in current:
            for sequence in range(1, document.sequence + 1):
                await self._document(document, sequence)
        approvals = pack.approvals(decisions, self.versions)
        self.instants += [run.registered_at, run.ended_at, *(str(one["at"]) for one in approvals)]
        archive.add_json(pack.DOCUMENTS, pack.index(self.versions))
        archive.add_json(pack.APPROVALS, approvals)
        archive.add_json(pack.REQUEST, dict(run.request))
        archive.add_json(pack.RUN, pack.about_run(run))
        archive.add_json(pack.COUNTS, await counts(self.tools, run))
        await self._set_aside()
        known = {one.name: one.sequence for one in current}
        story = Story(known, {(str(one["gate"]), str(one["digest"])) for one in decisions})
        await self._chains({STORY: story})
        lanes: dict[str, Chain] = {}
        await self._chains(lanes)
        as_of = pack.latest([*self.instants, story.at])
        archive.add("README.txt", pack.readme(run, as_of=as_of))
        archive.add(pack.PROGRAM, pack.program())
        events = story.events + sum(chain.events for chain in lanes.values())
        return archive.seal(pack.about(run, as_of=as_of, events=events, open_chains=story.open_among(lanes)))

    # Documents

    async def _document(self, current: Document, sequence: int) -> None:
        """One version of a document; the last one also knows the digest that the app shows."""
        name = current.name
        shown = current.digest if sequence == current.sequence else None
        if name in documents.HOLDS_VALUES and name not in MASKS:
            if shown:
                self.versions.append(Version(name, sequence, shown, None, why="It is made of records' ids."))
            return
        one = Document(name, documents.place(self.run.id, name, sequence), shown or "", sequence)
        if name in MASKS or await self._forgets(one):
            body = await self._masked(one)
            if body:
                file = pack.document_file(name, sequence, masked=True)
                self.archive.add(file, pack.content(body)[0])
                self.versions.append(Version(name, sequence, body["digest"], file, masked=True))
        else:
            body = await self._body(one)
            if body:
                self._plain(one, body)
        if not body:
            self.versions.append(Version(name, sequence, shown, None, why="It is not in the storage any more."))

    async def _forgets(self, one: Document) -> bool:
        """Whether somebody was erased from a report: what it says now is not what its digest is of."""
        kept = await self.tools.evidence.masked(self.run.id, one.name, one.sequence)
        return kept is not None and one.digest in ("", kept["digest"])

    def _plain(self, one: Document, body: dict[str, Any]) -> None:
        content, digest = pack.content(body)
        file = pack.document_file(one.name, one.sequence)
        self.archive.add(file, content)
        self.versions.append(Version(one.name, one.sequence, one.digest or digest, file))
        if one.name == "verdict":
            self.instants.append(str(body.get("at", "")))
        if one.name == pack.GUIDE and one.digest:
            for form, path in pack.GUIDE_FORMS.items():
                self.archive.add(path, str(body.get(form, "")).encode())

    async def _masked(self, one: Document) -> dict[str, Any] | None:
        """The masked form, made once: the values may be gone when the next pack is made."""
        kept = await self.tools.evidence.masked(self.run.id, one.name, one.sequence)
        if kept and one.digest in ("", kept["digest"]):
            return kept
        body = await self._body(one)
        if body is None:
            return None
        made = {"digest": pack.content(body)[1], "document": MASKS[one.name](body)}
        await self.tools.evidence.keep_masked(self.run.id, one.name, one.sequence, made)
        return made

    async def _body(self, one: Document) -> dict[str, Any] | None:
        return await documents.found(self.tools, one)

    # What there may be much of

    async def _set_aside(self) -> None:
        with self.archive.begun(pack.SET_ASIDE) as write:
            lines: list[bytes] = []
            async for aside in self.tools.runs.all_asides(self.run.id):
                lines.append(orjson.dumps(aside, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
                if len(lines) == LINES:
                    write(b"".join(lines))
                    lines.clear()
            write(b"".join(lines))

    async def _chains(self, chains: dict[str, Chain]) -> None:
        """The chains' parts as they are in the storage. Those of the lanes are listed after the story was read, so that
        each reaches as far as the story says."""
        wanted = set(chains)
        for name, parts in groupby(await self.tools.evidence.parts(self.run.id), key=lambda part: part.chain):
            if (name == STORY) == (STORY in wanted):
                await self._chain(chains.setdefault(name, Chain()), list(parts))

    async def _chain(self, chain: Chain, parts: list[Part]) -> None:
        for part in parts:
            with self.archive.begun(pack.part_file(part.chain, part.number), size=part.size) as write:
                async for piece in self.tools.evidence.pieces(part):
                    await asyncio.to_thread(write, chain.taken(piece))


async def download(tools: Toolbox, run: Run, *, fresh: bool, range_: str = "", if_range: str = "") -> Outcome:
    """The pack that was made last, or with ``fresh`` one of what there is now; a stretch of it if one is asked for."""
    if fresh and (refusal := gates.judge_kept(run)):
        return Outcome(answers.refused(refusal))
    found = await build(tools, run) if fresh else await tools.runs.document(run.id, pack.NAME)
    size = await tools.evidence.size(found.path) if found else None
    if found is None or size is None:
        detail = f"The run is in phase {run.phase.value}; it is packed after each verdict, and with ?fresh=true now."
        return Outcome(answers.problem(404, "document-not-yet", "There is no evidence pack yet", detail))
    etag = f'"{found.digest}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="evidence-{run.id}.zip"',
    }
    try:
        asked = stretch(range_, size, most=LARGEST_ANSWER) if if_range in ("", etag) else None
    except Unsatisfiable:
        detail = f"The pack has {size} bytes; the header Range asks for others."
        refused = answers.problem(416, "range-not-there", "The pack has no such bytes", detail)
        return Outcome(Answer(416, refused.body, {"Content-Range": f"bytes */{size}"}))
    if asked is None and size > LARGEST_ANSWER:
        detail = (
            f"The pack has {size} bytes. Fetch it in stretches, with the header Range: bytes=0-{LARGEST_ANSWER - 1}."
        )
        return Outcome(answers.problem(406, "pack-too-large", "The pack is too large for one answer", detail))
    start, length = asked or (0, size)
    if asked:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    content = await tools.evidence.read(found.path, start=start, length=length)
    return Outcome(Answer(206 if asked else 200, {}, headers, media="application/zip", content=content))
