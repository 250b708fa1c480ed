"""The web application: `uvicorn --factory backend.asgi:app`."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from backend import logging, models
from backend.equipping import equip
from backend.live import Live
from backend.outbox import publish_with
from backend.settings import Settings
from backend.web.health import is_live, is_ready
from backend.web.oauth import OAuth
from backend.web.signing_in import sign_in_for_development
from graphql_schema.context import Refused
from graphql_schema.transport import (
    ALLOWED_HEADERS,
    EXPOSED_HEADERS,
    Documents,
    Endpoint,
    Rates,
    docs_page,
    docs_style,
    schema_text,
)
from tenants import database

STATEMENT_SECONDS: Final = 5  # somebody waits


def app(settings: Settings | None = None) -> Starlette:
    """Raises tenants.database.TooMuchPower at start-up where the database role could read every agency's rows."""
    chosen = settings or Settings()
    logging.configure()
    equip(chosen)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        models.load()
        await database.connect(
            chosen.app_url,
            models=models.MODEL_MODULES,
            pool_size=chosen.pool_size,
            statement_seconds=STATEMENT_SECONDS,
        )
        # What stays for good is not looked through again: collections of it were the slowest hundredth of all requests
        # (22 to 58 ms; 7 to 13 without them).
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            await live.stop()
            await database.disconnect()

    live = Live(chosen.redis_url, channel=f"{chosen.redis_queue}:live")
    publish_with(live.publish)
    rates = Rates(
        chosen.redis_url,
        {
            "token": chosen.points_per_token,
            "person": chosen.points_per_person,
            "agency": chosen.points_per_agency,
            "machine": chosen.oauth_requests_per_machine,
        },
        prefix=chosen.redis_queue,
    )
    endpoint = Endpoint(
        rates=rates,
        documents=Documents(chosen.redis_url, only_trusted=chosen.only_trusted_documents, prefix=chosen.redis_queue),
        live=live,
        origins=chosen.allowed_origins,
        development=chosen.development,
    )
    routes: list[BaseRoute] = [
        Route("/graphql", endpoint, methods=None),
        WebSocketRoute("/graphql", endpoint),
        Route("/schema.graphql", schema_text),
        Route("/docs", docs_page),
        Route("/docs/style.css", docs_style),
        Route("/docs/{page:path}", docs_page),
        Route("/health/live", is_live),
        Route("/health/ready", is_ready),
    ]
    routes += OAuth(issuer=chosen.served_at, wait_of=partial(_wait_of, rates)).routes()
    if chosen.development:
        routes.append(Route("/dev/sign-in", sign_in_for_development))
    return Starlette(routes=routes, middleware=_middleware(chosen), lifespan=lifespan)


async def _wait_of(rates: Rates, machine: str) -> str | None:
    """Seconds, where the machine has asked for too much."""
    try:
        await rates.payer(machine=machine).pay(1)
    except Refused as refusal:
        return refusal.headers["Retry-After"]
    return None


def _middleware(settings: Settings) -> list[Middleware]:
    found = [Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4)]
    if settings.allowed_origins:
        # Without credentials: a browser sends no cookie along, tokens are set by the page's own code.
        found.insert(
            0,
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=("GET", "POST"),
                allow_headers=ALLOWED_HEADERS,
                expose_headers=EXPOSED_HEADERS,
                max_age=7_200,
            ),
        )
    return found
