"""Access tokens by each of the three ways, from identity services that run here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from aiohttp import web
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential

from shared.dataverse.tokens import Credentials, StorageCredential, Tokens
from shared.errors import AskPerson, Stop, TryAgain

RESOURCE = "https://org.crm6.dynamics.com"


@dataclass
class Endpoint:
    """App Service's managed identity endpoint: counts what it is asked and can be told to refuse."""

    asked: list[dict[str, str]] = field(default_factory=list)
    refusal: tuple[int, dict[str, Any]] | None = None
    lifetime: int = 3600

    async def handle(self, request: web.Request) -> web.Response:
        assert request.headers["X-IDENTITY-HEADER"] == "knock"
        if self.refusal:
            return web.json_response(self.refusal[1], status=self.refusal[0])
        self.asked.append(dict(request.query))
        import time

        expires = str(int(time.time()) + self.lifetime)
        body = {
            "access_token": f"token-{len(self.asked)}",
            "expires_on": expires,
            "resource": request.query["resource"],
        }
        return web.json_response({**body, "token_type": "Bearer"})


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoint]:
    serving = Endpoint()
    app = web.Application()
    app.router.add_get("/msi/token", serving.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{port}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "knock")
    yield serving
    await runner.cleanup()


class Entra(requests.adapters.BaseAdapter):
    """Entra's token endpoint, reached over no network: answers with the form it was sent."""

    def __init__(self, answer: dict[str, Any], status: int = 200) -> None:
        super().__init__()
        self.answer, self.status = answer, status
        self.forms: list[dict[str, list[str]]] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        body: Any = self.answer
        status = self.status
        if request.method == "GET":
            base = "https://login.microsoftonline.com/tenant"
            body = {name: f"{base}/{name}" for name in ("authorization_endpoint", "token_endpoint", "issuer")}
            status = 200
        else:
            self.forms.append(parse_qs(request.body or ""))
        response = requests.Response()
        response.status_code = status
        response._content = json.dumps(body).encode()
        response.request = request
        return response

    def close(self) -> None:
        pass

    def session(self) -> requests.Session:
        session = requests.Session()
        session.mount("https://", self)
        return session


async def test_the_system_assigned_identity_needs_no_client_id(endpoint: Endpoint) -> None:
    tokens = Tokens(Credentials("managed-identity"))
    assert await tokens.token(RESOURCE) == "token-1"
    assert endpoint.asked[0]["resource"] == RESOURCE
    assert "client_id" not in endpoint.asked[0]


async def test_a_user_assigned_identity_is_asked_for_by_its_client_id(endpoint: Endpoint) -> None:
    await Tokens(Credentials("managed-identity", client_id="uami")).token(RESOURCE)
    assert endpoint.asked[0]["client_id"] == "uami"


async def test_a_token_is_asked_for_once_however_many_want_it(endpoint: Endpoint) -> None:
    tokens = Tokens(Credentials("managed-identity"))
    assert set(await asyncio.gather(*(tokens.token(RESOURCE) for _ in range(10)))) == {"token-1"}
    assert len(endpoint.asked) == 1


async def test_each_resource_has_its_own_token(endpoint: Endpoint) -> None:
    tokens = Tokens(Credentials("managed-identity"))
    assert await tokens.token(RESOURCE) != await tokens.token("https://storage.azure.com")


async def test_a_token_is_replaced_five_minutes_before_it_expires(endpoint: Endpoint) -> None:
    now = 0.0
    tokens = Tokens(Credentials("managed-identity"), clock=lambda: now)
    await tokens.token(RESOURCE)
    now = 3200.0
    assert await tokens.token(RESOURCE) == "token-1"
    now = 3301.0
    assert await tokens.token(RESOURCE) == "token-2"


async def test_a_forgotten_token_does_not_come_back(endpoint: Endpoint) -> None:
    tokens = Tokens(Credentials("managed-identity"))
    await tokens.token(RESOURCE)
    tokens.forget(RESOURCE)
    assert await tokens.token(RESOURCE) == "token-2"


