"""One agency taken back to a moment, from the backups here or from a copy of the database elsewhere."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import asyncpg

from backend import models
from backend.backups import Archive, PutBack, put_back, standing_at
from backend.embedded import EmbeddedPostgres
from backend.equipping import equip
from backend.installing import DATABASE
from backend.kit.errors import Refusal
from backend.migrations import migrate
from backend.settings import Settings
from tenants.tables import tenant_models
from tenants.tokens import hash_of


def restore_agency(
    settings: Settings, slug: str, moment: datetime, *, copy_url: str | None, dry: bool
) -> Iterator[str]:
    """What was done, in lines. Raises Refusal, EmbeddedServerFailed, NotConfigured."""
    equip(settings)
    models.load()
    if copy_url is not None:
        done = asyncio.run(_put_back(settings, slug, moment, copy_url, dry=dry))
    else:
        if Settings().database_url is not None:
            raise Refusal("The database is somebody else's server: name a copy that stands at the moment with --from.")
        server = EmbeddedPostgres(settings.home, settings.postgres_major)
        with standing_at(moment, Archive(settings.backups), server=server) as copy:
            done = asyncio.run(_put_back(settings, slug, moment, copy.address("tend_owner", DATABASE), dry=dry))
    yield from _lines(slug, moment, done, dry=dry)


async def _put_back(settings: Settings, slug: str, moment: datetime, copy_url: str, *, dry: bool) -> PutBack:
    """The copy is brought to today's version first, so that both have the same columns."""
    await migrate(copy_url, models=tenant_models())
    agency_id = await _agency(copy_url, slug) or await _agency(settings.owner_url, slug)
    if agency_id is None:
        raise Refusal(f"There is no agency {slug!r}, and there was none.")
    return await put_back(agency_id, past_url=copy_url, live_url=settings.owner_url, moment=moment, dry=dry)


async def _agency(url: str, slug: str) -> UUID | None:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        found: UUID | None = await connection.fetchval(
            "select agency_id from app.doors where kind = 'agency' and key_hash = $1", hash_of(slug)
        )
        return found
    finally:
        await connection.close(timeout=10)


def _lines(slug: str, moment: datetime, done: PutBack, *, dry: bool) -> Iterator[str]:
    for change in done.changes:
        yield f"{change.table:28} {change.came_back:9,} came back {change.changed:9,} changed {change.went:9,} went"
    if dry:
        yield "Nothing was done: this was a dry run."
        return
    yield f"{slug} is as it was at {moment:%Y-%m-%dT%H:%M:%SZ}; no row of anybody else was touched."
    if done.enter_again:
        yield f"These people may enter it again: {', '.join(done.enter_again)}."
    yield f"To undo all of it: tend restore --agency {slug} --at {done.began_at:%Y-%m-%dT%H:%M:%S.%fZ}"
