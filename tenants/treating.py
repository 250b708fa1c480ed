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
THEIR_POSTS: Final = "in (select p.id from posts p where p.agency_id = $1 and p.workspace_id = $2 and p.member_id = $3)"
