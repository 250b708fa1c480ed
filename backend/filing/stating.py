"""A statement of reasons in the words of the transparency database."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from backend.filing.lists import LISTS
from backend.statements import Statement

_SOURCES: Final = {
    "notice": "SOURCE_ARTICLE_16",
    "trusted_flagger": "SOURCE_TRUSTED_FLAGGER",
    "other_notification": "SOURCE_TYPE_OTHER_NOTIFICATION",
    "own_initiative": "SOURCE_VOLUNTARY",
}
_AUTOMATION: Final = {
    "fully": "AUTOMATED_DECISION_FULLY",
    "partially": "AUTOMATED_DECISION_PARTIALLY",
    "not_automated": "AUTOMATED_DECISION_NOT_AUTOMATED",
}
# Codes whose pairs are all meant, and not one or another; the further ones are additional categories.
_ALL_MEANT: Final = {"SX-EXTORT": ["STATEMENT_CATEGORY_SCAMS_AND_FRAUD"]}


def entry_of(
    statement: Statement, *, explanation: str | None = None, reference_url: str | None = None
) -> Mapping[str, Any]:
    """What is sent, member by member. `explanation`: somebody's own words in the place of the statement's;
    `reference_url`: of the service's terms. Nothing is null: some nulls are refused, and leaving out is always taken. Who
    gave notice is never named: it is not strictly necessary (Article 17(3)(b))."""
    is_illegal = statement.ground == "illegal"
    words = explanation or statement.explanation or f"It does not go with {statement.reference}."
    language = (statement.content_language or "").upper()
    entry: dict[str, Any] = {
        "puid": statement.puid,
        "decision_visibility": list(statement.decision_visibility),
        "decision_provision": statement.decision_provision,
        "decision_account": statement.decision_account,
        "end_date_service_restriction": _day(statement.provision_until) if statement.decision_provision else None,
        "end_date_account_restriction": _day(statement.account_until) if statement.decision_account else None,
        "decision_ground": f"DECISION_GROUND_{'ILLEGAL' if is_illegal else 'INCOMPATIBLE'}_CONTENT",
        "decision_ground_reference_url": None if is_illegal else reference_url,
        "illegal_content_legal_ground" if is_illegal else "incompatible_content_ground": statement.reference,
        "illegal_content_explanation" if is_illegal else "incompatible_content_explanation": words,
        "category": statement.category,
        "category_addition": [
            category for category in _ALL_MEANT.get(statement.taxonomy_code, ()) if category != statement.category
        ],
        "category_specification": list(statement.keywords),
        "category_specification_other": statement.other_keyword if "KEYWORD_OTHER" in statement.keywords else None,
        "content_type": list(statement.content_types),
        "content_language": language if language in LISTS["content_language"] else None,
        "content_date": _day(statement.content_at),
        "territorial_scope": sorted(statement.territorial_scope),
        "application_date": _day(statement.created_at),
        "decision_facts": statement.facts,
        "source_type": _SOURCES[statement.source],
        "automated_detection": "Yes" if statement.is_detected_automatically else "No",
        "automated_decision": _AUTOMATION[statement.automation],
    }
    return {name: value for name, value in entry.items() if value not in (None, [])}


def free_words(statement: Statement, *, explanation: str | None = None) -> Mapping[str, str]:
    """By field of the entry: what could name anybody, without the sentence that Tend begins with."""
    ground = "illegal" if statement.ground == "illegal" else "incompatible"
    own = f"It does not go with {statement.reference}."
    return {
        f"{ground}_content_explanation": explanation or statement.explanation.removeprefix(own),
        "illegal_content_legal_ground" if ground == "illegal" else "incompatible_content_ground": statement.reference,
        "category_specification_other": statement.other_keyword or "",
        "decision_facts": statement.facts,
    }


def is_restriction(statement: Statement) -> bool:
    """A warning alone restricts nobody."""
    return bool(statement.decision_visibility or statement.decision_provision or statement.decision_account)


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).date().isoformat()
