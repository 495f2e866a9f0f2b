"""What configures a host: the app's host.json and local.settings.json, and the environment over them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_TIMESPAN = re.compile(r"^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?$")
_REFERENCE = re.compile(r"%([^%]+)%")
_OVER_HOST_JSON = "AzureFunctionsJobHost__"
_PROVIDERS = ("azurestorage", "azuremanaged", "mssql", "netherite")
_DEFAULT_TIMEOUT_SECONDS = 30 * 60.0  # Flex Consumption's default


class SettingsRefused(Exception):
    """A settings file that cannot be used: which, and why."""


@dataclass(frozen=True)
class HostSettings:
    """host.json, as far as this host honours it. Durations in seconds; None means no limit."""

    route_prefix: str = "api"
    function_timeout: float | None = _DEFAULT_TIMEOUT_SECONDS
    hub_name: str = "TestHubName"
    default_version: str = ""
    concurrent_activities: int = 10 * (os.cpu_count() or 1)
    concurrent_orchestrators: int = 10 * (os.cpu_count() or 1)
    custom_headers: Mapping[str, str] = field(default_factory=dict)


def environment_of(app_directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """local.settings.json's Values, overlaid by `environment`; SettingsRefused if the file is not usable."""
    values = _json_of(app_directory / "local.settings.json").get("Values", {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise SettingsRefused("local.settings.json: Values must be an object of strings")
    return {**values, **environment}


def settings_of(app_directory: Path, environment: Mapping[str, str]) -> HostSettings:
    """host.json read strictly, because the SDK itself parses it strictly: no comments, no trailing text.

    As on Azure, a setting `AzureFunctionsJobHost__extensions__durableTask__hubName` lies over the entry of that path.
    """
    host = _overlaid(_json_of(app_directory / "host.json"), environment)
    extensions = host.get("extensions") or {}
    http, durable = extensions.get("http") or {}, extensions.get("durableTask") or {}
    provider = str((durable.get("storageProvider") or {}).get("type", "azureStorage"))
    if provider.lower() not in _PROVIDERS:
        raise SettingsRefused(f"host.json: there is no storage provider '{provider}'")
    defaults = HostSettings()
    return HostSettings(
        route_prefix=str(http.get("routePrefix", defaults.route_prefix)).strip("/"),
        function_timeout=_timeout(host.get("functionTimeout")),
        hub_name=resolved(str(durable.get("hubName", defaults.hub_name)), environment),
        default_version=str(durable.get("defaultVersion") or ""),
        concurrent_activities=_positive(durable, "maxConcurrentActivityFunctions", defaults.concurrent_activities),
        concurrent_orchestrators=_positive(
            durable, "maxConcurrentOrchestratorFunctions", defaults.concurrent_orchestrators
        ),
        custom_headers={str(name): str(value) for name, value in (http.get("customHeaders") or {}).items()},
    )


def _overlaid(host: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    for name, text in environment.items():
        if not name.startswith(_OVER_HOST_JSON):
            continue
        *path, last = name.removeprefix(_OVER_HOST_JSON).split("__")
        section = host
        for step in path:
            section = section.setdefault(step, {})
        section[last] = int(text) if text.isdigit() else text
    return host


def resolved(text: str, environment: Mapping[str, str]) -> str:
    """`%NAME%` replaced by the setting of that name; SettingsRefused when there is none."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise SettingsRefused(f"'%{match[1]}%' does not resolve to a value")
        return environment[match[1]]

    return _REFERENCE.sub(value, text)


def _json_of(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise SettingsRefused(
            f"{path.name}: {error} (the Durable SDK refuses comments and trailing text too)"
        ) from error
    if not isinstance(found, dict):
        raise SettingsRefused(f"{path.name}: an object is expected")
    return found


def _timeout(text: object) -> float | None:
    if text is None:
        return _DEFAULT_TIMEOUT_SECONDS
    if text == "-1":
        return None
    match = _TIMESPAN.match(str(text))
    if not match:
        raise SettingsRefused(f"host.json: functionTimeout {text!r} is not hh:mm:ss")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _positive(section: Mapping[str, Any], name: str, default: int) -> int:
    value = section.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise SettingsRefused(f"host.json: {name} must be a positive number")
    return value
