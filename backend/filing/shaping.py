"""The eleven parts of the harmonised transparency report: their headers and lines, as Annex I of Implementing Regulation
(EU) 2024/2835 has them, with the blanks that some end in. What is wrong in the published templates is put right here: a
line that one block of Part 3 lacks is there, and no cell holds words that only say what to write."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from backend.filing.lists import CATEGORY, DESCRIBED, KEYWORD
from backend.policies import CATEGORIES

Value = str | int | float
# By part, line and field (the header without the blanks around it).
Cells = Mapping[tuple[int, str, str], Value]

ALL: Final = "All"
HOSTING: Final = "Only for providers of hosting services, including online platforms"
PLATFORMS: Final = "Only for providers of online platforms"
VLOPS: Final = "Only for VLOPs"
VLOSES: Final = "Only for VLOPs and VLOSEs"
APPLIES: Final[Mapping[str, frozenset[str]]] = {
    "intermediary": frozenset({ALL}),
    "hosting": frozenset({ALL, HOSTING}),
    "online_platform": frozenset({ALL, HOSTING, PLATFORMS}),
    "vlop": frozenset({ALL, HOSTING, PLATFORMS, VLOPS, VLOSES}),
}
# Eurostat writes Greece EL; the transparency database GR.
MEMBER_STATES: Final = "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
LANGUAGES: Final = "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv".split()

_LEAD: Final = ("Applicability", "Service", "Reporting period")
_OTHER: Final = 'Description of the sub-category "Other"'
TOTAL: Final = "TOTAL"
ORDERS: Final = (
    "Number of orders to act against illegal content received",
    "Number of specific items of information included in the total number of orders to act against illegal content",
    "Median time to inform the authority of the receipt of the order to act against illegal content",
    "Median time to give effect to the order to act against illegal content",
    "Number of orders to provide information",
    "Median time to inform the authority of the receipt of the order to provide information",
    "Median time to give effect to the order to provide information",
)
_FLAGGED: Final = " (Trusted Flagger notices)"
NOTICES: Final = (
    "Number of notices received ",
    "Number of notices received from Trusted flaggers",
    "Number of specific items of information included in the total number of notices",
    f"Number of specific items of information included in the total number of notices by Trusted Flaggers{_FLAGGED}",
    *(
        name + end
        for name in (
            "Median time to take action",
            "Number of actions taken on the basis of the law",
            "Number of actions taken on the basis of the terms and conditions of the service",
        )
        for end in ("", _FLAGGED)
    ),
)
MEASURES: Final = (
    "Number of measures taken at the provider's own initiative ",
    "Number of measures taken after detection with solely automated means ",
    "Visibility restriction Removal",
    "Visibility restriction Disable",
    "Visibility restriction Demoted",
    "Visibility restriction Age restricted",
    "Visibility restriction Interaction restricted",
    "Visibility restriction Labelled ",
    "Visibility restriction Other",
    "Monetary restriction Suspension",
    "Monetary restriction Termination",
    "Monetary restriction Other",
    "Provision of the service Suspension",
    "Provision of the service Termination",
    "Account restriction Suspension",
    "Account restriction Termination",
)


@dataclass(frozen=True, slots=True)
class Line:
    """`name` is what cells go by; `fixed` stand between the lead and the values."""

    name: str
    applies: str
    fixed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """`fields`: headers of the values; `contexts`: of what people say about each, in the same order."""

    number: int
    name: str
    fixed: tuple[str, ...]
    fields: tuple[str, ...]
    contexts: tuple[str, ...] = ()
    has_lead: bool = True

    @property
    def header(self) -> tuple[str, ...]:
        return (*(_LEAD if self.has_lead else ()), *self.fixed, *self.fields, *self.contexts)


def _small(name: str) -> str:
    return name[0].lower() + name[1:]


_LIST: Final = ("Section", "Indicator", "Scope")
PARTS: Final[Mapping[int, Part]] = {
    part.number: part
    for part in (
        Part(1, "summary", ("Applicability", "Service", "Indicator"), ("Value",), has_lead=False),
        Part(
            2,
            "categories_names",
            (
                "Category label",
                "Category description",
                "Category of illegal content / incompatible with the terms and conditions",
            ),
            (),
            ("Contextual information",),
            has_lead=False,
        ),
        Part(
            3,
            "member_states_orders",
            ("Category of illegal content", _OTHER, "Scope"),
            ORDERS,
            tuple(f"Contextual information on {_small(name) if n < 2 else name}" for n, name in enumerate(ORDERS)),
        ),
        Part(
            4,
            "notices",
            ("Category of illegal content", _OTHER),
            NOTICES,
            tuple(f"Contextual information on {name}" for name in NOTICES),
        ),
        *(
            Part(
                number,
                name,
                (category, _OTHER),
                MEASURES,
                tuple(f"Contextual Information on {measure}" for measure in MEASURES),
            )
            for number, name, category in (
                (5, "own_initiative_illegal", "Category of illegal content"),
                (6, "own_initiative_TC", "Category of incompatibility with the provider's terms and conditions"),
            )
        ),
        Part(7, "appeals_and_recidivism", _LIST, ("Value",), ("Contextual Information",)),
        Part(8, "automated_means", _LIST, ("Value",), ("Contextual Information",)),
        Part(9, "human_resources", _LIST, ("Value",), ("Contextual information",)),
        Part(10, "AMAR", _LIST, ("Value",)),
        Part(11, "qualitative", ("Indicator",), ("Value",)),
    )
}
SUMMARY: Final = (
    "Name of the service provider",
    "Date of the publication of the report",
    "Date of the publication of the latest previous report",
    "Starting date of reporting period",
    "Ending date of reporting period",
)
COMPLAINTS: Final = "Number of complaints submitted to the internal-complaints mechanism"
IMPOSED: Final = "Number of restrictions newly imposed as a result of an internal complaint"
_ABOUT: Final = "Complaint regarding a decision "
KINDS_OF_COMPLAINT: Final[Mapping[str, str]] = {
    "visibility": f"{_ABOUT}to remove or disable access to or restrict visibility of information",
    "provision": f"{_ABOUT}to suspend or terminate the provision of the service",
    "account": f"{_ABOUT}to suspend or terminate an account ",
    "money": f"{_ABOUT}to restrict the ability to monetise information",
    "notice": f"{_ABOUT}not to take action on a notice submitted in accordance with Article 16",
    "trusted": f"{_ABOUT}not to take action on a notice submitted by a Trusted Flagger in accordance with Article 16",
}
DISPUTES: Final = "Number of disputes submitted to out-of-court dispute settlement bodies"
SUSPENSIONS: Final[Mapping[str, str]] = {
    "illegal_content": "Number of suspensions enacted for the provision of manifestly illegal content ",
    "unfounded_notices": "Number of suspensions enacted for the provision of manifestly unfounded notices",
    "unfounded_complaints": "Number of suspensions enacted for the provision of manifestly unfounded complaints",
}
COUNTED: Final = "Total number"
UPHELD, PARTLY, REVERSED = "Decisions upheld", "Decisions partially reversed", "Decisions reversed"
MEDIAN, OMITTED, IMPLEMENTED = "Median time", "Decision omitted", "Percentage of outcomes implemented"
OWN: Final = "Own-initiative "
ALL_NOTICES, FLAGGED = "NAM Total", "NAM Trusted Flagger"
SOLELY, NOT_BY = (
    "Number of measures solely taken by automated means ",
    "Number of measures not taken by automated means",
)
NOTICES_SOLELY = "Number of notices solely processed by automated means "
NOTICES_NOT_BY = "Number of notices not processed by automated means"
_ACCURACIES: Final = tuple(f"Accuracy of the automated means - {name}" for name in ("Accuracy", "Precision", "Recall"))
INTERNAL: Final = "Number of internal moderators employed by the provider"
EXTERNAL: Final = "Number of external moderators contracted by the provider"
LINGUISTIC: Final = "Number of total moderators with sufficient linguistic expertise "
RECIPIENTS: Final = "Number of average monthly active recipients during the reporting period\u00a0"
QUALITIES: Final = (
    (ALL, "Summary of the content moderation engaged in at the providers’ own initiative"),
    (
        ALL,
        "Meaningful and comprehensible information regarding content moderation engaged in at the providers' own initiative",
    ),
    (ALL, "Qualitative description of the automated means"),
    (ALL, "Qualitative description of indicators of accuracy and possible rate of error of automated means"),
    (ALL, "Specification of the precise purposes to apply automated means"),
    (ALL, "Safeguards applied to the use of automated means"),
    (VLOPS, "High-level description of the content moderation governance structure"),
    (VLOPS, "Qualifications of the human resources dedicated to content moderation"),
    (VLOPS, "Training given to human resources dedicated to content moderation"),
    (VLOPS, "Support given to human resources dedicated to content moderation "),
    (
        VLOPS,
        "Methodology used to compute the number of human resources dedicated to content moderation\u00a0\u00a0",
    ),
)


def lines_of(
    number: int, kind: str, *, scopes: Sequence[str] = (), others: Mapping[str, Sequence[str]] | None = None
) -> list[Line]:
    """Of a service of that kind. `scopes`: Member States with a block of their own in Part 3; `others`: by line of a
    category, what its keyword OTHER was used for; each has a line."""
    return [line for line in _lines(number, scopes, others or {}) if line.applies in APPLIES[kind]]


def written(part: Part, lines: Sequence[Line], cells: Cells, *, service: str, period: str) -> str:
    """RFC 4180: lines end in CR LF. UTF-8 without a byte order mark, once encoded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(part.header)
    for line in lines:
        if part.number == 1:
            lead: tuple[str, ...] = (line.applies, service)
        else:
            lead = (line.applies, service, period) if part.has_lead else ()
        values = [cells.get((part.number, line.name, name.strip()), "") for name in (*part.fields, *part.contexts)]
        writer.writerow((*lead, *line.fixed, *map(text_of, values)))
    return out.getvalue()


