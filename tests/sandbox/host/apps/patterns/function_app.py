"""The application patterns of the Durable Functions documentation."""

import datetime as dt
import json

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="orchestrators/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def http_start(req: func.HttpRequest, client) -> func.HttpResponse:
    body = req.get_body()
    instance_id = await client.start_new(
        req.route_params["name"], req.params.get("id"), json.loads(body) if body else None
    )
    return client.create_check_status_response(req, instance_id)


@app.route(route="instances/{id}/{operation}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def operate(req: func.HttpRequest, client) -> func.HttpResponse:
    instance_id, operation = req.route_params["id"], req.route_params["operation"]
    if operation in ("terminate", "suspend", "resume", "rewind"):
        await getattr(client, operation)(instance_id, "because")
        return func.HttpResponse("done")
    if operation == "purge":
        result = await client.purge_instance_history(instance_id)
        return func.HttpResponse(str(result.instances_deleted))
    if operation == "restart":
        return func.HttpResponse(json.dumps(await client.restart(instance_id)))
    if operation == "status":
        status = await client.get_status(instance_id, show_input=True, show_history=True, show_history_output=True)
        return func.HttpResponse(json.dumps(status.to_json()))
    if operation == "wait":
        return await client.wait_for_completion_or_create_check_status_response(req, instance_id, 5000, 100)
    await client.raise_event(instance_id, operation, req.get_json())
    return func.HttpResponse("raised")


@app.route(route="statuses")
@app.durable_client_input(client_name="client")
async def statuses(req: func.HttpRequest, client) -> func.HttpResponse:
    found = await client.get_status_by(
        created_time_from=dt.datetime(2020, 1, 1),
        runtime_status=[df.OrchestrationRuntimeStatus.Completed],
        instance_id_prefix=req.params.get("prefix"),
    )
    return func.HttpResponse(json.dumps([status.instance_id for status in found]))


@app.orchestration_trigger(context_name="context")
def chaining(context: df.DurableOrchestrationContext):
    greetings = []
    for city in ("Tokyo", "Seattle", "London"):
        greetings.append((yield context.call_activity("say_hello", city)))
        context.set_custom_status({"greeted": len(greetings)})
    return greetings


@app.activity_trigger(input_name="city")
def say_hello(city: str) -> str:
    return f"Hello {city}!"


@app.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext):
    numbers = yield context.call_activity("numbers", context.get_input())
    squares = yield context.task_all([context.call_activity("square", number) for number in numbers])
    return sum(squares)


@app.activity_trigger(input_name="count")
async def numbers(count: int) -> list:
    return list(range(count))


@app.activity_trigger(input_name="number")
async def square(number: int) -> int:
    return number * number


@app.orchestration_trigger(context_name="context")
def parent(context: df.DurableOrchestrationContext):
    first = yield context.call_sub_orchestrator("child", {"name": "one"}, "child-one")
    others = yield context.task_all([context.call_sub_orchestrator("child", {"name": n}) for n in ("two", "three")])
    return [first, *others]


@app.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext):
    name = context.get_input()["name"]
    greeting = yield context.call_activity("say_hello", name)
    return f"{greeting} of {context.parent_instance_id}"


@app.orchestration_trigger(context_name="context")
def waits_for_child(context: df.DurableOrchestrationContext):
    return (yield context.call_sub_orchestrator("approval", None, "the-child"))


@app.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext):
    """Human interaction: an answer within 72 hours, or escalation."""
    deadline = context.create_timer(context.current_utc_datetime + dt.timedelta(hours=72))
    answer = context.wait_for_external_event("approve")
    winner = yield context.task_any([answer, deadline])
    if winner is deadline:
        return "escalated"
    deadline.cancel()
    return {"answer": answer.result}


@app.orchestration_trigger(context_name="context")
def monitor(context: df.DurableOrchestrationContext):
    """Polls every hour until the job is done or a day is over."""
    end = context.current_utc_datetime + dt.timedelta(days=1)
    polls = 0
    while context.current_utc_datetime < end:
        polls += 1
        if (yield context.call_activity("job_is_done", polls)):
            return {"polls": polls, "seconds": polls * 3600}
        yield context.create_timer(context.current_utc_datetime + dt.timedelta(hours=1))
    return "gave up"


@app.activity_trigger(input_name="poll")
def job_is_done(poll: int) -> bool:
    return poll >= 5


@app.orchestration_trigger(context_name="context")
def eternal(context: df.DurableOrchestrationContext):
    state = context.get_input()
    if state["left"] == 0:
        return state["total"]
    total = yield context.call_activity("square", state["left"])
    context.continue_as_new({"left": state["left"] - 1, "total": state["total"] + total})


_attempts: dict[str, int] = {}


@app.activity_trigger(input_name="job")
def flaky(job: dict) -> int:
    _attempts[job["id"]] = _attempts.get(job["id"], 0) + 1
    if _attempts[job["id"]] < job["good_after"]:
        raise ValueError(f"attempt {_attempts[job['id']]} went wrong")
    return _attempts[job["id"]]


@app.orchestration_trigger(context_name="context")
def retried(context: df.DurableOrchestrationContext):
    job = {"id": context.instance_id, "good_after": context.get_input()}
    options = df.RetryOptions(first_retry_interval_in_milliseconds=60_000, max_number_of_attempts=3)
    attempts = yield context.call_activity_with_retry("flaky", options, job)
    after = yield context.call_activity("say_hello", "afterwards")
    return [attempts, after]


@app.orchestration_trigger(context_name="context")
def caught(context: df.DurableOrchestrationContext):
    try:
        yield context.call_activity("flaky", {"id": context.instance_id, "good_after": 99})
    except Exception as error:
        return f"caught: {error}"


@app.orchestration_trigger(context_name="context")
def fails_once(context: df.DurableOrchestrationContext):
    greeting = yield context.call_activity("say_hello", "first")
    attempts = yield context.call_sub_orchestrator("fails_inside", context.instance_id)
    return [greeting, attempts]


@app.orchestration_trigger(context_name="context")
def fails_inside(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("flaky", {"id": context.get_input(), "good_after": 2}))


@app.orchestration_trigger(context_name="context")
def counting(context: df.DurableOrchestrationContext):
    entity = df.EntityId("counter", context.get_input())
    context.signal_entity(entity, "add", 3)
    context.signal_entity(entity, "add", 4)
    total = yield context.call_entity(entity, "get")
    try:
        yield context.call_entity(entity, "explode")
    except Exception as error:
        return [total, str(error)]


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext):
    value = context.get_state(lambda: 0)
    match context.operation_name:
        case "add":
            value += context.get_input()
        case "explode":
            raise ValueError("no such luck")
    context.set_state(value)
    context.set_result(value)


@app.route(route="counters/{key}", methods=["GET", "POST"])
@app.durable_client_input(client_name="client")
async def counters(req: func.HttpRequest, client) -> func.HttpResponse:
    entity = df.EntityId("counter", req.route_params["key"])
    if req.method == "POST":
        await client.signal_entity(entity, "add", req.get_json())
        return func.HttpResponse(status_code=202)
    state = await client.read_entity_state(entity)
    return func.HttpResponse(json.dumps({"exists": state.entity_exists, "state": state.entity_state}))


@app.orchestration_trigger(context_name="context")
def fetching(context: df.DurableOrchestrationContext):
    answer = yield context.call_http("GET", context.get_input())
    return [answer["statusCode"], answer["content"]]


@app.route(route="teapot")
def teapot(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("short and stout", status_code=418)
