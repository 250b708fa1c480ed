"""An endpoint on this machine that prints what it is sent, for development."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.kit.errors import Refusal
from backend.webhooks import KINDS, Wanted, WebhookEndpoint, create_endpoint
from tenants.actor import system
from tenants.doors import agency_by_slug
from tenants.scope import agency_scope

NAME: Final = "tend webhooks listen"
Say = Callable[[str], None]


@asynccontextmanager
async def endpoint_here(agency: str, address: str) -> AsyncIterator[str]:
    """Its secret; it hears of everything the agency has, and is gone afterwards. One that an earlier process left here is
    gone as well. Raises Refusal."""
    agency_id = await agency_by_slug(agency)
    if agency_id is None:
        raise Refusal(f"There is no agency {agency!r}.")
    await _forget(agency_id, address)
    actor = system(agency_id)
    async with agency_scope(actor):
        issued = await create_endpoint(actor, Wanted(address, NAME, list(KINDS)), workspace_id=None)
    try:
        yield issued.secret
    finally:
        await _forget(agency_id, address)


def printing(secret: str, address: str, say: Say) -> Starlette:
    """Takes what the secret verifies, and prints all of it."""

    async def take(request: Request) -> Response:
        body = await request.body()
        try:
            told = Webhook(secret).verify(body, dict(request.headers))
        except WebhookVerificationError as problem:
            say(f"refused: {problem}")
            return Response(status_code=400)
        say(f"{request.headers['webhook-id']} {told['type']}")
        say(json.dumps(told, indent=2, ensure_ascii=False))
        return Response(status_code=204)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        say(f"Listening at {address}; the secret is {secret}")  # and Ctrl-C is heard from here on
        yield

    return Starlette(lifespan=lifespan, routes=[Route("/", take, methods=["POST"])])


async def listen_here(agency: str, port: int, say: Say) -> None:
    """Until it is stopped. Raises Refusal."""
    import uvicorn

    address = f"http://127.0.0.1:{port}/"
    # First the port: whoever has it already is heard, and their endpoint is not one that was left here.
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as problem:
        raise Refusal(
            f"Nobody can listen at {address}: {problem.strerror}. TEND_WEBHOOKS_PORT names another."
        ) from None
    with listening:
        async with endpoint_here(agency, address) as secret:
            config = uvicorn.Config(printing(secret, address, say), log_level="warning", lifespan="on")
            await uvicorn.Server(config).serve(sockets=[listening])


async def _forget(agency_id: UUID, address: str) -> None:
    async with agency_scope(system(agency_id)):
        await WebhookEndpoint.filter(url=address, description=NAME).delete()
