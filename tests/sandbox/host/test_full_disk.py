"""A host whose disk is full for a moment takes back what it could not keep, lives on, and does its work once there is
room again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from sandbox.host import full_disk
from sandbox.host.process import HostProcess

APP = """import azure.durable_functions as df

app = df.DFApp()


@app.activity_trigger(input_name="number")
async def twice(number: int) -> int:
    return 2 * number


@app.orchestration_trigger(context_name="context")
def lanes(context):
    lanes = [context.call_sub_orchestrator("lane", number) for number in range(context.get_input())]
    return sum((yield context.task_all(lanes)))


@app.orchestration_trigger(context_name="context")
def lane(context):
    total = 0
    for number in range(6):
        total += yield context.call_activity("twice", number)
    return total
"""


async def test_n11_work_is_done_once_though_the_disk_is_full_now_and_then(tmp_path: Path, eventually: Any) -> None:
    app, record = tmp_path / "app", tmp_path / "disk"
    app.mkdir()
    (app / "function_app.py").write_text(APP)
    (app / "host.json").write_text('{"version": "2.0"}')
    env = {full_disk.FILE: str(record), full_disk.EVERY: "7:0.1"}
    host = HostProcess(app, state=tmp_path / "hub.db", log=tmp_path / "log", env=env, arguments=["--master-key", "m"])
    try:
        await host.start()
        process = host.process_id
        async with httpx.AsyncClient(
            base_url=f"{host.url}/runtime/webhooks/durabletask", params={"code": "m"}
        ) as client:

            async def call(method: str, path: str, **more: Any) -> httpx.Response | None:
                answer = await client.request(method, path, **more)
                return answer if answer.status_code == 200 or (answer.status_code == 202 and method == "POST") else None

            await eventually(lambda: call("POST", "/orchestrators/lanes/run", content='"5"'))
            ended = await eventually(lambda: call("GET", "/instances/run"))
        assert (ended.json()["runtimeStatus"], ended.json()["output"]) == ("Completed", 5 * 30)
        assert host.process_id == process
        assert host.is_alive
    finally:
        await host.stop()
    full, failed = full_disk.counts(record)
    assert full > 3
    assert failed > 3
