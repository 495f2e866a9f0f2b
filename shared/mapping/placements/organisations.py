"""Accounts: practice locations, referring practices, insurers, and the one for patients without any."""

from __future__ import annotations

from shared.mapping.placements.lines import ADDRESS, IDENTITY, TEXT, TIMES, Placement

KIND = "@AccountKind"

DEFAULTS = Placement(
    "defaults", "account", 0, "one per run", "Patients without an organisation still need an account (A5).",
    lines=(*IDENTITY, ("name", "name", "text", TEXT, "Account name")),
    constants=((KIND, "Account kind", "Individual Patient"),),
)  # fmt: skip

LOCATIONS = Placement(
    "locations", "account", 0, "one to one", "A practice location is an organisation with an address (A30).",
    lines=(
        *IDENTITY,
        ("name", "name", "text", TEXT, "Account name"),
        ("phone", "telephone1", "text", TEXT, "Main phone"),
        ("email", "emailaddress1", "text", TEXT, "E-mail"),
        ("timezone", "@TimeZone", "text", TEXT, "Time zone"),
        *ADDRESS, *TIMES,
    ),
    state_from="active",
    constants=((KIND, "Account kind", "Practice Location"),),
)  # fmt: skip

REFERRERS = Placement(
    "referrers", "account", 0, "one per organisation", "A referring practice becomes an account, once (R38, R41).",
    lines=(
        *IDENTITY,
        ("practice_name", "name", "text", TEXT, "Account name"),
        ("contact_name", "@ContactName", "text", TEXT, "Contact name"),
        ("phone", "telephone1", "text", TEXT, "Main phone"),
        ("fax", "fax", "text", TEXT, "Fax"),
        ("email", "emailaddress1", "text", TEXT, "E-mail"),
        *ADDRESS, *TIMES,
    ),
    state_from="active",
    constants=((KIND, "Account kind", "Referring Practice"),),
)  # fmt: skip

PAYERS = Placement(
    "payers", "account", 0, "one per insurer", "An insurer becomes an account, once, however it is spelt (A10, N19).",
    lines=(*IDENTITY, ("name", "name", "text", TEXT, "Account name")),
    constants=((KIND, "Account kind", "Insurer"),),
)  # fmt: skip

KINDS = ("Individual Patient", "Practice Location", "Referring Practice", "Insurer")
