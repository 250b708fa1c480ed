"""A number and everything that has to be known to believe it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from backend.kit.statistics import wilson
from backend.kit.survival import Z


class Status(StrEnum):
    OK = "OK"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"  # something is there, and too little to say anything by
    NO_DATA = "NO_DATA"  # nothing is there to count from: never 0 or 100 % of nothing


@dataclass(frozen=True, slots=True)
class Window:
    """From `since`, until just before `until`; `time_zone` is where its days begin (IANA)."""

    since: datetime
    until: datetime
    time_zone: str


@dataclass(frozen=True, slots=True)
class Value:
    """One number of one window. Shares are told from 0 to 1, times in seconds. `of`: the part that it is about (a
    published id, a tier, a severity, a code), None for all of the client; `n`: how many things say so; `low` and `high`:
    its 95 % interval, None where it has none; `coverage`: the share of what should be counted that could be; `exclusions`:
    what is left out; `sentence`: what has to stand wherever the number stands. Of nobody in particular."""

    metric: str
    version: int
    status: Status
    unit: str
    window: Window
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    n: int = 0
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    exclusions: tuple[str, ...] = ()
    sentence: str | None = None
    of: str | None = None

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        told["status"] = self.status.value
        told["exclusions"] = list(self.exclusions)
        told["window"] = {
            "since": self.window.since.isoformat(),
            "until": self.window.until.isoformat(),
            "time_zone": self.window.time_zone,
        }
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Value":
        window = told["window"]
        return cls(
            **{
                **told,
                "status": Status(told["status"]),
                "exclusions": tuple(told["exclusions"]),
                "window": Window(
                    datetime.fromisoformat(window["since"]),
                    datetime.fromisoformat(window["until"]),
                    window["time_zone"],
                ),
            }
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What was counted, before it is known what the metric makes of it. Without a `status`, n decides."""

    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    n: int = 0
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    sentence: str | None = None
    of: str | None = None
    status: Status | None = None

    def part(self, of: str | None) -> "Found":
        return replace(self, of=of)


def counted(count: int, *, has_begun: bool) -> Found:
    """None is a number where there was anything before, and nothing where there never was."""
    if not has_begun:
        return Found(None, status=Status.NO_DATA)
    return Found(count, numerator=count, n=count, status=Status.OK)


def shared(numerator: int, denominator: int, *, n: int | None = None, has_interval: bool = True) -> Found:
    """With Wilson's interval, unless it is no share of things that could have been others."""
    if not denominator:
        return Found(None, status=Status.NO_DATA)
    low, high = wilson(numerator, denominator) if has_interval else (None, None)
    return Found(numerator / denominator, numerator, denominator, denominator if n is None else n, low, high)


def averaged(total: float, count: int, spread: float | None) -> Found:
    """With the interval of a normal distribution, from two on; it does not reach below nothing."""
    if not count:
        return Found(None)
    value, half = total / count, None if spread is None else Z * spread / count**0.5
    low, high = (None, None) if half is None else (max(0.0, value - half), value + half)
    return Found(value, total, count, count, low, high)
