"""The web application: `uvicorn --factory backend.asgi:app`."""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from backend import logging, models, tracing
from backend.equipping import equip
from backend.kit import spans
from backend.live import Live
from backend.measuring import observe_statements
from backend.outbox import publish_with
from backend.settings import Settings
from backend.web.being_told import BeingTold
from backend.web.cookies import Cookies
from backend.web.downloading import download_export
from backend.web.health import is_live, is_ready, is_worked
from backend.web.hearing_members import FORMS_PER_LINK, FORMS_WITHIN, HearingMembers
from backend.web.hearing_platforms import hear
from backend.web.hearing_reporters import FORMS_PER_PAGE, REPORTS_WITHIN, HearingReporters
from backend.web.measured import Measured, Metrics
from backend.web.oauth import OAuth
from backend.web.scim import scim
from backend.web.showing_certificates import download_badge, show_certificate, show_issuer, show_key, show_status
from backend.web.showing_client_reports import ShowingClientReports
from backend.web.showing_mail import ShowingMail
from backend.web.showing_pictures import ShowingPictures
from backend.web.showing_reports import download_batch, download_part, show_reports
from backend.web.signing_in import PROVIDER_SECONDS, SigningIn
from backend.web.strangers import Strangers
from backend.web.telling_stories import TellingStories
from backend.web.traced import Traced
from backend.web.verifying_members import VerifyingMembers
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
from tenants.sessions import note_presence

STATEMENT_SECONDS: Final = 5  # somebody waits
PRESENCE_SECONDS: Final = 60.0

log = structlog.get_logger()


def app(settings: Settings | None = None) -> Starlette:
    """Raises tenants.database.TooMuchPower at start-up where the database role could read every agency's rows."""
    chosen = settings or Settings()
    logging.configure()
    equip(chosen)
    stop_tracing = tracing.trace_as("tend-api")

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
        presence = asyncio.create_task(_note_presence())
        try:
            yield
        finally:
            presence.cancel()
            with suppress(asyncio.CancelledError):
                await presence
            await live.stop()
            await database.disconnect()
            await stop_tracing()

    cookies = Cookies(is_secure=chosen.served_at.startswith("https://"))
    observe_statements()
    live = Live(chosen.redis_url, channel=f"{chosen.redis_queue}:live")
    publish_with(live.publish)
    rates = Rates(
        chosen.redis_url,
        {
            "token": chosen.points_per_token,
            "person": chosen.points_per_person,
            "agency": chosen.points_per_agency,
            "machine": chosen.oauth_requests_per_machine,
            "directory": chosen.scim_requests_per_machine,
            "stranger": chosen.failed_attempts_per_address,
            "attempt": 1,
            "link": FORMS_PER_LINK,
            "reporter": chosen.reports_per_address,
            "report_page": FORMS_PER_PAGE,
        },
        minutes={
            "attempt": PROVIDER_SECONDS // 60,
            "link": FORMS_WITHIN // timedelta(minutes=1),
            "reporter": REPORTS_WITHIN // timedelta(minutes=1),
            "report_page": REPORTS_WITHIN // timedelta(minutes=1),
        },
        prefix=chosen.redis_queue,
    )
    endpoint = Endpoint(
        rates=rates,
        documents=Documents(chosen.redis_url, only_trusted=chosen.only_trusted_documents, prefix=chosen.redis_queue),
        live=live,
        cookie=cookies.session,
        origins=chosen.allowed_origins,
        development=chosen.development,
    )
    routes: list[BaseRoute] = [
        Route("/graphql", endpoint, methods=None),
        WebSocketRoute("/graphql", endpoint),
        scim(wait_of=partial(_wait_of, rates, "directory")),
        Route("/schema.graphql", schema_text),
        Route("/docs", docs_page),
        Route("/docs/style.css", docs_style),
        Route("/docs/{page:path}", docs_page),
        Route("/exports/{id}", download_export),
        Route("/filings/{id}", download_batch),
        Route("/transparency/{token}", show_reports),
        Route("/transparency/{token}/{report}/part_{part:int}.csv", download_part),
        Route("/certificate/{code}", show_certificate),
        Route("/certificate/{code}/badge", download_badge),
        Route("/certificate/{code}/status", show_status),
        Route("/issuers/{agency}", show_issuer),
        Route("/issuers/{agency}/keys/{key}", show_key),
        Route("/in/{token}", hear, methods=["POST"]),
        Route("/metrics", Metrics(_revealed(chosen.metrics_token)).show),
        Route("/health/live", is_live),
        Route("/health/ready", is_ready),
        Route("/health/work", is_worked),
    ]
    routes += SigningIn(
        cookies,
        wait_of_attempt=partial(_wait_of, rates, "attempt"),
        development=chosen.development,
        demo_people=partial(_demo_people, chosen.home / "demo.json") if chosen.demo else None,
    ).routes()
    routes += ShowingClientReports(cookies).routes()
    routes += BeingTold(cookies).routes()
    routes += HearingMembers(wait_of_link=partial(_wait_of, rates, "link")).routes()
    routes += HearingReporters(
        wait_of_address=partial(_wait_of, rates, "reporter"),
        wait_of_page=partial(_wait_of, rates, "report_page"),
        proxies=chosen.trusted_proxies,
    ).routes()
    routes += ShowingPictures(wait_of_link=partial(_wait_of, rates, "link")).routes()
    routes += TellingStories(wait_of_link=partial(_wait_of, rates, "link")).routes()
    routes += VerifyingMembers(wait_of_link=partial(_wait_of, rates, "link")).routes()
    if chosen.development:
        routes += ShowingMail(chosen.home.resolve() / "mail").routes()
    routes += OAuth(issuer=chosen.served_at, wait_of=partial(_wait_of, rates, "machine")).routes()
    return Starlette(routes=routes, middleware=_middleware(chosen, routes, rates), lifespan=lifespan)


def _demo_people(path: Path) -> Any:
    """As the demo was loaded."""
    return json.loads(path.read_text())["people"]


async def _note_presence() -> None:
    """Until it is cancelled. An outage is waited out: it only makes sessions idle for a minute longer."""
    while True:
        await asyncio.sleep(PRESENCE_SECONDS)
        try:
            await note_presence()
        except Exception as problem:
            if not database.is_outage(problem):
                raise
            log.warning("presence.unnoted", problem=str(problem))


async def _wait_of(rates: Rates, kind: str, key: str) -> str | None:
    """Seconds, where this one has asked for too much."""
    try:
        await rates.payer(**{kind: key}).pay(1)
    except Refused as refusal:
        return refusal.headers["Retry-After"]
    return None


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _middleware(settings: Settings, routes: list[BaseRoute], rates: Rates) -> list[Middleware]:
    found = [Middleware(Measured, routes=routes), Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4)]
    if settings.allowed_origins:
        # Without credentials: a browser sends no cookie along, tokens are set by the page's own code.
        found.insert(
            1,
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=("GET", "POST"),
                allow_headers=ALLOWED_HEADERS,
                expose_headers=EXPOSED_HEADERS,
                max_age=7_200,
            ),
        )
    if spans.are_made():
        found.insert(0, Middleware(Traced))
    fail = partial(_wait_of, rates, "stranger")
    return [*found, Middleware(Strangers, fail=fail, now=time.monotonic, proxies=settings.trusted_proxies)]
