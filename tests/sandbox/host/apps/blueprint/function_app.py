"""A plain function app that registers a durable blueprint from a sibling module."""

import azure.functions as func
from greetings import greetings

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(greetings)


@app.route(route="hello")
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(f"Hello, {req.params.get('name', 'stranger')}")
