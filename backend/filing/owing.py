"""Who has to file what: computed from what a service is, whose it is and how large its provider is."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from backend.filing.models import ProviderEntity, Service
from backend.filing.thresholds import GRACE_MONTHS

_KINDS: Final = ("intermediary", "hosting", "online_platform", "vlop")


@dataclass(frozen=True, slots=True)
class Duty:
    """`name` of ours; `because` is for people, also where it `is_owed` not."""

    name: str
    article: str
    is_owed: bool
    because: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """`least`: the kind of service from which on; `spares`: whom it spares — nobody, the small while they are small
    (Article 15(2)), or also for twelve months after (Article 19(1), Section 3)."""

    name: str
    article: str
    least: str
    spares: str
    says: str


# DSA as enacted. Articles 16, 17 and 18 spare nobody for their size.
_RULES: Final = (
    _Rule("CONTACT_POINTS", "11 and 12", "intermediary", "nobody", "names points of contact"),
    _Rule("TERMS", "14", "intermediary", "nobody", "says in its terms what it restricts, and how"),
    _Rule("TRANSPARENCY_REPORT", "15(1)", "intermediary", "small", "publishes a transparency report for each service"),
    _Rule("NOTICES", "16", "hosting", "nobody", "takes notices of illegal content"),
    _Rule("STATEMENTS", "17", "hosting", "nobody", "states the reasons of restrictions to whom they concern"),
    _Rule("SUSPICIONS", "18", "hosting", "nobody", "tells authorities of threats to life or safety"),
    _Rule("COMPLAINTS", "20", "online_platform", "section_3", "handles complaints about its decisions"),
    _Rule("DISPUTES", "21", "online_platform", "section_3", "takes part in out-of-court settlements"),
    _Rule("TRUSTED_FLAGGERS", "22", "online_platform", "section_3", "gives notices of trusted flaggers priority"),
    _Rule("MISUSE", "23", "online_platform", "section_3", "suspends who misuses it, after a warning"),
    _Rule("PLATFORM_REPORT", "24(1)", "online_platform", "section_3", "reports disputes and suspensions as well"),
    _Rule("RECIPIENTS", "24(2)", "online_platform", "section_3", "publishes its number of recipients every six months"),
    _Rule("UPLOADS", "24(5)", "online_platform", "section_3", "sends statements to the Commission's database"),
    _Rule("HALF_YEARLY_REPORT", "42(1)", "vlop", "nobody", "reports every six months, with its staff and languages"),
)
DUTIES: Final = tuple(rule.name for rule in _RULES)


def duties_of(provider: ProviderEntity, service: Service, *, on: date) -> Sequence[Duty]:
    return [_duty(rule, provider, service, on) for rule in _RULES]


def owes(name: str, provider: ProviderEntity, service: Service, *, on: date) -> Duty:
    return next(duty for duty in duties_of(provider, service, on=on) if duty.name == name)


def is_small(provider: ProviderEntity, *, on: date) -> bool:
    """Micro or small on that day."""
    if provider.size_class in ("micro", "small"):
        return on >= date.fromisoformat(provider.size_class_since)
    return provider.size_class_lost_on is not None and on < date.fromisoformat(provider.size_class_lost_on)


def small_until(provider: ProviderEntity) -> date | None:
    """The first day on which Section 3 applies after the status was lost."""
    if provider.size_class_lost_on is None:
        return None
    lost = date.fromisoformat(provider.size_class_lost_on)
    year, month = divmod(lost.year * 12 + lost.month - 1 + GRACE_MONTHS, 12)
    return date(year, month + 1, min(lost.day, monthrange(year, month + 1)[1]))


def _duty(rule: _Rule, provider: ProviderEntity, service: Service, on: date) -> Duty:
    def duty(is_owed: bool, because: str) -> Duty:
        return Duty(rule.name, rule.article, is_owed, because)

    if not provider.is_client:
        return duty(
            False, f"{provider.statutory_name} provides this service, not the client: that platform files, nobody here."
        )
    if _KINDS.index(service.kind) < _KINDS.index(rule.least):
        return duty(False, f"Only {_NAMES[rule.least]} {rule.says}.")
    if rule.name == "UPLOADS" and not service.is_public:
        return duty(False, "What is said there is not disseminated to the public (Article 3(k)): nothing is uploaded.")
    if rule.least == "online_platform" and not service.is_public:
        return duty(False, "A closed space is no online platform (Article 3(i) and (k)).")
    if rule.spares != "nobody" and service.kind != "vlop":
        if is_small(provider, on=on):
            article = "15(2)" if rule.spares == "small" else "19(1)"
            return duty(False, f"Its provider is micro or small: Article {article} frees it.")
        until = small_until(provider)
        if rule.spares == "section_3" and until is not None and on < until:
            return duty(
                False,
                f"Its provider was micro or small until {provider.size_class_lost_on}: free until {until} (19(1)).",
            )
    return duty(True, f"{_NAMES[rule.least][0].upper()}{_NAMES[rule.least][1:]} {rule.says}.")


_NAMES: Final = {
    "intermediary": "a provider of intermediary services",
    "hosting": "a provider of hosting services",
    "online_platform": "a provider of online platforms",
    "vlop": "a provider of a very large online platform",
}
