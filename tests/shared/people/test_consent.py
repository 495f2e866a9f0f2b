"""Only a clear yes opens a channel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.consent import ContactRules, allows_contact, contact_rules, preferred_contact_method

ANYTHING = st.none() | st.booleans() | st.text() | st.integers() | st.floats()


@pytest.mark.parametrize("yes", [True, "true", "True", "Yes", " yes "])
def test_a_clear_yes_allows_contact(yes: object):
    assert allows_contact(yes)


@pytest.mark.parametrize("unclear", [None, False, "", "false", "No", "unknown", "perhaps", 1, 0, "1", "y", [True]])
def test_anything_but_a_clear_yes_means_do_not_contact(unclear: object):
    assert not allows_contact(unclear)


@pytest.mark.parametrize(
    ("preference", "number"),
    [("email", 2), ("phone", 3), ("sms", 3), (" SMS ", 3), ("none", None), (None, None), ("", None), ("pigeon", None)],
)
def test_a_preference_that_nobody_stated_is_never_any(preference: str | None, number: int | None):
    assert preferred_contact_method(preference) == number


@pytest.mark.parametrize(
    ("consent", "preference", "rules"),
    [
        (True, "email", ContactRules(2, False, False, False, False, False, False)),
        (None, "email", ContactRules(2, False, False, False, True, True, True)),
        (False, "sms", ContactRules(3, False, False, False, True, True, True)),
        (True, "none", ContactRules(None, True, True, False, False, False, False)),
        (None, None, ContactRules(None, False, False, False, True, True, True)),
    ],
)
def test_the_table_of_flags_is_as_written(consent: bool | None, preference: str | None, rules: ContactRules):
    assert contact_rules(consent, preference) == rules


@given(ANYTHING, st.none() | st.text())
def test_nothing_is_ever_sent_to_the_deceased(consent: object, preference: str | None):
    assert contact_rules(consent, preference, deceased=True) == ContactRules(None, True, True, True, True, True, True)


@given(ANYTHING.filter(lambda consent: not allows_contact(consent)), st.none() | st.text())
def test_no_preference_makes_up_for_missing_consent(consent: object, preference: str | None):
    rules = contact_rules(consent, preference)
    assert rules.donotbulkemail
    assert rules.donotbulkpostalmail
    assert rules.donotsendmm
