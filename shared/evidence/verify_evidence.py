"""Checks an evidence pack of Bridgework again, offline: one file, the standard library, Python 3.8 or later.

    python3 verify_evidence.py PACK [--digest HEX]

PACK is the archive as it was downloaded, or the folder it was unpacked into. HEX is the digest that the app showed for
the document "evidence". Prints one line per check, and one per fault with the file it is in; ends with 0 when all is as
it should be, else with 1. Take this program from the release, not from the pack: who alters a pack can alter it too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

FORMAT = 1
MANIFEST, SEAL, ITSELF = "manifest.json", "manifest.sha256", "verify_evidence.py"
DOCUMENT_OF = {"mapping": "mapping", "sample": "sample-diff", "sign-off": "verdict"}
PART = re.compile(r"audit/(?P<chain>[A-Za-z0-9][A-Za-z0-9._-]*)-(?P<part>\d{4,6})\.ndjson")
HEADLINE = re.compile(r"([\d,]+) fields of ([\d,]+) rows compared; ([\d,]+) differ")
MEMBERS = {"at", "chain", "facts", "hash", "kind", "n", "prev", "who"}
LARGEST_PLAIN = (1 << 31) - 1  # beyond, an archive may hold ZIP64 records: its headers cannot be foretold any more


class Fault(Exception):
    """Something that is not as it should be: the file it is in, and what is wrong with it."""

    def __str__(self) -> str:
        return ": ".join(map(str, self.args))


class Folder:
    """A pack that was unpacked."""

    def __init__(self, path: str) -> None:
        self.path = path
        found = [os.path.join(place, name) for place, _, files in os.walk(path) for name in files]
        self.names = sorted(os.path.relpath(one, path).replace(os.sep, "/") for one in found)

    def open(self, name: str) -> BinaryIO:
        return open(os.path.join(self.path, *name.split("/")), "rb")


class Archive:
    """A pack as it was downloaded."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._zip = zipfile.ZipFile(path)
        self.names = sorted(self._zip.namelist())

    def open(self, name: str) -> Any:
        return self._zip.open(name)

    def faults(self) -> Iterator[Fault]:
        """Every byte that belongs to no file: a pack is stored plainly, so each of them can be foretold."""
        if os.path.getsize(self.path) > LARGEST_PLAIN:
            return
        expected: list[tuple[str, int, bytes]] = []
        place, directory = 0, b""
        for one in sorted(self._zip.infolist(), key=lambda one: one.header_offset):
            name = one.filename.encode()
            said = struct.pack("<5H3L2H", 20, 0, 0, 0, 33, one.CRC, one.file_size, one.file_size, len(name), 0)
            directory += b"PK\1\2\x14\3" + said + struct.pack("<3H2L", 0, 0, 0, 0o100644 << 16, place) + name
            expected.append((one.filename, place, b"PK\3\4" + said + name))
            place += 30 + len(name) + one.file_size
        end = struct.pack("<4H2LH", 0, 0, len(expected), len(expected), len(directory), place, 0)
        expected.append(("the archive's directory", place, directory + b"PK\5\6" + end))
        with open(self.path, "rb") as file:
            for where, at, content in expected:
                file.seek(at)
                if file.read(len(content)) != content:
                    yield Fault(where, "is not in the archive as it was packed (packed anew? check the folder instead)")
                    return
            if file.read(1):
                yield Fault(where, "has something behind it")


