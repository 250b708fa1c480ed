"""One call to a platform, and what its status means."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from backend.acting.platforms import Hand, Later, Limited
from backend.acting.thresholds import LARGEST_ANSWER, LONGEST_REST, USUAL_REST, WITHIN_SECONDS
from backend.kit.clock import now
from backend.outside import Unreachable, fetch


@dataclass(frozen=True, slots=True)
class Answer:
    """`document` is None for what is no JSON."""

    status: int
    headers: Mapping[str, str]
    document: Any

    def at(self, path: str) -> Any:
        """The value at `a.b`; None where there is none."""
        found = self.document
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found


async def ask(
    hand: Hand,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> Answer:
    """Whatever the platform answers below 500. Raises Later where it cannot be reached or has failed itself, Limited."""
    hand.calls += 1
    try:
        fetched = await fetch(
            method,
            url,
            headers={"user-agent": "Tend/1", "accept": "application/json", **headers},
            data=form,
            content=content,
            largest=LARGEST_ANSWER,
            within_seconds=WITHIN_SECONDS,
        )
    except Unreachable as problem:
        raise Later(problem.message) from None
    answer = Answer(fetched.status, fetched.headers, _parsed(fetched.body))
    if answer.status == 429:
        raise Limited(_rest(answer))
    if answer.status >= 500:
        raise Later(f"The platform failed to answer ({answer.status}).")
    return answer


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _rest(answer: Answer) -> timedelta:
    """Retry-After in seconds or as a date (RFC 9110, 10.2.3), and what Discourse says in its body; the longer one."""
    waits = [timedelta(0)]
    text, told = answer.headers.get("retry-after", ""), answer.at("extras.wait_seconds")
    with suppress(ValueError, OverflowError, TypeError):  # TypeError: a date without a zone
        waits.append(timedelta(seconds=int(text)) if text.isdecimal() else parsedate_to_datetime(text) - now())
    if isinstance(told, int | float) and 0 <= told <= LONGEST_REST.total_seconds():
        waits.append(timedelta(seconds=told))
    return min(max(waits) or USUAL_REST, LONGEST_REST)
