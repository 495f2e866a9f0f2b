"""The first map has a place for everything, and names whatever it leaves out."""

from __future__ import annotations

from dataclasses import replace

import orjson

from shared.mapping.amend import amended, complaints
from shared.mapping.columns import labels, room
from shared.mapping.model import FieldMap, digest, document, parse
from shared.mapping.propose import propose
from shared.schema.model import Kind
from tests.shared.conftest import CHOICES, INVENTORY


def test_r36_a31_every_field_of_the_source_is_mapped_or_excluded_by_name(mapping: FieldMap):
    for name, found in INVENTORY["objects"].items():
        rule = mapping.rule(name)
        gaps = {gap.field for gap in mapping.excluded if gap.object == name}
        if rule is None:
            assert name in mapping.unmapped
            continue
        covered = {field.source for field in rule.fields} | gaps | {rule.state_from, rule.owner_from}
        assert set(found["fields"]) <= covered, name


def test_a_government_identifier_is_left_out_by_default_with_its_reason(mapping: FieldMap):
    gap = next(gap for gap in mapping.excluded if gap.field == "medicare_number")
    assert "government" in gap.reason.lower()


def test_r7_r118_a_field_only_this_practice_has_gets_a_column_of_the_right_type(mapping: FieldMap):
    rule = mapping.rule("patients")
    assert rule is not None
    own = {field.source: field for field in rule.fields if field.source.startswith("custom_fields.")}
    assert own["custom_fields.recall_months"].kind is Kind.INTEGER
    assert own["custom_fields.recall_months"].target == "bw_cfrecallmonths"
    assert own["custom_fields.story"].kind is Kind.MEMO
    assert own["custom_fields.story"].length == 20_000
    assert own["custom_fields.how_heard"].kind is Kind.CHOICE


def test_two_values_that_would_read_the_same_keep_their_raw_labels():
    assert labels({"a_b": 1, "a b": 1}) == (("a b", "a b"), ("a_b", "a_b"))
    assert labels({"failed_to_attend": 1}) == (("failed_to_attend", "Failed to attend"),)


def test_lengths_leave_room_for_what_nobody_has_seen_yet():
    assert room(Kind.TEXT, 10) == 100
    assert room(Kind.TEXT, 300) == 600
    assert room(Kind.MEMO, 30_000) == 60_000
    assert room(Kind.INTEGER, 3) is None


def test_a1_compatibility_is_computed_from_the_map(mapping: FieldMap):
    facts = document(mapping)["compatibility"]
    assert facts["mapping_rules"] == len(mapping.objects) == 6
    assert facts["source_objects_mapped"] == 5
    assert facts["source_objects_excluded"] == 0
    assert facts["unmapped"] == 1


def test_the_document_is_the_map_and_its_digest_follows_every_change(mapping: FieldMap):
    body = orjson.loads(orjson.dumps(document(mapping)))
    assert parse(body) == mapping
    changed = amended(mapping, [{"object": "patients", "field": "first_name", "exclude": "not needed"}])
    assert digest(document(changed)) != digest(document(mapping))


def test_without_a_default_account_the_map_has_none():
    mapping = propose(INVENTORY, replace(CHOICES, default_account=False))
    assert mapping.rule("defaults") is None


def test_an_exclusion_is_named_and_applied(mapping: FieldMap):
    changes = [{"object": "patients", "field": "last_name", "exclude": "the practice asked"}]
    assert complaints(mapping, changes) == []
    after = amended(mapping, changes)
    rule = after.rule("patients")
    assert rule is not None
    assert "last_name" not in {field.source for field in rule.fields}
    assert after.excluded[-1].reason == "the practice asked"


def test_what_a_row_cannot_do_without_cannot_be_left_out(mapping: FieldMap):
    wrong = [
        {"object": "patients", "field": "id", "exclude": "why not"},
        {"object": "appointments", "field": "patient_id", "exclude": "why not"},
        {"object": "patients", "field": "nothing", "exclude": "why not"},
        {"object": "nobody", "field": "id", "exclude": "why not"},
        {"object": "patients", "field": "first_name", "label": "Given name"},
        {"object": "patients", "field": "last_name", "exclude": " "},
        {"object": "patients", "field": "last_name"},
    ]
    assert len(complaints(mapping, wrong)) == len(wrong)
    assert complaints(mapping, [])


def test_a_standard_column_that_is_too_short_gets_a_longer_one_beside_it():
    inventory = {
        "objects": {"patients": {"fields": {"id": {"kind": "text"}, "first_name": {"kind": "text", "max_length": 70}}}}
    }
    rule = propose(inventory, CHOICES).rule("patients")
    assert rule is not None
    short, whole = (field for field in rule.fields if field.source == "first_name")
    assert (short.target, short.transform) == ("firstname", "shortened")
    assert (whole.target, whole.transform, whole.kind) == ("bw_firstnamefull", "text", Kind.MEMO)
    assert whole.length is not None
    assert whole.length >= 70
