"""A start request, judged: every complaint at once, defaults filled in, nothing secret kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.settings import Settings

LARGEST_BODY = 64 * 1024
"""A start request is a page of settings. Anything larger is a mistake, or somebody trying something."""


class Strict(BaseModel):
    """Unknown members are refused: a misspelt option must not be ignored in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ApiSource(Strict):
    """Core Practice through its API; ``secret`` is the name of a configured secret, never its value."""

    kind: Literal["api"]
    base_url: str = Field(max_length=500)
    secret: str = Field(min_length=1, max_length=64)


def in_the_inbox(blob: str) -> str:
    if blob.startswith("/") or ".." in blob.split("/") or "\\" in blob or ":" in blob:
        raise ValueError("must be the name of a blob inside the container 'inbox'")
    return blob


class BundleSource(Strict):
    """An export bundle that was uploaded to the ``inbox`` container."""

    kind: Literal["bundle"]
    blob: str = Field(min_length=1, max_length=500)
    date_orders: dict[str, Literal["dmy", "mdy"]] = Field(default_factory=dict, max_length=200)

    @field_validator("blob")
    @classmethod
    def _inside_the_inbox(cls, blob: str) -> str:
        return in_the_inbox(blob)


class Target(Strict):
    """The Dataverse environment, by its address alone."""

    url: str = Field(max_length=300)


class Options(Strict):
    """What a practice can decide at the start."""

    time_zone: str = "Australia/Sydney"
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    currency: str = Field(default="AUD", pattern=r"^[A-Z]{3}$")
    tooth_notation: Literal["fdi", "universal", "palmer"] = "fdi"
    billing_mode: Literal["table", "opportunity", "both"] = "table"
    insurance: Literal["auto", "columns", "table"] = "auto"
    plan_lines: Literal["table", "rows"] = "table"
    impersonate_authors: bool = False
    match_existing: bool = True
    fallback_owner: str | None = Field(default=None, max_length=320)
    schema_: Literal["provision", "guide"] = Field(default="provision", alias="schema")
    patients_without_organisation: Literal["default-account", "no-account"] = "default-account"
    sample_size: int = Field(default=200, ge=100, le=500)
    delta_window_hours: float = Field(default=24, gt=0, le=168)
    set_aside_share: float | None = Field(default=None, ge=0, le=1)
    source_system: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("must be an IANA time zone such as Australia/Sydney")
        return zone


class Allowance(Strict):
    """A class of fields that may move, and why: both are shown at the mapping gate (N22)."""

    allow: bool = False
    reason: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _has_a_reason(self) -> Self:
        if self.allow and not self.reason:
            raise ValueError("needs a reason when it is allowed: it is shown to the person who approves the map")
        return self


class GovernmentAllowance(Allowance):
    """Government identifiers: dropped unless allowed, and then masked unless ``full`` is asked for."""

    mode: Literal["masked", "full"] = "masked"


class Privacy(Strict):
    """Which guarded classes of fields may leave the practice software. Without a word, none does."""

    health: Allowance = Field(default_factory=Allowance)
    government: GovernmentAllowance = Field(default_factory=GovernmentAllowance)


class SharePointLibrary(Strict):
    """Where files go that no note can hold."""

    site_url: str = Field(max_length=300)
    library: str = Field(default="Documents", min_length=1, max_length=200)


class Files(Strict):
    """What happens to attachments. ``most_megabytes``: beyond it a file does not become a note (A14)."""

    oversize: Literal["sharepoint", "file-column", "quarantine"] = "quarantine"
    sharepoint: SharePointLibrary | None = None
    most_megabytes: int = Field(default=25, ge=1, le=128)

    @model_validator(mode="after")
    def _has_a_library(self) -> Self:
        if self.oversize == "sharepoint" and self.sharepoint is None:
            raise ValueError("oversize 'sharepoint' needs files.sharepoint with a site_url")
        return self


class StartRequest(Strict):
    """The body of ``POST /api/migrations``."""

    practice: str = Field(min_length=1, max_length=200)
    source: Annotated[ApiSource | BundleSource, Field(discriminator="kind")]
    target: Target
    options: Options = Field(default_factory=Options)
    privacy: Privacy = Field(default_factory=Privacy)
    files: Files = Field(default_factory=Files)
    callback_url: str | None = Field(default=None, max_length=500)


