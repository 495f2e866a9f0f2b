"""What refusals mean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.dataverse.faults import FaultKind, classify, failure
from shared.errors import AskPerson, Stop, TryAgain

K = FaultKind


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (429, "0x80072322", K.THROTTLED, "throttled"),
        (429, "0x80071151", K.CUSTOMIZATION, "customization-running"),
        (500, "0x80044150", K.RETRY, "database-busy"),
        (412, "0x80040237", K.ALREADY, "already-there"),
        (412, "0x80060882", K.CONFLICT, "edited-since"),
        (400, "0x80044331", K.DATA, "text-too-long"),
        (400, "0x8004431A", K.DATA, "choice-unknown"),
        (400, "0x8004022b", K.DATA, "owner-disabled"),
        (404, "0x80040217", K.DATA, "parent-missing"),
        (405, "0x80040227", K.DATA, "has-children"),
        (403, "0x80040220", K.CONFIGURATION, "privilege-missing"),
        (400, "0x80048d19", K.BUG, "request-refused"),
        (400, "0x80060888", K.BUG, "request-refused"),
        (404, "0x80060888", K.DATA, "row-missing"),
        (404, "", K.DATA, "row-missing"),
        (412, "", K.CONFLICT, "edited-since"),
        (413, "", K.TOO_LARGE, "request-too-large"),
        (502, "", K.AMBIGUOUS, "no-answer"),
        (503, "", K.RETRY, "unavailable"),
        (500, "", K.RETRY, "server-error"),
        (400, "0x8004abcd", K.DATA, "refused-0x8004abcd"),
    ],
)
def test_the_code_decides_and_the_status_only_when_the_code_is_unknown(
    status: int, code: str, kind: FaultKind, reason: str
) -> None:
    fault = classify(status, code, "", None)
    assert (fault.kind, fault.reason) == (kind, reason)


def test_retry_after_lengthens_a_wait_and_never_shortens_it() -> None:
    assert classify(429, "0x80072322", "", 37.0).wait == 37.0
    assert classify(429, "0x80072322", "", 0.0).wait == 5.0


@pytest.mark.parametrize(
    ("code", "message", "column"),
    [
        (
            "0x80044331",
            "A validation error occurred.  The length of the 'firstname' attribute of the 'contact' entity exceeded"
            " the maximum allowed length of '50'.",
            "firstname",
        ),
        (
            "0x8004431a",
            "A validation error occurred.  The value Smith of 'bw_role' on record of type 'contact' is outside the"
            " valid range. Accepted Values: 1,2",
            "bw_role",
        ),
        ("0x80040265", "Jane Smith (DOB 'x' of 1970) must not be saved", None),
    ],
)
def test_only_the_columns_name_is_taken_from_a_message(code: str, message: str, column: str | None) -> None:
    fault = classify(400, code, message, None)
    assert fault.column == column
    assert "Smith" not in str(failure(fault, "create contact"))


def test_a_missing_privilege_is_named_with_its_table_and_without_the_user() -> None:
    message = (
        "Principal user (Id=3f1c, type=8, roleCount=1) is missing prvCreateContact privilege (Id=aa) on OTC=2"
        " for entity 'contact'. context.Caller=3f1c"
    )
    error = failure(classify(403, "0x80040220", message, None), "create contact")
    assert isinstance(error, AskPerson)
    assert error.code == "privilege-missing"
    assert "prvCreateContact on table contact" in error.message
    assert "3f1c" not in error.message


def test_each_kind_becomes_the_error_that_says_what_happens_next() -> None:
    assert isinstance(failure(classify(400, "0x80048d19", "", None), "x"), Stop)
    assert isinstance(failure(classify(400, "0x80044331", "", None), "x"), AskPerson)
    error = failure(classify(429, "0x80072322", "", 200.0), "x")
    assert isinstance(error, TryAgain)
    assert error.after == 200.0


def test_every_slug_is_lower_case_words_with_dashes() -> None:
    source = Path(classify.__code__.co_filename).read_text(encoding="utf-8")
    slugs = re.findall(r'_Rule\(_K\.\w+, "([^"]+)"', source)
    assert slugs
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)
