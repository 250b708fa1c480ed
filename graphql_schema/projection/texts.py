"""JSON put together as text in SQL: constants and expressions joined by `||`."""

from dataclasses import dataclass, field
from typing import Final

from graphql_schema.projection.selecting import Leaf

NULL: Final = "'null'"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(slots=True)
class Text:
    """Neighbouring constants melt into one. No expression may be NULL: one NULL would swallow the whole row."""

    parts: list[tuple[bool, str]] = field(default_factory=list)

    def constant(self, text: str) -> "Text":
        if self.parts and self.parts[-1][0]:
            self.parts[-1] = (True, self.parts[-1][1] + text)
        else:
            self.parts.append((True, text))
        return self

    def sql(self, expression: str) -> "Text":
        self.parts.append((False, expression))
        return self

    def key(self, index: int, key: str) -> "Text":
        """The response key of the entry at `index` of an object."""
        return self.constant(f'{"," if index else ""}"{key}":')

    def __str__(self) -> str:
        """Balanced, because a plain chain of some thousand `||` exceeds PostgreSQL's stack."""

        def join(parts: list[str]) -> str:
            if len(parts) <= 40:
                return "(" + " || ".join(parts) + ")"
            half = len(parts) // 2
            return f"({join(parts[:half])} || {join(parts[half:])})"

        return join([literal(text) if constant else text for constant, text in self.parts] or ["''"])


def rendered(leaf: Leaf, expression: str) -> str:
    """A value as JSON text, never NULL."""
    is_scalar = leaf.type_name in ("Int", "Boolean", "JSON", "String", "DateTime", "Float", "ID")
    if not leaf.is_list and leaf.type_name in ("Int", "Boolean", "JSON"):
        text = f"{expression}::text"
    elif not is_scalar:
        # An enum: its texts are plain words, so nothing needs escaping.
        text = (
            f"to_json(upper({expression}::text)::text[])::text"
            if leaf.is_list
            else f"'\"' || upper({expression}) || '\"'"
        )
    else:
        text = f"to_json({expression})::text"
    return f"coalesce({text}, {NULL})" if leaf.nullable else f"({text})"
