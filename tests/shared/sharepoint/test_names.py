"""Which names may stand in an address, and how a file's own name becomes one that SharePoint takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.sharepoint.addresses import checked_name
from shared.errors import Stop
from shared.sharepoint.names import beside, made_of_ids, readable


@pytest.mark.parametrize("name", ["a", "8f14e45f-ceea-467a-9575-1f0a2d6c3b11", "bw_A-1.dcm", "0" * 128])
def test_a_name_made_of_ids_may_stand_in_an_address(name: str) -> None:
    assert made_of_ids(name) == name


@pytest.mark.parametrize(
    "name", ["", "Smith, John", "a b", "a/b", "..", ".a", "a.", "ä", "a:b", "a%20b", "a?b", "0" * 129]
)
def test_what_could_be_a_record_s_value_never_stands_in_an_address(name: str) -> None:
    with pytest.raises(Stop) as raised:
        made_of_ids(name)
    assert raised.value.code == "name-not-an-id"
    assert not name.strip() or name not in str(raised.value) or len(name) < 3


def test_the_name_beside_another_keeps_its_suffix() -> None:
    assert [beside("scan.dcm", number) for number in (1, 2)] == ["scan.dcm", "scan.2.dcm"]
    assert beside("scan", 3) == "scan.3"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OPG 12/03/2020.jpg", "OPG 12-03-2020.jpg"),
        ('a:*?"<>|#%b.dcm', "a-b.dcm"),
        ("~$lock.docx", "lock.docx"),
        ("con", "file"),
        ("...", "file"),
        ("x" * 300 + ".dcm", "x" * 196 + ".dcm"),
    ],
)
def test_a_file_s_own_name_becomes_one_that_sharepoint_takes(name: str, expected: str) -> None:
    assert readable(name) == expected


@given(st.text(max_size=300))
def test_whatever_a_file_is_called_sharepoint_takes_the_readable_name(name: str) -> None:
    assert checked_name(readable(name))
