"""What must be true of every account, vault and site, because checkov does not look at most of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.template import FILES, INFRA, Resource, modules, parsed, resources, settings, the, words

SAFE_ACCOUNT = {
    "allowBlobPublicAccess": False,
    "allowSharedKeyAccess": False,
    "allowCrossTenantReplication": False,
    "allowedCopyScope": "AAD",
    "defaultToOAuthAuthentication": True,
    "isLocalUserEnabled": False,
    "isSftpEnabled": False,
    "minimumTlsVersion": "TLS1_2",
    "supportsHttpsTrafficOnly": True,
}
SAFE_VAULT = {
    "enableRbacAuthorization": True,
    "enableSoftDelete": True,
    "enablePurgeProtection": True,
}
# Settings that other plans take and Flex Consumption refuses or ignores.
FORBIDDEN_ON_FLEX = re.compile(
    r"FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|FUNCTIONS_WORKER_PROCESS_COUNT|FUNCTIONS_MAX_HTTP_CONCURRENCY"
    r"|SCM_DO_BUILD_DURING_DEPLOYMENT|ENABLE_ORYX_BUILD|WEBSITE_RUN_FROM_PACKAGE|WEBSITE_CONTENT|WEBSITE_TIME_ZONE"
    r"|WEBSITE_VNET_ROUTE_ALL|vnetRouteAllEnabled|linuxFxVersion|endToEndEncryptionEnabled|healthCheckPath"
    r"|basicPublishingCredentialsPolicies|\bTZ\b"
)
SECRETS = re.compile(
    r"listKeys|listAccountSas|listSecrets|AccountKey=|SharedAccessSignature|sig=|BEGIN [A-Z ]*PRIVATE KEY"
    r"|[A-Za-z0-9+/]{43}=",
    re.IGNORECASE,
)
ON = {
    "hostStorage": "host account",
    "dataStorage": "data account",
    "inbox": "container inbox",
    "vault": "vault",
    "journalKey": "key journal",
    "component": "Application Insights",
}
WHOSE = {"identityPrincipalId": ("app", "ServicePrincipal"), "uploaderGroupId": ("uploader group", "Group")}


@pytest.mark.parametrize("account", resources("Microsoft.Storage/storageAccounts"), ids=lambda r: r.symbol)
def test_no_key_and_no_public_network_opens_a_storage_account(account: Resource) -> None:
    assert {name: account.properties.get(name) for name in SAFE_ACCOUNT} == SAFE_ACCOUNT
    assert account.properties["networkAcls"]["defaultAction"] == "Deny"
    assert account.properties["networkAcls"]["bypass"] == "None"


@pytest.mark.parametrize("account", resources("Microsoft.Storage/storageAccounts"), ids=lambda r: r.symbol)
def test_a_customers_own_key_could_later_cover_queues_and_tables_too(account: Resource) -> None:
    services = account.properties["encryption"]["services"]
    assert {service: kept["keyType"] for service, kept in services.items()} == dict.fromkeys(
        ("blob", "file", "queue", "table"), "Account"
    )
    assert account.properties["encryption"]["requireInfrastructureEncryption"] is True


def test_there_are_two_accounts_and_only_the_data_account_can_be_reached_by_people() -> None:
    accounts = {
        name: m["config"]["params"] for name, m in modules().items() if m["detail"]["path"].endswith("storage.bicep")
    }
    assert {name: given["allowedIpAddresses"] for name, given in accounts.items()} == {
        "hostStorage": [],
        "dataStorage": "addresses",
    }
    assert accounts["dataStorage"]["containers"] == ["inbox", "staging", "reports", "quarantine", "audit"]


def test_no_container_is_public() -> None:
    for container in resources("Microsoft.Storage/storageAccounts/blobServices/containers"):
        assert container.properties["publicAccess"] == "None"


def test_what_is_deleted_in_a_container_is_gone_after_a_week() -> None:
    kept = the("Microsoft.Storage/storageAccounts/blobServices").properties
    assert kept["isVersioningEnabled"] is False
    assert kept["deleteRetentionPolicy"] == {"enabled": True, "days": 7}


def test_the_backstop_deletes_staged_records_but_never_the_audit_trail() -> None:
    (rule,) = the("Microsoft.Storage/storageAccounts/managementPolicies").properties["policy"]["rules"]
    assert rule["definition"]["filters"]["prefixMatch"] == ["inbox/", "staging/", "quarantine/"]
    assert rule["definition"]["filters"]["blobTypes"] == ["blockBlob"]
    assert rule["definition"]["actions"]["baseBlob"]["delete"]["daysAfterModificationGreaterThan"] == "stagedDays"


def test_the_audit_trail_takes_only_additions() -> None:
    policy = the("Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies")
    assert policy.properties["allowProtectedAppendWrites"] is True
    assert policy.properties["immutabilityPeriodSinceCreationInDays"] == "auditDays"
    assert policy.body["parent"] == "audit"


def test_roles_open_the_vault_and_nothing_in_it_is_lost_by_a_slip() -> None:
    vault = the("Microsoft.KeyVault/vaults").properties
    assert {name: vault.get(name) for name in SAFE_VAULT} == SAFE_VAULT
    assert "accessPolicies" not in vault
    assert vault["networkAcls"]["defaultAction"] == "Deny"


def test_monitoring_takes_nothing_without_an_identity() -> None:
    assert the("Microsoft.Insights/components").properties["DisableLocalAuth"] is True
    assert the("Microsoft.Insights/components").properties["DisableIpMasking"] is False
    assert the("Microsoft.OperationalInsights/workspaces").properties["features"]["disableLocalAuth"] is True


def test_the_site_speaks_only_tls_and_calls_out_through_the_network() -> None:
    site = the("Microsoft.Web/sites").properties
    assert site["httpsOnly"] is True
    assert site["siteConfig"]["minTlsVersion"] == site["siteConfig"]["scmMinTlsVersion"] == "1.2"
    assert site["siteConfig"]["ftpsState"] == "Disabled"
    assert site["outboundVnetRouting"] == {"allTraffic": True}
    assert site["keyVaultReferenceIdentity"] == "identityId"


def test_the_site_is_a_flex_consumption_app_deployed_by_identity() -> None:
    plan, site = the("Microsoft.Web/serverfarms"), the("Microsoft.Web/sites")
    assert plan.body["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    assert plan.properties["reserved"] is True
    assert site.body["kind"] == "functionapp,linux"
    assert site.body["identity"]["type"] == "UserAssigned"
    config = site.properties["functionAppConfig"]
    assert config["runtime"] == {"name": "python", "version": "pythonVersion"}
    assert config["deployment"]["storage"]["authentication"]["type"] == "UserAssignedIdentity"


def test_the_python_versions_offered_are_those_the_app_runs_on() -> None:
    declared = parsed(INFRA / "main.bicep")["parameters"]["pythonVersion"]
    (allowed,) = [d["argument"] for d in declared["decorators"] if d["type"] == "allowed"]
    assert allowed == ["3.11", "3.12", "3.13"]
    assert declared["default"] == "3.12"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_is_set_that_flex_consumption_refuses(file: Path) -> None:
    assert FORBIDDEN_ON_FLEX.findall(words(file)) == []


def test_the_search_for_refused_settings_finds_one() -> None:
    assert FORBIDDEN_ON_FLEX.search("    WEBSITE_RUN_FROM_PACKAGE: '1'")
    assert FORBIDDEN_ON_FLEX.search("    TZ: 'Australia/Sydney'")


@pytest.mark.parametrize("file", [*FILES, *sorted(INFRA.glob("*.json"))], ids=lambda file: file.name)
def test_nothing_looks_like_a_secret(file: Path) -> None:
    assert SECRETS.findall(file.read_text()) == []


def test_the_search_for_secrets_finds_one() -> None:
    assert SECRETS.search("value: account.listKeys().keys[0].value")
    assert SECRETS.search("'DefaultEndpointsProtocol=https;AccountKey=abc'")
    assert SECRETS.search("'dGhpcyBpcyBub3QgYSByZWFsIGtleSBidXQgbG9uZyA='")


def test_every_setting_that_names_a_secret_is_a_reference_to_the_vault() -> None:
    secret = {name: value for name, value in settings().items() if "SECRET" in name}
    assert secret
    assert all(value.startswith("@Microsoft.KeyVault(SecretUri=") for value in secret.values())


def test_the_roles_given_are_those_in_the_readme() -> None:
    given = sorted(_assignment(resource) for resource in resources("Microsoft.Authorization/roleAssignments"))
    table = re.findall(
        r"(?m)^\| [\w ]+ \| `([0-9a-f-]{36})` \| ([\w ]+) \| ([\w ]+) \|$", (INFRA / "README.md").read_text()
    )
    assert given == sorted(table)


def test_people_get_no_role_on_the_host_account() -> None:
    for resource in resources("Microsoft.Authorization/roleAssignments"):
        _, on, whose = _assignment(resource)
        assert whose == "app" or on != "host account"


def test_a_role_assignment_is_named_after_what_it_gives() -> None:
    for resource in resources("Microsoft.Authorization/roleAssignments"):
        name = str(resource.body["name"])
        assert all(
            part in name for part in (resource.body["scope"], resource.properties["principalId"], _role(resource))
        )


@pytest.mark.parametrize("service", ["blobServices", "queueServices", "tableServices"])
def test_who_deletes_in_storage_is_written_down(service: str) -> None:
    logged = the(f"Microsoft.Storage/storageAccounts/{service}").symbol
    assert "StorageDelete" in _logged_categories(logged)


def test_who_reads_the_vault_and_what_the_app_says_is_written_down() -> None:
    assert _logged_categories("vault") == {"AuditEvent"}
    assert _logged_categories("site") == {"FunctionAppLogs"}


def test_everything_the_app_talks_to_has_a_private_address() -> None:
    doors = parsed(INFRA / "app" / "endpoints.bicep")["variables"]["doors"]["value"]
    reached = {(str(door["target"]), door["service"]) for door in doors}
    assert len(reached) == len(doors) == 7
    assert sorted(door["service"] for door in doors) == ["blob", "blob", "queue", "queue", "table", "table", "vault"]


def _logged_categories(scope: str) -> set[str]:
    (found,) = [r for r in resources("Microsoft.Insights/diagnosticSettings") if r.body["scope"] == scope]
    return {log["category"] for log in found.properties["logs"] if log["enabled"] is not False}


def _role(resource: Resource) -> str:
    definition: dict[str, Any] = resource.properties["roleDefinitionId"]["function"]["parameters"]
    return str(definition["resource_name_1"])


def _assignment(resource: Resource) -> tuple[str, str, str]:
    role = parsed(resource.file)["variables"][_role(resource)]["value"]
    whose, kind = WHOSE[resource.properties["principalId"]]
    assert resource.properties["principalType"] == kind
    return role, ON[resource.body["scope"]], whose


def test_the_key_that_wraps_data_keys_can_do_nothing_else_and_is_renewed() -> None:
    key = the("Microsoft.KeyVault/vaults/keys").properties
    assert (key["kty"], key["keySize"]) == ("RSA", 3072)
    assert key["keyOps"] == ["wrapKey", "unwrapKey"]
    assert [one["action"]["type"] for one in key["rotationPolicy"]["lifetimeActions"]] == ["rotate"]
