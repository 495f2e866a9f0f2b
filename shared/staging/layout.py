"""Where things lie in storage: names made of run, object, generation and number, never of anything in a record."""

from __future__ import annotations

import re

from shared.errors import Stop

STAGING, REPORTS, INBOX, QUARANTINE, AUDIT = "staging", "reports", "inbox", "quarantine", "audit"
CONTAINERS = (STAGING, REPORTS, INBOX, QUARANTINE, AUDIT)

BASE, SAMPLE = "base", "sample"
DOCUMENTS = "documents"

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_GENERATION = re.compile(r"base|sample|delta-\d{4,}")
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}(/[A-Za-z0-9][A-Za-z0-9._-]{0,127}){0,7}")
_CHAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_PART = re.compile(rf"(?P<chain>{_CHAIN.pattern})-(?P<part>\d{{4,6}})\.ndjson")


def delta(number: int) -> str:
    """The generation that a pickup of the delta window makes; numbers begin with 1."""
    return f"delta-{number:04d}"


def shard_path(run: str, object_name: str, generation: str, number: int) -> str:
    """Where one shard lies in the container ``staging``."""
    if not _GENERATION.fullmatch(generation) or number < 0:
        raise ValueError(f"no such generation or shard: {generation} {number}")
    return f"{_word(run)}/{_word(object_name)}/{generation}/{number:06d}.ndjson.zst"


def generation_of(shard: str) -> str:
    """The generation that a shard belongs to, by its path; nothing for what is no shard's."""
    parts = shard.split("/")
    return parts[2] if len(parts) == 4 and _GENERATION.fullmatch(parts[2]) else ""


def shard_of(path: str) -> tuple[str, str, int]:
    """The name, the generation and the number that make the path of a shard."""
    _, name, generation, file = path.split("/")
    return name, generation, int(file.partition(".")[0])


def order_of(generation: str) -> str:
    """Sorts generations as they are written: sample, base, then the deltas in turn."""
    fixed = {SAMPLE: 1, BASE: 2}
    return f"{fixed.get(generation) or 2 + int(generation.removeprefix('delta-')):05d}"


def journal_lane(generation: str, object_name: str, lane: int) -> str:
    """Under which name the journal keeps what one lane wrote."""
    return f"{order_of(generation)}|{generation}|{object_name}|{lane:03d}"


def ids_path(shard: str) -> str:
    """Where the index of a shard's ids and of its records' sums lies: beside the shard."""
    return f"{shard}.ids"


def document_path(run: str, name: str, sequence: int) -> str:
    """Where one version of a document lies in the container ``reports``."""
    if sequence < 0:
        raise ValueError(f"no such version of a document: {sequence}")
    return f"{_word(run)}/{DOCUMENTS}/{_word(name)}-{sequence}.json"


def audit_path(run: str, chain: str, part: int) -> str:
    """Where one part of a chain of events lies in the container ``audit``."""
    if not _CHAIN.fullmatch(chain) or part < 0:
        raise ValueError(f"no such chain or part: {chain} {part}")
    return f"{_word(run)}/{chain}-{part:04d}.ndjson"


def audit_part(path: str) -> tuple[str, int] | None:
    """The chain and the number of the part that lies there, or None for what is no part of a chain."""
    found = _PART.fullmatch(path.partition("/")[2])
    return (found["chain"], int(found["part"])) if found else None


def evidence_path(run: str, name: str) -> str:
    """Where an evidence pack, or what belongs to one, lies in the container ``reports``."""
    return sound_path(f"{_word(run)}/evidence/{name}")


def run_prefix(run: str) -> str:
    """What every path of a run begins with, in every container."""
    return f"{_word(run)}/"


def sound_path(path: str) -> str:
    """A path of our own, checked: an odd one would end up somewhere else in the account. Raises ValueError."""
    if not _PATH.fullmatch(path):
        raise ValueError("not a path of the staging area")
    return path


def inbox_path(path: str) -> str:
    """The address of a blob that a customer put into ``inbox``, checked. Raises Stop.

    Customers choose these names, so most characters are fine. But a segment ``..`` is resolved before the request is
    sent, and would read another container with the app's rights.
    """
    segments = path.split("/")
    odd = any(segment in ("", ".", "..") for segment in segments) or any(ord(c) < 32 or c in "\\?#" for c in path)
    if odd or len(path) > 1024 or re.search(r"%2[ef]|%5c", path, re.IGNORECASE):
        raise Stop(
            "bundle-address-invalid",
            "The bundle's address is not the name of a blob in the container 'inbox'.",
            remedy="Give the name as the storage account shows it, for example exports/practice.zip.",
        )
    return path


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError("a run, object or document name must be letters, digits, - and _")
    return text
