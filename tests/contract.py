"""The API's description as a judge: whether a path, a method and an answer are among those that it promises."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

HERE = Path(__file__).parent.parent
BASE = "/api"


class Contract:
    """docs/openapi.json, with its references resolved where they are used."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @classmethod
    def read(cls) -> Contract:
        return cls(json.loads((HERE / "docs" / "openapi.json").read_text(encoding="utf-8")))

    def operations(self) -> dict[str, tuple[str, str]]:
        """Every operation by its id: method and path."""
        return {
            operation["operationId"]: (method.upper(), BASE + path)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }

    def schemas(self) -> list[dict[str, Any]]:
        """Every schema, wherever it stands."""
        named = list(self.document["components"]["schemas"].values())
        return named + [part["schema"] for part in _parts(self.document) if "schema" in part]

    def references(self) -> set[str]:
        return {part["$ref"] for part in _parts(self.document) if isinstance(part.get("$ref"), str)}

    def resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        """What a part stands for. KeyError when it refers to nothing."""
        while "$ref" in part:
            found: Any = self.document
            for word in part["$ref"].removeprefix("#/").split("/"):
                found = found[word]
            part = found
        return part

    def check_answer(self, method: str, path: str, status: int, content_type: str, body: Any) -> None:
        """AssertionError unless the description knows this answer to this request, down to its last member."""
        operation = self._operation(method, path.partition("?")[0])
        assert str(status) in operation["responses"], f"{method} {path} answered {status}, which is not described"
        content = self.resolve(operation["responses"][str(status)]).get("content", {})
        if not content:
            assert not body, f"{method} {path} {status} should have no body"
            return
        assert content_type in content, f"{method} {path} {status} is {content_type}, described as {list(content)}"
        self.check(content[content_type]["schema"], body)

    def check_request(self, method: str, path: str, body: Any) -> None:
        """AssertionError when the description would refuse this body."""
        self.check(self._operation(method, path)["requestBody"]["content"]["application/json"]["schema"], body)

    def check(self, schema: dict[str, Any], value: Any) -> None:
        rooted = {**self.document, **schema}  # so that references into the document's components resolve
        problems = [f"{list(problem.path)}: {problem.message}" for problem in _judge(rooted).iter_errors(value)]
        assert not problems, problems

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        for template, methods in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", BASE + template), path):
                found: dict[str, Any] = methods[method.lower()]
                return found
        raise AssertionError(f"{path} is not described")


def _judge(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _parts(value: Any) -> list[dict[str, Any]]:
    """Every object in a document, itself included."""
    if isinstance(value, list):
        return [part for item in value for part in _parts(item)]
    if isinstance(value, dict):
        return [value, *(part for item in value.values() for part in _parts(item))]
    return []
