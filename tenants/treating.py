"""What becomes of words when a member is forgotten, declared beside each column.

Conditions are SQL about the row `t`, with $1 for the agency, $2 for the workspace and $3 for the member.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing of a member is in it; `why` is the reason."""

    why: str


@dataclass(frozen=True, slots=True)
class Put:
    """In rows that meet `where`, the column gets this value."""

    value: str
    where: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Rows that meet `where` go."""

    where: str


Treatment = Keep | Put | Remove
OUR_WORDS: Final = Keep("one of a few words of Tend's own")
OF_THE_AGENCY: Final = Keep("what the agency says about itself, its clients and its own people")
A_HASH: Final = Keep("a hash, which leads back to nobody")
# An array is made once: of a subquery PostgreSQL has asked anew for every row of a page.
CASES_ABOUT_THEM: Final = (
    "= any(array(select c.id from cases c where c.agency_id = $1 and c.workspace_id = $2 and c.member_id = $3))"
)
THEIRS_OR_ABOUT_THEM: Final = f"(t.member_id = $3 or t.case_id {CASES_ABOUT_THEM})"
# Names that are too short to be nobody else's word are not looked for.
_SHORTEST_HANDLE: Final = 3
_SHORTEST_ID: Final = 6
THEIR_POSTS: Final = "in (select p.id from posts p where p.agency_id = $1 and p.workspace_id = $2 and p.member_id = $3)"


def names_them(text: str) -> str:
    """SQL, of SQL: whether a text names the member, by handle or by the platform's id, as a word of its own."""
    return (
        "exists (select from members m, lateral (values (m.handle, "
        rf"{_SHORTEST_HANDLE}), (m.external_id, {_SHORTEST_ID})) as name (word, shortest) "
        "where m.agency_id = $1 and m.workspace_id = $2 and m.id = $3 and length(name.word) >= name.shortest "
        rf"and ({text}) ~* ('(?<!\w)' || regexp_replace(name.word, '(\W)', '\\\1', 'g') || '(?!\w)'))"
    )


def without_them(column: str) -> str:
    """SQL, of SQL: a list of texts, of which those that name the member are empty."""
    return (
        f"array(select case when {names_them('u.said')} then '' else u.said end "
        f"from unnest({column}) with ordinality u (said, place) order by u.place)"
    )


def any_names_them(column: str) -> str:
    return f"exists (select from unnest({column}) u (said) where {names_them('u.said')})"
