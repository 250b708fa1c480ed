"""What a metric is."""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Metric:
    """`question`: what a reader asks; `formula`: how it is answered, in words; `sources`: the tables it is counted from;
    `owner`: the package whose rows they are; `fewest`: below so many things nothing is said; `by`: what else it is told
    of; `rows`: the type whose rows it counts, None where it cannot be opened."""

    name: str
    title: str
    section: Section
    question: str
    formula: str
    unit: Unit
    better: Better
    sources: tuple[str, ...]
    owner: str
    rows: str | None = None
    by: Part | None = None
    fewest: int = 1
    version: int = 1
