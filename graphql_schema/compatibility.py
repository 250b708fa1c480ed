"""What a new schema does to clients that were written for the old one, and which of it was decided.

`breaking_changes.toml` is the list of what may break, each with its reason; entries stay there as the changelog of it.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from graphql import GraphQLError, GraphQLSchema, build_schema
from graphql.utilities import BreakingChangeType, DangerousChangeType, find_schema_changes

from backend.kit.errors import Refusal

LISTED: Final = Path(__file__).parent / "breaking_changes.toml"


class CannotCompare(Refusal):
    code = "CANNOT_COMPARE"


@dataclass(frozen=True, slots=True)
class ListedChange:
    """A breaking change that somebody decided on. `description` is graphql-core's text."""

    description: str
    reason: str
    date: date


@dataclass(frozen=True, slots=True)
class Changes:
    """Both in graphql-core's texts. `breaking`: operations that were valid are so no longer, or mean something else.
    `dangerous`: they stay valid, but their answers may hold what they did not expect."""

    breaking: Sequence[str]
    dangerous: Sequence[str]

    def not_in(self, listed: Sequence[ListedChange]) -> list[str]:
        """The breaking changes that nobody decided on."""
        decided = {change.description for change in listed}
        return [description for description in self.breaking if description not in decided]


def changes(*, old: str, new: str) -> Changes:
    """Between two schemas in the schema language. Raises CannotCompare when `old` is none."""
    found = find_schema_changes(_schema(old), build_schema(new))
    return Changes(
        breaking=[change.description for change in found if isinstance(change.type, BreakingChangeType)],
        dangerous=[change.description for change in found if isinstance(change.type, DangerousChangeType)],
    )


def listed_changes(path: Path = LISTED) -> list[ListedChange]:
    """Raises CannotCompare for a file that is not such a list: an entry without a reason is no decision."""
    try:
        entries = tomllib.loads(path.read_text()).get("change", [])
        listed = [ListedChange(**entry) for entry in entries]
    except (OSError, tomllib.TOMLDecodeError, TypeError) as problem:
        raise CannotCompare(f"{path.name} cannot be read: {problem}") from None
    for change in listed:
        texts = (change.description, change.reason)
        if not all(isinstance(text, str) and text.strip() for text in texts) or type(change.date) is not date:
            raise CannotCompare(f"{path.name}: each change needs a description, a reason and a date: {change}")
    return listed


def _schema(text: str) -> GraphQLSchema:
    try:
        return build_schema(text)
    except (GraphQLError, TypeError) as problem:
        raise CannotCompare(f"The committed schema is not one: {problem}") from None
