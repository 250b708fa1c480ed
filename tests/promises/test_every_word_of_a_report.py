"""What holds for every word that a client's people meet: it is there in every language, and a report says nothing in another."""

import io
import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from string import Formatter
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast
from inbox import Inbox
from papers import a_full_draft, a_link, paths, publish
from pypdf import PdfReader

from backend.client_metrics import CATALOGUE
from backend.client_reports import LANGUAGES, SECTIONS, ClientReportLink, Goal, Wording
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.policies import TAXONOMY
from backend.retention.telling import SENTENCES
from tenants.doors import COOKIE_WITHOUT_TLS
from tenants.rights import Role
from tenants.scope import agency_scope

OTHERS = [language for language in LANGUAGES if language != "en"]
# Words of Tend that are English in every language, and why.
SAME = {"PDF", "CSV", "JSON", "SHA-256"}


def leaves(words: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(words, str):
        yield path, words
        return
    for name, each in words.items() if isinstance(words, dict) else enumerate(words):
        yield from leaves(each, f"{path}.{name}")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def of_the_shape(words: dict[str, Any]) -> dict[str, str]:
    """What is said the same number of times in each: metrics and kinds of harm are English where they are declared."""
    return {path: text for path, text in leaves(words) if not path.startswith((".metrics.", ".harms."))}


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_is_there_in_every_language_with_the_same_places_in_it(language: str) -> None:
    english, other = (of_the_shape(Wording(each).words) for each in ("en", language))
    assert english.keys() == other.keys()
    assert {path for path, text in english.items() if places(text) != places(other[path])} == set()
    words = Wording(language).words
    assert words["metrics"].keys() == CATALOGUE.keys()
    assert words["harms"].keys() == TAXONOMY.keys()
    assert all({"title", "formula"} == set(told) for told in words["metrics"].values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_is_counted_has_words(language: str) -> None:
    words = Wording(language).words
    sources = {table for metric in CATALOGUE.values() for table in metric.sources}
    assert sources <= words["sources"].keys()
    assert {each for metric in CATALOGUE.values() for each in metric.excludes} <= words["left_out"].keys()
    assert {metric.section.value for metric in CATALOGUE.values()} == words["sections"].keys()


@pytest.mark.parametrize("grade", SENTENCES)
@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_that_stands_beside_a_number_is_said_in_every_language(language: str, grade: str) -> None:
    """Those of studies are counted in English."""
    told = f"Accounts still there 90 days after day 30 of their subscription. {SENTENCES[grade]}"
    assert Wording("en").sentence(told) == told
    said = Wording(language).sentence(told)
    assert said is not None
    assert {"90", "30"} <= set(re.findall(r"\d+", said))
    assert leftovers(said, language, fewest=2) == []


@cache
def english(language: str, fewest: int) -> re.Pattern[str]:
    """Any piece of what Tend says in English, of so many words, that the other language does not say as well."""
    told = [text for _, text in leaves(Wording("en").words)]
    told += [text for metric in CATALOGUE.values() for text in (metric.title, metric.question, metric.formula)]
    told += [harm.title for harm in TAXONOMY.values()] + list(SENTENCES.values())
    own = " ".join(text for _, text in leaves(Wording(language).words))
    pieces = {
        piece
        for text in told
        for part, _, _, _ in Formatter().parse(text)
        for sentence in re.split(r"[.;:()“”]\s*", part)
        if len(piece := sentence.strip(" ,?!")) > 2 and len(piece.split()) >= fewest
    }
    left = sorted((each for each in pieces - SAME if each not in own), key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(map(re.escape, left)) + r")\b")


def leftovers(text: str, language: str, *, fewest: int) -> list[str]:
    return english(language, fewest).findall(" ".join(text.split()))


class Read(HTMLParser):
    """All that a page says: to eyes, and to a screen reader."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.languages: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.said += [
            told[name] or "" for name in ("alt", "title", "aria-label", "data-label", "placeholder") if name in told
        ]
        self.languages += [told["lang"] or ""] if "lang" in told else []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


async def everything_read(cast: Cast, api: httpx.AsyncClient, client: UUID, language: str) -> dict[str, str]:
    """A report that says all there is to say, in every form; and the pages around a link to it."""
    goals = [
        Goal("closed_in_time", "at_least", 0.9, "2026-01-01"),
        Goal("newcomers", "at_most", 5, "2026-01-01"),
        Goal("course_completion", "at_least", 0.01, "2026-01-01"),
        *(Goal(name, "at_least", 0.5, "2026-01-01") for name in ("newcomer_survival", "retention_difference")),
    ]
    who = f"reader-{str(new_id())[-10:]}"
    await cast.hire(who, Role.STAKEHOLDER, [client])
    report = await a_full_draft(cast, client, language=language, goals=goals, name="Bericht", shows_staff=True)
    await publish(cast, report.id, words="Ruhig war es.")
    mine = {"Cookie": f"{COOKIE_WITHOUT_TLS}={cast.tokens[who]}", "Accept-Language": language}
    page, pdf, csv, told = [await api.get(path, headers=mine) for path in paths(report.id)]
    link_id, link = await a_link(cast, report.id, password="sesam öffne dich", hidden_sections=["safety"])
    asked = await api.get(link)
    wrong = await api.post(link, data={"password": "falsch"})
    elsewhere = await api.post(link, data={"password": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    for _ in range(5):
        too_many = await api.post(link, data={"password": "falsch"})
    _, bare = await a_link(cast, report.id, hidden_sections=["safety"])
    shared = await api.get(bare)
    async with agency_scope(cast.owner):
        await ClientReportLink.filter(id=link_id).update(expires_at=now())
    gone = await api.get(link, headers=mine)
    assert too_many.status_code == 429
    return {
        "page": page.text,
        "pdf": " ".join(each.extract_text() for each in PdfReader(io.BytesIO(pdf.content)).pages),
        "csv": csv.text,
        "json": told.text,
        "list": (await api.get("/client-reports", headers=mine)).text,
        "asked": asked.text,
        "wrong": wrong.text,
        "elsewhere": elsewhere.text,
        "too_many": too_many.text,
        "shared": shared.text,
        "gone": gone.text,
        "file": (await api.get(f"{paths(report.id)[0]}/file?token=x", headers=mine)).text,
        "who": who,
    }


@pytest.mark.parametrize("language", OTHERS)
async def test_a_report_says_nothing_in_another_language(
    acme: Cast, api: httpx.AsyncClient, inbox: Inbox, language: str
) -> None:
    client = await acme.empty_workspace()
    read = await everything_read(acme, api, client, language)
    for name in ("page", "list", "asked", "wrong", "elsewhere", "too_many", "shared", "gone"):
        seen = Read(read[name])
        assert set(seen.languages) == {language}, name
        assert leftovers(" ".join(seen.said), language, fewest=1) == [], name
    assert leftovers(read["pdf"], language, fewest=1) == []
    assert leftovers(read["file"], language, fewest=1) == []
    # For programs: names of fields, of states and of units are no words of a language.
    for name in ("csv", "json"):
        assert leftovers(read[name], language, fewest=2) == [], name
    assert {section["name"] for section in json.loads(read["json"])["sections"]} == {each.value for each in SECTIONS}
    await acme.run_jobs("gather_notices", even_later=True)
    await acme.run_jobs("mail_notices", even_later=True)
    [mail] = [each for each in inbox.mails if each["To"] == f"{read['who']}@acme.example"]
    for kind in ("plain", "html"):
        assert leftovers(mail.get_body((kind,)).get_content(), language, fewest=2) == []
    assert "Sie erhalten diese Mail" in mail.get_body(("plain",)).get_content()
