"""A dry run finds what the Commission's rules refuse, each trap of the reference by the name of its field."""

from datetime import UTC, datetime
from typing import Any

import pytest
from filing.commission import errors_of

from backend.filing.stating import entry_of
from backend.filing.validating import problems_of
from backend.kit.ids import new_id
from backend.statements import Statement

# Accepted by the database: the reference's smallest entry.
SMALLEST: dict[str, Any] = {
    "puid": "tend-3f9c1a7e5b2d4c60",
    "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
    "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
    "incompatible_content_ground": "Community rules 4.2",
    "incompatible_content_explanation": "The post repeats insults aimed at one member.",
    "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    "category_specification": ["KEYWORD_CYBER_HARASSMENT"],
    "content_type": ["CONTENT_TYPE_TEXT"],
    "content_date": "2026-03-01",
    "application_date": "2026-03-02",
    "decision_facts": "Reported by a member; a reviewer read the whole thread.",
    "source_type": "SOURCE_TYPE_OTHER_NOTIFICATION",
    "automated_detection": "No",
    "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
}
ILLEGAL = {
    "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
    "illegal_content_legal_ground": "Section 185 StGB",
    "illegal_content_explanation": "An insult.",
    "incompatible_content_ground": None,
    "incompatible_content_explanation": None,
}
FINE: dict[str, dict[str, Any]] = {
    "the smallest": {},
    "nulls where they mean nothing": {
        "decision_monetary": None, "account_type": None, "category_specification": None, "territorial_scope": None,
        "content_language": None, "end_date_visibility_restriction": None, "content_id": None,
    },
    "by the law": ILLEGAL,
    "Greece": {"territorial_scope": ["GR", "DE"]},
    "a book": {"content_id": {"EAN-13": "9783161484100"}},
    "all at once": {
        "decision_account": "DECISION_ACCOUNT_SUSPENDED", "account_type": "ACCOUNT_TYPE_PRIVATE",
        "end_date_account_restriction": "2026-03-02", "category_addition": ["STATEMENT_CATEGORY_SCAMS_AND_FRAUD"],
        "category_specification": ["KEYWORD_CYBER_HARASSMENT", "KEYWORD_PHISHING"], "content_language": "EN",
        "incompatible_content_illegal": "No", "decision_ground_reference_url": "https://forum.example/terms",
        "source_identity": "A charity",
    },
    "stalking, which only the database knows": {"category_specification": ["KEYWORD_STALKING"]},
}  # fmt: skip
# What is wrong, in which field, and whether the database says so as well (else it lets it through, or drops it).
TRAPS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "no restriction": ({"decision_visibility": []}, "decision_visibility", True),
    "other, unexplained": ({"decision_visibility": ["DECISION_VISIBILITY_OTHER"]}, "decision_visibility_other", True),
    "explained, not other": ({"decision_visibility_other": "x"}, "decision_visibility_other", False),
    "money, other": ({"decision_monetary": "DECISION_MONETARY_OTHER"}, "decision_monetary_other", True),
    "no ground": ({"decision_ground": None}, "decision_ground", True),
    "the law, unnamed": ({**ILLEGAL, "illegal_content_legal_ground": ""}, "illegal_content_legal_ground", True),
    "the law, unexplained": ({**ILLEGAL, "illegal_content_explanation": None}, "illegal_content_explanation", True),
    "terms, unexplained": ({"incompatible_content_explanation": ""}, "incompatible_content_explanation", True),
    "the law beside the terms": ({"illegal_content_legal_ground": "x"}, "illegal_content_legal_ground", False),
    "illegal, null": ({"incompatible_content_illegal": None}, "incompatible_content_illegal", True),
    "illegal, boolean": ({"incompatible_content_illegal": True}, "incompatible_content_illegal", True),
    "no address": ({"decision_ground_reference_url": "our terms"}, "decision_ground_reference_url", False),
    "no category": ({"category": None}, "category", True),
    "category of reports": ({"category": "STATEMENT_CATEGORY_NOT_SPECIFIED_ORDER"}, "category", True),
    "category without prefix": ({"category": "CYBER_VIOLENCE"}, "category", True),
    "retired category": ({"category": "STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE"}, "category", True),
    "more categories, null": ({"category_addition": None}, "category_addition", True),
    "main category again": ({"category_addition": ["STATEMENT_CATEGORY_CYBER_VIOLENCE"]}, "category_addition", False),
    "retired keyword": ({"category_specification": ["KEYWORD_MISINFORMATION"]}, "category_specification", True),
    "keyword of another category": ({"category_specification": ["KEYWORD_PHISHING"]}, "category_specification", False),
    "keyword, no array": ({"category_specification": "KEYWORD_OTHER"}, "category_specification", True),
    "other keyword, not OTHER": ({"category_specification_other": "x"}, "category_specification_other", False),
    "no kind of content": ({"content_type": []}, "content_type", True),
    "content, other": ({"content_type": ["CONTENT_TYPE_OTHER"]}, "content_type_other", True),
    "small language": ({"content_language": "en"}, "content_language", True),
    "no day": ({"content_date": None}, "content_date", True),
    "a time": ({"content_date": "2026-03-01 10:00:00"}, "content_date", True),
    "a day that is none": ({"application_date": "2026-02-30"}, "application_date", True),
    "too old": ({"content_date": "1999-12-31"}, "content_date", True),
    "before the DSA": ({"application_date": "2019-12-31"}, "application_date", True),
    "too far": ({"end_date_visibility_restriction": "2038-01-02"}, "end_date_visibility_restriction", True),
    "an end before the start": ({"end_date_visibility_restriction": "2026-03-01"}, "end_date_visibility_restriction", False),
    "an end of nothing": ({"end_date_account_restriction": "2026-04-01"}, "end_date_account_restriction", False),
    "another code": ({"content_id": {"EAN-8": "12345670"}}, "content_id", False),
    "a short code": ({"content_id": {"EAN-13": "123"}}, "content_id", True),
    "Greece by Eurostat": ({"territorial_scope": ["EL"]}, "territorial_scope", True),
    "the Union": ({"territorial_scope": ["EU"]}, "territorial_scope", True),
    "the United Kingdom": ({"territorial_scope": ["UK"]}, "territorial_scope", True),
    "no facts": ({"decision_facts": ""}, "decision_facts", True),
    "long facts": ({"decision_facts": "x" * 5001}, "decision_facts", True),
    "a long ground": ({"incompatible_content_ground": "x" * 501}, "incompatible_content_ground", True),
    "a long explanation": ({"incompatible_content_explanation": "x" * 2001}, "incompatible_content_explanation", True),
    "own initiative, by somebody": ({"source_type": "SOURCE_VOLUNTARY", "source_identity": "x"}, "source_identity", False),
    "detected, boolean": ({"automated_detection": False}, "automated_detection", True),
    "decided, Yes": ({"automated_decision": "Yes"}, "automated_decision", True),
    "a name with a dot": ({"puid": "tend.1"}, "puid", True),
    "a name with a line": ({"puid": "tend-1\n"}, "puid", True),
    "no name": ({"puid": ""}, "puid", True),
    "a field nobody knows": ({"platform": "x"}, "platform", False),
}  # fmt: skip


