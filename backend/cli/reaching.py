"""From a command to the database of a Tend that runs."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from backend.kit.errors import Refusal
from backend.settings import NotConfigured, Settings

if TYPE_CHECKING:
    from tenants.actor import Actor

T = TypeVar("T")


def where_it_runs(settings: Settings) -> Settings:
    """The addresses of a `tend up` that runs in this folder, where none are configured, and its key."""
    from backend.keeping_the_key import with_the_kept_key

    if settings.database_url is not None:
        return settings
    try:
        running = json.loads((settings.home / "running.json").read_text())
        os.kill(running["pid"], 0)
        addresses = {"database_url": running["database_url"], "redis_url": running["redis_url"]}
    except (OSError, ValueError, KeyError):
        raise NotConfigured("Nothing runs in this folder: start it with `tend up`, or set TEND_DATABASE_URL.") from None
    return with_the_kept_key(settings.model_copy(update=addresses | {"development": running.get("development", False)}))


def connected_to(settings: Settings, run: Callable[[], Awaitable[T]]) -> T:
    from backend import models
    from tenants import database

    async def connected() -> T:
        models.load()
        await database.connect(settings.app_url, models=models.MODEL_MODULES, pool_size=2)
        try:
            return await run()
        finally:
            await database.disconnect()

    return asyncio.run(connected())


def in_agency(slug: str, run: Callable[["Actor"], Awaitable[T]]) -> T:
    """In a scope of the agency, as Tend itself."""
    from backend.equipping import equip
    from tenants.actor import system
    from tenants.doors import agency_by_slug
    from tenants.scope import agency_scope

    async def scoped() -> T:
        agency_id = await agency_by_slug(slug)
        if agency_id is None:
            raise Refusal(f"There is no agency {slug!r}.")
        async with agency_scope(system(agency_id)) as scope:
            return await run(scope.actor)

    settings = where_it_runs(Settings())
    equip(settings)
    return connected_to(settings, scoped)
