"""The groups of the taxonomy in plain words, for people who report: the letters before the hyphen of a code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from backend.kit.errors import Invalid
from backend.policies import TAXONOMY
from backend.reporting.thresholds import TIER_OF_SEVERITY

# By group: the category of the transparency database that most of its codes are in, and its words in English and German.
AREAS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "CS": (
            "PROTECTION_OF_MINORS",
            "A child is abused or in danger",
            "Ein Kind wird missbraucht oder ist in Gefahr",
        ),
        "SH": ("SELF_HARM", "Suicide or self-harm", "Suizid oder Selbstverletzung"),
        "VI": ("VIOLENCE", "Violence, or threats of it", "Gewalt oder Drohungen damit"),
        "TE": ("RISK_FOR_PUBLIC_SECURITY", "Terrorism", "Terrorismus"),
        "HA": ("ILLEGAL_OR_HARMFUL_SPEECH", "Hate, insults, harassment", "Hass, Beleidigung, Belästigung"),
        "SX": ("CYBER_VIOLENCE", "Intimate pictures without consent", "Intime Bilder ohne Einwilligung"),
        "FR": ("SCAMS_AND_FRAUD", "Fraud, fakes, false identities", "Betrug, Fälschungen, falsche Identitäten"),
        "IN": (
            "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
            "False information, manipulation",
            "Falsche Informationen, Manipulation",
        ),
        "GO": (
            "UNSAFE_AND_PROHIBITED_PRODUCTS",
            "Dangerous or forbidden goods",
            "Gefährliche oder verbotene Waren",
        ),
        "PR": ("DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", "Private data of somebody", "Private Daten von jemandem"),
        "IP": (
            "INTELLECTUAL_PROPERTY_INFRINGEMENTS",
            "Copyright, brands, designs",
            "Urheberrecht, Marken, Designs",
        ),
        "AN": ("ANIMAL_WELFARE", "Cruelty to animals", "Tierquälerei"),
        "RU": (
            "OTHER_VIOLATION_TC",
            "Spam, or another rule of the community",
            "Spam oder eine andere Regel der Community",
        ),
    }
)
NOT_SPECIFIED: Final = "NOT_SPECIFIED_NOTICE"


def area_of(code: str | None) -> str | None:
    """The group of a code, or the group itself."""
    return None if code is None else code.partition("-")[0]


def checked_code(code: str | None, *, field: str) -> str | None:
    """A code of the taxonomy, or one of its groups. Raises Invalid."""
    if not code:
        return None
    if code not in TAXONOMY and code not in AREAS:
        raise Invalid("There is no such kind of harm.", path=("input", field))
    return code


def filed_as(code: str | None, *, otherwise: str) -> tuple[str, str | None]:
    """Category and keyword of the transparency database: of a code its usual pair, of a group its category alone."""
    if code is None:
        return otherwise, None
    found = TAXONOMY.get(code)
    if found is None:
        return AREAS[code][0], None
    pair = found.pairs[0] if found.pairs else None
    return (otherwise, None) if pair is None else (pair.category, pair.keyword)


def least_tier_of(code: str | None) -> str | None:
    area = area_of(code)
    if area is None:
        return None
    return TIER_OF_SEVERITY[min(each.severity for each in TAXONOMY.values() if area_of(each.code) == area)]
