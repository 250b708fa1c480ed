"""A page on a site that the member controls carries a code: a job looks, and believes nothing but the bytes there."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from cast import Cast
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from verification.conftest import opened, show

from backend.outside import allow_origins


@pytest.fixture
async def blog(stage: Any) -> AsyncIterator[tuple[str, dict[str, Response]]]:
    pages: dict[str, Response] = {}

    async def answer(request: Request) -> Response:
        return pages.get(request.url.path, Response("", 404))

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/{path:path}", answer)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    allow_origins([origin])
    yield origin, pages
    allow_origins([])
    server.should_exit = True
    await running


async def test_the_code_of_one_guest_is_looked_for_on_their_site(
    acme: Cast, api: httpx.AsyncClient, blog: tuple[str, dict[str, Response]]
) -> None:
    origin, pages = blog
    restaurant = await opened(acme, strong=("link",), weak=(), hosts=())
    task, path, _ = await restaurant.invited()
    _, other, _ = await restaurant.invited()
    code, theirs = [re.findall("tend-verify-[a-z2-7]+", (await api.get(each)).text)[0] for each in (path, other)]
    assert code != theirs
    pages["/theirs"] = Response(f"<p>{theirs}</p>")
    pages["/moved"] = Response("", 302, {"location": f"{origin}/mine"})
    pages["/large"] = Response("x" * 2_000_000 + code)
    for where in ("theirs", "nothing", "moved", "large"):
        assert (await show(api, path, "link", url=f"{origin}/{where}")).status_code == 303
        await acme.run_jobs("check_link", of=[restaurant.client])
        assert (await restaurant.evidence(task))[-1].problem == "not_found_there", where
    for asking in (f"search?q={code}", f"search?q={code.replace('-', '%2D').replace('t', '%74')}", f"{code.upper()}"):
        pages[f"/{asking.partition('?')[0]}"] = Response(f"<p>Nothing was found for {code}.</p>")
        assert (await show(api, path, "link", url=f"{origin}/{asking}")).status_code == 400, asking
    pages["/mine"] = Response(f"<!-- {code} -->")
    await show(api, path, "link", url=f"{origin}/mine")
    assert (await restaurant.task(task)).state == "evidence_received"
    await acme.run_jobs("check_link", of=[restaurant.client])
    assert (await restaurant.task(task)).state == "verified"


async def test_a_site_that_does_not_count_is_not_even_asked(acme: Cast, api: httpx.AsyncClient) -> None:
    restaurant = await opened(acme, strong=("link",), weak=(), hosts=("guild.example",))
    task, path, _ = await restaurant.invited()
    _, another, _ = await restaurant.invited()  # each link takes ten forms
    assert (await show(api, another, "link", url="https://evil.example#guild.example")).status_code == 400
    for url in (
        "https://evil.example/guild.example",
        "https://guild.example.evil.example/",
        "https://guild.example@evil.example/",
        "https://evil.example#x.guild.example",
        "https://evil.example%2f.guild.example/",
        "https://127.0.0.1/",
        "http://guild.example/",
        "javascript:alert(1)",
        "https://notguild.example/",
    ):
        assert (await show(api, path, "link", url=url)).status_code == 400, url
    assert await restaurant.evidence(task) == []
    assert (await show(api, path, "link", url="https://www.guild.example/me")).status_code == 303
