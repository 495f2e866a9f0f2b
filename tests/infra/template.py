"""Reads the Bicep files as data, so that a test can ask what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pycep import BicepParser

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))


@dataclass(frozen=True)
class Resource:
    """One resource of one file. A loop's and a condition's resource is its body."""

    file: Path
    symbol: str
    type: str
    version: str
    body: dict[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        return self.body.get("properties", {})


@cache
def parsed(file: Path) -> dict[str, Any]:
    return BicepParser().parse(text=file.read_text())


def resources(type: str = "") -> list[Resource]:
    """Every resource that the template makes, of one type or of all."""
    return [
        Resource(file, symbol, found["type"], found["api_version"], _body(found["config"]))
        for file in FILES
        for symbol, found in parsed(file).get("resources", {}).items()
        if not found["existing"] and type in ("", found["type"])
    ]


def the(type: str) -> Resource:
    """The only resource of its type."""
    (only,) = resources(type)
    return only


def modules() -> dict[str, dict[str, Any]]:
    return parsed(INFRA / "main.bicep")["modules"]


def parameters(file: Path) -> dict[str, Any]:
    return parsed(file).get("parameters", {})


def settings() -> dict[str, Any]:
    """The app settings."""
    return next(r for r in resources("Microsoft.Web/sites/config") if r.body["name"] == "appsettings").properties


def words(file: Path) -> str:
    """A file's text without its comments."""
    return re.sub(r"(?m)^\s*//.*$", "", file.read_text())


def _body(config: dict[str, Any]) -> dict[str, Any]:
    while "config" in config:
        config = config["config"]
    return config
