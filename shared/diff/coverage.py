"""What the sample shows of the data, and what it does not show and why: the document beside the sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.diff.candidates import Candidates
from shared.diff.cover import Cover
from shared.diff.features import KINDS, TIERS
from shared.diff.households import LARGEST
from shared.diff.pool import Pool
from shared.diff.relations import Relations
from shared.diff.ties import Key

NO_ROOM, NO_ROW = "no-room", "no-row"
WHY = {
    NO_ROOM: "The sample is full, or too full for what the records that show it bring with them.",
    NO_ROW: "Every record that shows it, or each of the few that go furthest, is set aside or excluded.",
}
RULE = (
    "Every record comes with what it refers to, and every patient with the household, so that the sample can be "
    "loaded as it is. The kinds of 'order' are covered tier by tier, and the last tier gives way first. A household of "
    f"more than {LARGEST} patients is not kept together. A larger sample (options.sample_size) has room for more."
)
MOST_LISTED = 500


def document(cover: Cover, candidates: Candidates, relations: Relations, pool: Pool, *, size: int) -> dict[str, Any]:
    """The document. It names fields, ids and the codes of pick-lists, and no other value of a record."""
    objects: dict[str, dict[str, Any]] = {
        name: {"records": number, "sampled": 0, "features": {}} for name, number in candidates.records.items()
    }
    for name, number in sampled(cover.chosen, pool).items():
        objects[name]["sampled"] = number
    why: dict[str, int] = {}
    for feature in sorted(cover.there, key=lambda one: (KINDS.index(one.kind), one)):
        about = objects.setdefault(feature.object, {"records": 0, "sampled": 0, "features": {}})
        line = about["features"].setdefault(feature.kind, {"there": 0, "covered": 0, "uncovered": [], "why": {}})
        line["there"] += 1
        if feature in cover.covered:
            line["covered"] += 1
            continue
        reason = NO_ROOM if cover.there[feature] else NO_ROW
        why[reason] = why.get(reason, 0) + 1
        if len(line["uncovered"]) < MOST_LISTED:
            line["uncovered"].append(feature.name)
            line["why"][feature.name] = reason
    there, covered, records = len(cover.there), len(cover.covered), len(cover.chosen)
    return {
        "headline": f"{covered:,} of {there:,} features of the data are in the sample of {records:,} records",
        "there": there,
        "covered": covered,
        "records": records,
        "most": size,
        "gives_way": {
            "rule": RULE,
            "order": [list(tier) for tier in TIERS],
            "uncovered": {reason: {"features": n, "why": WHY[reason]} for reason, n in sorted(why.items())},
            "households_too_large": relations.households.too_large(),
        },
        "objects": objects,
    }


def sampled(chosen: Mapping[Key, None], pool: Pool) -> dict[str, int]:
    """How many records of each object are in the sample."""
    found: dict[str, int] = {}
    for key in chosen:
        view = pool.members[key].view
        if view is not None:
            found[view.object] = found.get(view.object, 0) + 1
    return found


def summary(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the sample's comparison says of it."""
    return {name: body[name] for name in ("headline", "there", "covered")}
