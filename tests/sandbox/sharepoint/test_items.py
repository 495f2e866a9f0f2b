"""Sites, libraries, folders and files as Graph addresses and answers them."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import httpx
import pytest

from sandbox.identity import tokens
from sandbox.sharepoint.behaviour import Behaviour

SITE = "/v1.0/sites/clinic.sharepoint.com:/sites/practice"
KEY = b"k" * 32


async def test_a_site_is_found_by_its_path_and_by_its_id(call: Any) -> None:
    by_path = (await call.http.get(SITE)).json()
    by_id = (await call.http.get(f"/v1.0/sites/{by_path['id']}")).json()
    assert by_id == by_path
    assert by_path["webUrl"] == "https://clinic.sharepoint.com/sites/practice"


async def test_a_root_site_is_found_by_its_host(start: Any) -> None:
    call = await start(Behaviour(address="https://clinic.sharepoint.com"))
    assert (await call.http.get("/v1.0/sites/clinic.sharepoint.com")).status_code == 200
    assert (await call.http.get("/v1.0/sites/clinic.sharepoint.com:/sites/other")).status_code == 404


async def test_a_site_has_its_libraries_and_the_first_is_the_default(start: Any) -> None:
    call = await start(Behaviour(libraries=("Documents", "X-rays")))
    site_id = (await call.http.get(SITE)).json()["id"]
    for drives in (f"/v1.0/sites/{site_id}/drives", f"{SITE}:/drives"):
        found = (await call.http.get(drives)).json()["value"]
        assert [(drive["name"], drive["webUrl"].rpartition("/")[2]) for drive in found] == [
            ("Documents", "Shared%20Documents"),
            ("X-rays", "X-rays"),
        ]
    assert (await call.http.get(f"/v1.0/sites/{site_id}/drive")).json()["name"] == "Documents"


async def test_a_folder_made_twice_follows_the_conflict_behaviour(call: Any, refusal: Any) -> None:
    first = await call.folder("p1")
    assert first.status_code == 201
    assert refusal(await call.folder("P1")) == (409, "nameAlreadyExists")
    assert (await call.folder("p1", "rename")).json()["name"] == "p1 1"
    kept = await call.folder("p1", "replace")
    assert (kept.status_code, kept.json()["id"]) == (200, first.json()["id"])


async def test_an_item_is_addressed_by_id_by_path_and_by_path_from_an_item(call: Any) -> None:
    folder = (await call.folder("p1")).json()["id"]
    made = await call.send("PUT", f"items/{folder}:/a note.txt:/content", content=b"hello")
    assert made.status_code == 201
    item = made.json()
    for path in (f"items/{item['id']}", "root:/p1/a%20note.txt", f"items/{folder}:/A%20NOTE.TXT"):
        assert (await call.send("GET", path)).json()["id"] == item["id"]
    assert item["parentReference"]["id"] == folder
    assert item["webUrl"].endswith("/Shared%20Documents/p1/a%20note.txt")
    assert set((await call.send("GET", f"items/{item['id']}?$select=name,size")).json()) == {"id", "name", "size"}


async def test_children_come_in_pages_that_lead_to_each_other(start: Any) -> None:
    call = await start(Behaviour(page_size=2))
    for number in range(5):
        await call.folder(f"p{number}")
    names, url = [], f"/v1.0/drives/{call.drive}/root/children"
    while url:
        page = (await call.http.get(url)).json()
        assert len(page["value"]) <= 2
        names += [item["name"] for item in page["value"]]
        url = page.get("@odata.nextLink")
    assert names == ["p0", "p1", "p2", "p3", "p4"]
    assert len((await call.send("GET", "root/children?$top=4")).json()["value"]) == 4


async def test_content_is_a_redirect_to_an_address_that_needs_no_token_and_takes_a_range(call: Any) -> None:
    item = (await call.send("PUT", "root:/a.bin:/content", content=bytes(range(100)))).json()
    answer = await call.send("GET", f"items/{item['id']}/content")
    assert answer.status_code == 302
    url = answer.headers["Location"]
    assert (await call.bare.get(url)).content == bytes(range(100))
    part = await call.bare.get(url, headers={"Range": "bytes=90-"})
    assert (part.status_code, part.headers["Content-Range"]) == (206, "bytes 90-99/100")
    assert part.content == bytes(range(90, 100))
    assert (await call.bare.get(url, headers={"Range": "bytes=100-"})).status_code == 416
    assert (await call.bare.get(f"{url}0")).status_code == 401
    await call.http.post("/sandbox/clock", json={"advance_seconds": 301})
    assert (await call.bare.get(url)).status_code == 401


async def test_a_file_is_renamed_and_deleted(call: Any, refusal: Any) -> None:
    item = (await call.send("PUT", "root:/a.txt:/content", content=b"a")).json()
    await call.send("PUT", "root:/b.txt:/content", content=b"b")
    path = f"items/{item['id']}"
    assert refusal(await call.send("PATCH", path, json={"name": "B.txt"})) == (409, "nameAlreadyExists")
    assert (await call.send("PATCH", path, json={"name": "A.txt"})).json()["name"] == "A.txt"
    stale = await call.send("DELETE", path, headers={"If-Match": item["eTag"]})
    assert refusal(stale) == (412, "resourceModified")
    assert (await call.send("DELETE", path)).status_code == 204
    assert refusal(await call.send("DELETE", path)) == (404, "itemNotFound")


async def test_a_folder_goes_with_all_that_is_in_it(call: Any) -> None:
    folder = (await call.folder("p1")).json()["id"]
    await call.send("PUT", f"items/{folder}:/a.txt:/content", content=b"a")
    assert (await call.send("DELETE", f"items/{folder}")).status_code == 204
    assert (await call.http.get("/sandbox/stats")).json()["files"] == 0
    assert list(call.server.site.contents.folder.iterdir()) == []


async def test_a_small_upload_replaces_unless_told_otherwise(call: Any, refusal: Any) -> None:
    first = (await call.send("PUT", "root:/a.txt:/content", content=b"one")).json()
    second = await call.send("PUT", "root:/a.txt:/content", content=b"two")
    assert (second.status_code, second.json()["id"]) == (200, first["id"])
    conflict = "root:/a.txt:/content?@microsoft.graph.conflictBehavior="
    assert refusal(await call.send("PUT", conflict + "fail", content=b"3")) == (409, "nameAlreadyExists")
    assert (await call.send("PUT", conflict + "rename", content=b"3")).json()["name"] == "a 1.txt"


async def test_sharepoint_writes_into_files_whose_name_it_knows(start: Any) -> None:
    call = await start()
    kept = (await call.send("PUT", "root:/a.dcm:/content", content=b"x" * 100)).json()
    changed = (await call.send("PUT", "root:/a.JPG:/content", content=b"x" * 100)).json()
    assert kept["size"] == 100
    assert changed["size"] != 100
    assert changed["file"]["hashes"] != kept["file"]["hashes"]
    plain = await start(Behaviour(rewrites=False))
    assert (await plain.send("PUT", "root:/a.jpg:/content", content=b"x" * 100)).json()["size"] == 100


async def test_the_export_is_canonical_and_has_the_digests(start: Any) -> None:
    exports = []
    for order in ((b"a", b"b"), (b"b", b"a")):
        call = await start()
        for name in order:
            await call.send("PUT", f"root:/{name.decode()}:/content", content=name)
        exports.append((await call.http.get("/sandbox/export")).text)
    assert exports[0] == exports[1]
    assert hashlib.sha256(b"a").hexdigest() in exports[0]


@pytest.mark.parametrize("name", ["a:b", "a?b", "con", "a.", "~$a", " a", "x_vti_y", "", "a" * 256])
async def test_names_that_sharepoint_reserves_are_refused(call: Any, refusal: Any, name: str) -> None:
    assert refusal(await call.folder(name)) == (400, "invalidRequest")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "root/delta", None),
        ("GET", "root/children?$filter=name eq 'a'", None),
        ("GET", "root?$expand=children", None),
        ("PATCH", "root:/a", {"parentReference": {"id": "x"}}),
        ("POST", "root:/a:/createUploadSession", {"deferCommit": True}),
        ("POST", "root:/a/b/c:/createUploadSession", None),
        ("POST", "root/children", {"name": "a", "file": {}}),
        ("POST", "root:/a:/copy", {}),
    ],
)
async def test_what_it_does_not_know_it_refuses_loudly(
    call: Any, refusal: Any, method: str, path: str, body: Any
) -> None:
    await call.send("PUT", "root:/a:/content", content=b"a")
    assert refusal(await call.send(method, path, json=body)) == (501, "notSupported")


async def test_only_a_graph_token_of_the_identity_endpoint_opens_the_door(start: Any, refusal: Any) -> None:
    call = await start(key=KEY)

    async def answer(resource: str, *, key: bytes = KEY, lifetime: int = 3600) -> httpx.Response:
        token = tokens.issue(resource=resource, client_id="app", key=key, now=time.time(), lifetime=lifetime)
        return await call.send("GET", "root", headers={"Authorization": f"Bearer {token}"})

    graph = "https://graph.microsoft.com"
    assert (await answer(graph)).status_code == 200
    for refused in (await answer("https://x.dynamics.com"), await answer(graph, key=b"o" * 32),
                    await answer(graph, lifetime=-1), await call.send("GET", "root")):  # fmt: skip
        assert refusal(refused) == (401, "InvalidAuthenticationToken")


async def test_without_a_grant_nothing_and_with_a_read_grant_only_reading_is_allowed(call: Any, refusal: Any) -> None:
    await call.http.post("/sandbox/permission", json={"granted": "read"})
    assert (await call.send("GET", "root")).status_code == 200
    assert refusal(await call.folder("p1")) == (403, "accessDenied")
    await call.http.post("/sandbox/permission", json={"granted": "none"})
    assert refusal(await call.http.get(SITE)) == (403, "accessDenied")
