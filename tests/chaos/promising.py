"""`python tests/chaos/promising.py AGENCY FIRST`: promises jobs, numbered from FIRST, until it is ended, one in eight in a
transaction that is rolled back. A line for each: `+ n` it was committed, `- n` it was not, `? n` nobody knows."""

import asyncio
import itertools
import sys
from uuid import UUID

from backend import models
from backend.equipping import equip
from backend.outbox import enqueue
from backend.settings import Settings
from tenants import database
from tenants.actor import system
from tenants.database import is_busy, is_outage
from tenants.scope import agency_scope


class OnPurpose(Exception):
    pass


async def promise(agency_id: UUID, first: int) -> None:
    settings = Settings()
    equip(settings)
    models.load()
    await database.connect(settings.app_url, models=models.MODEL_MODULES, pool_size=4)
    numbers = itertools.count(first)
    await asyncio.gather(*(_promise_on(agency_id, numbers) for _ in range(2)))


async def _promise_on(agency_id: UUID, numbers: "itertools.count[int]") -> None:
    for number in numbers:
        fate = "+"
        try:
            async with agency_scope(system(agency_id)):
                await enqueue("mark", {"mark": number})
                if number % 8 == 7:
                    raise OnPurpose
        except OnPurpose:
            fate = "-"
        except Exception as problem:
            if not (is_outage(problem) or is_busy(problem)):
                raise
            fate = "?"
        sys.stdout.write(f"{fate} {number}\n")
        sys.stdout.flush()
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(promise(UUID(sys.argv[1]), int(sys.argv[2])))