class Pack:
    """A pack and its checks. Each check yields its faults; ``said`` is what it tells when there are none."""

    def __init__(self, files: Any, digest: str) -> None:
        self.files, self.digest, self.said = files, digest.strip().lower(), ""
        self.names: list[str] = files.names
        self.manifest: dict[str, Any] = {}
        self.events = 0
        self.heads: dict[str, tuple[int, str]] = {}  # where each chain of the audit trail ends: number and hash
        self.ends: dict[str, list[tuple[int, str]]] = {}  # where the story says so; one taken up again has several
        self.told: dict[str, dict[Any, Any]] = {kind: {} for kind in TOLD}  # what else the story says of the pack

    def pieces(self, name: str) -> Iterator[bytes]:
        """What a file holds, a megabyte at a time."""
        if name not in self.names:
            raise Fault(name, "is missing")
        try:
            with self.files.open(name) as file:
                yield from iter(lambda: file.read(1 << 20), b"")
        except (OSError, RuntimeError, zipfile.BadZipFile) as error:
            raise Fault(name, f"cannot be read ({error})") from None

    def lines(self, name: str) -> Iterator[bytes]:
        with self.files.open(name) as file:
            yield from file

    def hashed(self, name: str) -> dict[str, Any]:
        """The size and the digest of a file, as a manifest has them."""
        size, digest = 0, hashlib.sha256()
        for piece in self.pieces(name):
            size += len(piece)
            digest.update(piece)
        return {"size": size, "sha256": digest.hexdigest()}

    def json(self, name: str) -> Any:
        """A file that is JSON."""
        try:
            return json.loads(b"".join(self.pieces(name)).decode("utf-8"))
        except ValueError:
            raise Fault(name, "is not JSON") from None

    # The pack as a whole

    def _check_archive(self) -> Iterator[Fault]:
        for name in sorted({name for name in self.names if self.names.count(name) > 1}):
            yield Fault(name, "is in the archive twice")
        yield from self.files.faults() if isinstance(self.files, Archive) else ()
        self.said = f"{len(self.names)} files"

    def _check_manifest(self) -> Iterator[Fault]:
        digest = self.hashed(MANIFEST)["sha256"]
        if b"".join(self.pieces(SEAL)) != f"{digest}  {MANIFEST}\n".encode():
            yield Fault(SEAL, f"does not hold the digest of {MANIFEST}, which is {digest}")
        if self.digest not in ("", digest):
            yield Fault(MANIFEST, f"its digest is {digest}, and the app showed {self.digest}")
        self.manifest = self.json(MANIFEST)
        if self.manifest["format"] != FORMAT:
            yield Fault(MANIFEST, f"is of format {self.manifest['format']}; this program knows {FORMAT}")
        if self.json("run.json")["run"] != self.manifest["run"]:
            yield Fault("run.json", f"is not about {self.manifest['run']}, as the manifest is")
        known = "as the app showed" if self.digest else "NOT compared with what the app showed: give --digest"
        self.said = f"{self.manifest['run']} as of {self.manifest['as_of']}, digest {digest}, {known}"

    def _check_files(self) -> Iterator[Fault]:
        listed = self.manifest["files"]
        for name in sorted({*listed, *self.names} - {MANIFEST, SEAL}):
            try:
                if name not in listed:
                    yield Fault(name, "does not belong to the pack: the manifest does not name it")
                elif self.hashed(name) != listed[name]:
                    yield Fault(name, f"was altered: its SHA-256 is not {listed[name]['sha256']}")
            except Fault as fault:
                yield fault
        self.said = f"{len(listed)}, each with the size and the SHA-256 of the manifest"

    def _check_program(self) -> Iterator[Fault]:
        with open(os.path.abspath(__file__), "rb") as file:
            own = hashlib.sha256(file.read()).hexdigest()
        if self.hashed(ITSELF)["sha256"] != own:
            yield Fault(ITSELF, f"is not the program that runs; run the one of release {self.manifest['app']}")
        self.said = "the one that runs is the one in the pack"

    # Documents and decisions

    def _check_documents(self) -> Iterator[Fault]:
        entries = [one for one in self.json("documents.json") if one["file"]]
        for one in entries:
            if one["masked"] and self.json(one["file"])["digest"] != one["digest"]:
                yield Fault(one["file"], "is the masked form of another document than documents.json says")
            elif not one["masked"] and self.hashed(one["file"])["sha256"] != one["digest"]:
                yield Fault(one["file"], f"is not the document with digest {one['digest']}")
        for name in sorted(set(self.names) - {one["file"] for one in entries}):
            if name.startswith("documents/"):
                yield Fault(name, "is a document that documents.json does not name")
        guides = [one["file"] for one in entries if one["name"] == "setup-guide"]
        for form, name in (("markdown", "setup-guide.md"), ("html", "setup-guide.html")):
            if guides and b"".join(self.pieces(name)) != self.json(guides[-1]).get(form, "").encode():
                yield Fault(name, f"is not the guide of {guides[-1]}")
        self.said = f"{len(entries)} versions, each with its digest"

    def _check_approvals(self) -> Iterator[Fault]:
        approvals = self.json("approvals.json")
        there = {(one["name"], one["digest"], one["file"]) for one in self.json("documents.json")}
        for one in approvals:
            if (DOCUMENT_OF.get(one["gate"]), one["digest"], one["document"]) not in there:
                yield Fault("approvals.json", f"at gate {one['gate']}: no document of the pack has {one['digest']}")
        self.said = f"{len(approvals)}, each about a document of the pack"

    def _check_verdicts(self) -> Iterator[Fault]:
        verdicts = [one for one in self.json("documents.json") if one["name"] == "verdict" and one["file"]]
        for one in verdicts:
            body = self.json(one["file"])
            yield from (Fault(one["file"], what) for what in wrong_sums(body["document"] if one["masked"] else body))
        self.said = f"{len(verdicts)}, and all sums are right"

    # The audit trail

    def _check_chains(self) -> Iterator[Fault]:
        """Each chain holds link by link, and ends where the story says. The story goes first, to say so."""
        chains: dict[str, list[str]] = {}
        for name in [name for name in self.names if name.startswith("audit/")]:
            part = PART.fullmatch(name)
            chains.setdefault(part["chain"] if part else name, []).append(name)
        whole = True
        for chain in sorted(chains, key=lambda one: (one != "story", one)):
            try:
                self.walk(chain, chains[chain])
            except Fault as fault:
                whole = False
                yield fault
        for chain in sorted(set(self.ends) - set(chains)):
            yield Fault(f"audit/{chain}-0000.ndjson", "is missing, and the story tells of it")
        still = {one for one, head in self.heads.items() if head not in self.ends.get(one, ())[-1:]} - {"story"}
        for chain in sorted(still ^ set(self.manifest["open_chains"])):
            yield Fault(f"audit/{chain}-0000.ndjson", "does not end where the story entered its end")
        if whole and self.events != self.manifest["events"]:
            yield Fault(MANIFEST, f"tells of {self.manifest['events']} events; there are {self.events}")
        self.said = f"{self.events} events in {len(chains)} chains, {len(still)} of them still open"

    def walk(self, chain: str, parts: list[str]) -> None:
        """Follow a chain link by link. Raises the Fault that names its first event that is not as it was written."""
        promised = dict(self.ends.get(chain, ()))
        n, head, gap = 0, "", ""
        for part in parts:
            for line in self.lines(part):
                self.events += 1
                body, at = sound(line), f"event {n + 1} of '{chain}'"
                if gap and body and (body["chain"], body["n"]) == (chain, n + 1):
                    raise Fault(gap, f"{at} was reordered: it stands behind others")
                if gap:
                    continue
                if body is None or body["chain"] != chain:
                    raise Fault(part, f"{at} was altered")
                if body["n"] <= n:
                    raise Fault(part, f"event {body['n']} of '{chain}' was put in: that number is there already")
                if body["n"] > n + 1:
                    gap = part  # what is missing may only stand elsewhere
                    continue
                if body["prev"] != head:
                    raise Fault(part, f"event {max(n, 1)} of '{chain}' was altered: the next one knew another hash")
                if promised.get(body["n"], body["hash"]) != body["hash"]:
                    raise Fault(part, f"{at} is not the one that the story entered as an end")
                n, head = body["n"], body["hash"]
                if chain == "story":
                    self.take(body["kind"], body["facts"])
        self.heads[chain] = (n, head)
        if gap:
            raise Fault(gap, f"event {n + 1} of '{chain}' was removed")
        if n < max(promised, default=0):
            raise Fault(parts[-1], f"event {n + 1} of '{chain}' was cut off, with all up to {max(promised)}")

    def take(self, kind: str, facts: dict[str, Any]) -> None:
        """What an event of the story tells about the rest of the pack."""
        if kind == "chain-closed":
            self.ends.setdefault(facts["chain"], []).append((facts["n"], facts["hash"]))
        elif kind in TOLD:
            self.told[kind].update([TOLD[kind](facts)])

    def _check_trail(self) -> Iterator[Fault]:
        """What the story tells of documents and decisions is what the pack holds, and the other way round."""
        if "story" not in self.heads:
            self.said = "there is none to compare with"
            return
        if list(self.told["run-registered"]) != [self.manifest["run"]]:
            yield Fault("audit/story-0000.ndjson", f"is not the story of {self.manifest['run']}")
        entries = self.json("documents.json")
        told, decided = self.told["document-published"], self.told["decision"]
        held = dict(map(TOLD["document-published"], [one for one in entries if one["digest"]]))
        left_out = {one["name"] for one in entries if not one["file"]}
        for name, number in sorted({*held, *told}):
            gone = name in left_out and (name, number) not in held
            if held.get((name, number)) != told.get((name, number)) and not gone:
                yield Fault("documents.json", f"tells of {name} {number} something else than the audit trail")
        taken = dict(map(TOLD["decision"], self.json("approvals.json")))
        for gate, digest in sorted({*taken, *decided}):
            if taken.get((gate, digest)) != decided.get((gate, digest)):
                yield Fault("approvals.json", f"tells of gate {gate} and {digest} something else than the audit trail")
        self.said = f"{len(held)} documents and {len(taken)} decisions, as in the pack"

    def verify(self) -> bool:
        names = "archive manifest files program documents approvals verdicts chains trail"
        return not sum(self.faults(name, getattr(self, f"_check_{name}")) for name in names.split())

    def faults(self, name: str, check: Callable[[], Iterator[Fault]]) -> int:
        """Do one check and print what it found; how many faults those are."""
        found: list[Exception] = []
        try:
            found += check()  # those before an exception stay
        except Exception as error:  # an altered file can make anything of a check, and is a fault in any case
            found.append(error if isinstance(error, Fault) else Fault("the check could not be finished", repr(error)))
        for fault in found:
            print(f"WRONG  {name}: {fault}")
        if not found:
            print(f"ok     {name}: {self.said}")
        return len(found)


