"""Work that is counted outside the process, for tests that kill the host."""

import asyncio
import datetime as dt
import os

import azure.durable_functions as df

app = df.DFApp()


@app.activity_trigger(input_name="number")
async def mark(number: int) -> int:
    await asyncio.sleep(0.01)
    with open(os.environ["MARKS"], "a", encoding="ascii") as file:  # noqa: ASYNC230 - one short line
        file.write(f"{number}\n")
    return number


@app.orchestration_trigger(context_name="context")
def fan_out(context):
    results = yield context.task_all([context.call_activity("mark", number) for number in range(context.get_input())])
    return sum(results)


@app.orchestration_trigger(context_name="context")
def lanes(context):
    sums = yield context.task_all(
        [
            context.call_sub_orchestrator("lane", {"next": lane * 100, "end": lane * 100 + 30, "sum": 0})
            for lane in range(context.get_input())
        ]
    )
    return sum(sums)


@app.orchestration_trigger(context_name="context")
def lane(context):
    cursor = context.get_input()
    for _ in range(10):
        if cursor["next"] == cursor["end"]:
            return cursor["sum"]
        cursor["sum"] += yield context.call_activity("mark", cursor["next"])
        cursor["next"] += 1
    context.continue_as_new(cursor)


@app.orchestration_trigger(context_name="context")
def counted(context):
    entity = df.EntityId("tally", context.instance_id)
    for _ in range(20):
        context.signal_entity(entity, "add", 1)
        yield context.create_timer(context.current_utc_datetime + dt.timedelta(milliseconds=20))
    return (yield context.call_entity(entity, "add", 0))


@app.entity_trigger(context_name="context")
def tally(context):
    total = context.get_state(lambda: 0) + context.get_input()
    context.set_state(total)
    context.set_result(total)
