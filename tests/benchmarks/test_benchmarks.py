"""The bench measures what it says, at sizes too small to mean anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main

QUICK = ("host", "simulators", "map", "migration")
"""All but the large pieces, which are three migrations more, the storage, which is two more, the several processes,
which are one more, and the rivals, which are ten processes with a simulator each: journeys of their own move such
pieces and kill one of two processes, and `rivals/test_race.py` has every rival run once."""


def test_the_bench_prints_every_figure_and_writes_them_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "bench.json"
    assert main(["--sizes", "tiny", *(word for name in QUICK for word in ("--only", name)), "--out", str(out)]) == 0
    written = json.loads(out.read_text())
    assert written["machine"]["cores"] >= 1
    assert {figure["area"] for figure in written["figures"]} == {
        "The local host",
        "The simulators",
        "The map",
        "A whole migration",
    }
    assert all(figure["value"] > 0 and figure["unit"] for figure in written["figures"])
    printed = capsys.readouterr().out
    assert all(figure["name"] in printed for figure in written["figures"])


def test_one_measure_can_be_taken_alone(tmp_path: Path):
    out = tmp_path / "bench.json"
    assert main(["--sizes", "tiny", "--only", "map", "--out", str(out)]) == 0
    assert {figure["area"] for figure in json.loads(out.read_text())["figures"]} == {"The map"}
