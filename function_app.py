"""The front door: HTTP routes, the delta timer, two blueprints. Each handler parses, asks, makes one durable call."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

import azure.durable_functions as df
import azure.functions as func
import orjson

from activities import auditing, erase, evidence, lineage, purge, reception, repair, rollbacks
from activities.blueprint import blueprint as hands
from activities.performs import place
from activities.reception import Outcome
from activities.toolbox import Toolbox, toolbox
from orchestrators.blueprint import blueprint as stories
from shared import answers, formats, gates, memory
from shared.answers import Answer
from shared.errors import Failure
from shared.runs.model import Run

memory.give_back()
log = logging.getLogger("bridgework")
for chatty in ("httpx", "azure.core.pipeline.policies.http_logging_policy", "msal"):
    logging.getLogger(chatty).setLevel(logging.WARNING)  # at INFO they write addresses with row ids into the log
app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(stories)
app.register_functions(hands)

AWAKE = (df.OrchestrationRuntimeStatus.Running, df.OrchestrationRuntimeStatus.Pending)
SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Here and not in host.json: the host's custom headers replace what an answer says, and a page needs its styles.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
OVER = (
    df.OrchestrationRuntimeStatus.Completed,
    df.OrchestrationRuntimeStatus.Failed,
    df.OrchestrationRuntimeStatus.Terminated,
    df.OrchestrationRuntimeStatus.Canceled,
)
Verb = Callable[[Toolbox, Run], Awaitable[Outcome]]
PRINCIPAL = "X-MS-CLIENT-PRINCIPAL-NAME"


def respond(answer: Answer) -> func.HttpResponse:
    """An answer as the Functions library wants it."""
    headers = {**SAFE, **answer.headers}
    said = answer.text.encode() if answer.media else orjson.dumps(answer.body)
    body = answer.content or said
    return func.HttpResponse(body, status_code=answer.status, headers=headers, mimetype=answer.content_type)


async def carefully(
    work: Callable[[Toolbox], Awaitable[Outcome]], client: df.DurableOrchestrationClient | None
) -> func.HttpResponse:
    """Do a request's work, start and wake what it names, and answer; failures become problem details."""
    try:
        outcome = await work(await toolbox())
        if client is not None:
            await act(outcome, client)
        return respond(outcome.answer)
    except Failure as failure:
        return respond(answers.failed(failure))
    except Exception as error:
        log.error("request failed: %s at %s", type(error).__name__, place(error))
        what = f"{type(error).__name__} at {place(error)}"
        detail = f"The app met an error nobody foresaw ({what}). Nothing was lost; try again."
        return respond(answers.problem(500, "unexpected-error", "Something went wrong", detail))


async def act(outcome: Outcome, client: df.DurableOrchestrationClient) -> None:
    """Start an instance that is not there yet; wake those that wait. Both may be repeated."""
    if outcome.start:
        story, instance = outcome.start
        status = await client.get_status(instance)
        if not status or status.runtime_status is None:
            await begin(story, instance, client)
    for instance, event in outcome.wake:
        if await is_awake(instance, client):
            await wake(instance, event, client)


async def is_awake(instance: str, client: df.DurableOrchestrationClient) -> bool:
    """Whether an instance can hear anything: one that has ended needs no waking."""
    status = await client.get_status(instance)
    return bool(status and status.runtime_status in AWAKE)


async def wake(instance: str, event: str, client: df.DurableOrchestrationClient) -> None:
    """Raise an event; that the instance has ended in the meantime is as good."""
    try:
        await client.raise_event(instance, event, {})
    except Exception:
        if await is_awake(instance, client):
            raise


async def begin(story: str, instance: str, client: df.DurableOrchestrationClient) -> None:
    """Start an instance; that somebody else started it in the meantime is as good."""
    try:
        await client.start_new(story, instance, {"run": instance.partition("-")[0]})
    except Exception:
        status = await client.get_status(instance)
        if not status or status.runtime_status is None:
            raise


