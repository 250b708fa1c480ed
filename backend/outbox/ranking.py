from collections.abc import Mapping
from enum import IntEnum


class Priority(IntEnum):
    """Which jobs of an agency go first; each has places of its own in every worker, so that none waits behind another's."""

    DANGER = 0  # somebody may come to harm
    NORMAL = 1  # somebody waits for it
    BULK = 2  # nobody does


_priorities: Mapping[str, Priority] = {}


def rank_kinds(priorities: Mapping[str, Priority]) -> None:
    """What the catalogue of kinds says; a kind that is missing is NORMAL."""
    global _priorities  # noqa: PLW0603
    _priorities = priorities


def priority_of(kind: str) -> Priority:
    return _priorities.get(kind, Priority.NORMAL)
