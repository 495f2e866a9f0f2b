"""Dataverse's description of tables, read; and ours, written."""

from __future__ import annotations

import pytest

from shared.dataverse.creation import (
    field_body,
    key_body,
    lookup_body,
    option_body,
    polymorphic_body,
    publish_body,
    relationship_name,
    table_body,
)
from shared.dataverse.metadata import read_table
from shared.errors import Stop
from shared.schema.model import Field, Key, Kind, Option, Table


def label(text: str) -> dict:
    shown = {"Label": text, "LanguageCode": 1033}
    return {"LocalizedLabels": [shown], "UserLocalizedLabel": shown}


def attribute(name: str, kind: str, **more: object) -> dict:
    return {
        "LogicalName": name.lower(),
        "SchemaName": name,
        "AttributeType": kind,
        "DisplayName": label(name),
        "IsCustomAttribute": name.startswith("bw_"),
        "IsValidForCreate": True,
        "IsValidForUpdate": True,
        **more,
    }


DEFINITION = {
    "LogicalName": "bw_visit",
    "SchemaName": "bw_Visit",
    "EntitySetName": "bw_visits",
    "PrimaryIdAttribute": "bw_visitid",
    "PrimaryNameAttribute": "bw_name",
    "DisplayName": label("Visit"),
    "DisplayCollectionName": label("Visits"),
    "IsCustomEntity": True,
}


def read(*attributes: dict, choices: list[dict] | None = None, links: list[dict] | None = None) -> Table:
    keys = [{"LogicalName": "bw_key", "KeyAttributes": ["bw_sourceid"], "EntityKeyIndexStatus": "Pending"}]
    return read_table(DEFINITION, attributes=attributes, choices=choices or [], keys=keys, links=links or [])


def test_a_table_is_read_with_its_names_and_keys() -> None:
    table = read(attribute("bw_Name", "String", MaxLength=200))
    assert (table.name, table.set_name, table.primary_id, table.label_plural) == (
        "bw_visit",
        "bw_visits",
        "bw_visitid",
        "Visits",
    )
    assert table.keys == (Key("bw_key", ("bw_sourceid",), "Pending"),)
    field = table.field("bw_name")
    assert field is not None
    assert (field.kind, field.max_length, field.schema_name, field.custom) == (Kind.TEXT, 200, "bw_Name", True)


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("Memo", {}, Kind.MEMO),
        ("BigInt", {}, Kind.INTEGER),
        ("Double", {}, Kind.DECIMAL),
        ("Money", {}, Kind.MONEY),
        ("Boolean", {}, Kind.BOOLEAN),
        ("Customer", {}, Kind.LOOKUP),
        ("Owner", {}, Kind.OWNER),
        ("Uniqueidentifier", {}, Kind.IDENTIFIER),
        ("State", {}, Kind.STATE),
        ("Virtual", {}, Kind.OTHER),
        ("Virtual", {"AttributeTypeName": {"Value": "FileType"}}, Kind.FILE),
        ("DateTime", {"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}}, Kind.DATE),
        ("DateTime", {"Format": "DateOnly", "DateTimeBehavior": {"Value": "UserLocal"}}, Kind.INSTANT),
    ],
)
def test_kinds_are_read_by_what_travels_on_the_wire(kind: str, more: dict, expected: Kind) -> None:
    field = read(attribute("bw_x", kind, **more)).field("bw_x")
    assert field is not None
    assert field.kind is expected


def test_a_column_tells_its_room_its_decimal_places_and_whether_it_is_locked() -> None:
    file_type = {"Value": "FileType"}
    table = read(
        attribute("bw_Scan", "Virtual", AttributeTypeName=file_type, MaxSizeInKB=32_768),
        attribute("bw_Fee", "Money", Precision=2),
        attribute("bw_Alert", "String", MaxLength=50, IsSecured=True),
    )
    scan, fee, alert = (table.field(name) for name in ("bw_scan", "bw_fee", "bw_alert"))
    assert scan is not None
    assert fee is not None
    assert alert is not None
    assert (scan.max_length, fee.precision, alert.max_length) == (32_768, 2, 50)
    assert [field.secured for field in (scan, fee, alert)] == [False, False, True]


def test_a_choice_has_its_options_and_a_status_the_state_it_belongs_to() -> None:
    choices = [
        {"LogicalName": "bw_kind", "OptionSet": {"Options": [{"Value": 727000000, "Label": label("Exam")}]}},
        {"LogicalName": "statuscode", "OptionSet": {"Options": [{"Value": 2, "Label": label("Off"), "State": 1}]}},
    ]
    table = read(attribute("bw_Kind", "Picklist"), attribute("statuscode", "Status"), choices=choices)
    assert table.field("bw_kind").options == (Option(727000000, "Exam"),)
    assert table.field("statuscode").options == (Option(2, "Off", 1),)


def test_a_lookup_knows_the_exact_way_to_each_of_its_targets() -> None:
    links = [
        {
            "ReferencingAttribute": "bw_customerid",
            "ReferencedEntity": target,
            "ReferencingEntityNavigationPropertyName": f"bw_CustomerId_{target}",
        }
        for target in ("account", "contact")
    ]
    field = read(attribute("bw_CustomerId", "Lookup", Targets=["account", "contact"]), links=links).field(
        "bw_customerid"
    )
    assert field is not None
    assert field.targets == ("account", "contact")
    assert field.navigation_to("contact") == "bw_CustomerId_contact"
    assert field.navigation_to("lead") is None


