"""Tokens verify with the key they were signed with, for as long as they live, and not otherwise."""

from __future__ import annotations

import stat

import jwt
import pytest

from sandbox.identity import keyfile, tokens

KEY, OTHER, NOW = b"k" * 32, b"o" * 32, 1_800_000_000.0


def token(**more: object) -> str:
    return tokens.issue(**{"resource": "https://org.example/", "client_id": "me", "key": KEY, "now": NOW, **more})


def test_a_token_says_for_whom_by_whom_and_how_long():
    claims = tokens.verify(token(), key=KEY, now=NOW + 3599)
    assert claims == tokens.Claims(
        aud="https://org.example", appid="me", oid=tokens.object_id("me"), iat=int(NOW), exp=int(NOW) + 3600
    )


@pytest.mark.parametrize(
    ("text", "key", "now"),
    [
        (token(), OTHER, NOW),
        (token(), KEY, NOW + 3600),
        (token(lifetime=60), KEY, NOW + 61),
        (token(), KEY, NOW - 3600),
        ("", KEY, NOW),
        ("a.b.c", KEY, NOW),
        (token() + "x", KEY, NOW),
        (jwt.encode({"aud": "x"}, KEY, algorithm="HS256"), KEY, NOW),
        (jwt.encode({"aud": "x", "appid": "x", "oid": "x", "iat": 1, "exp": 9e12}, "", algorithm="none"), KEY, NOW),
    ],
)
def test_any_other_token_is_nothing(text, key, now):
    assert tokens.verify(text, key=key, now=now) is None


def test_a_key_file_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "town" / "key"
    key = keyfile.read_or_create(path)
    assert keyfile.read_or_create(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(key) == 64
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_a_short_key_is_refused(tmp_path):
    (tmp_path / "key").write_text("short")
    with pytest.raises(ValueError, match="32"):
        keyfile.read_or_create(tmp_path / "key")
