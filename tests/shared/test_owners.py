"""Who owns what is settled before anything is written, and a user who cannot own anything owns nothing."""

from __future__ import annotations

import pytest

from shared import owners
from shared.dataverse.results import User

ANNA = User("u1", "Anna", "anna@clinic.example", disabled=False, licensed=True, has_role=True)


def matched(email: str | None, *users: User) -> owners.Ownership:
    (line,) = owners.match([{"id": "s1", "email": email}], users)
    return line


def test_r65_staff_are_matched_to_users_by_e_mail_whatever_its_case():
    assert matched(" ANNA@Clinic.example ", ANNA) == owners.Ownership("s1", "u1", "matched-by-e-mail")


@pytest.mark.parametrize(
    ("email", "users", "reason"),
    [
        (None, [ANNA], "no-user-with-this-e-mail"),
        ("", [ANNA], "no-user-with-this-e-mail"),
        ("ben@clinic.example", [ANNA], "no-user-with-this-e-mail"),
        ("a@x", [User("1", "", "a@x", disabled=True)], "user-is-disabled"),
        ("a@x", [User("1", "", "a@x", disabled=False, licensed=False)], "user-has-no-licence"),
        ("a@x", [User("1", "", "a@x", disabled=False, has_role=False)], "user-has-no-role"),
        ("a@x", [User("1", "", "a@x", disabled=False, application=True)], "no-user-with-this-e-mail"),
        ("a@x", [User("1", "", "a@x", disabled=False), User("2", "", "A@x", disabled=False)],
         "several-users-with-this-e-mail"),
    ],
)  # fmt: skip
def test_r107_a_user_who_cannot_own_rows_is_found_before_any_write(email: str | None, users: list[User], reason: str):
    line = matched(email, *users)
    assert (line.user, line.reason) == ("", reason)


def test_the_fallback_owner_must_be_exactly_one_enabled_user():
    assert owners.fallback("Anna@clinic.example", [ANNA], us="app") == "u1"
    assert owners.fallback("ben@clinic.example", [ANNA], us="app") is None
    assert owners.fallback("a@x", [User("1", "", "a@x", disabled=True)], us="app") is None
    assert owners.fallback(None, [ANNA], us="app") == "app"


def test_the_owner_table_names_nobody():
    lines = owners.match([{"id": "s1", "email": "anna@clinic.example"}, {"id": "s2", "email": "x@y"}], [ANNA])
    document = owners.document(lines, fallback_owner="u9", fallback_named=True)
    assert document["counts"] == {"matched-by-e-mail": 1, "no-user-with-this-e-mail": 1}
    assert "clinic.example" not in str(document)
    assert "Anna" not in str(document)


def test_n14_r71_each_owner_is_told_how_many_rows_and_strangers_are_listed():
    body = {"staff": [{"staff": "S1", "user": "U1", "reason": "x"}, {"staff": "S2", "user": None, "reason": "y"}]}
    owned = {("patients", "S1"): 5, ("notes", "S1"): 2, ("patients", "S2"): 3, ("patients", ""): 4, ("notes", "S9"): 1}
    found = owners.counted(body, owned)
    assert found["rows_by_owner"] == {"U1": 7}
    assert found["rows_for_fallback_owner"] == 3 + 4 + 1
    assert found["staff_nobody_lists"] == [{"staff": "S9", "rows": {"notes": 1}}]
    assert found["staff"][0]["rows"] == {"notes": 2, "patients": 5}


def test_r107_who_was_disabled_unlicensed_or_removed_in_the_meantime_is_found_with_the_reason():
    users = [
        ANNA,
        User("u2", "", "b@x", disabled=True),
        User("u3", "", "c@x", disabled=False, licensed=False),
        User("app", "", "", disabled=False, licensed=False, application=True),
    ]
    assert owners.lost(["u1", "u2", "u3", "u4", "app"], users) == {
        "u2": "user-is-disabled",
        "u3": "user-has-no-licence",
        "u4": "user-is-gone",
    }