async def test_a_refused_identity_is_for_a_person_and_a_busy_service_is_for_later(endpoint: Endpoint) -> None:
    tokens = Tokens(Credentials("managed-identity"))
    endpoint.refusal = (400, {"statusCode": 400, "message": "No User Assigned identity for jane@example.com"})
    with pytest.raises(AskPerson) as refused:
        await tokens.token(RESOURCE)
    assert refused.value.code == "token-refused"
    assert "jane" not in refused.value.message
    endpoint.refusal = (503, {"statusCode": 503, "message": "busy"})
    with pytest.raises(TryAgain):
        await tokens.token(RESOURCE)


async def test_an_identity_service_that_is_not_there_is_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "knock")
    with pytest.raises(TryAgain) as raised:
        await Tokens(Credentials("managed-identity")).token(RESOURCE)
    assert raised.value.code == "token-unreachable"


async def test_a_client_secret_asks_for_the_resources_default_scope() -> None:
    entra = Entra({"access_token": "abc", "expires_in": 3600, "token_type": "Bearer"})
    credentials = Credentials("client-secret", client_id="app", tenant_id="tenant", client_secret="hush")
    assert await Tokens(credentials, session=entra.session).token(RESOURCE) == "abc"
    assert entra.forms[0]["scope"] == [f"{RESOURCE}/.default"]
    assert entra.forms[0]["client_secret"] == ["hush"]
    assert "hush" not in repr(credentials)


async def test_a_wrong_secret_is_for_a_person_with_entras_number_and_without_its_text() -> None:
    text = "AADSTS7000215: Invalid client secret provided. Trace of jane@example.com"
    entra = Entra({"error": "invalid_client", "error_description": text}, status=401)
    credentials = Credentials("client-secret", client_id="app", tenant_id="tenant", client_secret="wrong")
    with pytest.raises(AskPerson, match="invalid_client AADSTS7000215") as raised:
        await Tokens(credentials, session=entra.session).token(RESOURCE)
    assert "jane" not in raised.value.message


async def test_a_federated_credential_presents_the_text_of_its_file(tmp_path: Path) -> None:
    entra = Entra({"access_token": "abc", "expires_in": 3600, "token_type": "Bearer"})
    path = tmp_path / "assertion"
    path.write_text("signed-elsewhere\n")
    credentials = Credentials("federated", client_id="app", tenant_id="tenant", assertion_file=str(path))
    assert await Tokens(credentials, session=entra.session).token(RESOURCE) == "abc"
    assert entra.forms[0]["client_assertion"] == ["signed-elsewhere"]


async def test_a_federated_credential_without_a_file_presents_the_managed_identitys_token(endpoint: Endpoint) -> None:
    entra = Entra({"access_token": "abc", "expires_in": 3600, "token_type": "Bearer"})
    credentials = Credentials("federated", client_id="app", tenant_id="tenant", identity_client_id="uami")
    assert await Tokens(credentials, session=entra.session).token(RESOURCE) == "abc"
    assert entra.forms[0]["client_assertion"] == ["token-1"]
    assert endpoint.asked == [
        {"api-version": "2019-08-01", "resource": "api://AzureADTokenExchange", "client_id": "uami"}
    ]


def test_a_way_of_proving_oneself_that_nobody_knows_is_refused_at_once() -> None:
    with pytest.raises(Stop):
        Tokens(Credentials("password"))


async def test_storage_clients_get_the_same_tokens_in_their_own_form(endpoint: Endpoint) -> None:
    credential = StorageCredential(Tokens(Credentials("managed-identity")))
    assert isinstance(credential, AsyncTokenCredential)
    assert isinstance(credential, AsyncSupportsTokenInfo)
    async with credential:
        first = await credential.get_token("https://storage.azure.com/.default")
        second = await credential.get_token_info("https://storage.azure.com/.default")
    assert first.token == second.token == "token-1"
    assert endpoint.asked[0]["resource"] == "https://storage.azure.com"
    assert second.expires_on == first.expires_on
