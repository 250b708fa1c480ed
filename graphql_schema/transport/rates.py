"""How much may be asked in a minute: points of cost, per token, per person and per agency, whichever process answers."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from graphql_schema.context import Refused

log = structlog.get_logger()

WINDOW_SECONDS: Final = 60
# A process takes points from Redis in blocks, so that most requests ask nobody: first a thousandth of the limit, then
# twice as many whenever the last ones went within a second. Who asks little holds little back, however many processes.
SMALLEST_BLOCK: Final = 1_000  # of them make the limit
LARGEST_BLOCK: Final = 50
SOON_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 0.5  # with Redis
_PURSES: Final = 10_000


@dataclass(slots=True)
class _Purse:
    """Points of one key that this process has taken and not yet spent; `remaining` is what others may still take."""

    limit: RateLimitItemPerMinute
    left: int = 0
    remaining: int = 0
    ends_at: float = 0.0
    block: int = 0
    taken_at: float = 0.0
    refilling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def pays(self, cost: int) -> bool:
        """Whether there was enough; it is spent then."""
        is_enough = self.left >= cost and time.time() < self.ends_at
        if is_enough:
            self.left -= cost
        return is_enough


class Rates:
    """`points` per minute, or per as many `minutes`, for each key of a kind: `token`, `person`, `agency`. Without Redis, or while it is away, each process
    counts for itself: a limit that is too generous for a while is better than no answer."""

    def __init__(
        self,
        redis_url: str | None,
        points: Mapping[str, int],
        *,
        minutes: Mapping[str, int] | None = None,
        prefix: str = "tend",
    ) -> None:
        self._limits = {
            kind: RateLimitItemPerMinute(most, (minutes or {}).get(kind, 1), namespace=prefix)
            for kind, most in points.items()
        }
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._together = self._alone if redis_url is None else FixedWindowRateLimiter(_storage(redis_url))
        self._is_away_until = 0.0
        self._purses: OrderedDict[tuple[str, str], _Purse] = OrderedDict()

    def payer(self, **keys: str) -> "Payer":
        return Payer(self, keys)

    async def take(self, kind: str, key: str, cost: int) -> tuple[_Purse, bool]:
        """Whose points they are, and whether there were enough."""
        purse = self._purses.get((kind, key))
        if purse is None:
            purse = self._purses[kind, key] = _Purse(self._limits[kind])
            if len(self._purses) > _PURSES:
                self._purses.popitem(last=False)
        else:
            self._purses.move_to_end((kind, key))
        if purse.pays(cost):
            return purse, True
        async with purse.refilling:  # many at once take one block, not one each
            if purse.pays(cost):
                return purse, True
            # In a task of its own: redis-py waits in a way that loses a cancellation before Python 3.12.
            return purse, await asyncio.shield(asyncio.create_task(self._refill(purse, kind, key, cost)))

    async def _refill(self, purse: _Purse, kind: str, key: str, cost: int) -> bool:
        """Whether `cost` is paid. It is taken out here: what lay in the purse meanwhile, somebody else would take."""
        limiter = self._alone if time.monotonic() < self._is_away_until else self._together
        left = purse.left if time.time() < purse.ends_at else 0
        purse.left = 0
        most = purse.limit.amount
        is_busy = time.time() - purse.taken_at < SOON_SECONDS
        purse.block = min(2 * purse.block, most // LARGEST_BLOCK) if is_busy else most // SMALLEST_BLOCK
        purse.taken_at = time.time()
        amount = max(cost - left, purse.block)
        try:
            is_granted = await limiter.hit(purse.limit, kind, key, cost=amount)
            purse.ends_at, purse.remaining = await limiter.get_window_stats(purse.limit, kind, key)
        except (RedisError, OSError) as problem:
            log.warning("rates.alone", problem=str(problem))
            self._is_away_until = time.monotonic() + 1
            is_granted = await self._alone.hit(purse.limit, kind, key, cost=amount)
            purse.ends_at, purse.remaining = await self._alone.get_window_stats(purse.limit, kind, key)
        # Redis tells whole seconds: in the last one of a window it says that none is left.
        purse.ends_at = max(purse.ends_at, time.time() + 1)
        purse.left = left + amount - cost if is_granted else 0
        return is_granted


def _storage(redis_url: str) -> RedisStorage:
    url = f"async+{redis_url.replace('unix://', 'redis+unix://', 1)}"
    return RedisStorage(
        url, implementation="redispy", socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
    )


class Payer:
    """Whoever pays for one request."""

    __slots__ = ("_keys", "_purses", "_rates")

    def __init__(self, rates: Rates, keys: Mapping[str, str]) -> None:
        self._rates, self._keys = rates, keys
        self._purses: dict[str, _Purse] = {}

    async def pay(self, cost: int) -> None:
        """Raises Refused (RATE_LIMITED, with Retry-After)."""
        for kind, key in self._keys.items():
            purse, is_paid = await self._rates.take(kind, key, max(1, cost))
            self._purses[kind] = purse
            if not is_paid:
                wait = max(1, math.ceil(purse.ends_at - time.time()))
                raise Refused(
                    "RATE_LIMITED",
                    f"This {kind} may spend {purse.limit.amount:,} points a minute. Try again in {wait} s.",
                    headers={"Retry-After": str(wait)},
                )

    def headers(self) -> list[tuple[bytes, bytes]]:
        """As draft-ietf-httpapi-ratelimit-headers has them."""
        if not self._purses:
            return []
        policies, states, now = [], [], time.time()
        for kind, purse in self._purses.items():
            policies.append(f'"{kind}";q={purse.limit.amount};w={WINDOW_SECONDS}')
            seconds = max(0, math.ceil(purse.ends_at - now))
            states.append(f'"{kind}";r={purse.left + purse.remaining};t={seconds}')
        return [
            (b"ratelimit-policy", ", ".join(policies).encode()),
            (b"ratelimit", ", ".join(states).encode()),
        ]
