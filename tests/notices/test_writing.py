"""Every kind can be written in every language, from files, and nothing is left out silently."""

from itertools import product
from pathlib import Path

import pytest
from jinja2 import meta

from backend import safety
from backend.acting import KINDS as ACTIONS
from backend.moderation import deciding_appeals
from backend.moderation.answering_reporters import ANSWERS
from backend.notices import KINDS, writing
from backend.notices.writing import LANGUAGES, Item, Unwritable, around, lines
from graphql_schema.notices import NoticeLanguage
from tenants.rights import PERSON_ROLES

FOLDER = Path(writing.__file__).parent / "templates"
# Every word that a fact may be.
WORDS = {
    "outcome": tuple(ANSWERS),
    "verdict": tuple(deciding_appeals.ANSWERS),
    "role": tuple(role.value for role in PERSON_ROLES),
    "because": ("gone", "failing"),
    "action": ACTIONS,
    "drill": ("real", "drill"),
    "severity": tuple(safety.WORDS.values()),
    "danger": safety.KINDS,
    "corrected": ("yes", "no"),
    "language": LANGUAGES,
    "summary": ("September 2026. 2 of 3 goals met.",),
    "what": ("agency", "workspace", "member", "journal"),
}


def test_every_language_is_complete_and_published() -> None:
    files = {path.name for path in (FOLDER / "en").iterdir()}
    assert files == {f"{kind}.txt" for kind in KINDS} | {"mail.txt", "mail.html", "chat.txt", "subject.txt"}
    for language in LANGUAGES:
        assert {path.name for path in (FOLDER / language).iterdir()} == files
    assert {language.value for language in NoticeLanguage} == set(LANGUAGES)


@pytest.mark.parametrize(("language", "kind"), list(product(LANGUAGES, sorted(KINDS))))
def test_a_kind_is_a_subject_and_a_sentence_for_every_word_of_its_facts(language: str, kind: str) -> None:
    names = sorted(KINDS[kind].facts)
    for words in product(*(WORDS[name] for name in names)):
        item = Item(kind, "Northwind", dict(zip(names, words, strict=True)), "/x", "case-1")
        [line] = lines([item], language)
        assert line.subject.startswith("Northwind: ")
        assert len(line.subject) < 78
        assert line.text.endswith(".")
        assert line.url.endswith("/x")


@pytest.mark.parametrize(("language", "kind"), list(product(LANGUAGES, sorted(KINDS))))
def test_a_name_of_several_lines_is_written_on_one(language: str, kind: str) -> None:
    facts = {name: WORDS[name][0] for name in KINDS[kind].facts}
    [usual] = lines([Item(kind, "Northwind Pay here", facts, "/x", "case-1")], language)
    [line] = lines([Item(kind, "Northwind\n\nPay\u2028here", facts, "/x", "case-1")], language)
    assert line == usual
    values = {"colour": "#1f2937", "how": "at_once", "lines": [line], "unsubscribe": None}
    for form in ("mail.txt", "mail.html"):
        one = around(form, language, name="Ada Pay here", brand="Northwind Pay here", **values)
        assert around(form, language, name="Ada\n\nPay here", brand="Northwind\nPay here", **values) == one


@pytest.mark.parametrize(("language", "kind"), list(product(LANGUAGES, sorted(KINDS))))
def test_a_template_asks_for_nothing_but_the_client_and_its_facts(language: str, kind: str) -> None:
    source = (FOLDER / language / f"{kind}.txt").read_text()
    asked = meta.find_undeclared_variables(writing._templates.parse(source))
    assert asked <= {"client", *KINDS[kind].facts}


def test_what_is_missing_is_no_empty_place() -> None:
    with pytest.raises(Unwritable, match="'outcome' is undefined"):
        lines([Item("report_decided", "Northwind", {}, "/x", "case-1")], "de")
    with pytest.raises(Unwritable, match="no_such_kind"):
        lines([Item("no_such_kind", "Northwind", {}, "/x", "case-1")], "en")
    with pytest.raises(Unwritable):
        around("mail.html", "en", name="Ada")


def test_a_word_that_no_template_knows_is_no_empty_place_either() -> None:
    with pytest.raises(Unwritable):
        lines([Item("membership_changed", "Northwind", {"role": "king"}, "/x", "staff-1")], "en")
