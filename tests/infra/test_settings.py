"""The app settings, host.json, the documentation and the example file say the same."""

from __future__ import annotations

import json
import re

from tests.infra.template import ROOT, settings

IDENTITY_STORAGE = {
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
}
DOCUMENTED = dict(re.findall(r"(?m)^\| `([A-Z_<>]+)` \|[^|]*\| (.*)$", (ROOT / "docs" / "settings.md").read_text()))


def test_the_host_reaches_its_storage_by_identity() -> None:
    assert set(settings()) >= IDENTITY_STORAGE
    assert "AzureWebJobsStorage" not in settings()
    assert settings()["AzureWebJobsStorage__credential"] == "managedidentity"


def test_the_app_reaches_its_data_by_identity() -> None:
    assert settings()["BRIDGEWORK_STORAGE_ACCOUNT"] == "dataStorageName"
    assert not [name for name in settings() if "CONNECTION" in name and name.startswith("BRIDGEWORK")]
    assert "BRIDGEWORK_ALLOW_LOOPBACK" not in settings()


def test_the_template_sets_what_the_documentation_says_it_sets() -> None:
    promised = {name for name, text in DOCUMENTED.items() if "*template*" in text}
    assert promised
    assert promised <= set(settings())


def test_every_setting_of_ours_is_documented() -> None:
    for name in settings():
        if name.startswith("BRIDGEWORK_SECRET_"):
            name = "BRIDGEWORK_SECRET_<NAME>"
        assert not name.startswith("BRIDGEWORK_") or name in DOCUMENTED, name


def test_every_setting_the_host_file_refers_to_is_set() -> None:
    referred = set(re.findall(r"%(\w+)%", (ROOT / "host.json").read_text()))
    assert referred == {"TASKHUB_NAME"}
    assert referred <= set(settings())


def test_the_task_hub_has_a_name_that_durable_accepts() -> None:
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,44}", settings()["TASKHUB_NAME"])


def test_payloads_are_strictly_typed_everywhere() -> None:
    example = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
    assert settings()["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] == "true"
    assert example["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] == "true"


def test_the_host_file_is_plain_json_because_the_durable_library_reads_it_strictly() -> None:
    host = json.loads((ROOT / "host.json").read_text(encoding="ascii"))
    assert host["version"] == "2.0"
    assert host["extensionBundle"]["version"] == "[4.32.0, 5.0.0)"


def test_nothing_that_passes_through_durable_is_traced() -> None:
    durable = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]
    assert durable["tracing"]["traceInputsAndOutputs"] is False
    assert durable["storeInputsInOrchestrationHistory"] is False


def test_an_idle_hub_is_looked_at_every_ten_seconds_at_least() -> None:
    """Microsoft's advice for Durable on Flex Consumption; longer shows as runs that stay pending."""
    provider = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]["storageProvider"]
    assert provider["maxQueuePollingInterval"] <= "00:00:10"
    assert "type" not in provider


def test_only_the_app_is_sent_to_azure() -> None:
    ignored = (ROOT / ".funcignore").read_text().split()
    assert {"sandbox", "tests", "infra", "benchmarks", "setup", "docs", ".venv*", "local.settings*.json"} <= set(
        ignored
    )
    assert not {"activities", "orchestrators", "shared", "function_app.py", "host.json", "requirements.txt"} & set(
        ignored
    )
