"""Orchestrators that go wrong on Azure with the 1.x protocol, and safe ones that look alike."""

import datetime as dt

import azure.durable_functions as df

app = df.DFApp()
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=50, max_number_of_attempts=3)
_tries: dict[str, int] = {}


@app.activity_trigger(input_name="number")
async def echo(number: int) -> int:
    return number


@app.activity_trigger(input_name="name")
async def fail(name: str) -> None:
    raise ValueError(f"{name} is broken")


@app.activity_trigger(input_name="name")
async def fail_once(name: str) -> str:
    _tries[name] = _tries.get(name, 0) + 1
    if _tries[name] == 1:
        raise ValueError("the first time")
    return name


@app.orchestration_trigger(context_name="context")
def sliding_window(context):
    queue = list(range(6))
    window = [context.call_activity("echo", queue.pop(0)) for _ in range(2)]
    results = []
    while window:
        winner = yield context.task_any(window)
        window.remove(winner)
        results.append(winner.result)
        if queue:
            window.append(context.call_activity("echo", queue.pop(0)))
    return results


@app.orchestration_trigger(context_name="context")
def sliding_window_with_retry(context):
    queue = [f"{context.instance_id}-{number}" for number in range(6)]
    window = [context.call_activity_with_retry("fail_once", RETRY, queue.pop(0)) for _ in range(2)]
    results = []
    while window:
        winner = yield context.task_any(window)
        window.remove(winner)
        results.append(winner.result)
        if queue:
            window.append(context.call_activity_with_retry("fail_once", RETRY, queue.pop(0)))
    return results


@app.orchestration_trigger(context_name="context")
def handled_failure(context):
    try:
        yield context.task_all(
            [context.call_activity("fail", "one"), context.call_activity_with_retry("fail", RETRY, "two")]
        )
    except Exception:
        return (yield context.call_activity("echo", 1))


@app.orchestration_trigger(context_name="context")
def two_events(context):
    yield context.create_timer(context.current_utc_datetime + dt.timedelta(hours=1))
    first = yield context.wait_for_external_event("news")
    second = yield context.wait_for_external_event("news")
    return [first, second]


@app.orchestration_trigger(context_name="context")
def event_of_another_case(context):
    return (yield context.wait_for_external_event("Approve"))


@app.orchestration_trigger(context_name="context")
def stranded(context):
    yield context.task_all([context.call_activity("fail", "one"), context.wait_for_external_event("never")])


@app.orchestration_trigger(context_name="context")
def race(context):
    """Safe: a task_any as a final race, the loser cancelled."""
    timer = context.create_timer(context.current_utc_datetime + dt.timedelta(hours=1))
    work = context.call_activity("echo", 5)
    winner = yield context.task_any([timer, work])
    timer.cancel()
    after = yield context.task_all([context.call_activity("echo", number) for number in range(3)])
    return [winner.result, after]


@app.orchestration_trigger(context_name="context")
def unhandled_failure(context):
    """Safe: a failed task_all that ends the orchestration."""
    yield context.task_all([context.call_activity("fail", "one"), context.call_activity("echo", 1)])


@app.orchestration_trigger(context_name="context")
def retried_alone(context):
    """Safe: retries of a step that is yielded alone, and work after it."""
    first = yield context.call_activity_with_retry("fail_once", RETRY, context.instance_id)
    second = yield context.task_all([context.call_activity("echo", number) for number in range(3)])
    return [first, second]


@app.orchestration_trigger(context_name="context")
def one_early_event(context):
    """Safe: one event of a name, before or after the wait."""
    yield context.create_timer(context.current_utc_datetime + dt.timedelta(hours=1))
    return (yield context.wait_for_external_event("news"))
