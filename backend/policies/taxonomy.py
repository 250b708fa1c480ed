"""What kinds of harm there are: 49 codes that every policy and every export speaks, each with what others call it.

The rows are in `taxonomy.csv`, one a code. A code never leaves the product: a statement to the transparency database, a
report to NCMEC and so on carry what it maps to.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

VERSION: Final = "2026-11"  # goes up with every change of a row; a statement keeps the one it was written with

# Categories of the transparency database of the EU and the keywords of each, without STATEMENT_CATEGORY_ and KEYWORD_.
# Source: digital-services-act/transparency-database, app/Models/Statement.php, in force since 1 July 2025.
CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ANIMAL_WELFARE": ("ANIMAL_HARM", "UNLAWFUL_SALE_ANIMALS", "OTHER"),
        "CONSUMER_INFORMATION": (
            *("HIDDEN_ADVERTISEMENT", "INSUFFICIENT_INFORMATION_ON_TRADERS", "MISLEADING_INFO_GOODS_SERVICES"),
            *("MISLEADING_INFO_CONSUMER_RIGHTS", "NONCOMPLIANCE_PRICING", "OTHER"),
        ),
        "CYBER_VIOLENCE": (
            *("CYBER_BULLYING_INTIMIDATION", "CYBER_HARASSMENT", "CYBER_INCITEMENT", "CYBER_STALKING"),
            *("NON_CONSENSUAL_IMAGE_SHARING", "NON_CONSENSUAL_MATERIAL_DEEPFAKE", "OTHER"),
        ),
        "CYBER_VIOLENCE_AGAINST_WOMEN": (
            *("BULLYING_AGAINST_GIRLS", "CYBER_HARASSMENT_AGAINST_WOMEN", "CYBER_STALKING_AGAINST_WOMEN"),
            *("FEMALE_GENDERED_DISINFORMATION", "INCITEMENT_AGAINST_WOMEN"),
            *("NON_CONSENSUAL_IMAGE_SHARING_AGAINST_WOMEN", "NON_CONSENSUAL_MATERIAL_DEEPFAKE_AGAINST_WOMEN", "OTHER"),
        ),
        "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS": (
            *("BIOMETRIC_DATA_BREACH", "DATA_FALSIFICATION", "MISSING_PROCESSING_GROUND", "RIGHT_TO_BE_FORGOTTEN"),
            "OTHER",
        ),
        "ILLEGAL_OR_HARMFUL_SPEECH": ("DEFAMATION", "DISCRIMINATION", "HATE_SPEECH", "OTHER"),
        "INTELLECTUAL_PROPERTY_INFRINGEMENTS": (
            *("COPYRIGHT_INFRINGEMENT", "DESIGN_INFRINGEMENT", "GEOGRAPHIC_INDICATIONS_INFRINGEMENT"),
            *("PATENT_INFRINGEMENT", "TRADE_SECRET_INFRINGEMENT", "TRADEMARK_INFRINGEMENT", "OTHER"),
        ),
        "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS": (
            *("MISINFORMATION_DISINFORMATION", "VIOLATION_EU_LAW", "VIOLATION_NATIONAL_LAW", "OTHER"),
        ),
        "PROTECTION_OF_MINORS": (
            *("AGE_SPECIFIC_RESTRICTIONS_MINORS", "CHILD_SEXUAL_ABUSE_MATERIAL"),
            *("CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE", "GROOMING_SEXUAL_ENTICEMENT_MINORS", "UNSAFE_CHALLENGES"),
            "OTHER",
        ),
        "RISK_FOR_PUBLIC_SECURITY": (
            *("ILLEGAL_ORGANIZATIONS", "RISK_ENVIRONMENTAL_DAMAGE", "RISK_PUBLIC_HEALTH", "TERRORIST_CONTENT", "OTHER"),
        ),
        "SCAMS_AND_FRAUD": (
            *("IMPERSONATION_ACCOUNT_HIJACKING", "INAUTHENTIC_ACCOUNTS", "INAUTHENTIC_LISTINGS"),
            *("INAUTHENTIC_USER_REVIEWS", "PHISHING", "PYRAMID_SCHEMES", "OTHER"),
        ),
        "SELF_HARM": ("CONTENT_PROMOTING_EATING_DISORDERS", "SELF_MUTILATION", "SUICIDE", "OTHER"),
        "UNSAFE_AND_PROHIBITED_PRODUCTS": ("PROHIBITED_PRODUCTS", "UNSAFE_PRODUCTS", "OTHER"),
        "VIOLENCE": (
            *("COORDINATED_HARM", "INCITEMENT_VIOLENCE_HATRED", "HUMAN_EXPLOITATION", "HUMAN_TRAFFICKING"),
            *("TRAFFICKING_WOMEN_GIRLS", "OTHER"),
        ),
        "OTHER_VIOLATION_TC": (
            *("ADULT_SEXUAL_MATERIAL", "AGE_SPECIFIC_RESTRICTIONS", "GEOGRAPHICAL_REQUIREMENTS"),
            *("GOODS_SERVICES_NOT_PERMITTED", "LANGUAGE_REQUIREMENTS", "NUDITY", "OTHER"),
        ),
        "NOT_SPECIFIED_NOTICE": (),
        "NOT_SPECIFIED_ORDER": (),
    }
)
ONLY_IN_REPORTS: Final = frozenset({"NOT_SPECIFIED_ORDER"})  # the database refuses it


@dataclass(frozen=True, slots=True)
class Pair:
    """A category of the database with one of its keywords; a category without any has none."""

    category: str
    keyword: str | None


@dataclass(frozen=True, slots=True)
class Code:
    """`pairs`: the usual one first; none where nothing is restricted. `against_women`: those instead where the target is a
    woman or girl because of it. `other` says what the keyword OTHER means. `ncmec`: numbers of its incident types.
    `severity`: 1 the gravest, to 5; a hint for the policy's author."""

    code: str
    title: str
    description: str
    pairs: tuple[Pair, ...]
    against_women: tuple[Pair, ...]
    other: str
    ncmec: str
    ozone: str
    uk: str
    severity: int

    @property
    def filed_as(self) -> Pair | None:
        """What a statement to the database says, unless somebody knows better."""
        return next((pair for pair in self.pairs if pair.category not in ONLY_IN_REPORTS), None)


def _pairs(text: str) -> tuple[Pair, ...]:
    parts = (each.partition("/") for each in text.split())
    return tuple(Pair(category, keyword or None) for category, _, keyword in parts)


def _read() -> Mapping[str, Code]:
    with (Path(__file__).parent / "taxonomy.csv").open(encoding="utf-8", newline="") as file:
        return MappingProxyType(
            {
                row["code"]: Code(
                    code=row["code"],
                    title=row["title"],
                    description=row["description"],
                    pairs=_pairs(row["dsa"]),
                    against_women=_pairs(row["against_women"]),
                    other=row["other"],
                    ncmec=row["ncmec"],
                    ozone=row["ozone"],
                    uk=row["uk"],
                    severity=int(row["severity"]),
                )
                for row in csv.DictReader(file)
            }
        )


TAXONOMY: Final = _read()
