// npm's dynamics-web-api against the simulator: every verb it has, one line of JSON with what came of each.
// Run by test_npm_client.py: node dynamics_web_api.mjs SERVER_URL PATH_TO_MODULE

import { createRequire } from "node:module";

const [serverUrl, modulePath] = process.argv.slice(2);
const { DynamicsWebApi } = createRequire(import.meta.url)(modulePath);
const client = new DynamicsWebApi({
  serverUrl: `${serverUrl}/`,
  dataApi: { version: "9.2" },
  onTokenRefresh: async () => ({ accessToken: "any" }),
});
const label = (text) => ({ LocalizedLabels: [{ Label: text, LanguageCode: 1033 }] });
const seen = {};
const failing = async (work) => {
  try {
    await work();
    return "no error";
  } catch (error) {
    return { status: error.status, code: error.code };
  }
};

const contact = await client.create({ collection: "contacts", data: { firstname: "Zoë", lastname: "Nguyễn 🦷" } });
seen.create = contact;
const whole = await client.create({ collection: "accounts", data: { name: "Whole" }, returnRepresentation: true });
seen.representation = [whole.name, typeof whole.accountid];
seen.retrieve = (await client.retrieve({ collection: "contacts", key: contact, select: ["fullname"] })).fullname;
await client.update({ collection: "contacts", key: contact, data: { jobtitle: "Dentist" } });
await client.updateSingleProperty({ collection: "contacts", key: contact, fieldValuePair: { nickname: "Zed" } });
const changed = await client.retrieve({ collection: "contacts", key: contact, select: ["jobtitle", "nickname"] });
seen.update = [changed.jobtitle, changed.nickname];
const chosen = "22222222-0000-4000-a000-000000000002";
seen.upsertNew = await client.upsert({ collection: "accounts", key: chosen, data: { name: "Upserted" } });
seen.upsertPrevented = await client.upsert({ collection: "accounts", key: chosen, data: { name: "X" }, ifnonematch: "*" });
seen.updateMissing = await failing(() =>
  client.update({ collection: "accounts", key: "33333333-0000-4000-a000-000000000003", data: { name: "X" } }),
);
for (let n = 0; n < 7; n++) await client.create({ collection: "accounts", data: { name: `N${n}`, accountnumber: `${n}` } });
const first = await client.retrieveMultiple({ collection: "accounts", select: ["name"], orderBy: ["name"], maxPageSize: 4 });
const second = await client.retrieveMultiple({ collection: "accounts", maxPageSize: 4 }, first.oDataNextLink);
seen.pages = [first.value.length, second.value.length];
seen.all = (await client.retrieveAll({ collection: "accounts", select: ["name"] })).value.length;
seen.count = await client.count({ collection: "accounts" });
seen.countFiltered = await client.count({ collection: "accounts", filter: "startswith(name,'N')" });
const fetchXml = '<fetch count="3"><entity name="account"><attribute name="name"/><order attribute="name"/></entity></fetch>';
seen.fetch = (await client.fetch({ collection: "accounts", fetchXml })).value.map((row) => row.name);
seen.fetchAll = (await client.fetchAll({ collection: "accounts", fetchXml })).value.length;
await client.associateSingleValued({
  collection: "accounts", primaryKey: chosen, navigationProperty: "primarycontactid",
  relatedCollection: "contacts", relatedKey: contact,
});
const expanded = await client.retrieve({
  collection: "accounts", key: chosen, select: ["name"], expand: [{ property: "primarycontactid", select: ["fullname"] }],
});
seen.expanded = expanded.primarycontactid.fullname;
await client.disassociateSingleValued({ collection: "accounts", primaryKey: chosen, navigationProperty: "primarycontactid" });
await client.associate({
  collection: "accounts", primaryKey: chosen, relationshipName: "contact_customer_accounts",
  relatedCollection: "contacts", relatedKey: contact,
});
const linked = await client.retrieve({ collection: "contacts", key: contact, select: ["_parentcustomerid_value"] });
await client.disassociate({
  collection: "accounts", primaryKey: chosen, relationshipName: "contact_customer_accounts", relatedKey: contact,
});
const freed = await client.retrieve({ collection: "contacts", key: contact, select: ["_parentcustomerid_value"] });
seen.associated = [linked._parentcustomerid_value, freed._parentcustomerid_value];
seen.whoAmI = typeof (await client.callFunction("WhoAmI")).UserId;
seen.total = (
  await client.callFunction({ name: "RetrieveTotalRecordCount", parameters: { EntityNames: ["account"] } })
).EntityRecordCountCollection.Values;
const typed = (name) => ({ "@odata.type": "Microsoft.Dynamics.CRM.account", name });
seen.createMultiple = (
  await client.callAction({
    actionName: "accounts/Microsoft.Dynamics.CRM.CreateMultiple",
    action: { Targets: [typed("M1"), typed("M2")] },
  })
).Ids.length;
const opportunity = await client.create({ collection: "opportunities", data: { name: "Crown" } });
await client.callAction({
  actionName: "WinOpportunity",
  action: { Status: 3, OpportunityClose: { subject: "Won", "opportunityid@odata.bind": `/opportunities(${opportunity})` } },
});
seen.won = (await client.retrieve({ collection: "opportunities", key: opportunity, select: ["statecode"] })).statecode;

