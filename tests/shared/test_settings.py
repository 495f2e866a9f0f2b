"""The environment is read once, whole, and what cannot be understood is named."""

from __future__ import annotations

import pytest

from shared.errors import Stop
from shared.settings import read


def test_a_secret_is_found_by_its_name_however_it_is_spelt():
    settings = read({"BRIDGEWORK_SECRET_CORE_PRACTICE": "s"})
    assert settings.secret("core-practice") == settings.secret("Core_Practice") == "s"
    assert settings.secret("other") is None


def test_an_unresolved_key_vault_reference_is_no_secret():
    reference = "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x)"
    settings = read({"BRIDGEWORK_SECRET_X": reference, "BRIDGEWORK_NOTICE_SECRET": reference})
    assert settings.secret("x") is None
    assert settings.notice_secret == ""


def test_no_secret_shows_when_settings_are_printed():
    names = ("SECRET_X", "CLIENT_SECRET", "NOTICE_SECRET", "STORAGE_CONNECTION")
    assert "hush" not in repr(read({f"BRIDGEWORK_{name}": "hush" for name in names}))


@pytest.mark.parametrize(
    ("name", "value"), [("PUBLISHER_PREFIX", "Bad Prefix"), ("PUBLISHER_PREFIX", "mscrmx"), ("LANES", "many")]
)
def test_a_setting_that_cannot_be_understood_is_named(name: str, value: str):
    with pytest.raises(Stop, match=name):
        read({f"BRIDGEWORK_{name}": value})


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://org.crm6.dynamics.com", True),
        ("http://org.crm6.dynamics.com", False),
        ("https://dynamics.com.evil.example", False),
        ("https://evil.example/?x=org.crm6.dynamics.com", False),
        ("http://127.0.0.1:9", False),
        ("https://localhost", False),
    ],
)
def test_a_target_is_only_where_the_admin_said(url: str, allowed: bool):
    assert read({}).allows_target(url) is allowed


def test_this_machine_is_allowed_only_in_the_sandbox():
    assert read({"BRIDGEWORK_ALLOW_LOOPBACK": "true"}).allows_source("http://127.0.0.1:9")
    assert not read({}).allows_source("http://127.0.0.1:9")
