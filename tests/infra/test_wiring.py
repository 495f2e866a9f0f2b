"""What the real compiler would find and nobody here can run: names that do not meet."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.infra.template import FILES, INFRA, ROOT, modules, parameters, parsed, resources, the, words

EXPECTED_OUTPUTS = {"AZURE_LOCATION", "AZURE_TENANT_ID", "AZURE_FUNCTION_NAME", "SERVICE_API_NAME"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_can_be_read(file: Path) -> None:
    assert set(parsed(file)) & {"resources", "modules"}


@pytest.mark.parametrize("name", modules())
def test_a_module_is_given_what_it_asks_for_and_nothing_else(name: str) -> None:
    module = modules()[name]
    wanted = parameters(INFRA / module["detail"]["path"])
    given = set(module["config"]["params"])
    assert given <= set(wanted)
    assert {parameter for parameter, declared in wanted.items() if declared["default"] is None} <= given


def test_no_file_lies_about_unused() -> None:
    used = {INFRA / module["detail"]["path"] for module in modules().values()} | {INFRA / "main.bicep"}
    assert used == set(FILES)


def test_an_output_that_is_read_is_an_output_that_is_there() -> None:
    for module, output in re.findall(r"(\w+)\.outputs\.(\w+)", words(INFRA / "main.bicep")):
        file = INFRA / modules()[module]["detail"]["path"]
        assert output in parsed(file)["outputs"], f"{module}.outputs.{output}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_declared_is_used(file: Path) -> None:
    text = words(file)
    for name in [*parameters(file), *parsed(file).get("variables", {})]:
        assert len(re.findall(rf"\b{name}\b", text)) > 1, name


def test_the_parameter_file_names_every_parameter() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    assert set(given) == set(parameters(INFRA / "main.bicep"))


def test_a_default_in_the_parameter_file_is_the_default_of_the_template() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    for name, declared in parameters(INFRA / "main.bicep").items():
        fallback = re.fullmatch(r"\$\{\w+(?:=(.*))?\}", given[name]["value"])
        assert fallback, name
        default = declared["default"]
        expected = None if default is None else str(default).lower() if isinstance(default, bool) else str(default)
        assert (fallback[1] or None) == (expected or None), name


def test_azd_finds_the_app_by_its_tag() -> None:
    services = yaml.safe_load((ROOT / "azure.yaml").read_text())["services"]
    assert f"'azd-service-name': '{next(iter(services))}'" in words(INFRA / "app" / "api.bicep")
    assert len(services) == 1
    assert the("Microsoft.Web/sites").file.name == "api.bicep"


def test_the_group_carries_the_tag_azd_looks_for() -> None:
    assert the("Microsoft.Resources/resourceGroups").body["tags"] == "tags"
    assert "'azd-env-name': environmentName" in words(INFRA / "main.bicep")


def test_the_outputs_azd_expects_are_there() -> None:
    assert set(parsed(INFRA / "main.bicep")["outputs"]) >= EXPECTED_OUTPUTS


def test_every_abbreviation_is_used() -> None:
    text = words(INFRA / "main.bicep")
    for name in json.loads((INFRA / "abbreviations.json").read_text()):
        assert f"abbreviations.{name}" in text, name


def test_one_type_has_one_version() -> None:
    versions: dict[str, set[str]] = {}
    for file in FILES:
        for found in parsed(file)["resources"].values():
            versions.setdefault(found["type"], set()).add(found["api_version"])
    assert {type: found for type, found in versions.items() if len(found) > 1} == {}


def test_everything_that_can_be_tagged_is() -> None:
    tagged = [resource for resource in resources() if "location" in resource.body]
    assert [resource.symbol for resource in tagged if "tags" not in resource.body] == []


def test_every_further_writer_is_an_identity_of_the_app_and_has_no_right_in_azure() -> None:
    """Checkov reads no loop for the keys of an object, so each place is written out."""
    decorators = parameters(INFRA / "main.bicep")["moreWriters"]["decorators"]
    most = next(one["argument"] for one in decorators if one["type"] == "max_value")
    site = re.sub(r"\s+", " ", words(INFRA / "app" / "api.bicep"))
    for place in range(most):
        assert f"length(writerIds) < {place + 1} ? {{}} : {{ '${{writerIds[{place}]}}': {{}} }}" in site
    assert "BRIDGEWORK_MORE_CLIENTS: join(writerClientIds, ',')" in site
    assert "writer" not in words(INFRA / "app" / "roles.bicep").lower()
