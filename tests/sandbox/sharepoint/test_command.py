"""The simulator as a process: it says where it listens, stops when told, and keeps what it answered for when killed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

UNIT = 327_680
LIBRARY = "/v1.0/drives/{}/root:/scan:"


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client, str]]:
    command = [sys.executable, "-m", "sandbox.sharepoint", "--port", "0", "--open", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.fullmatch(r"sharepoint listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert found is not None
        with httpx.Client(base_url=found[1], headers={"Authorization": "Bearer any"}) as http:
            drives = http.get("/v1.0/sites/clinic.sharepoint.com:/sites/practice:/drives").json()["value"]
            yield process, http, LIBRARY.format(drives[0]["id"])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_stops_cleanly_when_told() -> None:
    with served() as (process, _, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_files_and_sessions_under_way_survive_a_kill(tmp_path: Path) -> None:
    content = bytes(range(256)) * 2560
    span = "bytes {}-{}/" + str(len(content))
    with served("--state", str(tmp_path)) as (process, http, library):
        http.put(f"{library[:-1]}-before:/content", content=b"kept")
        url = http.post(f"{library}/createUploadSession").json()["uploadUrl"]
        headers = {"Content-Range": span.format(0, UNIT - 1)}
        assert httpx.put(url, content=content[:UNIT], headers=headers).status_code == 202
        process.kill()
        process.wait()
    with served("--state", str(tmp_path)) as (_, http, library):
        url = str(http.base_url.join(httpx.URL(url).path))
        assert httpx.get(url).json()["nextExpectedRanges"] == [f"{UNIT}-"]
        headers = {"Content-Range": span.format(UNIT, len(content) - 1)}
        assert httpx.put(url, content=content[UNIT:], headers=headers).status_code == 201
        assert http.get(f"{library}/content", follow_redirects=True).content == content
        assert http.get(f"{library[:-1]}-before:/content", follow_redirects=True).content == b"kept"


def test_two_processes_do_not_share_a_state(tmp_path: Path) -> None:
    with served("--state", str(tmp_path)):
        command = [sys.executable, "-m", "sandbox.sharepoint", "--open", "--state", str(tmp_path)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert second.returncode == 2
        assert "locked" in second.stderr
