"""The web application: `uvicorn --factory backend.asgi:app`."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from backend import logging, models
from backend.settings import Settings
from backend.web.health import live, ready
from backend.web.signing_in import sign_in_for_development
from graphql_schema.endpoint import Endpoint
from tenants import database


def app(settings: Settings | None = None) -> Starlette:
    """Raises tenants.database.TooMuchPower at start-up where the database role could read every agency's rows."""
    chosen = settings or Settings()
    logging.configure()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        models.load()
        await database.connect(chosen.app_url, models=models.MODEL_MODULES, pool_size=chosen.pool_size)
        # What stays for good is not looked through again: collections of it were the slowest hundredth of all requests
        # (22 to 58 ms; 7 to 13 without them).
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            await database.disconnect()

    routes = [
        Route("/graphql", Endpoint(development=chosen.development), methods=None),
        Route("/health/live", live),
        Route("/health/ready", ready),
    ]
    if chosen.development:
        routes.append(Route("/dev/sign-in", sign_in_for_development))
    return Starlette(routes=routes, lifespan=lifespan)
