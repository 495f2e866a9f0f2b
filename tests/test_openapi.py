"""The description of the API is true: valid in itself, and the same routes as the app registers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.bodies import DecisionRequest
from shared.intake import Options, StartRequest
from shared.vocabulary import Gate
from tests.contract import BASE, HERE, Contract

ROUTES = """
import json
import function_app
found = {}
for function in function_app.app.get_functions():
    bindings = function.get_bindings_dict()["bindings"]
    for trigger in bindings:
        if trigger["type"].lower() == "httptrigger":
            methods = [getattr(method, "name", method) for method in trigger["methods"]]
            level = getattr(trigger["authLevel"], "name", trigger["authLevel"])
            found[function.get_function_name()] = [methods, trigger["route"], level]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract.read()


@pytest.fixture(scope="module")
def routes() -> dict[str, Any]:
    """What the app registers, asked in a process of its own: an app can be asked only once."""
    asked = subprocess.run([sys.executable, "-c", ROUTES], cwd=HERE, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(asked.stdout.splitlines()[-1])
    return found


def test_the_description_is_openapi_3_1_with_sound_schemas(contract: Contract):
    assert contract.document["openapi"].startswith("3.1")
    assert contract.document["info"]["title"]
    for schema in contract.schemas():
        Draft202012Validator.check_schema(schema)
    for operation in (op for methods in contract.document["paths"].values() for op in methods.values()):
        assert operation["summary"]
        assert operation["responses"]


def test_every_reference_leads_somewhere(contract: Contract):
    for reference in contract.references():
        assert contract.resolve({"$ref": reference})


def test_every_path_parameter_is_described(contract: Contract):
    for path, methods in contract.document["paths"].items():
        named = {word.split("}")[0] for word in path.split("{")[1:]}
        for operation in methods.values():
            described = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert described == named, path


def test_the_described_operations_are_the_registered_routes(contract: Contract, routes: dict[str, Any]):
    registered = {name: (methods[0], f"{BASE}/{route}") for name, (methods, route, _) in routes.items()}
    assert all(len(methods) == 1 for methods, _, _ in routes.values())
    assert contract.operations() == registered


def test_only_the_health_endpoint_needs_no_key(contract: Contract, routes: dict[str, Any]):
    open_routes = {name for name, (_, _, level) in routes.items() if level == "ANONYMOUS"}
    assert open_routes == {"health"}
    operations = [op for methods in contract.document["paths"].values() for op in methods.values()]
    assert {op["operationId"] for op in operations if op.get("security") == []} == open_routes


def test_the_described_options_are_the_understood_ones_with_the_same_defaults(contract: Contract):
    described = contract.document["components"]["schemas"]["StartRequest"]["properties"]
    assert set(described) == set(StartRequest.model_fields)
    options = described["options"]["properties"]
    understood = {field.alias or name: field.default for name, field in Options.model_fields.items()}
    assert set(options) == set(understood)
    assert {name: schema.get("default") for name, schema in options.items()} == understood


def test_the_described_decision_is_the_understood_one(contract: Contract):
    described = contract.document["components"]["schemas"]["Decision"]["properties"]
    assert set(described) == set(DecisionRequest.model_fields)
    assert described["gate"]["enum"] == [gate.value for gate in Gate]
