"""The template of the harmonised transparency report: headers, indicators and scopes as Annex I of Implementing Regulation
(EU) 2024/2835 has them, with the blanks that some end in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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

LEAD: Final = ("Applicability", "Service", "Reporting period")
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
        return (*(LEAD if self.has_lead else ()), *self.fixed, *self.fields, *self.contexts)


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
ACCURACIES: Final = tuple(f"Accuracy of the automated means - {name}" for name in ("Accuracy", "Precision", "Recall"))
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
# What Tend itself can do to a post or a member; of the rest only whoever runs the platform knows.
TENDS_MEASURES: Final = frozenset(
    name.strip()
    for name in MEASURES
    if name.startswith("Number of")
    or name.endswith(("Removal", "Disable", "service Suspension", "Account restriction Suspension"))
)
