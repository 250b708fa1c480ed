"""What a metric is, and the rows it counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tenants.rights import Right


class Section(StrEnum):
    COMMUNITY = "community"
    MODERATION = "moderation"
    INTEGRITY = "integrity"
    SAFETY = "safety"
    EDUCATION = "education"
    RETENTION = "retention"


class Better(StrEnum):
    UP = "up"
    DOWN = "down"
    NEITHER = "neither"  # it says what there is, not how good that is


class Unit(StrEnum):
    SHARE = "share"  # from 0 to 1
    DIFFERENCE = "difference"  # of two shares, from -1 to 1
    INDEX = "index"  # from 0 to 1, of nothing in particular
    SECONDS = "seconds"
    PERSONS = "persons"
    POSTS = "posts"
    REPORTS = "reports"
    CASES = "cases"
    INVESTIGATIONS = "investigations"
    ESCALATIONS = "escalations"
    ITEMS = "items"


class Part(StrEnum):
    """What a metric is told of besides all of the client."""

    COMMUNITY = "community"
    TIER = "tier"
    SEVERITY = "severity"
    CODE = "code"
    PROGRAMME = "programme"
    COURSE = "course"
    LANDMARK = "landmark"


@dataclass(frozen=True, slots=True, eq=False)  # each is only itself
class Base:
    """Rows that metrics count, as SQL of one client ($2, of the agency $1) and one window (from $3 to before $4): `id`, a
    column for each of `parts`, and what metrics ask about them. `began`: whether there was ever anything before the window's
    end. `kind`: what the rows are, as in their published ids; `right`: who may read them. `is_levelled`: the rows of the
    whole client stand beside those of its parts, with null for the part: somebody in two communities is one person. `given`:
    SQL for what is the same in every window, of all clients in {clients}: `sql` reads it from a table of the base's name."""

    name: str
    kind: str
    right: Right
    sql: str
    began: str
    parts: Mapping[Part, str] = field(default_factory=dict)
    is_levelled: bool = False
    given: str = ""


def with_given(bases: Iterable[Base], clients: str) -> str:
    """SQL to begin a statement with that reads these bases; `clients` is SQL for an array."""
    tables = [f"{base.name} as materialized ({base.given.format(clients=clients)})" for base in bases if base.given]
    return f"with {', '.join(tables)} " if tables else ""


def began(table: str, column: str, *, but: str = "true") -> str:
    """SQL for `Base.began`. The earliest by its index: `exists` reads whole tables where a client has nothing."""
    return f"""coalesce((select b.{column} < $4 from {table} b where b.agency_id = $1 and b.workspace_id = $2 and {but}
                         order by b.{column} limit 1), false)"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of a base: those a metric looks at (`among`), and which of these it counts; None where it asks nothing that a
    row answers by yes or no, such as how concentrated they are. `averages`: of what the mean is told instead. All are SQL."""

    base: Base
    among: str = "true"
    counts: str | None = "true"
    averages: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """`question`: what a reader asks; `formula`: how it is answered, in words; `sources`: the tables it is counted from;
    `owner`: the package whose rows they are; `fewest`: below so many things nothing is said; `by`: what else it is told
    of; `counted`: the rows it can be opened to; `excludes`: what is left out."""

    name: str
    title: str
    section: Section
    question: str
    formula: str
    unit: Unit
    better: Better
    sources: tuple[str, ...]
    owner: str
    counted: Counted | None = None
    by: Part | None = None
    fewest: int = 1
    excludes: tuple[str, ...] = ()
    version: int = 1

    @property
    def rows(self) -> str | None:
        """The kind of its rows, as in published ids; None where it cannot be opened."""
        return None if self.counted is None else self.counted.base.kind
