"""What a version of a policy says beyond its words: its kind of harm, its ground, its strikes, examples."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from backend.kit.errors import Invalid
from backend.kit.texts import clean, clean_line
from backend.policies.models import PolicyExample, PolicyVersion
from backend.policies.taxonomy import TAXONOMY

EXAMPLES_PER_VERSION: Final = 50
MOST_POINTS: Final = 100  # of one violation
MOST_DAYS: Final = 3_650


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    is_violation: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """`ground`: illegal, with the law as `legal_reference`, or incompatible with the rules of the place.

    A violation counts `strike_count` points for `strike_days`; from the `strike_on_occurrence`-th on; the first one
    `first_occurrence_count`, where that is said; with `needs_takedown` none, and the member goes for good. Source: Ozone's
    strike settings (moderation.md 5C); 90 days is Coop's default. With
    `needs_second_review` a violation is always judged twice, blind.
    """

    taxonomy_code: str | None = None
    ground: str = "incompatible"
    legal_reference: str | None = None
    strike_count: int = 0
    strike_on_occurrence: int = 1
    first_occurrence_count: int | None = None
    needs_takedown: bool = False
    strike_days: int = 90
    needs_second_review: bool = False
    examples: tuple[Example, ...] = ()

    @property
    def columns(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "examples"}


def checked(detail: Detail) -> Detail:
    """Raises Invalid."""
    if detail.taxonomy_code is not None and detail.taxonomy_code not in TAXONOMY:
        raise _invalid("There is no such code in the taxonomy.", "taxonomyCode")
    reference = detail.legal_reference
    if reference is not None:
        reference = clean_line(reference, field="legalReference", longest=500, may_be_empty=True) or None
    if detail.ground == "illegal" and (reference is None or detail.taxonomy_code is None):
        raise _invalid("What is illegal names the law and a code of the taxonomy.", "legalReference")
    for name, value, most in (
        ("strikeCount", detail.strike_count, MOST_POINTS),
        ("firstOccurrenceCount", detail.first_occurrence_count or 0, MOST_POINTS),
        ("strikeOnOccurrence", detail.strike_on_occurrence - 1, MOST_POINTS - 1),
        ("strikeDays", detail.strike_days - 1, MOST_DAYS - 1),
    ):
        if not 0 <= value <= most:
            raise _invalid("This number is too small or too large.", name)
    if len(detail.examples) > EXAMPLES_PER_VERSION:
        raise _invalid(f"A policy has at most {EXAMPLES_PER_VERSION} examples.", "examples")
    examples = tuple(
        Example(
            clean(each.text, field="detail", longest=2_000),
            each.is_violation,
            clean(each.note, field="detail", longest=1_000, may_be_empty=True),
        )
        for each in detail.examples
    )
    return replace(detail, legal_reference=reference, examples=examples)


async def detail_of(version: PolicyVersion) -> Detail:
    examples = await PolicyExample.filter(policy_version_id=version.id, workspace_id=version.workspace_id).order_by(
        "created_at", "id"
    )
    return replace(
        Detail(**{name: getattr(version, name) for name in Detail().columns}),
        examples=tuple(Example(each.text, each.is_violation, each.note) for each in examples),
    )


def _invalid(message: str, field: str) -> Invalid:
    return Invalid(message, path=("input", "detail", field))
