"""A number and everything that has to be known to believe it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


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
