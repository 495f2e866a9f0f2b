"""Publisher, solution, tables, columns, choices, relationships: made, read, changed, unmade, one at a time."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.dataverse.behaviour import calm

CRM = "Microsoft.Dynamics.CRM."
VISIT = "EntityDefinitions(LogicalName='bw_visit')"


@pytest.fixture
async def visits(api):
    await api.publisher()
    await api.define("bw_Visit")
    return api


async def test_a_new_table_has_its_set_its_key_and_the_platform_columns(visits):
    definition = await visits.row(f"{VISIT}?$expand=Attributes($select=LogicalName),Keys,ManyToOneRelationships")
    assert (definition["EntitySetName"], definition["PrimaryIdAttribute"]) == ("bw_visits", "bw_visitid")
    assert (definition["PrimaryNameAttribute"], definition["IsCustomEntity"]) == ("bw_name", True)
    names = {attribute["LogicalName"] for attribute in definition["Attributes"]}
    assert {"bw_name", "ownerid", "statecode", "statuscode", "overriddencreatedon", "importsequencenumber"} <= names
    assert definition["ObjectTypeCode"] >= 10000


@pytest.mark.parametrize(
    ("name", "plural"),
    [("bw_Day", "bw_days"), ("bw_Story", "bw_stories"), ("bw_Tax", "bw_taxes"), ("bw_Loss", "bw_losses")],
)
async def test_entity_sets_are_plurals(api, name, plural):
    await api.publisher()
    await api.define(name)
    assert (await api.row(f"EntityDefinitions(LogicalName='{name.lower()}')"))["EntitySetName"] == plural


async def test_every_type_of_column_reads_back_through_its_cast(visits, attribute, labelled):
    options = {
        "IsGlobal": False,
        "Options": [{"Value": None, "Label": labelled("a")}, {"Value": None, "Label": labelled("b")}],
    }
    bodies = [
        (attribute("bw_Text", MaxLength=50, FormatName={"Value": "Email"}), {"MaxLength": 50, "Format": "Email"}),
        (attribute("bw_Memo", "Memo"), {"MaxLength": 2000}),
        (attribute("bw_Int", "Integer", MinValue=1, MaxValue=9), {"MinValue": 1, "MaxValue": 9}),
        (attribute("bw_Dec", "Decimal", Precision=4), {"Precision": 4, "MaxValue": 1e11}),
        (attribute("bw_Dbl", "Double", Precision=5), {"Precision": 5}),
        (attribute("bw_Fee", "Money"), {"PrecisionSource": 2}),
        (attribute("bw_Yes", "Boolean"), {"DefaultValue": False}),
        (
            attribute("bw_Day", "DateTime", Format="DateOnly", DateTimeBehavior={"Value": "DateOnly"}),
            {"Format": "DateOnly"},
        ),
        (attribute("bw_Kind", "Picklist", OptionSet=options), {"DefaultFormValue": -1}),
        (attribute("bw_Many", "MultiSelectPicklist", OptionSet=options), {"AttributeType": "Virtual"}),
        (attribute("bw_Doc", "File"), {"MaxSizeInKB": 32768}),
        (attribute("bw_Pic", "Image"), {"MaxSizeInKB": 10240}),
    ]
    for body, facts in bodies:
        answer = await visits.post(f"{VISIT}/Attributes", body, MSCRM_SolutionUniqueName="bridgework")
        assert answer.status_code == 204, answer.text
        address = f"{VISIT}/Attributes(LogicalName='{body['SchemaName'].lower()}')/{body['@odata.type']}"
        column = await visits.row(address)
        assert {name: column[name] for name in facts} == facts
    kinds = await visits.row(f"{VISIT}/Attributes/{CRM}PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet")
    (kind,) = kinds["value"]
    assert [option["Value"] for option in kind["OptionSet"]["Options"]] == [100000000, 100000001]
    names = {one["LogicalName"] for one in (await visits.row(f"{VISIT}/Attributes?$select=LogicalName"))["value"]}
    assert {"bw_fee_base", "transactioncurrencyid", "exchangerate", "bw_doc_name"} <= names


async def test_options_are_numbered_by_the_prefix_of_the_solutions_publisher(visits, attribute, labelled):
    options = {"IsGlobal": False, "Options": [{"Value": None, "Label": labelled("a")}]}
    body = attribute("bw_Kind", "Picklist", OptionSet=options)
    await visits.http.post(f"{VISIT}/Attributes", json=body, headers={"MSCRM.SolutionUniqueName": "bridgework"})
    kinds = await visits.row(f"{VISIT}/Attributes/{CRM}PicklistAttributeMetadata?$expand=OptionSet")
    assert kinds["value"][0]["OptionSet"]["Options"][0]["Value"] == 727000000
    assert (await visits.post("bw_visits", {"bw_kind": 727000000})).status_code == 204


async def test_members_of_derived_types_need_a_cast(visits, error):
    assert error(await visits.get(f"{VISIT}/Attributes?$select=MaxLength")) == (400, "0x0")
    assert error(await visits.get("EntityDefinitions?$filter=startswith(LogicalName,'bw')")) == (400, "0x80060888")


async def test_components_are_found_in_their_solution(visits, attribute):
    headers = {"MSCRM.SolutionUniqueName": "bridgework"}
    await visits.http.post(f"{VISIT}/Attributes", json=attribute("bw_Code"), headers=headers)
    solution = (await visits.row("solutions?$filter=uniquename eq 'bridgework'"))["value"][0]["solutionid"]
    found = (await visits.row(f"solutioncomponents?$filter=_solutionid_value eq {solution}"))["value"]
    assert [component["componenttype"] for component in found] == [2]
    unknown = {"MSCRM.SolutionUniqueName": "nosuch"}
    answer = await visits.http.post(f"{VISIT}/Attributes", json=attribute("bw_More"), headers=unknown)
    assert answer.status_code == 404
    assert (await visits.get(f"{VISIT}/Attributes(LogicalName='bw_more')")).status_code == 404


async def test_what_exists_already_is_said_so(visits, attribute, error):
    await visits.post(f"{VISIT}/Attributes", attribute("bw_Code"))
    assert error(await visits.post(f"{VISIT}/Attributes", attribute("bw_CODE"))) == (400, "0x80047013")
    definition = await visits.row(VISIT)
    assert error(await visits.post("EntityDefinitions", {**definition, "Attributes": []})) == (400, "0x80044363")


async def test_names_carry_the_prefix_of_a_publisher(visits, attribute, error):
    assert error(await visits.post(f"{VISIT}/Attributes", attribute("Code"))) == (400, "0x80044350")
    assert error(await visits.post(f"{VISIT}/Attributes", attribute("zz_Code"))) == (400, "0x80044350")


async def test_a_column_is_changed_by_put_and_never_by_patch(visits, attribute, error, labelled):
    await visits.post(f"{VISIT}/Attributes", attribute("bw_Code", MaxLength=5))
    address = f"{VISIT}/Attributes(LogicalName='bw_code')"
    column = await visits.row(f"{address}/{CRM}StringAttributeMetadata")
    assert error(await visits.patch(address, column))[0] == 405
    changed = {**column, "@odata.type": f"{CRM}StringAttributeMetadata", "MaxLength": 9, "DisplayName": labelled("C")}
    assert (await visits.send("PUT", address, changed)).status_code == 204
    assert (await visits.post("bw_visits", {"bw_code": "123456789"})).status_code == 204


async def test_one_customization_at_a_time(start, attribute, error):
    api = await start(calm(customization_seconds=0.3))
    await api.publisher()
    await api.define("bw_Visit")
    bodies = [attribute("bw_A"), attribute("bw_B")]
    answers = await asyncio.gather(*(api.post(f"{VISIT}/Attributes", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [204, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert error(refused) == (429, "0x80071151")
    assert "Retry-After" not in refused.headers


async def test_cached_reads_lag_behind_and_strong_ones_do_not(start):
    api = await start(calm(metadata_lag_seconds=1000))
    await api.publisher()
    await api.define("bw_Visit")
    query = "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'bw_visit'"
    assert (await api.row(query))["value"] == []
    assert (await api.get(VISIT)).status_code == 404
    assert len((await api.get(query, Consistency="Strong")).json()["value"]) == 1
    await api.http.post(f"{api.url}/sandbox/clock", json={"advance_seconds": 1001})
    assert len((await api.row(query))["value"]) == 1


async def test_parallel_first_bulk_messages_on_a_new_table_race(start, error):
    api = await start(calm(table_warmup_seconds=0.3))
    await api.publisher()
    await api.define("bw_Visit")
    send = [api.bulk("bw_visits", "CreateMultiple", [{"bw_name": "x"}], "bw_visit") for _ in range(3)]
    answers = await asyncio.gather(*send)
    assert sorted(answer.status_code for answer in answers) == [200, 500, 500]
    assert {error(answer)[1] for answer in answers if answer.status_code == 500} == {"0x80044150"}
    assert (await api.bulk("bw_visits", "CreateMultiple", [{"bw_name": "x"}], "bw_visit")).status_code == 200


async def test_a_global_choice_is_shared_and_its_options_grow(visits, attribute, labelled, error):
    body = {"@odata.type": f"{CRM}OptionSetMetadata", "Name": "bw_colours", "DisplayName": labelled("Colours"),
            "Options": [{"Value": 727000000, "Label": labelled("Red")}]}  # fmt: skip
    answer = await visits.post("GlobalOptionSetDefinitions", body)
    choice = answer.headers["OData-EntityId"][-37:-1]
    bound = {"GlobalOptionSet@odata.bind": f"/GlobalOptionSetDefinitions({choice})"}
    assert (await visits.post(f"{VISIT}/Attributes", attribute("bw_Colour", "Picklist", **bound))).status_code == 204
    inline = {"IsGlobal": True, "Name": "bw_colours", "Options": []}
    refused = await visits.post(f"{VISIT}/Attributes", attribute("bw_Other", "Picklist", OptionSet=inline))
    assert error(refused) == (400, "0x80048403")
    assert (await visits.post("bw_visits", {"bw_colour": 727000001})).status_code == 400
    added = await visits.post(
        "InsertOptionValue", {"OptionSetName": "bw_colours", "Value": 727000001, "Label": labelled("Blue")}
    )
    assert added.json()["NewOptionValue"] == 727000001
    assert (await visits.post("bw_visits", {"bw_colour": 727000001})).status_code == 204
    assert error(await visits.delete(f"GlobalOptionSetDefinitions({choice})")) == (400, "0x8004f01f")
    assert (await visits.row("GlobalOptionSetDefinitions(Name='bw_colours')"))["MetadataId"] == choice


async def test_navigation_properties_keep_the_case_of_the_schema(visits, labelled, error):
    lookup = {"SchemaName": "bw_PatientId", "DisplayName": labelled("P")}
    body = {"@odata.type": f"{CRM}OneToManyRelationshipMetadata", "SchemaName": "bw_contact_visit", "Lookup": lookup,
            "ReferencedEntity": "contact", "ReferencingEntity": "bw_visit"}  # fmt: skip
    assert (await visits.post("RelationshipDefinitions", body)).status_code == 204
    (link,) = (await visits.row("RelationshipDefinitions?$filter=SchemaName eq 'bw_contact_visit'"))["value"]
    assert link["ReferencingEntityNavigationPropertyName"] == "bw_PatientId"
    contact = await visits.create("contacts", {"firstname": "A"})
    await visits.create("bw_visits", {"bw_PatientId@odata.bind": f"/contacts({contact})"})
    wrong = await visits.post("bw_visits", {"bw_patientid@odata.bind": f"/contacts({contact})"})
    assert error(wrong) == (400, "0x80048d19")
    assert len((await visits.row(f"contacts({contact})/bw_contact_visit"))["value"]) == 1


async def test_a_customer_lookup_has_a_property_for_each_table(visits, labelled):
    links = [{"SchemaName": f"bw_visit_{target}", "ReferencedEntity": target, "ReferencingEntity": "bw_visit"}
             for target in ("account", "contact")]  # fmt: skip
    body = {"OneToManyRelationships": links, "Lookup": {"SchemaName": "bw_CustomerId", "DisplayName": labelled("C")}}
    answer = await visits.post("CreateCustomerRelationships", body)
    assert len(answer.json()["RelationshipIds"]) == 2
    account = await visits.create("accounts", {"name": "A"})
    visit = await visits.create("bw_visits", {"bw_CustomerId_account@odata.bind": f"/accounts({account})"})
    assert (await visits.row(f"bw_visits({visit})"))["_bw_customerid_value"] == account


async def test_a_table_with_notes_takes_notes(api):
    await api.publisher()
    await api.define("bw_Visit", HasNotes=True, HasActivities=True)
    visit = await api.create("bw_visits", {"bw_name": "x"})
    await api.create("annotations", {"subject": "n", "objectid_bw_visit@odata.bind": f"/bw_visits({visit})"})
    await api.create("tasks", {"subject": "t", "regardingobjectid_bw_visit_task@odata.bind": f"/bw_visits({visit})"})
    await api.delete(f"bw_visits({visit})")
    assert [(await api.row(name))["value"] for name in ("annotations", "tasks")] == [[], []]


async def test_a_table_goes_with_its_rows_but_not_while_others_point_at_it(visits, labelled, error):
    await visits.define("bw_Item")
    lookup = {"SchemaName": "bw_VisitId", "DisplayName": labelled("V")}
    body = {"@odata.type": f"{CRM}OneToManyRelationshipMetadata", "SchemaName": "bw_visit_item", "Lookup": lookup,
            "ReferencedEntity": "bw_visit", "ReferencingEntity": "bw_item"}  # fmt: skip
    await visits.post("RelationshipDefinitions", body)
    await visits.create("bw_visits", {"bw_name": "x"})
    assert error(await visits.delete(VISIT)) == (400, "0x8004f01f")
    assert (await visits.delete("RelationshipDefinitions(SchemaName='bw_visit_item')")).status_code == 204
    assert (await visits.delete(VISIT)).status_code == 204
    assert error(await visits.get("bw_visits")) == (404, "0x8006088a")
    await visits.define("bw_Visit")
    assert (await visits.row("bw_visits"))["value"] == []
    assert error(await visits.delete("EntityDefinitions(LogicalName='contact')"))[0] == 400


async def test_publishing_needs_its_privilege_and_changes_nothing(start, error):
    api = await start()
    xml = "<importexportxml><entities><entity>account</entity></entities></importexportxml>"
    assert (await api.post("PublishXml", {"ParameterXml": xml})).status_code == 204
    assert (await api.post("PublishAllXml")).status_code == 204
    short = await start(seeded={"privileges_missing": ["prvPublishCustomization", "prvCreateEntity"]})
    assert error(await short.post("PublishAllXml")) == (403, "0x80040220")


async def test_an_unmanaged_solution_goes_without_its_tables(visits, error):
    solution = (await visits.row("solutions?$filter=uniquename eq 'bridgework'"))["value"][0]
    publisher = solution["_publisherid_value"]
    assert error(await visits.delete(f"publishers({publisher})")) == (405, "0x80040227")
    assert (await visits.delete(f"solutions({solution['solutionid']})")).status_code == 204
    assert (await visits.get(VISIT)).status_code == 200
    assert (await visits.delete(f"publishers({publisher})")).status_code == 204
