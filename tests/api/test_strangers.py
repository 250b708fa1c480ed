"""Whoever guesses is refused for a while; whoever is known is not, wherever they sit."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from cast import Cast

from backend.asgi import app
from backend.kit.ids import new_id
from backend.settings import Settings
from backend.web.strangers import Strangers
from tenants.tokens import new_credential, new_link_token, new_session_token

FEW = 5
Guess = Callable[[httpx.AsyncClient], Any]
Process = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def process(settings: Settings) -> AsyncIterator[Process]:
    """Another one, asked from an address; all of one test count together."""
    few = settings.model_copy(update={"failed_attempts_per_address": FEW, "redis_queue": f"strangers:{new_id()}"})
    async with AsyncExitStack() as opened:

        def make(served: Any = None, *, address: str = "198.51.100.7", proxies: int = 0) -> httpx.AsyncClient:
            served = served or app(few.model_copy(update={"trusted_proxies": proxies}))
            transport = httpx.ASGITransport(served, client=(address, 1))
            client = httpx.AsyncClient(transport=transport, base_url="http://tend.test")
            client.served = served
            opened.push_async_callback(client.aclose)
            return client

        yield make


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


async def ask(client: httpx.AsyncClient, token: str, **headers: str) -> int:
    query = {"query": "{ agency { id } }"}
    return (await client.post("/graphql", json=query, headers=bearer(token, **headers))).status_code


async def guess_key(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/graphql", json={"query": "{ x }"}, headers=bearer(new_credential("tend_live_")))


async def guess_session(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/session/renew", headers=bearer(new_session_token()))


async def guess_directory(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get("/scim/v2/Users", headers=bearer(new_credential("tend_live_")))


async def guess_secret(client: httpx.AsyncClient) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": f"apiclient_{new_id()}",
        "client_secret": new_credential("tend_secret_"),
    }
    return await client.post("/oauth/token", data=form)


async def guess_invitation(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get("/join", params={"token": new_link_token()})


async def guess_link(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get("/mail-link", params={"token": new_link_token()})


async def guess_member_link(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get(f"/report/{new_link_token()}")


async def guess_callback(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get("/sign-in/acme/callback", params={"state": "s", "code": "c"})


async def guess_address(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/sign-in", data={"email": f"{new_id()}@nobody.example"})


@pytest.mark.parametrize(
    ("guess", "status"),
    [
        (guess_key, 401),
        (guess_session, 401),
        (guess_directory, 401),
        (guess_secret, 401),
        (guess_invitation, 403),
        (guess_link, 403),
        (guess_member_link, 404),
        (guess_callback, 403),
        (guess_address, 200),
    ],
)
async def test_who_fails_too_often_is_refused_whatever_they_try_next(
    process: Process, guess: Guess, status: int
) -> None:
    there = process()
    assert [(await guess(there)).status_code for _ in range(FEW + 2)] == [status] * (FEW + 1) + [429]
    for other in (guess_key, guess_directory, guess_secret, guess_invitation):
        refused = await other(there)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert (await guess_key(there)).json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert (await guess_directory(there)).json()["status"] == "429"
    assert (await guess_secret(there)).json()["error"] == "temporarily_unavailable"
    assert (await there.get("/health/live")).status_code == 200
    assert (await guess(process(there.served, address="198.51.100.8"))).status_code == status, "another address"


async def test_people_of_one_office_are_locked_out_neither_by_success_nor_by_each_other(
    process: Process, acme: Cast
) -> None:
    office = process()
    assert {await ask(office, acme.tokens["owner"]) for _ in range(5 * FEW)} == {200}
    for _ in range(FEW + 1):
        await guess_key(office)
    assert await ask(office, acme.tokens["owner"]) == 200, "who was let in lately"
    assert await ask(office, acme.tokens["moderator"]) == 429, "who might be guessing"
    assert await ask(process(office.served, address="198.51.100.8"), acme.tokens["moderator"]) == 200


async def test_nothing_shown_is_no_attempt(process: Process) -> None:
    there = process()
    statuses = [(await there.post("/graphql", json={"query": "{ x }"})).status_code for _ in range(FEW + 3)]
    assert set(statuses) == {401}


async def test_processes_count_together(process: Process) -> None:
    first, second = process(), process()
    for _ in range(FEW):
        assert (await guess_key(first)).status_code == 401
    assert [(await guess_key(second)).status_code for _ in range(3)] == [401, 429, 429]


async def test_an_address_is_what_our_own_proxies_say(process: Process) -> None:
    """What a client writes there itself moves it nowhere; of IPv6 it is the network."""
    direct = process()
    for n in range(FEW + 1):
        await ask(direct, new_session_token(), **{"X-Forwarded-For": f"203.0.113.{n}"})
    assert await ask(direct, new_session_token(), **{"X-Forwarded-For": "203.0.113.99"}) == 429
    behind = process(address="10.0.0.1", proxies=1)
    for n in range(FEW + 1):
        await ask(behind, new_session_token(), **{"X-Forwarded-For": f"203.0.113.{n}, 2001:db8::{n + 1}"})
    assert await ask(behind, new_session_token(), **{"X-Forwarded-For": "203.0.113.99, [2001:db8::99]:4711"}) == 429
    assert await ask(behind, new_session_token(), **{"X-Forwarded-For": "2001:db8::1, 2001:db8:0:1::1"}) == 401


async def test_a_socket_that_is_refused_is_a_failed_attempt() -> None:
    opened, sent, failed = 0, [], []

    async def refuses(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal opened
        opened += 1
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4403})

    async def fail(address: str) -> str | None:
        failed.append(address)
        return "60" if len(failed) > 2 else None

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    guarded = Strangers(refuses, fail=fail, now=lambda: 1.0, proxies=0)
    for _ in range(5):
        await guarded({"type": "websocket", "path": "/graphql", "headers": [], "client": ("::1", 1)}, receive, send)
    assert (opened, failed) == (3, ["::/64"] * 3)
    assert sent[-2:] == ["websocket.close"] * 2
