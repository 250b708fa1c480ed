"""People read in Debian's chromium: stakeholders who sign in by mail, whoever has a link, and whoever has neither; by keyboard, on
a phone, in the dark, on paper; axe-core finds nothing serious. TEND_SCREENSHOTS names a folder for pictures of every page."""

import asyncio
import contextlib
import gzip
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from appeals.conftest import found_town
from cast import Cast
from clients.test_clients import folder, run, served  # noqa: F401 - a fixture
from filing.conftest import open_desk
from filing.test_publishing import address, published
from inbox import Inbox
from papers import a_full_draft, a_link, a_published, publish
from reporting.conftest import found_place
from statements.conftest import Place, place  # noqa: F401 - a fixture

from backend.client_reports import ClientReportLink, Goal, revoke_client_report_link
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.notices import set_brand
from backend.settings import Settings
from tenants.doors import COOKIE_WITHOUT_TLS
from tenants.rights import Role
from tenants.scope import agency_scope

PASSWORD: Final = "open sesame, please"
HEAVIEST: Final = 150_000  # bytes of a page, before it is packed
PERIOD: Final = "2026-09-01"
WORDS: Final = (
    "A calm month. Two things to know:\n\n* the **rota** of three holds\n* [the plan](https://example.com) for October"
)
GOALS: Final = (
    Goal("acknowledged_in_time", "at_least", 0.9, "2026-01-01"),
    Goal("escalations_open", "at_most", 0, "2026-01-01"),
    Goal("newcomers", "at_least", 5, "2026-01-01"),
)


@dataclass
class Reader:
    """What the script is told: `client` and `other` are names; `letterbox` is a file that the link of the mail is put into."""

    origin: str
    token: str
    email: str
    letterbox: str
    client: str
    other: str
    report: str
    path: str
    summary: str
    missing: str
    link: str
    password: str
    expired: str
    revoked: str


@dataclass
class Stranger:
    origin: str
    token: str
    form: str
    statement: str
    transparency: str


