"""What the local Functions host adds to an activity that does nothing."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure
from sandbox.host.host import Host
from sandbox.host.running import running_host

AREA = "The local host"
APP = '''"""Stories whose activities do nothing."""
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.activity_trigger(input_name="number")
async def nothing(number: int) -> int:
    return number


@app.orchestration_trigger(context_name="context")
def side_by_side(context):
    return sum((yield context.task_all([context.call_activity("nothing", n) for n in range(context.get_input())])))


@app.orchestration_trigger(context_name="context")
def one_after_another(context):
    total = 0
    for number in range(context.get_input()):
        total += yield context.call_activity("nothing", number)
    return total


@app.route(route="alive")  # the worker complains about an app without any route
def alive(req: func.HttpRequest) -> str:
    return "yes"
'''


def measure(*, wide: int, long: int) -> list[Figure]:
    """Microseconds per activity, side by side and one after another."""
    return asyncio.run(_measured(wide, long))


async def _measured(wide: int, long: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        app = Path(folder) / "app"
        app.mkdir()
        (app / "function_app.py").write_text(APP)
        (app / "host.json").write_text('{"version": "2.0", "extensions": {"durableTask": {"hubName": "bench"}}}')
        async with running_host(app, state=Path(folder) / "hub.db", port=0) as host:
            await _told(host, "side_by_side", 10)  # warm
            return [
                Figure(AREA, f"{wide:,} side by side", await _told(host, "side_by_side", wide), "µs/activity"),
                Figure(
                    AREA, f"{long:,} one after another", await _told(host, "one_after_another", long), "µs/activity"
                ),
            ]


async def _told(host: Host, story: str, count: int) -> float:
    began = time.perf_counter()
    instance = host.operations.start(story, input_json=json.dumps(json.dumps(count)))
    ended = await host.engine.finished(instance)
    assert ended.output == str(sum(range(count))), ended.output
    return (time.perf_counter() - began) / count * 1e6
