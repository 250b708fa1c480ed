"""The taxonomy: every code is complete, and what it maps to is in the lists of others."""

from itertools import chain

import httpx
import pytest
from cast import Cast, ask

from backend.policies import CATEGORIES, ONLY_IN_REPORTS, TAXONOMY, Code

# Reasons of Ozone, lexicons/tools/ozone/report/defs.json of August 2026, without `reason`.
OZONE = frozenset(
    """Appeal SexualAbuseContent SexualAnimal ViolenceGlorification SelfHarmSubstances ChildSafetyCSAM ChildSafetyGroom
       ChildSafetyPrivacy ChildSafetyHarassment ChildSafetyOther ViolenceTrafficking ViolenceThreats ViolenceOther
       ViolenceGraphicContent ViolenceExtremistContent ViolenceAnimal SelfHarmContent SelfHarmOther SelfHarmED SelfHarmStunts
       HarassmentHateSpeech HarassmentOther HarassmentTroll HarassmentTargeted HarassmentDoxxing SexualNCII SexualDeepfake
       SexualOther SexualUnlabeled MisleadingScam MisleadingImpersonation MisleadingBot MisleadingSpam MisleadingOther
       MisleadingElections RuleSiteSecurity RuleOther RuleProhibitedSales RuleBanEvasion Other""".split()
)
CODES = [pytest.param(code, id=code.code) for code in TAXONOMY.values()]


def test_there_are_49_codes_in_eleven_families() -> None:
    assert len(TAXONOMY) == 49
    assert {code.partition("-")[0] for code in TAXONOMY} == set("CS SH VI TE HA SX FR IN GO PR IP AN RU UN".split())


def test_the_lists_are_those_of_the_database() -> None:
    """16 categories and 69 keywords over the API; STALKING is a keyword of no category, ORDER a category of reports."""
    keywords = set(chain.from_iterable(CATEGORIES.values())) | {"STALKING"}
    assert (len(CATEGORIES) - len(ONLY_IN_REPORTS), len(keywords)) == (16, 69)
    # Part 2 of the harmonised report: a row for each category of this list, and for each of its keywords.
    assert sum(len(each) for each in CATEGORIES.values()) == 75 + 7


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_complete(code: Code) -> None:
    assert code.title
    assert code.description.endswith(".")
    assert code.title.lower() != code.description.lower()
    assert 1 <= code.severity <= 5
    assert code.ozone or code.code == "UN-ORDER"
    assert {name for part in code.ozone.split("; ") for name in part.removeprefix("minor ").split("/") if name} <= OZONE


@pytest.mark.parametrize("code", CODES)
def test_every_pair_is_of_the_database(code: Code) -> None:
    for pair in (*code.pairs, *code.against_women):
        assert pair.category in CATEGORIES
        assert pair.keyword in CATEGORIES[pair.category] or (pair.keyword is None and not CATEGORIES[pair.category])
    assert all(
        pair.category == "CYBER_VIOLENCE_AGAINST_WOMEN" or code.code == "CS-TRAFFIC" for pair in code.against_women
    )
    says_other = any(pair.keyword == "OTHER" for pair in code.pairs)
    assert bool(code.other) == says_other, "the keyword OTHER is explained, and nothing else is"


def test_only_what_restricts_nobody_and_orders_are_not_filed() -> None:
    assert [code.code for code in TAXONOMY.values() if code.filed_as is None] == ["SH-DISC", "UN-ORDER"]


async def test_the_choices_are_published(api: httpx.AsyncClient, acme: Cast) -> None:
    answer = await ask(
        api, acme.tokens["stakeholder"], "{ taxonomy { code title description severity category keywords } }"
    )
    codes = {each["code"]: each for each in answer["data"]["taxonomy"]}
    assert set(codes) == set(TAXONOMY)
    assert codes["IN-MIS"] == {
        "code": "IN-MIS",
        "title": "Misinformation",
        "description": "False claims that can do harm; about health as well.",
        "severity": 4,
        "category": "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
        "keywords": ["KEYWORD_MISINFORMATION_DISINFORMATION"],
    }
    assert (codes["SH-DISC"]["category"], codes["SH-DISC"]["keywords"]) == (None, [])
