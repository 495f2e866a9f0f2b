"""Routes, auth levels, answers of every kind, timers, and an identity."""

import asyncio
import json
import os

import azure.durable_functions as df
import azure.functions as func
import msal

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
ticks: list[dict] = []


@app.route(route="open", auth_level=func.AuthLevel.ANONYMOUS)
async def anyone(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("come in")


@app.route(route="keyed")
async def keyed(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("with a key")


@app.route(route="admins", auth_level=func.AuthLevel.ADMIN)
async def admins(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("master")


@app.route(route="things/{id:int}/{part?}", methods=["PUT"], auth_level=func.AuthLevel.ANONYMOUS)
def things(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "route": dict(req.route_params),
        "query": dict(req.params),
        "body": req.get_body().decode(),
        "method": req.method,
        "header": req.headers.get("X-Test"),
        "path": req.url.split("?")[0].split("/", 3)[3],
    }
    return func.HttpResponse(
        json.dumps(seen), mimetype="application/json", status_code=201, headers={"Set-Cookie": "a=b; Path=/; HttpOnly"}
    )


@app.route(route="things/special", methods=["PUT"], auth_level=func.AuthLevel.ANONYMOUS)
def special(req: func.HttpRequest) -> str:
    return "special"


@app.route(route="breaks", auth_level=func.AuthLevel.ANONYMOUS)
def breaks(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("broken on purpose")


@app.route(route="slow", auth_level=func.AuthLevel.ANONYMOUS)
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(float(req.params["seconds"]))
    return func.HttpResponse("at last")


@app.route(route="environment", auth_level=func.AuthLevel.ANONYMOUS)
def environment(req: func.HttpRequest) -> func.HttpResponse:
    names = req.params["names"].split(",")
    return func.HttpResponse(json.dumps({name: os.environ.get(name) for name in names}))


@app.route(route="token", auth_level=func.AuthLevel.ANONYMOUS)
def token(req: func.HttpRequest) -> func.HttpResponse:
    import requests

    client_id = req.params.get("client_id")
    identity = (
        msal.UserAssignedManagedIdentity(client_id=client_id) if client_id else msal.SystemAssignedManagedIdentity()
    )
    client = msal.ManagedIdentityClient(identity, http_client=requests.Session())
    return func.HttpResponse(json.dumps(client.acquire_token_for_client(resource=req.params["resource"])))


@app.timer_trigger(arg_name="timer", schedule="0 0 */6 * * *")
def six_hourly(timer: func.TimerRequest) -> None:
    ticks.append({"name": "six_hourly", "past_due": timer.past_due})


@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%", run_on_startup=True)
async def at_start(timer: func.TimerRequest) -> None:
    ticks.append({"name": "at_start", "past_due": timer.past_due})


@app.route(route="ticks", auth_level=func.AuthLevel.ANONYMOUS)
def seen_ticks(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(ticks))
