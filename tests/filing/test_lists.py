"""The words of the transparency database are those of the reference, and the taxonomy maps into them."""

import pytest
from filing import reference

from backend.filing.lists import DESCRIBED, FITTING, LISTS
from backend.filing.shaping import categories_in, lines_of
from backend.filing.template import PARTS
from backend.policies import CATEGORIES, TAXONOMY


@pytest.mark.parametrize("name", sorted(reference.LISTS))
def test_every_list_is_the_one_of_the_reference(name: str) -> None:
    assert sorted(LISTS[name]) == sorted(reference.LISTS[name])
    assert len(set(LISTS[name])) == len(LISTS[name]) == reference.COUNTS.get(name, len(LISTS[name]))


def test_every_keyword_is_of_the_categories_of_the_reference() -> None:
    expected = {name: tuple(words.split()) for name, words in reference.CATEGORIES.items()}
    assert dict(CATEGORIES) == expected
    assert FITTING["STATEMENT_CATEGORY_CYBER_VIOLENCE"] >= {"KEYWORD_STALKING", "KEYWORD_CYBER_STALKING"}
    assert "KEYWORD_STALKING" not in FITTING["STATEMENT_CATEGORY_VIOLENCE"]


@pytest.mark.parametrize("name", sorted(reference.RETIRED))
def test_what_was_retired_is_in_no_list(name: str) -> None:
    prefix = "STATEMENT_CATEGORY_" if name == "category" else "KEYWORD_"
    retired = {prefix + word for word in reference.RETIRED[name].split()}
    assert retired == set(LISTS["retired_categories" if name == "category" else "retired_keywords"])
    assert not retired & set(LISTS[name])


@pytest.mark.parametrize("code", sorted(TAXONOMY))
def test_every_code_maps_into_the_database_and_into_a_line_of_a_report(code: str) -> None:
    for pair in (*TAXONOMY[code].pairs, *TAXONOMY[code].against_women):
        keywords = reference.CATEGORIES[pair.category].split()
        assert pair.keyword in keywords or (pair.keyword is None and not keywords)
        assert any(pair.category in categories_in(part) for part in (3, 4, 5, 6))
    filed = TAXONOMY[code].filed_as
    assert filed is None or f"STATEMENT_CATEGORY_{filed.category}" in reference.LISTS["category"]


def test_categories_are_numbered_and_labelled_as_in_part_2() -> None:
    numbered = {}
    for label, _, name in DESCRIBED:
        numbered[label.removeprefix("Category ")] = name
    for number, (category, words) in enumerate(reference.CATEGORIES.items(), start=1):
        assert numbered[str(number)] == f"STATEMENT_CATEGORY_{category}"
        for letter, word in zip("abcdefgh", words.split(), strict=False):
            assert numbered[f"{number}{letter}"] == f"KEYWORD_{word}"
    assert len(lines_of(2, "hosting")) == 100
    assert len(PARTS) == 11
