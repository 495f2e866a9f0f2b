"""Keys that wrap keys: out of the settings, and in a vault, here one with a real RSA key on a real socket."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.errors import AskPerson, TryAgain
from shared.keys.client import Keys, LocalKeys, VaultKeys, keys

KEY = bytes(range(32))
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class Vault:
    """The two verbs of Key Vault that are used, for one key of several versions."""

    def __init__(self) -> None:
        self.versions = [rsa.generate_private_key(public_exponent=65537, key_size=2048)]
        self.answer = 0
        self.url = ""

    async def wrap(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        sealed = self.versions[-1].public_key().encrypt(_bytes(body["value"]), OAEP)
        return web.json_response({"kid": f"{self.url}/keys/journal/{len(self.versions)}", "value": _text(sealed)})

    async def unwrap(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        version = self.versions[int(request.match_info["version"]) - 1]
        return web.json_response(
            {"kid": str(request.url), "value": _text(version.decrypt(_bytes(body["value"]), OAEP))}
        )

    async def _body(self, request: web.Request) -> dict[str, str]:
        assert request.headers["Authorization"] == "Bearer a-token"
        assert request.query["api-version"] == "7.4"
        if self.answer:
            raise _refusal(self.answer)
        body: dict[str, str] = await request.json()
        assert body["alg"] == "RSA-OAEP-256"
        assert "=" not in body["value"]
        return body


def _refusal(status: int) -> web.HTTPException:
    class Refusal(web.HTTPException):
        status_code = status

    return Refusal(headers={"Retry-After": "7"})


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class _Tokens:
    forgotten = 0

    async def token(self, resource: str) -> str:
        assert resource == "https://vault.azure.net"
        return "a-token"

    def forget(self, resource: str) -> None:
        self.forgotten += 1


@pytest.fixture
async def vault() -> AsyncIterator[Vault]:
    here, app = Vault(), web.Application()
    app.router.add_post("/keys/journal/wrapkey", here.wrap)
    app.router.add_post("/keys/journal/{version}/unwrapkey", here.unwrap)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    here.url = f"http://127.0.0.1:{port}"
    yield here
    await runner.cleanup()


@pytest.fixture
async def theirs(vault: Vault) -> AsyncIterator[Keys]:
    async with httpx.AsyncClient() as http:
        yield VaultKeys(f"{vault.url}/keys/journal", _Tokens(), http)  # type: ignore[arg-type]


async def test_a_vault_wraps_and_unwraps_and_what_is_kept_is_not_the_key(theirs: Keys):
    wrapped = await theirs.wrap(KEY)
    assert await theirs.unwrap(wrapped) == KEY
    assert _text(KEY) not in wrapped
    assert wrapped != await theirs.wrap(KEY)


async def test_what_an_older_version_wrapped_is_unwrapped_by_it(vault: Vault, theirs: Keys):
    old = await theirs.wrap(KEY)
    vault.versions.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    new = await theirs.wrap(KEY)
    assert old.rpartition("|")[0] != new.rpartition("|")[0]
    assert await theirs.unwrap(old) == await theirs.unwrap(new) == KEY


@pytest.mark.parametrize("status", [429, 500, 503, 401])
async def test_a_vault_that_is_busy_is_asked_again(vault: Vault, theirs: Keys, status: int):
    vault.answer = status
    with pytest.raises(TryAgain) as failure:
        await theirs.wrap(KEY)
    assert failure.value.after == 7


async def test_a_vault_that_refuses_says_which_role_is_missing(vault: Vault, theirs: Keys):
    vault.answer = 403
    with pytest.raises(AskPerson) as failure:
        await theirs.unwrap(f"{vault.url}/keys/journal/1|AAAA")
    assert "Key Vault Crypto User" in failure.value.remedy


async def test_a_vault_that_is_not_there_is_asked_again():
    async with httpx.AsyncClient() as http:
        gone = VaultKeys("http://127.0.0.1:9/keys/journal", _Tokens(), http)  # type: ignore[arg-type]
        with pytest.raises(TryAgain):
            await gone.wrap(KEY)


async def test_a_key_of_another_vault_is_not_sent_there(theirs: Keys):
    with pytest.raises(AskPerson) as failure:
        await theirs.unwrap("https://elsewhere.example/keys/journal/1|AAAA")
    assert failure.value.code == "key-differs"


async def test_a_local_key_wraps_and_another_one_does_not_open_it():
    mine, other = (LocalKeys(base64.b64encode(bytes([n]) * 32).decode()) for n in (1, 2))
    wrapped = await mine.wrap(KEY)
    assert await mine.unwrap(wrapped) == KEY
    for foreign in (other.unwrap(wrapped), mine.unwrap("https://vault/keys/journal/1|AAAA")):
        with pytest.raises(AskPerson) as failure:
            await foreign
        assert failure.value.code == "key-differs"


@pytest.mark.parametrize("secret", ["", "short", "not base64!", base64.b64encode(b"too short").decode()])
async def test_without_a_proper_key_it_is_said_what_to_configure(secret: str):
    async with httpx.AsyncClient() as http:
        with pytest.raises(AskPerson) as failure:
            await keys(url="", local=secret, tokens=_Tokens(), http=http).wrap(KEY)  # type: ignore[arg-type]
    assert failure.value.code == "key-missing"
    assert "BRIDGEWORK_KEY_URL" in failure.value.remedy