class Doubtful(Exception):
    """A body that cannot be accepted, with everything that is wrong with it."""

    def __init__(self, complaints: list[dict[str, str]]) -> None:
        super().__init__(f"{len(complaints)} complaints")
        self.complaints = complaints


def body_as(kind: type[BaseModel], body: bytes) -> Any:
    """A body as one of these requests. Raises Doubtful with every complaint."""
    try:
        plain = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise Doubtful([{"at": "", "problem": "The body is not JSON."}]) from None
    try:
        return kind.model_validate(plain)
    except ValidationError as error:
        raise Doubtful([_complaint(item) for item in error.errors(include_url=False, include_input=False)]) from None


def _complaint(item: Mapping[str, Any]) -> dict[str, str]:
    place = ".".join(str(part) for part in item["loc"] if part not in ("api", "bundle"))
    return {"at": place, "problem": str(item["msg"]).removeprefix("Value error, ")}


def start(body: bytes, settings: Settings) -> dict[str, Any]:
    """A start request out of a body, as the plain JSON that is kept. Raises Doubtful with every complaint."""
    try:
        parsed: StartRequest = body_as(StartRequest, body)
    except Doubtful as doubtful:
        # What can be judged of the addresses is judged too, so that nobody has to post twice.
        raise Doubtful([*doubtful.complaints, *_judged_anyway(body, settings)]) from None
    complaints = _addresses(parsed.model_dump(), settings)
    if complaints:
        raise Doubtful(complaints)
    request = parsed.model_dump(by_alias=True)
    request["source_system"] = parsed.options.source_system or slug(parsed.practice)
    request["target"]["url"] = parsed.target.url.rstrip("/")
    return request


def _judged_anyway(body: bytes, settings: Settings) -> list[dict[str, str]]:
    try:
        plain = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return []
    return _addresses(plain, settings) if isinstance(plain, dict) else []


def _addresses(plain: Mapping[str, Any], settings: Settings) -> list[dict[str, str]]:
    found = []
    source = plain.get("source")
    if isinstance(source, Mapping) and source.get("kind") == "api":
        found += _address("source.base_url", source.get("base_url"), settings.allows_source, "BRIDGEWORK_SOURCE_HOSTS")
        secret = source.get("secret")
        if isinstance(secret, str) and secret and settings.secret(secret) is None:
            text = "There is no configured secret of that name. Secrets are app settings BRIDGEWORK_SECRET_<NAME>."
            found.append({"at": "source.secret", "problem": text})
    target = plain.get("target")
    if isinstance(target, Mapping):
        found += _address("target.url", target.get("url"), settings.allows_target, "BRIDGEWORK_TARGET_HOSTS")
    files = plain.get("files")
    library = files.get("sharepoint") if isinstance(files, Mapping) else None
    if isinstance(library, Mapping):
        site = library.get("site_url")
        found += _address("files.sharepoint.site_url", site, settings.allows_sharepoint, "BRIDGEWORK_SHAREPOINT_HOSTS")
    if plain.get("callback_url"):
        found += _address("callback_url", plain.get("callback_url"), settings.allows_source, "BRIDGEWORK_SOURCE_HOSTS")
    return found


def _address(at: str, url: Any, allowed: Any, setting: str) -> list[dict[str, str]]:
    if not isinstance(url, str):
        return []
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, has_host = urlsplit(""), False
    # What one library reads over another one trips over: a space, a line break, a letter beyond ASCII.
    plain = url.isascii() and url.isprintable() and " " not in url
    if (
        not plain
        or not has_host
        or parts.scheme not in ("https", "http")
        or parts.username
        or parts.query
        or parts.fragment
    ):
        return [{"at": at, "problem": "must be an https address without user name, query or fragment"}]
    if not allowed(url):
        return [{"at": at, "problem": f"is not an https address that this app may talk to ({setting})"}]
    return []


def slug(name: str) -> str:
    """A practice's name as the short text that makes its row ids its own."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:60] or "practice"


def start_key(header: str) -> str:
    """An idempotency key as a table key: its digest, so that any characters are fine."""
    return hashlib.sha256(header.encode()).hexdigest()


def run_id(key: str) -> str:
    """The run an idempotency key leads to. Derived, so that a start repeated after a crash finds the same run."""
    return "r" + hashlib.sha256(f"run/{key}".encode()).hexdigest()[:20]