# What events of the story tell: about what, and what about it.
TOLD: dict[str, Callable[[Any], Any]] = {
    "run-registered": lambda of: (of["run"], True),
    "document-published": lambda of: ((of["name"], of["sequence"]), of["digest"]),
    "decision": lambda of: ((of["gate"], of["digest"]), of["decision"]),
}


def sound(line: bytes) -> dict[str, Any] | None:
    """A line of a chain, when it is whole and has the hash it says; else None."""
    try:
        body = json.loads(line.decode("utf-8"))
        if set(body) != MEMBERS or type(body["n"]) is not int or canonical(body) + b"\n" != line:
            return None
    except (ValueError, TypeError):
        return None
    unsigned = {name: value for name, value in body.items() if name != "hash"}
    return body if hashlib.sha256(canonical(unsigned)).hexdigest() == body["hash"] else None


def canonical(body: dict[str, Any]) -> bytes:
    """The one spelling that is hashed: members in order, no blanks, UTF-8."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def wrong_sums(verdict: dict[str, Any]) -> Iterator[str]:
    """What does not add up in a verdict. What a verdict does not have is not missed."""
    objects: dict[str, dict[str, Any]] = verdict.get("objects") or {}

    def total(*names: str) -> int:
        return sum(one.get(name, 0) for one in objects.values() for name in names)

    fields, rows, differences = total("fields"), total("rows"), total("differs", "missing")
    unexpected, outcomes = verdict.get("rows_unexpected") or {}, verdict.get("outcomes") or {}
    for name, said, right in (
        ("fields_verified", verdict, fields), ("rows_verified", verdict, rows), ("differences", verdict, differences),
        ("fields_kept", verdict, total("kept")), ("rows_edited_since", verdict, total("edited")),
        ("equal", outcomes, total("equal")), ("equal-after", outcomes, total("after")),
        ("differs", outcomes, total("differs")), ("missing", outcomes, total("missing")),
        ("unexpected", outcomes, sum(max(one, 0) for one in unexpected.values())),
    ):  # fmt: skip
        if said.get(name, right) != right:
            yield f"{name} is {said[name]}; its objects make {right}"
    if "normalisations" in verdict and sum(verdict["normalisations"].values()) != total("after"):
        yield f"its normalisations do not make {total('after')}"
    headline = HEADLINE.fullmatch(verdict.get("headline", ""))
    figures = [int(one.replace(",", "")) for one in headline.groups()] if headline else None
    if "headline" in verdict and figures != [fields, rows, differences]:
        yield f"headline '{verdict['headline']}': objects make {fields} fields, {rows} rows, {differences} that differ"
    for name, one in sorted(objects.items()):
        yield from (f"{name}: {what}" for what in wrong_in_object(one))
    broken = [name for name in ("conservation", "money") if not (verdict.get(name) or {}).get("holds", True)]
    for name in ("conservation", "money"):
        if bool((verdict.get(name) or {}).get("broken")) != (name in broken):
            yield f"{name} is said to {'be broken' if name in broken else 'hold'}, and its figures deny it"
    files, lost = verdict.get("files") or {}, verdict.get("records_unaccounted_for") or {}
    problems = [differences, *unexpected.values(), *lost.values(), files.get("differs"), files.get("missing"), *broken]
    if verdict.get("proved") and (any(problems) or verdict.get("because")):
        yield "says that all is proved, and names what is not"


def wrong_in_object(one: dict[str, Any]) -> Iterator[str]:
    """What does not add up in a verdict about one object."""
    wrong, reasons = one.get("differs", 0) + one.get("missing", 0), sum(one.get("reasons", {}).values())
    sums = [("fields", "equal after differs missing", ""), ("records", "rows excluded set_aside", "further")]
    for name, plus, minus in sums:
        if all(key in one for key in [name, *plus.split(), *minus.split()]):
            parts = sum(one[key] for key in plus.split()) - sum(one[key] for key in minus.split())
            if one[name] != parts:
                yield f"{name} is {one[name]}; its parts make {parts}"
    for name, right in (("columns", wrong), ("rules", one.get("after"))):
        if name in one and right is not None and sum(one[name].values()) != right:
            yield f"its {name} do not make {right}"
    spare = sum(one.get(name, 0) for name in ("created", "matched", "missing_rows")) - one.get("rows", 0)
    if "created" in one and not 0 <= spare <= reasons:  # a row that a person edited is created, and set aside
        yield f"{one.get('rows')} rows are not those that are created, matched and missing"
    if len(one.get("listed", ())) > wrong or any(line[0] != one.get("table") for line in one.get("listed", ())):
        yield "lists fields that it does not count"


def main() -> int:
    """The program; its exit code."""
    parser = argparse.ArgumentParser(description="Checks an evidence pack of Bridgework again, offline.")
    parser.add_argument("pack", help="the archive, or the folder it was unpacked into")
    parser.add_argument("--digest", default="", help="what the app showed as the digest of the document 'evidence'")
    asked = parser.parse_args()
    try:
        files: Any = Folder(asked.pack) if os.path.isdir(asked.pack) else Archive(asked.pack)
        good = Pack(files, asked.digest).verify()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        print(f"WRONG  archive: {os.path.basename(asked.pack)}: cannot be opened ({error})")
        good = False
    print("The evidence is as it was packed." if good else "THE EVIDENCE IS NOT AS IT WAS PACKED.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
