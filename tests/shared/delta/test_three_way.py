"""Two sides edit the same row, in any order, with crashes in between: nobody's word is lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.delta import three_way
from shared.delta.three_way import Merge
from shared.journal.entries import Entry, Page, PageState
from shared.loading import batches
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row
from tests.shared.mapping.test_compiled import PATIENT

FIELDS = ("firstname", "lastname", "bw_cfstory")
VALUES = ("one", "two", "three")

edits = st.tuples(st.sampled_from(["source", "person"]), st.sampled_from(FIELDS), st.sampled_from(VALUES))
pickups = st.tuples(
    st.just("pickup"), st.sampled_from(["whole", "dies before it sends", "dies after it sent"]), st.none()
)
scripts = st.lists(st.one_of(edits, edits, pickups), max_size=40)


def a_row(patients: ObjectMap) -> Row:
    (row,) = batches.sort_records(patients, (PATIENT,)).rows.values()
    return row._replace(values={**row.values, **dict.fromkeys(FIELDS, "one")})


@dataclass
class World:
    """One row on both sides, with the journal between them."""

    patients: ObjectMap
    source: Row
    there: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    left: dict[str, Entry] = field(default_factory=dict)
    then: Row | None = None
    disputed: tuple[str, ...] = ()
    pages: int = 0
    half_done: Page | None = None
    staged: Row | None = None
    synced: dict[str, str] = field(default_factory=dict)
    """What the source said of each field when both sides last agreed, or a person's word was last weighed."""

    def __post_init__(self) -> None:
        self.there = {self.patients.by_name[name].read: value for name, value in self.source.values.items()}
        self.there |= {"statecode": 0, "statuscode": 1}
        self._touch()
        self.left = {self.source.id: Entry(self.source.id, None, self.there["@odata.etag"])}
        self.then = self.source
        self.synced = {name: str(self.source.values[name]) for name in FIELDS}

    def _touch(self) -> None:
        self.version += 1
        self.there["@odata.etag"] = f"v{self.version}"

    def person(self, name: str, value: str) -> None:
        self.there[name] = value
        self._touch()

    def at_source(self, name: str, value: str) -> None:
        self.source = self.source._replace(values={**self.source.values, name: value})

    def pickup(self, how: str) -> Merge | None:
        """One delta of this row, through the very decision that the loader takes."""
        id_, before = self.source.id, dict(self.there)
        staged = self.staged = self.staged or self.source  # what was staged stays so, however often it is tried

        def weigh(row: Row, there: Any) -> Merge | None:
            assert self.then is not None
            return three_way.merge(self.patients, self.then, row, there, disputed=self.disputed)

        batch = batches.decide(
            self.patients, {id_: staged}, {id_: before}, number=7,
            half_done=self.half_done, left=self.left, weigh=weigh,
        )  # fmt: skip
        merged = batch.merges.get(id_)
        entries = batches.entries_for(
            self.patients,
            batch.touched,
            {id_: before},
            half_done=self.half_done,
            left=self.left,
            merged=batches.mixed(batch, self.half_done),
        )
        page = Page(1, "contact", "lane", self.pages, PageState.INTENDED, entries)
        if batch.touched or batches.is_half_done(self.half_done):
            self.half_done = page
            if how == "dies before it sends":
                return None
            for update in batch.updates:
                if "@odata.etag" in update:
                    assert update["@odata.etag"] == self.there["@odata.etag"]
                self.there |= {name: value for name, value in update.items() if name in FIELDS}
                self._touch()
            if how == "dies after it sent":
                return None
            settled = page.settled({id_: self.there["@odata.etag"]})
            self.left |= {entry.id: replace(entry, before=None) for entry in settled.entries if entry.version}
            if any(entry.id == id_ for entry in settled.entries):
                self.then = staged
        self.half_done, self.staged, self.pages = None, None, self.pages + 1
        self.disputed = merged.disputed if merged else ()
        return merged or Merge()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=scripts)
def test_n12_no_update_of_either_side_is_lost_ever(maps: dict[str, ObjectMap], script: list[tuple[str, str, Any]]):
    world = World(maps["patients"], a_row(maps["patients"]))
    by_person: dict[str, str] = {}
    for what, name, value in script:
        if what == "person":
            world.person(name, value)
            by_person[name] = value
            continue
        if what == "source":
            world.at_source(name, value)
            continue
        was, staged = dict(world.there), world.staged or world.source
        merged = world.pickup(name)
        for column in FIELDS:
            said, is_now = staged.values[column], world.there[column]
            if is_now != was[column]:
                # Only what nobody had touched since we wrote it may be written, and only with the source's word.
                assert is_now == said
                assert was[column] == world.synced[column] or column not in by_person
            if merged is not None:
                # And what the source says is there, or known to be in dispute, or was weighed before and stands.
                stands = is_now == said or column in merged.disputed or said == world.synced[column]
                assert stands, (column, said, is_now, merged)
                if is_now == said:
                    by_person.pop(column, None)
                if column not in merged.disputed:
                    world.synced[column] = str(said)
    assert world.pickup("whole") is not None


def test_n12_each_side_s_own_change_is_kept_and_a_common_one_is_disputed(maps: dict[str, ObjectMap]):
    patients = maps["patients"]
    then = a_row(patients)
    now = then._replace(values={**then.values, "firstname": "two", "bw_cfstory": "two"})
    there = {patients.by_name[name].read: value for name, value in then.values.items()}
    there |= {"statecode": 0, "statuscode": 1, "lastname": "three", "bw_cfstory": "three"}
    found = three_way.merge(patients, then, now, there)
    assert (found.write, found.disputed, found.kept) == (("firstname",), ("bw_cfstory",), ("lastname",))
    assert not found.moves
    assert three_way.read(found.spelled()) == replace(found, write=())


def test_n12_a_person_s_word_ends_a_dispute(maps: dict[str, ObjectMap]):
    patients = maps["patients"]
    then = a_row(patients)
    now = then._replace(values={**then.values, "firstname": "two", "bw_cfstory": "two"})
    there = {patients.by_name[name].read: value for name, value in then.values.items()}
    there |= {"statecode": 0, "statuscode": 1, "firstname": "three", "bw_cfstory": "three"}
    taken = {"firstname": three_way.SOURCE, "bw_cfstory": three_way.TARGET}
    found = three_way.merge(patients, then, now, there, disputed=("firstname", "bw_cfstory"), taken=taken)
    assert (found.write, found.disputed, found.kept) == (("firstname",), (), ("bw_cfstory",))


def test_n12_a_state_that_only_the_source_changed_is_written_and_a_person_s_stays(maps: dict[str, ObjectMap]):
    patients = maps["patients"]
    then = a_row(patients)
    closed = then._replace(state=(1, 2))
    there = {patients.by_name[name].read: value for name, value in then.values.items()}
    assert three_way.merge(patients, then, closed, {**there, "statecode": 0, "statuscode": 1}).moves
    stays = three_way.merge(patients, then, then, {**there, "statecode": 1, "statuscode": 2})
    assert (stays.moves, stays.kept) == (False, ("statecode",))
