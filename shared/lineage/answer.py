"""One row's lineage as a document: its members in the order in which somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.diff.compare import FieldOutcome, compare, masked
from shared.journal.entries import PageState
from shared.lineage.facts import Approved, Facts, Written
from shared.loading.batches import ETAG, created_by
from shared.mapping.compiled import NUMBER
from shared.mapping.composed.registry import SOURCES
from shared.mapping.rows import Excluded, Row, SetAside
from shared.staging import layout

MASKED = "masked; ask with ?values=shown to see them"
SHOWN = "shown"
VALUES = ("source", "expected", "target")


def lineage(facts: Facts) -> dict[str, Any]:
    """The whole answer, with values."""
    fields = _compared(facts)
    return {
        "run": facts.run.id,
        "row": _row(facts),
        "source": _source(facts),
        "mapping": _approved(facts.mapping),
        "sample": {**_approved(facts.sample), "has_it": any(word.generation == layout.SAMPLE for word in facts.words)},
        "expected": _expected(facts),
        "fields": [_field(facts, field) for field in fields],
        "writes": _writes(facts),
        "verified": _verified(facts),
        "changed_since": _changed(facts, fields),
        "files": _files(facts),
        "replay": _replay(facts),
        "values": SHOWN,
    }


def without_values(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same answer with every record value as its shape."""
    fields = [
        {name: _shape(said) if name in VALUES else said for name, said in field.items()} for field in body["fields"]
    ]
    return {**body, "fields": fields, "values": MASKED}


def _shape(said: Any) -> Any:
    return {name: masked(value) for name, value in said.items()} if isinstance(said, dict) else masked(said)


def _row(facts: Facts) -> dict[str, Any]:
    there = facts.there
    return {
        "table": facts.map.table.name,
        "entity_set": facts.map.table.set_name,
        "id": facts.id,
        "there": there is not None,
        "version": there.row[ETAG] if there else None,
        "import_number": there.row.get(NUMBER) if there else None,
        "created_by_run": there.made_by if there else None,
    }


def _source(facts: Facts) -> dict[str, Any]:
    latest = facts.latest
    said: dict[str, Any] = {
        "system": facts.rules.source_system,
        "object": facts.map.source,
        "id": str(latest.record["id"]),
        "generation": latest.generation,
        "shard": {
            "container": layout.STAGING,
            "path": latest.address.path,
            "number": latest.shard,
            "sha256": latest.address.sha256,
            "line": latest.line,
        },
    }
    if isinstance(facts.expected, Row) and facts.expected.part > 1:
        said["part"] = facts.expected.part
    return said


def _approved(found: Approved) -> dict[str, Any]:
    document, decision = found.document, found.decision
    approved = decision is not None and decision["decision"] == "approve"
    return {
        "digest": document.digest if document else None,
        "sequence": document.sequence if document else None,
        "approved_by": decision["by"] if decision and approved else None,
        "approved_at": decision["at"] if decision and approved else None,
    }


def _expected(facts: Facts) -> dict[str, Any]:
    """What the rule makes of the record's latest word: a row, or the reason why it has none."""
    said: dict[str, Any] = {"rule": facts.map.object}
    if isinstance(facts.expected, Excluded):
        return {**said, "row": False, "excluded": facts.expected.rule}
    if isinstance(facts.expected, SetAside):
        return {**said, "row": False, "set_aside": facts.expected.reason, "column": facts.expected.column}
    return {**said, "row": True, **({"set_aside": facts.aside} if facts.aside else {})}


def _compared(facts: Facts) -> list[FieldOutcome]:
    if not isinstance(facts.expected, Row):
        return []
    there = facts.there.row if facts.there else None
    kept = there is not None and not created_by(facts.run.number, there)
    return compare(facts.map, facts.expected, there, facts.latest.record, kept=kept)


def _field(facts: Facts, field: FieldOutcome) -> dict[str, Any]:
    record = facts.latest.record
    why = next((rule.why for rule in facts.map.rule.fields if rule.target == field.column), "")
    reads = _reads(facts, field)
    said = {name: record.get(name) for name in reads}
    document = facts.mapping.document
    return {
        "column": field.column,
        "label": field.label,
        "from": reads,
        "rule": field.rule,
        "why": why,
        "mapping": {"digest": document.digest, "sequence": document.sequence} if document else None,
        "outcome": field.outcome.value,
        "source": said,
        "expected": facts.map.readable(field.column, field.expected),
        "target": facts.map.readable(field.column, field.actual),
    }


