"""The API and the bundle are two doors into one practice: what comes through them is the same."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable

import pytest

from sandbox.corepractice.app import RunningServer
from sandbox.corepractice.shapes import OBJECTS
from shared.corepractice.bundle import BundleSource
from shared.corepractice.client import ApiSource
from shared.corepractice.source import Record
from shared.errors import Stop

ReadAll = Callable[..., Awaitable[list[Record]]]
AsExported = Callable[[list[Record]], list[Record]]


async def test_both_describe_the_same_practice(api: ApiSource, bundle: BundleSource) -> None:
    described = await api.describe()
    assert await bundle.describe() == described
    assert [found.name for found in described.objects] == list(OBJECTS)
    patients = next(found for found in described.objects if found.name == "patients")
    assert patients.archived > 0


@pytest.mark.parametrize("name", OBJECTS)
async def test_both_give_the_same_records(
    api: ApiSource, bundle: BundleSource, read_all: ReadAll, as_exported: AsExported, name: str
) -> None:
    from_api = await read_all(api, name)
    assert from_api
    assert await read_all(bundle, name, limit=37) == as_exported(from_api)


async def test_both_give_the_same_changes(
    api: ApiSource, bundle: BundleSource, read_all: ReadAll, as_exported: AsExported
) -> None:
    every = await read_all(api, "patients")
    since = sorted(record["updated_at"] for record in every)[len(every) // 2]
    from_api = await read_all(api, "patients", since=since, limit=23)
    assert 0 < len(from_api) < len(every)
    from_bundle = await read_all(bundle, "patients", since=since, limit=23)
    assert sorted(from_bundle, key=lambda r: r["id"]) == sorted(as_exported(from_api), key=lambda r: r["id"])


async def test_both_find_one_record(
    api: ApiSource, bundle: BundleSource, read_all: ReadAll, as_exported: AsExported
) -> None:
    wanted = (await read_all(api, "patients"))[41]
    assert await api.record("patients", wanted["id"]) == wanted
    assert [await bundle.record("patients", wanted["id"])] == as_exported([wanted])
    assert await api.record("patients", "no-such") is None
    assert await bundle.record("patients", "no-such") is None


async def test_records_are_flat_and_empty_text_is_absent(
    server: RunningServer, api: ApiSource, read_all: ReadAll
) -> None:
    first = server.practice.truth("patients").ids[0]
    server.practice.edit("patients", first, {"occupation": "", "custom_fields": {"interests": ""}})
    record = await api.record("patients", first)
    assert record is not None
    assert "custom_fields" not in record
    assert record["occupation"] is None
    assert record["custom_fields.interests"] is None
    assert "custom_fields.anxiety_level" in record


async def test_archived_records_are_listed_and_hidden_ones_are_found_by_id(
    server: RunningServer, api: ApiSource, read_all: ReadAll
) -> None:
    truth = server.practice.truth("patients")
    listed = {record["id"] for record in await read_all(api, "patients")}
    assert listed == set(truth.ids)
    assert set(truth.archived_ids) <= listed
    assert truth.hidden_ids
    hidden = await api.record("patients", truth.hidden_ids[0])
    assert hidden is not None
    assert hidden["id"] not in listed


async def test_a_cursor_goes_on_in_another_process(bundle: BundleSource, exported: bytes, read_all: ReadAll) -> None:
    every = await read_all(bundle, "appointments")
    begun = await bundle.page("appointments", cursor=None, limit=111)
    assert begun.records == every[:111]
    again = BundleSource(io.BytesIO(exported))
    page = await again.page("appointments", cursor=begun.next_cursor, limit=111)
    assert page.records == every[111:222]
    # Back, and forward again: a repeated step reads the same page.
    assert (await again.page("appointments", cursor=begun.next_cursor, limit=111)).records == page.records
    assert (await again.page("appointments", cursor=page.next_cursor, limit=5)).records == every[222:227]


async def test_two_objects_can_be_read_side_by_side(bundle: BundleSource, read_all: ReadAll) -> None:
    patients = await bundle.page("patients", cursor=None, limit=10)
    staff = await bundle.page("staff", cursor=None, limit=10)
    more = await bundle.page("patients", cursor=patients.next_cursor, limit=10)
    everybody = await read_all(bundle, "patients")
    assert patients.records + more.records == everybody[:20]
    assert staff.records == (await read_all(bundle, "staff"))[:10]


async def test_the_last_page_says_so_even_when_it_is_full(bundle: BundleSource, read_all: ReadAll) -> None:
    staff = await read_all(bundle, "staff")
    page = await bundle.page("staff", cursor=None, limit=len(staff))
    assert (len(page.records), page.next_cursor) == (len(staff), None)


async def test_an_object_the_source_does_not_have_is_named(api: ApiSource, bundle: BundleSource) -> None:
    for source in (api, bundle):
        with pytest.raises(Stop, match="unicorns") as refusal:
            await source.page("unicorns", cursor=None)
        assert refusal.value.code == "source-object-missing"


@pytest.mark.parametrize("cursor", ["-1", "1.5", "²", "", "x", "1" * 13])
async def test_a_cursor_of_another_source_is_refused(bundle: BundleSource, cursor: str) -> None:
    with pytest.raises(Stop) as refusal:
        await bundle.page("staff", cursor=cursor)
    assert refusal.value.code == "source-cursor-malformed"


async def test_closing_a_bundle_closes_its_file(exported: bytes) -> None:
    file = io.BytesIO(exported)
    bundle = BundleSource(file)
    await bundle.page("patients", cursor=None, limit=3)
    await bundle.close()
    assert file.closed