def text_of(value: Value) -> str:
    """Integers for counts; shares and hours with as many digits as say something."""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def category_line(category: str, keyword: str = "", *, scope: str = TOTAL, other: str = "") -> str:
    """What cells of Parts 3 to 6 go by: `DE: STATEMENT_CATEGORY_VIOLENCE / KEYWORD_OTHER: swatting`."""
    name = category if category == TOTAL else CATEGORY + category
    name += f" / {KEYWORD}{keyword}" if keyword else ""
    name += f": {other}" if other else ""
    return name if scope == TOTAL else f"{scope}: {name}"


def indicator_line(indicator: str, scope: str) -> str:
    return f"{indicator.strip()} / {scope.strip()}"


_LAST: Final = {3: "NOT_SPECIFIED_ORDER", 4: "NOT_SPECIFIED_NOTICE", 6: "OTHER_VIOLATION_TC"}
_SPECIAL: Final = frozenset(_LAST.values())


def categories_in(part: int) -> Mapping[str, tuple[str, ...]]:
    """With their keywords, in the order of the lines."""
    common = {name: keywords for name, keywords in CATEGORIES.items() if name not in _SPECIAL}
    return {**common, **({_LAST[part]: CATEGORIES[_LAST[part]]} if part in _LAST else {})}


def _lines(number: int, scopes: Sequence[str], others: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    match number:
        case 1:
            yield from (Line(name, ALL, (name,)) for name in SUMMARY)
        case 2:
            yield Line(TOTAL, ALL, (TOTAL, "All the entries", TOTAL))
            yield from (Line(label, ALL, (label, described, name)) for label, described, name in DESCRIBED)
        case 3 | 4 | 5 | 6:
            for scope in (TOTAL, *scopes) if number == 3 else (TOTAL,):
                yield from _matrix(number, scope, others)
        case 7:
            yield from _appeals()
        case 8:
            yield from _automation()
        case 9:
            section = "Human resources dedicated to content moderation "
            yield _indicator(VLOPS, section, INTERNAL, COUNTED)
            yield _indicator(VLOPS, section, EXTERNAL, COUNTED)
            yield from (_indicator(VLOPS, section, LINGUISTIC, scope) for scope in (COUNTED, *LANGUAGES))
        case 10:
            yield from (_indicator(VLOSES, "AMAR", RECIPIENTS, scope) for scope in (TOTAL, *MEMBER_STATES))
        case 11:
            yield from (Line(name.strip(), applies, (name,)) for applies, name in QUALITIES)


def _matrix(number: int, scope: str, others: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    applies = HOSTING if number == 4 else ALL
    tail = (scope,) if number == 3 else ()
    yield Line(category_line(TOTAL, scope=scope), applies, (TOTAL, "", *tail))
    for category, keywords in categories_in(number).items():
        name = category_line(category, scope=scope)
        yield Line(name, applies, (CATEGORY + category, "", *tail))
        for keyword in keywords:
            for other in (others.get(name) or ("",)) if keyword == "OTHER" else ("",):
                yield Line(
                    category_line(category, keyword, scope=scope, other=other),
                    applies,
                    (KEYWORD + keyword, other, *tail),
                )


def _indicator(applies: str, section: str, indicator: str, scope: str) -> Line:
    return Line(indicator_line(indicator, scope), applies, (section, indicator, scope))


def _appeals() -> Iterator[Line]:
    section = "Internal complaints mechanism"
    outcomes = (UPHELD, PARTLY, REVERSED, MEDIAN)
    yield _indicator(ALL, section, COMPLAINTS, COUNTED)
    yield from (_indicator(PLATFORMS, section, COMPLAINTS, scope) for scope in (*outcomes, OMITTED))
    yield _indicator(PLATFORMS, section, IMPOSED, COUNTED)
    for indicator in KINDS_OF_COMPLAINT.values():
        yield from (_indicator(PLATFORMS, section, indicator, scope) for scope in (COUNTED, *outcomes))
    section = "Out-of-court dispute settlement bodies"
    for scope in (COUNTED, *outcomes, OMITTED, IMPLEMENTED):
        yield _indicator(PLATFORMS, section, DISPUTES, scope)
    for indicator in SUSPENSIONS.values():
        yield _indicator(PLATFORMS, "Suspensions imposed on repeated offenders", indicator, COUNTED)


def _automation() -> Iterator[Line]:
    section = "Use of automated means for content moderation"
    for applies, scope, counts in (
        (ALL, COUNTED, (SOLELY, NOT_BY)),
        (ALL, OWN, (SOLELY, NOT_BY)),
        (HOSTING, ALL_NOTICES, (NOTICES_SOLELY, NOTICES_NOT_BY)),
        (PLATFORMS, FLAGGED, (NOTICES_SOLELY, NOTICES_NOT_BY)),
    ):
        yield from (_indicator(applies, section, indicator, scope) for indicator in (*counts, *_ACCURACIES))
    # A line a language, where the template has the first, dots and the last.
    for indicator in (SOLELY, NOT_BY, *_ACCURACIES):
        yield from (_indicator(VLOPS, section, indicator, language) for language in LANGUAGES)


def kind_of_entry(number: int, line: Line, field: str) -> str | None:
    """What people say in a cell: a `share` from 0 to 1, a `count`, or `text`. None for a cell that is Tend's to fill."""
    part = PARTS[number]
    if field in {name.strip() for name in part.contexts} or number == 11:
        return "text"
    if field not in {name.strip() for name in part.fields}:
        return None
    if number == 8:
        is_language = line.fixed[-1] in LANGUAGES
        return "share" if line.fixed[1] in _ACCURACIES else "count" if is_language else None
    if number in (9, 10):
        return "count"
    return "count" if number in (5, 6) and field not in TENDS_MEASURES else None


# What Tend itself can do to a post or a member; of the rest only whoever runs the platform knows.
TENDS_MEASURES: Final = frozenset(
    name.strip()
    for name in MEASURES
    if name.startswith("Number of")
    or name.endswith(("Removal", "Disable", "service Suspension", "Account restriction Suspension"))
)
