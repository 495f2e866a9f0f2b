"""Work that says which process did it, for tests with several hosts on one state file."""

import asyncio
import os
import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def note(what: object) -> None:
    with open(os.environ["MARKS"], "a", encoding="ascii") as file:
        file.write(f"{what} {os.getpid()}\n")


@app.activity_trigger(input_name="number")
async def mark(number: int) -> int:
    note(f"begun-{number}")
    await asyncio.sleep(0.05)
    note(number)
    return number


@app.activity_trigger(input_name="number")
async def long_mark(number: int) -> int:
    note(f"begun-{number}")
    await asyncio.sleep(0.6)
    note(number)
    return number


@app.activity_trigger(input_name="seconds")
async def hold_up(seconds: float) -> str:
    note("begun-0")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)  # noqa: ASYNC251 - the event loop is held up on purpose
    return "held"


@app.orchestration_trigger(context_name="context")
def holding_up(context):
    return (yield context.call_activity("hold_up", context.get_input()))


@app.orchestration_trigger(context_name="context")
def fan_out(context):
    results = yield context.task_all([context.call_activity("mark", number) for number in range(context.get_input())])
    return sum(results)


@app.orchestration_trigger(context_name="context")
def lanes(context):
    sums = yield context.task_all(
        [
            context.call_sub_orchestrator("lane", {"next": 1000 + lane * 100, "end": 1012 + lane * 100, "sum": 0})
            for lane in range(context.get_input())
        ]
    )
    return sum(sums)


@app.orchestration_trigger(context_name="context")
def lane(context):
    cursor = context.get_input()
    for _ in range(4):
        if cursor["next"] == cursor["end"]:
            return cursor["sum"]
        cursor["sum"] += yield context.call_activity("mark", cursor["next"])
        cursor["next"] += 1
    context.continue_as_new(cursor)


@app.orchestration_trigger(context_name="context")
def slowly(context):
    total = 0
    for number in range(context.get_input()):
        total += yield context.call_activity("long_mark", number)
    return total


@app.orchestration_trigger(context_name="context")
def heard(context):
    words = []
    for _ in range(context.get_input()):
        words.append((yield context.wait_for_external_event("word")))
    return words


@app.orchestration_trigger(context_name="context")
def counted(context):
    entity = df.EntityId("tally", "everybody")
    return (yield context.task_all([context.call_entity(entity, "add", 1) for _ in range(context.get_input())]))


@app.entity_trigger(context_name="context")
def tally(context):
    total = context.get_state(lambda: 0) + context.get_input()
    context.set_state(total)
    context.set_result(total)


@app.timer_trigger(arg_name="timer", schedule="0 0 */6 * * *")
async def six_hourly(timer: func.TimerRequest) -> None:
    note("tick")