def test_a_new_table_has_its_primary_name_column_only() -> None:
    name = Field("bw_name", Kind.TEXT, "bw_Name", "Visit", max_length=300)
    table = Table("bw_visit", "bw_visits", "bw_visitid", "bw_name", schema_name="bw_Visit", fields=(name,))
    body = table_body(table)
    assert body["SchemaName"] == "bw_Visit"
    assert body["OwnershipType"] == "UserOwned"
    assert [(a["SchemaName"], a["IsPrimaryName"], a["MaxLength"]) for a in body["Attributes"]] == [
        ("bw_Name", True, 300)
    ]


@pytest.mark.parametrize(
    ("kind", "type_name", "member"),
    [
        (Kind.TEXT, "String", ("MaxLength", 80)),
        (Kind.MEMO, "Memo", ("MaxLength", 80)),
        (Kind.INTEGER, "Integer", ("MinValue", -2147483648)),
        (Kind.DECIMAL, "Decimal", ("Precision", 4)),
        (Kind.MONEY, "Money", ("PrecisionSource", 0)),
        (Kind.MONEY, "Money", ("Precision", 2)),
        (Kind.FILE, "File", ("MaxSizeInKB", 80)),
        (Kind.BOOLEAN, "Boolean", ("DefaultValue", False)),
        (Kind.DATE, "DateTime", ("DateTimeBehavior", {"Value": "DateOnly"})),
        (Kind.INSTANT, "DateTime", ("DateTimeBehavior", {"Value": "UserLocal"})),
    ],
)
def test_each_kind_of_column_is_made_as_dataverse_wants_it(kind: Kind, type_name: str, member: tuple) -> None:
    body = field_body(Field("bw_x", kind, "bw_X", "X", max_length=80, why="Because"))
    assert body["@odata.type"] == f"Microsoft.Dynamics.CRM.{type_name}AttributeMetadata"
    assert body["SchemaName"] == "bw_X"
    assert body[member[0]] == member[1]
    assert body["Description"]["LocalizedLabels"][0]["Label"] == "Because"


@pytest.mark.parametrize("kind", [Kind.DECIMAL, Kind.MONEY])
def test_numbers_have_the_decimal_places_that_are_wanted(kind: Kind) -> None:
    assert field_body(Field("bw_x", kind, precision=0))["Precision"] == 0
    assert field_body(Field("bw_x", kind, precision=3))["Precision"] == 3


def test_a_file_column_takes_the_most_there_is_where_nothing_smaller_is_wanted() -> None:
    assert field_body(Field("bw_x", Kind.FILE))["MaxSizeInKB"] == 10_485_760


def test_n22_a_locked_column_is_made_locked_and_others_say_nothing() -> None:
    assert field_body(Field("bw_x", Kind.TEXT, secured=True))["IsSecured"] is True
    assert "IsSecured" not in field_body(Field("bw_x", Kind.TEXT))


def test_a_choice_is_local_and_its_values_are_ours() -> None:
    body = field_body(Field("bw_x", Kind.CHOICE, "bw_X", options=(Option(727000000, "Exam"),)))
    assert body["OptionSet"]["IsGlobal"] is False
    assert [option["Value"] for option in body["OptionSet"]["Options"]] == [727000000]


def test_a_kind_nobody_can_make_is_our_mistake() -> None:
    with pytest.raises(Stop):
        field_body(Field("bw_x", Kind.OTHER))


def test_a_lookup_brings_a_relationship_that_never_deletes_our_rows() -> None:
    field = Field("bw_patientid", Kind.LOOKUP, "bw_PatientId", "Patient", targets=("contact",))
    body = lookup_body("bw_visit", field)
    assert body["SchemaName"] == relationship_name("bw_visit", field, "contact") == "bw_visit_patientid_contact"
    assert body["CascadeConfiguration"]["Delete"] == "RemoveLink"
    assert (body["ReferencedEntity"], body["ReferencedAttribute"]) == ("contact", "contactid")
    assert body["Lookup"]["SchemaName"] == "bw_PatientId"


def test_a_lookup_to_several_tables_has_a_relationship_to_each() -> None:
    field = Field("bw_partyid", Kind.LOOKUP, "bw_PartyId", targets=("account", "contact"))
    body = polymorphic_body("contact", field)
    names = [link["SchemaName"] for link in body["OneToManyRelationships"]]
    assert names == ["bw_contact_partyid_account", "bw_contact_partyid_contact"]


def test_keys_options_and_publishing_have_their_documented_bodies() -> None:
    assert key_body(Key("bw_SourceIdKey", ("bw_sourceid",)))["KeyAttributes"] == ["bw_sourceid"]
    body = option_body("contact", "bw_role", Option(727000001, "Provider"), solution="bw_bridgework")
    assert (body["Value"], body["SolutionUniqueName"]) == (727000001, "bw_bridgework")
    assert "<entity>contact</entity><entity>account</entity>" in publish_body(["contact", "account"])["ParameterXml"]