@pytest.fixture
def chromium() -> dict[str, str]:
    """The environment of a script."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no chromium on the PATH")
    return {"TEND_CHROMIUM": found, "TEND_SCREENSHOTS": os.environ.get("TEND_SCREENSHOTS", "")}


async def a_reader(acme: Cast, origin: str, letterbox: Path) -> Reader:
    clients = [await acme.empty_workspace() for _ in range(2)]
    slugs = [next(slug for slug, id in acme.workspaces.items() if id == client) for client in clients]
    async with agency_scope(acme.owner):
        await set_brand(acme.owner, clients[0], colour="#0b5d4e")
    first = await a_full_draft(
        acme, clients[0], sections=["community", "safety", "retention"], goals=GOALS, name="Monthly", shows_staff=True
    )
    await publish(acme, first.id, words=WORDS)
    await a_published(acme, clients[1], language="de", period_start=PERIOD)
    _, link = await a_link(acme, first.id, password=PASSWORD, shows_words=False)
    expired_id, expired = await a_link(acme, first.id)
    revoked_id, revoked = await a_link(acme, first.id)
    async with agency_scope(acme.owner):
        await ClientReportLink.filter(id=expired_id).update(expires_at=now() - timedelta(seconds=1))
        await revoke_client_report_link(acme.owner, revoked_id)
    who = f"reader-{str(new_id())[-10:]}"
    await acme.hire(who, Role.STAKEHOLDER, clients)
    return Reader(
        origin, acme.tokens[who], f"{who}@acme.example", str(letterbox), *slugs, "Monthly, September 2026",
        f"/client-reports/clientreport_{first.id}", "How this is counted: Community",
        f"clientreport_{new_id()}", link, PASSWORD, expired, revoked,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def carried(inbox: Inbox, email: str, letterbox: Path) -> AsyncIterator[None]:
    """The link of the first mail to this address, as somebody would carry it from there into the browser."""

    async def carry() -> None:
        while not inbox.to(email):
            await asyncio.sleep(0.02)
        whole = letterbox.with_suffix(".new")
        whole.write_text(inbox.link_to(email))
        whole.rename(letterbox)

    carrying = asyncio.create_task(carry())
    try:
        yield
    finally:
        carrying.cancel()


def complaints_about(told: dict[str, Any]) -> dict[str, Any]:
    """What holds for every page: one heading above all, none left out, and nothing of any other place."""
    headings = told["headings"].items()
    return {
        **{name: told[name] for name in ("complaints", "foreign", "axe", "wider") if told[name]},
        **{name: levels for name, levels in headings if levels.count(1) != 1 or levels[0] != 1},
        **{name: levels for name, levels in headings if any(b - a > 1 for a, b in pairwise(levels))},
        **{name: title for name, title in told["titles"].items() if not title},
    }


async def test_stakeholders_sign_in_by_mail_and_read_with_eyes_keyboard_and_screen_reader(
    folder: Path,  # noqa: F811
    chromium: dict[str, str],
    acme: Cast,
    settings: Settings,
    inbox: Inbox,
    tmp_path: Path,
) -> None:
    async with served(settings) as graphql:
        given = await a_reader(acme, graphql.removesuffix("/graphql"), tmp_path / "link")
        async with carried(inbox, given.email, tmp_path / "link"):
            [told] = await run(folder, "reports.mjs", given=given, **chromium)
        weight = await weighed(given)
    assert complaints_about(told) == {}
    assert told["landed"] == "/client-reports"
    assert told["switched"] == [given.other]
    assert (told["firstStop"], told["firstStopLeadsTo"]) == ("#report", "#report")
    assert told["opened"] == given.summary
    assert told["landmarks"] == ["a", "nav", "header", "main", "footer"]
    assert told["scripts"] == 0
    assert told["policy"].startswith("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
    assert told["pictures"] == 3
    assert told["printed"] == {"navigation": False, "details": True}
    assert told["file"].endswith("-2026-09-v1.pdf")
    assert told["signedOut"] == "/sign-in"
    assert told["wrong"] == "This is not the password."
    assert told["shared"] == 1, "by a link there is a list of contents, and no way to other reports"
    assert (told["expired"], told["revoked"]) == (404, 404)
    assert weight < HEAVIEST


async def test_strangers_report_appeal_and_look_up_with_eyes_keyboard_and_screen_reader(
    folder: Path,  # noqa: F811
    chromium: dict[str, str],
    acme: Cast,
    settings: Settings,
    inbox: Inbox,
    place: Place,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.filing.publishing.now", lambda: datetime(2027, 1, 15, 12, tzinfo=UTC))
    town, desk = await found_town(acme), await open_desk(place)
    await town.decide("violation")
    await published(desk)
    async with served(settings) as graphql:
        given = Stranger(
            graphql.removesuffix("/graphql"),
            "",
            (await found_place(acme, inbox)).path,
            await town.link(town.author),
            await address(desk),
        )
        [told] = await run(folder, "strangers.mjs", given=given, **chromium)
    assert complaints_about(told) == {}
    assert told["problem"]
    assert "It was a joke." in told["appealed"]
    assert told["titles"]["statement"] == "Why we did this · Tend"


async def weighed(given: Reader) -> int:
    """Bytes of a page, its style included."""
    async with httpx.AsyncClient(base_url=given.origin, cookies={COOKIE_WITHOUT_TLS: given.token}) as client:
        began = time.perf_counter()
        page = await client.get(given.path)
        seconds = time.perf_counter() - began
        style = await client.get("/pages/reports.css")
    packed = len(gzip.compress(page.content, 4))
    print(f"a page of {len(page.content):,} bytes ({packed:,} packed) in {seconds * 1_000:.0f} ms")
    return len(page.content) + len(style.content)
