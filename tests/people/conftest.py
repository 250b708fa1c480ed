"""A browser: cookies over TLS, and no redirect followed unseen."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from backend.asgi import app
from backend.settings import Settings


@pytest.fixture(scope="session")
def secure_app(settings: Settings) -> Starlette:
    """As in earnest: behind TLS, with a name of its own."""
    return app(settings.model_copy(update={"public_url": "https://tend.test"}))


def open_browser(secure_app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(secure_app),
        base_url="https://tend.test",
        headers={"Sec-Fetch-Site": "same-origin", "User-Agent": "A browser of the tests"},
    )


@pytest.fixture
async def browser(secure_app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(secure_app) as client:
        yield client
