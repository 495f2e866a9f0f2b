"""An app that changes between two starts of its host: STORY says which edition this is."""

import datetime as dt
import os

import azure.durable_functions as df

app = df.DFApp()
EDITION = os.environ.get("STORY", "first")


def wait(context):
    return context.create_timer(context.current_utc_datetime + dt.timedelta(hours=1))


def tale(context):
    if EDITION != "without the step":
        name = "renamed" if EDITION == "renamed step" else "step"
        yield wait(context) if EDITION == "timer instead" else context.call_activity(name, 1)
    yield wait(context)
    return "the end"


if EDITION != "without the tale":
    app.function_name("tale")(app.orchestration_trigger(context_name="context")(tale))


@app.orchestration_trigger(context_name="context")
def another(context):
    return "another"


@app.activity_trigger(input_name="number")
async def step(number: int) -> int:
    return number


@app.activity_trigger(input_name="number")
async def renamed(number: int) -> int:
    return number