async def about_run(
    request: func.HttpRequest, client: df.DurableOrchestrationClient | None, verb: Verb
) -> func.HttpResponse:
    """A request about one run."""

    async def work(tools: Toolbox) -> Outcome:
        run_id = request.route_params["run"]
        run = await reception.find(tools, run_id)
        return await verb(tools, run) if run else Outcome(answers.unknown_run(run_id))

    return await carefully(work, client)


def asked_by(request: func.HttpRequest, verb: Callable[..., Awaitable[Outcome]]) -> Verb:
    """The same verb, told who asks; refused where the run's records are gone."""

    async def asked(tools: Toolbox, run: Run) -> Outcome:
        refusal = gates.judge_kept(run)
        return Outcome(answers.refused(refusal)) if refusal else await verb(tools, run, who=asker(tools, request))

    return asked


def asker(tools: Toolbox, request: func.HttpRequest) -> str:
    """Who asks, as far as anybody can know."""
    return reception.asker(tools, request.headers.get(PRINCIPAL) or "")


@app.route("migrations", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start_migration(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """The customer's webhook."""
    key = req.headers.get("Idempotency-Key") or req.headers.get("webhook-id") or str(uuid.uuid4())
    body = req.get_body()
    return await carefully(lambda tools: reception.start(tools, body, key, who=asker(tools, req)), client)


@app.route("migrations", methods=["GET"])
async def list_migrations(req: func.HttpRequest) -> func.HttpResponse:
    """Every run."""

    async def work(tools: Toolbox) -> Outcome:
        return Outcome(await reception.listed(tools))

    return await carefully(work, None)


@app.route("migrations/{run}", methods=["GET"])
async def get_migration(req: func.HttpRequest) -> func.HttpResponse:
    """One run's status."""

    async def verb(tools: Toolbox, run: Run) -> Outcome:
        return Outcome(await reception.status(tools, run))

    return await about_run(req, None, verb)


@app.route("migrations/{run}/documents/{name}", methods=["GET"])
async def get_document(req: func.HttpRequest) -> func.HttpResponse:
    """One of a run's documents, as JSON or in a form for people."""
    form, accept = req.params.get("format", ""), req.headers.get("Accept") or ""

    async def verb(tools: Toolbox, run: Run) -> Outcome:
        shown = req.params.get("values") == "shown"
        who = asker(tools, req)
        answer = await reception.document(tools, run, req.route_params["name"], values=shown, who=who)
        return Outcome(formats.as_asked(answer, format=form, accept=accept))

    return await about_run(req, None, verb)


@app.route("migrations/{run}/lineage/{table}/{id}", methods=["GET"])
async def get_lineage(req: func.HttpRequest) -> func.HttpResponse:
    """Where one row of the target comes from."""

    async def verb(tools: Toolbox, run: Run) -> Outcome:
        if refusal := gates.judge_kept(run):
            return Outcome(answers.refused(refusal))
        table, row, shown = req.route_params["table"], req.route_params["id"], req.params.get("values") == "shown"
        return Outcome(await lineage.lineage(tools, run, table, row, values=shown, who=asker(tools, req)))

    return await about_run(req, None, verb)


@app.route("migrations/{run}/evidence", methods=["GET"])
async def get_evidence(req: func.HttpRequest) -> func.HttpResponse:
    """The evidence pack of a run; ``?fresh=true`` packs what there is now."""
    fresh, headers = req.params.get("fresh") == "true", req.headers
    asked = {"range_": headers.get("Range") or "", "if_range": headers.get("If-Range") or ""}
    return await about_run(req, None, lambda tools, run: evidence.download(tools, run, fresh=fresh, **asked))


@app.route("migrations/{run}/decisions", methods=["POST"])
@app.durable_client_input(client_name="client")
async def decide(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """A decision at a gate."""
    return await about_run(req, client, asked_by(req, partial(reception.decide, body=req.get_body())))


@app.route("migrations/{run}/rollback", methods=["POST"])
@app.durable_client_input(client_name="client")
async def rollback_migration(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """One click back; ``?dry_run=true`` only says what that would do."""
    if req.params.get("dry_run") == "true":
        return await about_run(req, client, asked_by(req, partial(rollbacks.rehearse, body=req.get_body())))
    return await about_run(req, client, asked_by(req, partial(rollbacks.rollback, body=req.get_body())))


@app.route("migrations/{run}/pause", methods=["POST"])
@app.durable_client_input(client_name="client")
async def pause_migration(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Hold the run where it is."""
    return await about_run(req, client, asked_by(req, reception.pause))


@app.route("migrations/{run}/resume", methods=["POST"])
@app.durable_client_input(client_name="client")
async def resume_migration(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Go on."""
    return await about_run(req, client, asked_by(req, reception.resume))


@app.route("migrations/{run}/pickup", methods=["POST"])
@app.durable_client_input(client_name="client")
async def pickup_changes(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Pick up the source's changes now; ``?close=true`` closes the window afterwards. The body may name an export."""
    verb = partial(reception.pickup, body=req.get_body(), close=req.params.get("close") == "true")
    return await about_run(req, client, asked_by(req, verb))


@app.route("migrations/{run}/audit", methods=["GET"])
async def get_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the audit trail is as it was written; with ``?format=ndjson&chain=`` the lines of one of its chains."""
    form, chain, after = (req.params.get(name) or "" for name in ("format", "chain", "after"))

    async def verb(tools: Toolbox, run: Run) -> Outcome:
        return Outcome(await auditing.trail(tools, run, form=form, chain=chain, after=after))

    return await about_run(req, None, verb)


@app.route("migrations/{run}/verify", methods=["POST"])
@app.durable_client_input(client_name="client")
async def verify_migration(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Compare everything again, whatever happened since."""
    return await about_run(req, client, asked_by(req, repair.verify))


@app.route("migrations/{run}/repair", methods=["POST"])
@app.durable_client_input(client_name="client")
async def repair_migration(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Write again what the verdict found wrong, then compare everything again."""
    return await about_run(req, client, asked_by(req, partial(repair.ask, body=req.get_body())))


@app.route("migrations/{run}/purge", methods=["POST"])
@app.durable_client_input(client_name="client")
async def purge_migration(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Let the health data of a run go that has ended."""
    verb = partial(purge.ask, body=req.get_body())
    return await about_run(req, client, lambda tools, run: verb(tools, run, who=asker(tools, req)))


@app.route("migrations/{run}/erase", methods=["POST"])
@app.durable_client_input(client_name="client")
async def forget_person(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Find a patient in what a run keeps, and erase them; ``?dry_run=true`` only counts."""
    dry = req.params.get("dry_run") == "true"
    return await about_run(req, client, asked_by(req, partial(erase.ask, body=req.get_body(), dry=dry)))


@app.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the app runs and reaches its storage. Says nothing else: anybody may ask."""

    async def work(tools: Toolbox) -> Outcome:
        await tools.runs.ensure()
        return Outcome(Answer(200, {"status": "healthy"}))

    return await carefully(work, None)


@app.timer_trigger(schedule="0 */15 * * * *", arg_name="timer", run_on_startup=False)
@app.durable_client_input(client_name="client")
async def delta_pickup(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Wake every run that is in its delta window; begin what was asked for and never begun."""
    tools = await toolbox()
    for outcome in [*await rollbacks.unbegun(tools), *await erase.unbegun(tools)]:
        await act(outcome, client)
    for outcome in await reception.all_in_their_window(tools):
        await act(outcome, client)


@app.timer_trigger(schedule="0 40 * * * *", arg_name="timer", run_on_startup=False)
@app.durable_client_input(client_name="client")
async def housekeeping(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Purge what was kept long enough; see the histories off of what was purged, and certify it."""
    tools = await toolbox()
    for outcome in await purge.overdue(tools):
        await act(outcome, client)
    for run in await purge.without_certificate(tools):
        if await is_awake(purge.instance(run), client):
            continue  # its own history is to go too, when it has ended
        began = datetime.fromisoformat(run.registered_at)
        gone = await client.purge_instance_history_by(began, datetime.now(UTC), list(OVER))
        await purge.certify(tools, run, histories=gone.instances_deleted)
