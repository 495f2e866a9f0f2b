"""A doomed host dies at each point once before and once after, remembers it across lives, and then lives on."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import httpx

from sandbox.host import doom
from sandbox.host.process import HostProcess

APP = """import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("hello")
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hello")
"""


def laid_out(folder: Path) -> tuple[Path, Path]:
    """An app with one function, and an empty record of deaths."""
    app, record = folder / "app", folder / "deaths"
    app.mkdir()
    (app / "function_app.py").write_text(APP)
    (app / "host.json").write_text('{"version": "2.0"}')
    record.touch()
    return app, record


async def test_n11_a_doomed_host_dies_once_at_each_side_of_each_point_and_then_lives(tmp_path: Path) -> None:
    app, record = laid_out(tmp_path)
    host = HostProcess(app, state=tmp_path / "hub.db", env={doom.FILE: str(record)})
    lives = 0
    while not host.is_alive:
        lives += 1
        with suppress(RuntimeError):  # it died before it listened
            await host.start()
    await host.stop()
    points = record.read_text().splitlines()
    assert len(points) == lives - 1 > 0
    assert len(set(points)) == len(points)
    sides = [point.partition("\t")[0] for point in points]
    assert sides.count(doom.BEFORE) == sides.count(doom.AFTER)


async def test_n11_in_another_chapter_the_same_points_are_other_points(tmp_path: Path) -> None:
    (app, record), chapter = laid_out(tmp_path), tmp_path / "chapter"
    env = {doom.FILE: str(record), doom.CHAPTER: str(chapter), doom.ONE_IN: "1:0"}
    for name in ("day", "night"):
        chapter.write_text(name)
        host = HostProcess(app, state=tmp_path / "hub.db", env=env)
        while not host.is_alive:
            with suppress(RuntimeError):
                await host.start()
        await host.stop()
    named = [line.split("\t")[2] for line in record.read_text().splitlines()]
    assert named.count("day") > 0
    assert named.count("night") > 0


async def test_n11_a_host_that_is_reborn_comes_back_from_every_death_by_itself(tmp_path: Path) -> None:
    app, record = laid_out(tmp_path)
    host = HostProcess(app, state=tmp_path / "hub.db", env={doom.FILE: str(record)})
    host.reborn = True
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = await host.start(port=port)
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/api/hello")).text == "hello"
    assert len(record.read_text().splitlines()) > 1
    assert await host.stop() == 0
    with socket.socket() as probe:  # nothing of it is left behind
        assert probe.connect_ex(("127.0.0.1", port)) != 0