def changed(change: dict[str, Any]) -> dict[str, Any]:
    return {**SMALLEST, **change}


@pytest.mark.parametrize("name", FINE)
def test_what_the_database_takes_has_no_problem(name: str) -> None:
    entry = changed(FINE[name])
    assert errors_of(entry) == {}
    assert [problem for problem in problems_of(entry) if entry.get(problem.field) is not None] == []


@pytest.mark.parametrize("name", TRAPS)
def test_every_trap_is_found_by_the_name_of_its_field(name: str) -> None:
    change, field, is_refused = TRAPS[name]
    entry = changed(change)
    assert field in {problem.field for problem in problems_of(entry)}
    assert bool(errors_of(entry)) == is_refused


@pytest.mark.parametrize("field", SMALLEST)
def test_nothing_that_is_required_may_be_missing(field: str) -> None:
    entry = {name: value for name, value in SMALLEST.items() if name != field}
    optional = field == "category_specification"
    assert bool(problems_of(entry)) != optional
    assert bool(errors_of(entry)) != optional


def test_no_entry_holds_a_null() -> None:
    """Some are refused, and leaving out is always taken."""
    assert not [name for name, value in entry_of(a_statement()).items() if value is None or value == []]


def a_statement(**columns: Any) -> Statement:
    at = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    return Statement(
        **{
            "agency_id": new_id(), "puid": "tend-1", "explanation": "It does not go with Rule 1.", "facts": "A person looked.", "reference": "Rule 1",
            "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"], "ground": "incompatible", "source": "notice",
            "is_detected_automatically": False, "automation": "not_automated", "content_types": ["CONTENT_TYPE_TEXT"],
            "territorial_scope": ["GR", "DE"], "taxonomy_code": "HA-BULLY", "taxonomy_version": "1",
            "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE", "keywords": ["KEYWORD_CYBER_HARASSMENT"],
            "content_at": at, "created_at": at, "content_language": "de", **columns,
        }
    )  # fmt: skip