def _reads(facts: Facts, field: FieldOutcome) -> list[str]:
    """The fields of the record that a column's value is made from."""
    if field.rule == "state":
        return [name for name in facts.map.rule.state_from.split("/") if name]
    hidden = facts.rules.hidden(facts.map.rule)
    return [name for name in dict.fromkeys((field.source, *SOURCES.get(field.rule, ()))) if name and name not in hidden]


def _writes(facts: Facts) -> list[dict[str, Any]]:
    """What each generation that staged the record did to the row, the first first."""
    staged = {word.generation: word for word in facts.words}
    done = {written.generation: written for written in facts.writes}
    order = [name for name in facts.generations if name in staged or name in done]
    first = next((name for name in order if name in done), "")
    return [_write(facts, name, done.get(name), first=name == first) for name in order]


def _write(facts: Facts, generation: str, written: Written | None, *, first: bool) -> dict[str, Any]:
    if written is None:
        last = generation == facts.latest.generation
        what = "left-as-it-was" if generation in facts.loaded else "not-yet"
        return {"generation": generation, "what": "set-aside" if last and facts.aside else what, "at": None}
    page, entry = written.page, written.entry
    return {
        "generation": generation,
        "what": _what(written, first=first),
        "at": page.at or None,
        "version_left": entry.version or None,
        "journal": {"lane": page.lane, "page": page.number},
    }


def _what(written: Written, *, first: bool) -> str:
    if written.undone:
        return "undone"
    if written.page.state is PageState.INTENDED:
        return "under-way"
    if not written.entry.version:
        return "refused"
    return "created" if written.entry.before is None and first else "updated"


def _verified(facts: Facts) -> dict[str, Any] | None:
    """The latest verdict, and what it says of this row; None before the first."""
    if facts.proof is None:
        return None
    verdict, said = facts.proof.verdict, facts.proof.said
    at = str(verdict.get("at") or "")
    listed = (verdict.get("objects") or {}).get(facts.map.object, {}).get("listed", ())
    wrong = {column: what for _, row, column, what in listed if row == facts.id}
    if any(written.page.at > at for written in facts.writes):
        outcome = "written-since"
    elif said == "held":
        outcome = "set-aside"
    elif wrong or said:
        outcome = "missing" if "missing" in wrong.values() else "differs"
    elif not isinstance(facts.expected, Row):
        outcome = "excluded" if isinstance(facts.expected, Excluded) else "set-aside"
    else:
        outcome = "equal"
    return {
        "version": verdict.get("version"),
        "turn": verdict.get("turn"),
        "at": at,
        "outcome": outcome,
        "wrong_columns": sorted(wrong),
    }


def _changed(facts: Facts, fields: list[FieldOutcome]) -> dict[str, Any] | None:
    """Whether the row is as this run left it; None where the run never wrote it."""
    left, there = facts.left, facts.there
    if left is None:
        return None
    if there is None:
        return {"changed": True, "deleted": True, "version_left": left.version}
    if there.row[ETAG] == left.version:
        return {"changed": False, "version_left": left.version}
    editor = str(there.row.get("_modifiedby_value") or "").lower()
    return {
        "changed": True,
        "deleted": False,
        "version_left": left.version,
        "version_now": there.row[ETAG],
        "by": {"systemuser": editor or None, "name": there.editor, "ourselves": editor in facts.us},
        "at": there.modified_on or None,
        "columns_that_differ": [field.column for field in fields if field.outcome.wrong],
    }


def _files(facts: Facts) -> list[dict[str, Any]]:
    receipt = facts.receipt
    if receipt is None:
        return []
    return [
        {
            "attachment": receipt.attachment,
            "route": receipt.route,
            "state": receipt.state.value,
            "size": receipt.size,
            "sha256": receipt.sha256 or None,
            "reason": receipt.reason or None,
        }
    ]


def _replay(facts: Facts) -> list[str]:
    """How somebody who believes nothing of this comes to the same values."""
    latest, document = facts.latest, facts.mapping.document
    columns = ",".join(dict.fromkeys(column.read for column in facts.map.columns if not column.read.startswith("@")))
    source_id, number = latest.record["id"], document.sequence if document else 0
    return [
        f"Read {latest.address.path} from the container {layout.STAGING}; its SHA-256 is {latest.address.sha256}.",
        f"Expand it with zstd: line {latest.line} is the record {source_id}, one JSON object.",
        f"Read the document mapping, version {number}: the rule '{facts.map.object}' names a source field and a rule "
        "for each column.",
        f"GET {facts.map.table.set_name}({facts.id})?$select={columns} from the target, and compare column by column.",
    ]
