"""A blueprint whose orchestrators are plain generators, registered in a loop."""

import azure.durable_functions as df
import azure.functions as func

greetings = df.Blueprint()


def polite(context):
    return (yield context.call_activity("greet", {"words": "Good morning", "to": context.get_input()}))


def brief(context):
    return (yield context.call_activity("greet", {"words": "Hi", "to": context.get_input()}))


for story in (polite, brief):
    greetings.function_name(story.__name__)(greetings.orchestration_trigger(context_name="context")(story))


@greetings.activity_trigger(input_name="order")
async def greet(order: dict) -> str:
    return f"{order['words']}, {order['to']}"


@greetings.route(route="greetings/{story}", methods=["POST"])
@greetings.durable_client_input(client_name="client")
async def start_greeting(req: func.HttpRequest, client) -> func.HttpResponse:
    instance_id = await client.start_new(req.route_params["story"], client_input=req.get_json())
    return func.HttpResponse(instance_id, status_code=202)
