"""Mail that is caught, and a browser: cookies over TLS, and no redirect followed unseen."""

import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from backend.asgi import app
from backend.outside import Mail, send_mail_with
from backend.settings import Settings


class Inbox:
    """What was mailed, the latest last."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)

    def link_to(self, email: str) -> str:
        """Path and query of the link in the last mail to this address."""
        text = next(mail.text for mail in reversed(self.mails) if mail.to == email)
        found = re.search(r"https?://[^/\s]+(/\S+)", text)
        assert found is not None, text
        return found[1]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    found = Inbox()
    send_mail_with(found)
    yield found
    send_mail_with(None)


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(settings) as client:
        yield client


def open_browser(settings: Settings) -> httpx.AsyncClient:
    secure = settings.model_copy(update={"public_url": "https://tend.test"})
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app(secure)),
        base_url="https://tend.test",
        headers={"Sec-Fetch-Site": "same-origin", "User-Agent": "A browser of the tests"},
    )
