"""In which order a person makes it all by hand in the maker portal, and what the app looks at afterwards.

Menu names are those of make.powerapps.com and of the Power Platform admin center; Microsoft moves them now and then.
"""

from __future__ import annotations

from typing import Protocol

from shared.schema.gaps import PROFILE


class Owner(Protocol):
    """What the steps have to know of who the schema belongs to."""

    @property
    def prefix(self) -> str:
        """The publisher's prefix."""

    @property
    def option_prefix(self) -> int:
        """The publisher's choice value prefix."""

    @property
    def solution(self) -> str:
        """The solution's unique name."""


def steps(names: Owner, *, secured: bool) -> list[tuple[str, str]]:
    """Title and text of each step, in order."""
    found = [
        (
            "Publisher and solution",
            "In Power Apps (make.powerapps.com) choose the environment, then Solutions, New solution. Give it the "
            f"name {names.solution} and a new publisher with the prefix {names.prefix} and the choice value prefix "
            f"{names.option_prefix}. Make everything below inside this solution: the prefix is part of every schema "
            "name and cannot be changed later.",
        ),
        (
            "Tables",
            "New, Table, Table (advanced properties). Enter display name and plural name; under Advanced options the "
            "schema name, type Standard, record ownership User or team. Tick Enable attachments (including notes and "
            "files). On the tab Primary column enter its display name, schema name and maximum character count.",
        ),
        (
            "Columns, except lookups",
            "In each table: New, Column. Enter the display name, correct the schema name under Advanced options (it "
            "must match to the letter), choose the data type and the settings listed. Required stays Optional. A "
            "choice does not sync with a global choice; add every label. For a date, mind the time zone "
            "adjustment: the portal's own proposal is User local.",
        ),
        (
            "Lookups",
            "When every table is there: New, Column, data type Lookup, related table as listed. Under Advanced options "
            "enter the relationship name; delete behaviour Referential, Remove link. Account or contact in one lookup "
            "is the data type Customer. A lookup to any other several tables has no form in the portal: send the "
            "request that is printed with it.",
        ),
        (
            "Keys",
            "In each table: Keys, New key, with the columns listed. The index is built in the background: the key can "
            "be used when its status is Active.",
        ),
    ]
    if secured:
        found += [
            (
                "Column security",
                "For each column marked Enable column security: open it, Advanced options, General, tick Enable column "
                "security, save.",
            ),
            (
                "Column security profile",
                f"In the Power Platform admin center: the environment, Settings, Users + permissions, Column security "
                f"profiles, New profile, named {PROFILE}. Under Column permission set Read, Create and Update to "
                "Allowed for each column listed. Under Users add the app's own user.",
            ),
        ]
    return [
        *found,
        ("Publish", "In the solution: Publish all customizations."),
        (
            "Resume",
            "Wait until every key is Active, then resume the run. It looks at everything again, and says what is "
            "still missing if anything is.",
        ),
    ]


CHECKS_WITHOUT_SECURITY = (
    "Every table and column is there under exactly its schema name.",
    "Every column has the data type listed; a date has the behaviour listed.",
    "A text is at least as long as listed; a number keeps at least as many decimal places.",
    "A choice has every label listed, whatever its letters' case; its values may be any.",
    "A lookup can point to every table listed.",
    "Every key is over exactly the columns listed, and its index is Active; its name may be any.",
)
CHECKS = (
    *CHECKS_WITHOUT_SECURITY,
    "Column security is enabled for every column that asks for it.",
    "The app's own user may read, create and update those columns.",
)
UNCHECKED = (
    "Not looked at: display names, descriptions, the required level, relationship names and delete behaviour, forms "
    "and views. They are listed because people will read them, and because a required column or another delete "
    "behaviour would get in the way of somebody later."
)
