"""A notice can be checked by anybody who has the secret, and says nothing about anybody."""

from __future__ import annotations

import base64
import hashlib
import hmac

import orjson

from shared.notices import messages
from shared.runs.model import Run
from shared.vocabulary import Phase

RUN = Run("r1", {"practice": "Harbour", "options": {}}, phase=Phase.SAMPLE_REVIEW, waiting_for="sample")


def test_a_receiver_can_check_the_signature_as_standard_webhooks_say():
    content = messages.body(RUN)
    headers = messages.headers("msg_1", 1_700_000_000, content, "shared secret")
    signed = b"msg_1.1700000000." + content
    mac = base64.b64encode(hmac.new(b"shared secret", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"


def test_a_secret_in_the_form_of_standard_webhooks_signs_with_the_bytes_it_stands_for():
    written = "whsec_" + base64.b64encode(b"shared secret").decode()
    plain = messages.headers("msg_1", 1, b"{}", "shared secret")
    assert messages.headers("msg_1", 1, b"{}", written) == plain


def test_without_a_secret_a_notice_goes_out_unsigned():
    assert "webhook-signature" not in messages.headers("msg_1", 1, b"{}", "")


def test_a_notice_says_where_the_run_is_and_nothing_else():
    assert orjson.loads(messages.body(RUN)) == {
        "type": "migration.updated", "run": "r1", "phase": "sample-review", "waiting_for": "sample", "problem": None,
        "digest": None,
    }  # fmt: skip
