"""$batch: order, the first failure, changesets, references, line ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dataverse.behaviour import calm
from sandbox.dataverse.limits import Limits
from sandbox.dataverse.multipart import Changeset, Part, read_batch

EOL = "\r\n"
Post = Callable[..., Awaitable[httpx.Response]]


def request(method: str, url: str, body: Any = None, content_id: str | None = None, *headers: str) -> str:
    mark = [f"Content-ID: {content_id}"] if content_id else []
    head = [
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        *mark,
        "",
        f"{method} {url} HTTP/1.1",
    ]
    content = (
        ["Content-Type: application/json; type=entry", *headers, "", orjson.dumps(body).decode()] if body else ["", ""]
    )
    return EOL.join([*head, *content])


def batch(*parts: str | list[str]) -> str:
    lines = []
    for part in parts:
        lines.append("--batch_1")
        if isinstance(part, list):
            inner = [line for one in part for line in ("--changeset_1", one)]
            lines += ['Content-Type: multipart/mixed; boundary="changeset_1"', "", *inner, "--changeset_1--"]
        else:
            lines.append(part)
    return EOL.join([*lines, "--batch_1--", ""])


def statuses(answer: httpx.Response) -> list[int]:
    return [int(line.split()[1]) for line in answer.text.splitlines() if line.startswith("HTTP/1.1")]


@pytest.fixture
def post(api) -> Post:
    async def send(body: str, *, go_on: bool = False, quoted: bool = True) -> httpx.Response:
        boundary = '"batch_1"' if quoted else "batch_1"
        headers = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        if go_on:
            headers["Prefer"] = "odata.continue-on-error"
        return await api.http.post("$batch", content=body.encode(), headers=headers)

    return send


ROOT = "/api/data/v9.2"
BAD = {"gendercode": 99}


async def names(api) -> set[str]:
    return {row["firstname"] for row in (await api.row("contacts?$select=firstname"))["value"]}


async def test_the_first_failure_ends_it_with_400_and_keeps_what_was_done(api, post):
    parts = [request("POST", f"{ROOT}/contacts", body) for body in ({"firstname": "a"}, BAD, {"firstname": "b"})]
    answer = await post(batch(*parts))
    assert (answer.status_code, statuses(answer)) == (400, [204, 400])
    assert '"code":"0x8004431a"' in answer.text
    assert "REQ_ID: " in answer.text
    assert await names(api) == {"a"}


async def test_with_continue_on_error_each_part_tells_its_own_truth(api, post):
    parts = [request("POST", f"{ROOT}/contacts", body) for body in ({"firstname": "a"}, BAD, {"firstname": "b"})]
    answer = await post(batch(*parts), go_on=True)
    assert (answer.status_code, statuses(answer)) == (200, [204, 400, 204])
    assert await names(api) == {"a", "b"}


async def test_a_changeset_is_all_or_nothing_and_one_error_stands_for_it(api, post):
    changeset = [request("POST", f"{ROOT}/contacts", body, str(n)) for n, body in enumerate(({"firstname": "a"}, BAD))]
    answer = await post(batch(changeset, request("POST", f"{ROOT}/contacts", {"firstname": "c"})), go_on=True)
    assert statuses(answer) == [400, 204]
    assert await names(api) == {"c"}


async def test_later_parts_refer_to_earlier_ones_in_addresses_and_bodies(api, post):
    changeset = [
        request("POST", f"{ROOT}/contacts", {"firstname": "parent"}, "1"),
        request("POST", f"{ROOT}/accounts", {"name": "a", "primarycontactid@odata.bind": "$1"}, "2"),
        request("PATCH", "$1", {"lastname": "B"}, "3"),
        request("PUT", "$2/telephone1", {"value": "123"}, "4"),
    ]
    answer = await post(batch(changeset))
    assert statuses(answer) == [204] * 4, answer.text
    assert "Content-ID: 4" in answer.text
    (row,) = (await api.row("accounts?$expand=primarycontactid"))["value"]
    assert (row["telephone1"], row["primarycontactid"]["fullname"]) == ("123", "parent B")


async def test_a_reference_to_nothing_is_refused(post):
    changeset = [request("POST", f"{ROOT}/accounts", {"name": "a", "primarycontactid@odata.bind": "$1"}, "2")]
    answer = await post(batch(changeset))
    assert answer.status_code == 400
    assert "Content-ID Reference: '$1' does not exist in the batch context." in answer.text


async def test_reads_and_absolute_addresses_and_bare_boundaries_are_understood(api, post):
    contact = await api.create("contacts", {"firstname": "A"})
    url = f"{api.server.api}/contacts({contact})?$select=firstname"
    answer = await post(batch(request("GET", url), request("DELETE", url)), quoted=False)
    assert statuses(answer) == [200, 204]
    assert '"firstname":"A"' in answer.text


async def test_a_changeset_takes_no_reads_and_needs_ids(post):
    assert (await post(batch([request("GET", f"{ROOT}/contacts", None, "1")]))).status_code == 400
    assert (await post(batch([request("POST", f"{ROOT}/contacts", {"firstname": "a"})]))).status_code == 400


async def test_a_batch_inside_a_batch_is_refused(post):
    answer = await post(batch(request("POST", f"{ROOT}/$batch", {"a": 1})))
    assert answer.status_code == 400


async def test_a_thousand_operations_are_the_most(api, post):
    parts = [request("POST", f"{ROOT}/contacts", {"firstname": "a"})] * 1001
    assert (await post(batch(*parts))).status_code == 400
    assert (await api.row("contacts"))["value"] == []
    assert len(statuses(await post(batch(*parts[:1000])))) == 1000


async def test_a_bulk_message_fits_into_a_batch(api, post):
    body = {"Targets": [{"@odata.type": "Microsoft.Dynamics.CRM.contact", "firstname": name} for name in "ab"]}
    answer = await post(batch(request("POST", f"{ROOT}/contacts/Microsoft.Dynamics.CRM.CreateMultiple", body)))
    assert statuses(answer) == [200]
    assert await names(api) == {"a", "b"}


async def test_bare_line_feeds_are_taken_unless_the_organisation_is_strict(start, post, error):
    lenient = (
        await post(batch(request("POST", f"{ROOT}/contacts", {"firstname": "a"})).replace(EOL, "\n"))
    ).status_code
    assert lenient == 200
    strict = await start(calm(strict_crlf=True))
    body = batch(request("POST", f"{ROOT}/contacts", {"firstname": "a"}))
    headers = {"Content-Type": "multipart/mixed; boundary=batch_1"}
    good = await strict.http.post("$batch", content=body.encode(), headers=headers)
    assert good.status_code == 200
    bad = await strict.http.post("$batch", content=body.replace(EOL, "\n").encode(), headers=headers)
    assert error(bad) == (400, "0x80048d19")


async def test_a_throttled_batch_is_plain_json(start, error):
    api = await start(limits=Limits(requests=1))
    await api.row("WhoAmI")
    body = batch(request("GET", f"{ROOT}/WhoAmI"))
    answer = await api.http.post("$batch", content=body, headers={"Content-Type": "multipart/mixed; boundary=batch_1"})
    assert error(answer) == (429, "0x80072322")


@given(
    st.lists(
        st.tuples(st.sampled_from(["POST", "PATCH"]), st.text(st.characters(codec="utf-8"), max_size=30)),
        min_size=1,
        max_size=8,
    )
)
def test_what_was_written_is_read_with_either_line_end(written):
    parts = [request(method, f"{ROOT}/contacts", {"v": text}) for method, text in written]
    body = batch(*parts, [request("DELETE", "$1", None, "7")])
    for form in (body, body.replace(EOL, "\n")):
        *plain, changeset = read_batch('multipart/mixed; boundary="batch_1"', form.encode())
        assert [(part.method, orjson.loads(part.body)["v"]) for part in plain if isinstance(part, Part)] == written
        assert isinstance(changeset, Changeset)
        assert changeset.parts[0].content_id == "7"
