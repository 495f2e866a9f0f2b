"""One orchestrator that carries out any plan: nested steps of every kind, given as JSON."""

import datetime as dt

import azure.durable_functions as df

app = df.DFApp()
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=5, max_number_of_attempts=4)
_tries: dict[str, int] = {}


@app.activity_trigger(input_name="number")
async def echo(number: int) -> int:
    return number


@app.activity_trigger(input_name="job")
def unsteady(job: dict) -> int:
    _tries[job["id"]] = _tries.get(job["id"], 0) + 1
    if _tries[job["id"]] <= job["failures"]:
        raise ValueError("not yet")
    return job["number"]


@app.entity_trigger(context_name="context")
def keeper(context):
    context.set_state((context.get_state() or 0) + context.get_input())
    context.set_result(context.get_input())


@app.orchestration_trigger(context_name="context")
def carry_out(context):
    total = 0
    for step in context.get_input():
        total += yield from _one(context, step)
    return total


def _one(context, step):
    match step:
        case ["all", children]:
            return sum((result or 0) for result in (yield context.task_all([_task(context, c) for c in children])))
        case ["race", number]:
            timer = context.create_timer(context.current_utc_datetime + dt.timedelta(hours=9))
            work = context.call_activity("echo", number)
            winner = yield context.task_any([work, timer])
            timer.cancel()
            return winner.result
        case ["signal", key, number]:
            context.signal_entity(df.EntityId("keeper", key), "keep", number)
            return 0
        case _:
            return (yield _task(context, step)) or 0


def _task(context, step):
    match step:
        case ["echo", number]:
            return context.call_activity("echo", number)
        case ["retry", job, failures, number]:
            return context.call_activity_with_retry(
                "unsteady", RETRY, {"id": job, "failures": failures, "number": number}
            )
        case ["child", steps]:
            return context.call_sub_orchestrator("carry_out", steps)
        case ["timer", milliseconds]:
            return context.create_timer(context.current_utc_datetime + dt.timedelta(milliseconds=milliseconds))
        case ["entity", key, number]:
            return context.call_entity(df.EntityId("keeper", key), "keep", number)
    raise ValueError(step)
