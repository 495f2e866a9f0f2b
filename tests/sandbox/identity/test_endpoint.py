"""The managed identity endpoint answers as App Service documents it, to those who know its header."""

from __future__ import annotations

import httpx
import pytest
from aiohttp import web

from sandbox.identity import endpoint, tokens

KEY, NOW = b"k" * 32, 1_800_000_000.0
GOOD = {"resource": "https://vault.example", "api-version": "2019-08-01"}


@pytest.fixture
async def client():
    identity = endpoint.IdentityEndpoint(key=KEY, header="secret", now=lambda: NOW)
    app = web.Application()
    app.router.add_get(endpoint.PATH, identity.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}") as client:
        yield client
    await runner.cleanup()


async def test_an_answer_has_the_documented_shape(client):
    answer = (await client.get(endpoint.PATH, params=GOOD, headers={"X-IDENTITY-HEADER": "secret"})).json()
    claims = tokens.verify(answer.pop("access_token"), key=KEY, now=NOW)
    assert claims is not None
    assert claims.aud == "https://vault.example"
    assert answer == {
        "expires_on": "1800003600",
        "resource": "https://vault.example",
        "token_type": "Bearer",
        "client_id": endpoint.SYSTEM_ASSIGNED,
    }


@pytest.mark.parametrize(
    ("query", "header", "status"),
    [
        (GOOD, "wrong", 401),
        (GOOD, "", 401),
        ({"resource": "x"}, "secret", 400),
        ({"api-version": "2019-08-01"}, "secret", 400),
        ({**GOOD, "api-version": "2017-09-01"}, "secret", 400),
        ({**GOOD, "mi_res_id": "x"}, "secret", 501),
    ],
)
async def test_other_requests_are_refused(client, query, header, status):
    answer = await client.get(endpoint.PATH, params=query, headers={"X-IDENTITY-HEADER": header})
    assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