client.startBatch();
client.create({ collection: "contacts", data: { firstname: "Batch" }, contentId: "1" });
client.create({ collection: "accounts", data: { name: "Batched", "primarycontactid@odata.bind": "$1" } });
const batch = await client.executeBatch();
client.startBatch();
client.retrieveMultiple({ collection: "accounts", select: ["name"], filter: "name eq 'Batched'" });
client.count({ collection: "accounts" });
const reads = await client.executeBatch();
seen.batch = [batch.length, reads[0].value.length, reads[1]];

const table = await client.createEntity({
  data: {
    "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", SchemaName: "new_Recall", DisplayName: label("Recall"),
    DisplayCollectionName: label("Recalls"), OwnershipType: "UserOwned", HasActivities: false, HasNotes: true,
    Attributes: [{
      "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", SchemaName: "new_Name", IsPrimaryName: true,
      MaxLength: 100, DisplayName: label("Name"), RequiredLevel: { Value: "None" },
    }],
  },
});
const choice = await client.createGlobalOptionSet({
  data: {
    "@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata", Name: "new_colours", DisplayName: label("Colours"),
    Options: [{ Value: 100000000, Label: label("Red") }],
  },
});
await client.createAttribute({
  entityKey: table,
  data: {
    "@odata.type": "Microsoft.Dynamics.CRM.PicklistAttributeMetadata", SchemaName: "new_Colour", DisplayName: label("Colour"),
    "GlobalOptionSet@odata.bind": `/GlobalOptionSetDefinitions(${choice})`,
  },
});
await client.createAttribute({
  entityKey: table,
  data: {
    "@odata.type": "Microsoft.Dynamics.CRM.FileAttributeMetadata", SchemaName: "new_Paper", DisplayName: label("Paper"),
  },
});
const relationship = await client.createRelationship({
  data: {
    "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", SchemaName: "new_contact_recall",
    ReferencedEntity: "contact", ReferencedAttribute: "contactid", ReferencingEntity: "new_recall",
    CascadeConfiguration: { Delete: "RemoveLink" },
    Lookup: { "@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata", SchemaName: "new_PatientId", DisplayName: label("P") },
  },
});
const definition = await client.retrieveEntity({ key: table });
definition.DisplayName = label("Recall visit");
await client.updateEntity({ data: definition, mergeLabels: true });
const attributes = await client.retrieveAttributes({
  entityKey: table, castType: "Microsoft.Dynamics.CRM.PicklistAttributeMetadata", select: ["LogicalName"],
  expand: [{ property: "GlobalOptionSet" }],
});
seen.metadata = [
  (await client.retrieveEntities({ select: ["LogicalName"], filter: "LogicalName eq 'new_recall'" })).value[0].LogicalName,
  attributes.value.map((one) => one.GlobalOptionSet.Name),
  (await client.retrieveRelationship({ key: relationship })).ReferencingEntityNavigationPropertyName,
  (await client.retrieveGlobalOptionSets({ select: ["Name"] })).value.map((one) => one.Name),
  (await client.retrieveEntity({ key: table, select: ["DisplayName"] })).DisplayName.UserLocalizedLabel.Label,
  (await client.retrieveCsdlMetadata()).includes('EntityType Name="new_recall"'),
];
const recall = await client.create({
  collection: "new_recalls", data: { new_name: "R", new_colour: 100000000, "new_PatientId@odata.bind": `/contacts(${contact})` },
});
const bytes = new Uint8Array(5 * 1024 * 1024).map((_, at) => at % 251);
await client.uploadFile({ collection: "new_recalls", key: recall, property: "new_paper", data: bytes, fileName: "a.bin" });
const file = await client.downloadFile({ collection: "new_recalls", key: recall, property: "new_paper" });
seen.file = [file.fileName, file.fileSize, Buffer.from(file.data).equals(Buffer.from(bytes))];
await client.deleteRecord({ collection: "new_recalls", key: recall, property: "new_paper" });
await client.deleteRecord({ collection: "new_recalls", key: recall });
await client.deleteRelationship({ key: relationship });
seen.longUrl = (
  await client.retrieveMultiple({
    collection: "accounts", select: ["name"],
    filter: Array.from({ length: 60 }, (_, n) => `(name eq 'N${n}' or accountnumber eq '${n}')`).join(" or "),
  })
).value.length;
console.log(JSON.stringify(seen));
