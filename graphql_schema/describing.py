"""Short forms of Strawberry's own, so that saying what something is takes no more than its line."""

from typing import Annotated, Any, TypeVar

import strawberry

T = TypeVar("T")

# The one argument of every mutation.
Input = Annotated[T, strawberry.argument(description="What is to be done, and to what: see its fields.")]


def value(text: str, description: str) -> Any:
    """A value of an enum: its member's `.value` is `text`."""
    return strawberry.enum_value(text, description=description)


def optional(description: str) -> Any:
    """A field of an input that may be left out; null is the same."""
    return strawberry.field(default=strawberry.UNSET, description=description)
