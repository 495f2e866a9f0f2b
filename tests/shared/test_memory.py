"""What the app no longer uses goes back to the system, in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys
import tracemalloc

import orjson
import pytest

from shared.memory import lasting_json

RESIDENT = """
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""
USES = """
import sys
from concurrent.futures import ThreadPoolExecutor
from shared import memory

if sys.argv[1] == "given back":
    memory.give_back()

def work(number):
    pins = []
    for size in range(1, 9):
        bodies = [bytearray(size << 20) for _ in range(4)]  # as large as requests and answers are
        pins.append([bytes(3_000) for _ in range(40)])  # and what outlives them
        del bodies
    return pins

with ThreadPoolExecutor(8) as threads:
    kept = list(threads.map(work, range(32)))
"""
SPARSE = """
import sys
from shared import memory

memory.give_back()
kept = [bytes(2_000) for _ in range(20_000)][::50]
if sys.argv[1] == "trimmed":
    memory.trim()
"""


def _resident(uses: str, how: str) -> int:
    """KiB that are resident at the end."""
    told = [sys.executable, "-c", uses + RESIDENT, how]
    return int(subprocess.run(told, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what is told to keep less is glibc")
def test_what_is_not_used_any_more_goes_back_to_the_system() -> None:
    assert _resident(USES, "given back") < 0.8 * _resident(USES, "kept")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what is told to keep less is glibc")
def test_what_lies_free_between_what_is_used_goes_back_when_it_is_told_to() -> None:
    assert _resident(SPARSE, "trimmed") < _resident(SPARSE, "left") - 20_000


def test_json_that_lasts_takes_no_more_than_it_is_long() -> None:
    record = {f"field_{number}": f"value {number}" for number in range(20)}
    tracemalloc.start()
    lines = [lasting_json(record) for _ in range(1000)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines[0] == orjson.dumps(record)
    assert held < 1.3 * sum(map(len, lines))
