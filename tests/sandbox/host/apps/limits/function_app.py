"""Orchestrators and activities that run into the walls."""

import asyncio
import time

import azure.durable_functions as df

app = df.DFApp()
running = 0
most = 0


@app.orchestration_trigger(context_name="context")
def huge_status(context):
    context.set_custom_status("x" * 9000)
    yield context.call_activity("quick", 1)


@app.orchestration_trigger(context_name="context")
def unknown_activity(context):
    yield context.call_activity("nobody", 1)


@app.orchestration_trigger(context_name="context")
def bad_child_id(context):
    yield context.call_sub_orchestrator("huge_status", None, "@not-allowed")


@app.orchestration_trigger(context_name="context")
def overruns(context):
    try:
        yield context.call_activity("sleeps", 60)
    except Exception as error:
        return str(error)


@app.orchestration_trigger(context_name="context")
def crowd(context):
    peaks = yield context.task_all([context.call_activity("counted", number) for number in range(12)])
    return max(peaks)


@app.orchestration_trigger(context_name="context")
def not_json(context):
    yield context.call_activity("quick", 1)
    return {1, 2}


@app.activity_trigger(input_name="number")
async def quick(number: int) -> int:
    return number


@app.activity_trigger(input_name="seconds")
async def sleeps(seconds: int) -> None:
    await asyncio.sleep(seconds)


@app.activity_trigger(input_name="number")
def counted(number: int) -> int:
    global running, most
    running += 1
    most = max(most, running)
    time.sleep(0.02)
    running -= 1
    return most