def test_a_statement_becomes_exactly_this() -> None:
    until = a_statement().created_at.replace(month=4)
    statement = a_statement(
        decision_account="DECISION_ACCOUNT_SUSPENDED",
        account_until=until,
        keywords=["KEYWORD_OTHER"],
        other_keyword="rule of the community",
        automation="partially",
    )
    assert entry_of(statement, reference_url="https://forum.example/terms") == {
        "puid": "tend-1",
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
        "decision_account": "DECISION_ACCOUNT_SUSPENDED",
        "end_date_account_restriction": "2026-04-01",
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "decision_ground_reference_url": "https://forum.example/terms",
        "incompatible_content_ground": "Rule 1",
        "incompatible_content_explanation": "It does not go with Rule 1.",
        "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE",
        "category_specification": ["KEYWORD_OTHER"],
        "category_specification_other": "rule of the community",
        "content_type": ["CONTENT_TYPE_TEXT"],
        "content_language": "DE",
        "content_date": "2026-03-01",
        "territorial_scope": ["DE", "GR"],
        "application_date": "2026-03-01",
        "decision_facts": "A person looked.",
        "source_type": "SOURCE_ARTICLE_16",
        "automated_detection": "No",
        "automated_decision": "AUTOMATED_DECISION_PARTIALLY",
    }


def test_the_law_has_fields_of_its_own_and_own_initiative_names_nobody() -> None:
    entry = entry_of(a_statement(ground="illegal", reference="Section 185 StGB", source="own_initiative"))
    assert (entry["illegal_content_legal_ground"], entry["source_type"]) == ("Section 185 StGB", "SOURCE_VOLUNTARY")
    assert {"incompatible_content_ground", "incompatible_content_illegal", "source_identity"} & set(entry) == set()
    assert errors_of(dict(entry)) == {}


def test_what_a_forgotten_member_left_is_filed_with_our_own_sentence() -> None:
    assert entry_of(a_statement(explanation=""))["incompatible_content_explanation"] == "It does not go with Rule 1."


def test_sextortion_stands_in_two_categories_and_a_language_that_nobody_lists_in_none() -> None:
    entry = entry_of(a_statement(taxonomy_code="SX-EXTORT", content_language="tlh"))
    assert entry["category_addition"] == ["STATEMENT_CATEGORY_SCAMS_AND_FRAUD"]
    assert "content_language" not in entry
