"""The walls of Azure stand where they stand there."""

from __future__ import annotations

import json
import logging

import pytest

from sandbox.host.functions import AppRefused
from sandbox.host.settings import SettingsRefused, settings_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("huge_status", "exceeds the limit of 16 KB"),
        ("unknown_activity", "known activity functions: 'quick', 'sleeps', 'counted'"),
        ("bad_child_id", "must not start with the '@' character"),
        ("not_json", "not JSON serializable"),
    ],
)
async def test_an_orchestrator_that_hits_a_wall_fails_with_the_reason(hosting, worker, name, words):
    async with hosting("limits", worker=worker) as host:
        instance = await host.engine.finished(host.operations.start(name))
        assert instance.status == "Failed"
        assert json.loads(instance.output).startswith(f"Orchestrator function '{name}' failed: ")
        assert words in json.loads(instance.output)


async def test_an_activity_over_its_time_fails_with_the_hosts_words(hosting, worker):
    async with hosting("limits", worker=worker) as host:
        instance = await host.engine.finished(host.operations.start("overruns"))
        assert "Timeout value of 00:00:01 exceeded by function 'Functions.sleeps'" in instance.output


async def test_no_more_activities_run_together_than_the_host_file_says(hosting, worker):
    async with hosting("limits", worker=worker) as host:
        assert json.loads((await host.engine.finished(host.operations.start("crowd"))).output) == 3


async def test_the_default_version_is_given_to_new_instances(hosting):
    async with hosting("limits") as host:
        instance_id = host.operations.start("crowd")
        assert host.operations.instance(instance_id).version == "7.1"


async def test_a_large_payload_is_warned_about_by_name_and_size_only(hosting, caplog):
    with caplog.at_level(logging.WARNING):
        async with hosting("limits") as host:
            host.operations.start("crowd", input_json=json.dumps("secret" * 9000))
    assert "The input of 'crowd' has 54002 characters" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("host.json", '{"version": "2.0"} // no', "host.json"),
        ("host.json", '{"functionTimeout": "soon"}', "functionTimeout"),
        ("host.json", '{"extensions": {"durableTask": {"storageProvider": {"type": "azurStorage"}}}}', "azurStorage"),
        ("host.json", '{"extensions": {"durableTask": {"maxConcurrentActivityFunctions": 0}}}', "positive"),
        ("local.settings.json", '{"Values": {"A": 1}}', "strings"),
    ],
)
async def test_a_settings_file_with_a_mistake_is_refused_by_name(hosting, tmp_path, file, text, words):
    (tmp_path / "function_app.py").write_text("import azure.functions as func\napp = func.FunctionApp()\n")
    (tmp_path / file).write_text(text)
    with pytest.raises(SettingsRefused, match=words):
        async with hosting(tmp_path):
            pass


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("@app.route(route='x')\ndef f(request, more): return ''\n", "more"),
        ("@app.blob_trigger(arg_name='b', path='x', connection='c')\ndef f(b): pass\n", "blobTrigger"),
        ("import nothing_like_this\n", "nothing_like_this"),
        ("app2 = func.FunctionApp()\n", "app"),
        ("@app.route(route='x/{a:regex(b)}')\ndef f(req): return ''\n", "regex"),
        ("@app.orchestration_trigger(context_name='ctx')\ndef f(ctx): yield\n", "context|ctx"),
    ],
)
async def test_an_app_that_cannot_be_hosted_is_refused_with_the_reason(hosting, tmp_path, worker, body, words):
    head = "import azure.durable_functions as df\nimport azure.functions as func\napp = df.DFApp()\n"
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text(head + body)
    with pytest.raises(AppRefused, match=words):
        async with hosting(app, worker=worker):
            pass


async def test_a_folder_without_an_app_is_refused(hosting, tmp_path, worker):
    with pytest.raises(AppRefused, match="no functions found"):
        async with hosting(tmp_path, worker=worker):
            pass


def test_a_setting_lies_over_an_entry_of_host_json(apps):
    over = {"AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions": "3"}
    assert settings_of(apps / "work", over).concurrent_activities == 3
    assert settings_of(apps / "work", {}).concurrent_activities != 3
    named = {"AzureFunctionsJobHost__extensions__durableTask__hubName": "%HUB%", "HUB": "ours"}
    assert settings_of(apps / "work", named).hub_name == "ours"
