"""The storage emulator comes up, keeps what it is given, and goes when its starter goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from sandbox import azurite as emulator
from sandbox.azurite import running_azurite


def test_blobs_and_rows_come_back_as_they_were_put(azurite: str) -> None:
    blobs = BlobServiceClient.from_connection_string(azurite)
    container = blobs.create_container("kept-as-put")
    container.upload_blob("a/b.bin", b"\x00\xff" * 1000)
    assert container.download_blob("a/b.bin").readall() == b"\x00\xff" * 1000

    table = TableServiceClient.from_connection_string(azurite).create_table("KeptAsPut")
    table.create_entity({"PartitionKey": "p", "RowKey": "r", "Text": "Zoë 🦷"})
    assert table.get_entity("p", "r")["Text"] == "Zoë 🦷"


def test_what_lies_in_a_folder_is_there_after_a_restart(tmp_path: Path) -> None:
    with running_azurite(tmp_path / "storage") as first:
        BlobServiceClient.from_connection_string(first.connection_string).create_container("kept")
    with running_azurite(tmp_path / "storage") as second:
        names = BlobServiceClient.from_connection_string(second.connection_string).list_containers()
        assert [container.name for container in names] == ["kept"]


def test_two_emulators_share_nothing(azurite: str) -> None:
    BlobServiceClient.from_connection_string(azurite).create_container("only-in-the-first")
    with running_azurite() as other:
        assert list(BlobServiceClient.from_connection_string(other.connection_string).list_containers()) == []


def test_it_is_gone_when_the_block_ends() -> None:
    with running_azurite() as storage:
        assert _alive(storage.process_id)
    assert not _alive(storage.process_id)


def test_it_dies_with_a_starter_that_is_killed() -> None:
    program = (
        "import time\n"
        "from sandbox.azurite import running_azurite\n"
        "with running_azurite() as storage:\n"
        "    print(storage.process_id, flush=True)\n"
        "    time.sleep(600)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert starter.stdout is not None
    child = int(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    deadline = time.monotonic() + 30
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(child)


def test_a_missing_installation_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(emulator, "PROGRAM", tmp_path / "azurite.js")
    with pytest.raises(RuntimeError, match="make setup"), running_azurite():
        pass


def test_an_emulator_that_ends_at_once_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "azurite.js"
    program.write_text("console.error('the disk is full'); process.exit(1)")
    monkeypatch.setattr(emulator, "PROGRAM", program)
    with pytest.raises(RuntimeError, match="the disk is full"), running_azurite():
        pass


def _alive(process_id: int) -> bool:
    """Whether that process still runs; one that has ended and waits to be collected does not."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process_id}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
