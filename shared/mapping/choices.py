"""What the practice has chosen that shapes the map: read once from the start request, and shown with the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.corepractice.fields import Sensitivity

GUARDED = (Sensitivity.HEALTH, Sensitivity.GOVERNMENT)
"""Classes that need an explicit word from the practice, with its reason, before a field of them moves (N22)."""

REGIONS = {"Australia": "AU", "Pacific/Auckland": "NZ", "Europe/London": "GB", "Europe/Dublin": "IE"}


@dataclass(frozen=True, slots=True)
class Choices:
    """``insurance`` is decided here (``columns`` or ``table``), however the request left it. ``allowed`` holds the
    reason given for each guarded class that may move; ``government`` says how much of an identifier does."""

    prefix: str
    source_system: str
    default_account: bool = True
    billing_mode: Literal["table", "opportunity", "both"] = "table"
    insurance: Literal["columns", "table"] = "table"
    plan_lines: Literal["table", "rows"] = "table"
    documents: bool = False
    region: str = "AU"
    currency: str = "AUD"
    notation: str = "fdi"
    allowed: tuple[tuple[str, str], ...] = ()
    government: Literal["masked", "full"] = "masked"
    left_out: tuple[tuple[str, str], ...] = ()
    """Objects, and values by which records find no rule, that a person has excluded by name, each with the reason."""

    def allows(self, sensitivity: str) -> bool:
        """Whether a field of that class may move."""
        return sensitivity not in GUARDED or sensitivity in dict(self.allowed)


def choices(request: Mapping[str, Any], inventory: Mapping[str, Any], *, prefix: str) -> Choices:
    """The choices of a start request, where the request leaves something open by what the source holds."""
    options: Mapping[str, Any] = request.get("options") or {}
    privacy: Mapping[str, Any] = request.get("privacy") or {}
    allowed = {name: said["reason"] for name, said in privacy.items() if said and said.get("allow")}
    files: Mapping[str, Any] = request.get("files") or {}
    return Choices(
        prefix,
        str(request["source_system"]),
        default_account=options.get("patients_without_organisation", "default-account") == "default-account",
        billing_mode=options.get("billing_mode", "table"),
        insurance=insurance(options.get("insurance", "auto"), inventory),
        plan_lines=options.get("plan_lines", "table"),
        documents=files.get("oversize") == "file-column",
        region=options.get("country") or region(str(options.get("time_zone", ""))),
        currency=options.get("currency", "AUD"),
        notation=options.get("tooth_notation", "fdi"),
        allowed=tuple(sorted(allowed.items())),
        government=(privacy.get("government") or {}).get("mode", "masked"),
    )


def region(time_zone: str) -> str:
    """The country whose telephone numbers a practice writes without a prefix."""
    return REGIONS.get(time_zone) or REGIONS.get(time_zone.partition("/")[0], "AU")


def insurance(asked: str, inventory: Mapping[str, Any]) -> Literal["columns", "table"]:
    """A table where anybody may have several policies, else the columns of the contact alone (R79, R81).

    The inventory counts the policies of holders who have one already. Where it does not, a policy that is not the
    first, or more policies than patients, tell it.
    """
    if asked != "auto":
        return "columns" if asked == "columns" else "table"
    objects = inventory.get("objects", {})
    policies = objects.get("insurance_policies")
    if not policies or not policies["records"]:
        return "columns"
    priority = policies["fields"].get("priority", {})
    patients = objects.get("patients", {}).get("records", 0)
    hints = (priority.get("max") or 0) > 1 or priority.get("nulls", 0) > 0 or policies["records"] > patients
    return "table" if hints or policies.get("further_ones_of_a_holder") else "columns"
