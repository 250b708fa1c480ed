"""Stakeholders read in Debian's chromium: signed in, over their clients, by links, on a phone, in the dark, by keyboard; axe-core
finds nothing serious. TEND_SCREENSHOTS names a folder for pictures of every page."""

import gzip
import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import pytest
from cast import Cast, write_post
from clients.test_clients import folder, run, served  # noqa: F401 - a fixture
from papers import a_case_opened, a_link, a_published

from backend.client_reports import ClientReportLink, Goal
from backend.communities import Member
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
    Goal("closed_in_time", "at_least", 0.9, "2026-01-01"),
    Goal("open_past_due", "at_most", 0, "2026-01-01"),
    Goal("newcomers", "at_least", 5, "2026-01-01"),
)


@dataclass
class Given:
    origin: str
    token: str
    cookie: str
    first: dict[str, str]
    link: str
    password: str
    expired: str


async def a_month(cast: Cast, client: UUID, slug: str) -> None:
    """Posts of two months, and cases about some of them."""
    since = datetime(2026, 8, 1, tzinfo=UTC)
    async with agency_scope(cast.system):
        members = [
            await Member.create(
                workspace_id=client, community_id=cast.communities[slug], external_id=f"m{number}", handle=f"m{number}",
                first_seen_at=since,
            )
            for number in range(12)
        ]  # fmt: skip
        for number in range(90):
            await write_post(
                workspace_id=client, community_id=cast.communities[slug], member_id=members[number * number % 12].id,
                external_id=f"p{number}", text="hello", posted_at=since + timedelta(hours=number * 15),
            )  # fmt: skip
    for number in range(6):
        await a_case_opened(cast, client, since + timedelta(days=32 + number))


async def the_scene(acme: Cast, origin: str) -> Given:
    clients = [await acme.empty_workspace() for _ in range(2)]
    slugs = [next(slug for slug, id in acme.workspaces.items() if id == client) for client in clients]
    async with agency_scope(acme.owner):
        await set_brand(acme.owner, clients[0], colour="#0b5d4e")
    await a_month(acme, clients[0], slugs[0])
    first = await a_published(
        acme, clients[0], sections=[], goals=GOALS, words=WORDS, period_start=PERIOD, shows_staff=True
    )
    await a_published(acme, clients[1], language="de", period_start=PERIOD)
    _, link = await a_link(acme, first.id, password=PASSWORD, shows_words=False)
    expired_id, expired = await a_link(acme, first.id)
    async with agency_scope(acme.owner):
        await ClientReportLink.filter(id=expired_id).update(expires_at=now() - timedelta(seconds=1))
    who = f"reader-{str(new_id())[-10:]}"
    await acme.hire(who, Role.STAKEHOLDER, clients)
    path = f"/client-reports/clientreport_{first.id}"
    return Given(
        origin,
        acme.tokens[who],
        COOKIE_WITHOUT_TLS,
        {"client": slugs[0], "report": "September 2026", "path": path},
        link,
        PASSWORD,
        expired,
    )


async def test_stakeholders_read_with_eyes_keyboard_and_screen_reader(
    folder: Path,  # noqa: F811
    acme: Cast,
    settings: Settings,
) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no chromium on the PATH")
    environment = {"TEND_CHROMIUM": browser, "TEND_SCREENSHOTS": os.environ.get("TEND_SCREENSHOTS", "")}
    async with served(settings) as address:
        given = await the_scene(acme, address.removesuffix("/graphql"))
        [told] = await run(folder, "reports.mjs", given=given, **environment)
        weight = await weighed(given)
    assert told["complaints"] == []
    assert told["foreign"] == []
    assert told["axe"] == []
    assert told["landed"] == "/client-reports"
    assert told["switched"] == [given.first["client"]]
    assert told["wrong"] == "This is not the password."
    assert told["policy"].startswith("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
    assert told["firstStop"] == "#report"
    assert told["landmarks"] == ["a", "nav", "header", "main", "footer"]
    assert told["scripts"] == 0
    assert {name: page["wider"] for name, page in told["pages"].items() if page["wider"] > 0} == {}
    assert all(len(page["h1"]) == 1 for page in told["pages"].values())
    assert weight < HEAVIEST


async def weighed(given: Given) -> int:
    """Bytes of a page, its style included."""
    async with httpx.AsyncClient(base_url=given.origin, cookies={COOKIE_WITHOUT_TLS: given.token}) as client:
        began = time.perf_counter()
        page = await client.get(given.first["path"])
        seconds = time.perf_counter() - began
        style = await client.get("/pages/reports.css")
    packed = len(gzip.compress(page.content, 4))
    print(f"a page of {len(page.content):,} bytes ({packed:,} packed) in {seconds * 1_000:.0f} ms")
    return len(page.content) + len(style.content)
