"""The page on which anybody reports: whom it opens to, what it asks, and what it gives away."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from cast import Cast, ask
from inbox import Inbox
from reporting.conftest import HERE, Place, found_place

from backend.asgi import app
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.leaving import close_workspace
from backend.outside import public_address
from backend.reporting import close_report_page, open_report_page
from backend.settings import Settings
from backend.web.hearing_reporters import _WORDS
from tenants.scope import agency_scope

SCRIPT = '"></textarea><script src="https://evil.example/x.js">alert(1)</script>&'
ILLEGAL = {"kind": "illegal", "name": "Nadia", "faith": "yes"}


class Page(HTMLParser):
    """What a screen reader is told: elements by id, labels, and what is described by what."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("input", "meta", "link", "option"):
            self._open.append(dict(attrs).get("id"))

    def handle_endtag(self, tag: str) -> None:
        if tag != "option" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1]:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data.strip()

    def fields(self) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.found if tag in ("input", "textarea", "select")]


async def test_a_lead_opens_the_page_its_address_stays_and_a_closed_one_leads_nowhere(
    place: Place, api: httpx.AsyncClient
) -> None:
    nothing = (await api.get("/report-to/x")).content
    assert (await api.get(place.path)).status_code == 200
    async with agency_scope(place.lead):
        again = await open_report_page(place.lead, place.community, allows_anonymous=False, origins=[])
        assert again == place.page_id
        await close_report_page(place.lead, place.page_id)
        with pytest.raises(Conflict):
            await close_report_page(place.lead, place.page_id)
    for response in (await api.get(place.path), await place.hand_in(api), await api.get(f"{place.path}/thanks")):
        assert (response.status_code, response.content) == (404, nothing)
    assert await place.notices() == []


async def test_only_leads_open_pages_and_of_their_own_clients(acme: Cast, globex: Cast, place: Place) -> None:
    async with agency_scope(acme.moderator):
        with pytest.raises(NotAllowed):
            await open_report_page(acme.moderator, acme.communities["forum"], allows_anonymous=True, origins=[])
    async with agency_scope(acme.lead):
        for foreign in (globex.communities["forum"], place.community):
            with pytest.raises(NotFound):
                await open_report_page(acme.lead, foreign, allows_anonymous=True, origins=[])


async def test_a_closed_client_hears_nobody(place: Place, api: httpx.AsyncClient) -> None:
    async with agency_scope(place.cast.owner):
        await close_workspace(place.cast.owner, place.client, grounds="They left.")
    assert (await place.hand_in(api)).status_code == 404


async def test_it_is_published_on_the_community(place: Place, api: httpx.AsyncClient) -> None:
    query = """query($id: ID!) { node(id: $id) { ... on Community {
        reportPages { nodes { url embedUrl privateUrl isOpen allowsAnonymous } } } } }"""
    answer = await ask(api, place.token, query, id=f"community_{place.community}")
    assert answer["data"]["node"]["reportPages"]["nodes"] == [
        {
            "url": f"{public_address()}{place.path}",
            "embedUrl": None,
            "privateUrl": None,
            "isOpen": True,
            "allowsAnonymous": True,
        }
    ]


async def test_nobody_frames_it_but_the_sites_a_lead_named_and_these_only_where_it_is_meant_for_that(
    acme: Cast, inbox: Inbox, api: httpx.AsyncClient
) -> None:
    place = await found_place(acme, inbox, origins=["https://Forum.example/", "https://forum.example:8443"])
    plain, embedded = await api.get(place.path), await api.get(f"{place.path}/embedded")
    assert plain.headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert embedded.headers["content-security-policy"].endswith(
        "frame-ancestors 'self' https://forum.example https://forum.example:8443"
    )
    sent = await place.hand_in(api, f"{place.path}/embedded")
    assert sent.headers["location"].startswith(f"{place.path}/embedded/thanks/")
    thanks = await api.get(sent.headers["location"])
    assert "frame-ancestors 'self' https://forum.example" in thanks.headers["content-security-policy"]
    assert 'target="_blank" rel="noopener"' in thanks.text


@pytest.mark.parametrize(
    "origin",
    ["http://forum.example", "https://forum.example/path", "*", "https://*.example", "https://a.example; script-src *",
     "https://u@forum.example", "https://127.0.0.1", "https://localhost", "javascript:alert(1)", "", "https://[::1"],
)  # fmt: skip
async def test_what_is_no_site_never_stands_in_the_header(place: Place, origin: str) -> None:
    async with agency_scope(place.lead):
        with pytest.raises(Invalid):
            await open_report_page(place.lead, place.community, allows_anonymous=True, origins=[origin])


async def test_every_field_has_a_label_and_what_is_wrong_stands_beside_it(place: Place, api: httpx.AsyncClient) -> None:
    for language in ("en", "de"):
        shown = await api.get(f"{place.path}?lang={language}")
        refused = await api.post(f"{place.path}?lang={language}", data={"kind": "illegal"}, headers=HERE)
        assert (shown.status_code, refused.status_code) == (200, 400)
        for html in (shown.text, refused.text):
            page = Page(html)
            labels = {attrs["for"] for tag, attrs in page.found if tag == "label"}
            ids = [attrs["id"] for _, attrs in page.found if "id" in attrs]
            assert len(ids) == len(set(ids))
            assert {attrs["id"] for attrs in page.fields()} == labels
            for attrs in (attrs for _, attrs in page.found):
                for described in (attrs.get("aria-describedby") or "").split():
                    assert page.texts[described], described
            assert [tag for tag, _ in page.found].count("h1") == 1
            assert [attrs["lang"] for tag, attrs in page.found if tag == "html"] == [language]
            assert (
                [tag for tag, _ in page.found].count("legend") == [tag for tag, _ in page.found].count("fieldset") == 1
            )
            assert "script" not in {tag for tag, _ in page.found}
            assert not any(name.startswith("on") for _, attrs in page.found for name in attrs)
        wrong = {attrs["id"] for attrs in Page(refused.text).fields() if attrs.get("aria-invalid") == "true"}
        assert wrong == {"location"}  # one at a time, the first on the page
        assert Page(refused.text).texts["location-problem"] == _WORDS[language]["missing"]
        # What is wrong is read out first: it has the focus.
        [alert] = [attrs for _, attrs in Page(refused.text).found if attrs.get("role") == "alert"]
        assert (alert["tabindex"], "autofocus" in alert) == ("-1", True)


def test_both_languages_say_everything() -> None:
    assert set(_WORDS["en"]) == set(_WORDS["de"])
    for name, text in _WORDS["en"].items():
        assert re.findall(r"\{\w+", text) == re.findall(r"\{\w+", _WORDS["de"][name]), name
    used = set(re.findall(r"words\.(\w+)", "".join(
        (Path(__file__).parents[2] / "backend/web/pages" / f"{page}.html").read_text()
        for page in ("report_to", "report_thanks")
    )))  # fmt: skip
    assert used <= set(_WORDS["en"])


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"location": " "}, "location"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"location": "a\0b"}, "location"),
        ({"kind": "other"}, "kind"),
        ({"topic": "XX"}, "topic"),
        ({"topic": f"policy_{new_id()}"}, "topic"),
        ({"email": "nobody"}, "email"),
        ({**ILLEGAL, "name": "", "email": "a@example.com"}, "name"),
        ({**ILLEGAL, "email": ""}, "email"),
        ({**ILLEGAL, "email": "a@example.com", "faith": ""}, "faith"),
    ],
)
async def test_what_is_missing_is_said_where_it_is_missing_and_nothing_is_lost(
    place: Place, api: httpx.AsyncClient, fields: dict[str, str], wrong: str
) -> None:
    response = await place.hand_in(api, **{"reason": "Mine & <b>only</b> mine.", **fields})
    assert response.status_code == 400
    assert re.findall(r'id="(\w+)-problem"', response.text) == [wrong]
    if "reason" not in fields:
        assert "Mine &amp; &lt;b&gt;only&lt;/b&gt; mine." in response.text
    assert await place.notices() == []


async def test_the_law_asks_for_no_name_where_a_child_is_abused_and_a_page_may_ask_always(
    acme: Cast, inbox: Inbox, api: httpx.AsyncClient
) -> None:
    place = await found_place(acme, inbox, allows_anonymous=False)
    assert (await place.hand_in(api)).status_code == 400
    assert (await place.hand_in(api, email="a@example.com")).status_code == 303
    assert (await place.hand_in(api, kind="illegal", child="yes", faith="yes", topic="CS")).status_code == 303
    kept = await place.notices()
    assert [(notice.kind, notice.email, notice.category) for notice in kept] == [
        ("rules", "a@example.com", "NOT_SPECIFIED_NOTICE"),
        ("illegal", None, "PROTECTION_OF_MINORS"),
    ]


async def test_what_people_write_stays_text_everywhere(place: Place, api: httpx.AsyncClient) -> None:
    fields = dict.fromkeys(("location", "reason", "name"), SCRIPT)
    refused = await place.hand_in(api, email="no", topic=SCRIPT, **fields)
    _, link = await place.heard(api, **fields)
    for response in (refused, await api.get(link), await api.get(f"{place.path}?lang={SCRIPT}")):
        assert "<script" not in response.text
        assert re.findall(r'<html lang="(\w+)">', response.text) == ["en"]
        assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "set-cookie" not in response.headers


async def test_no_other_site_hands_anything_in(place: Place, api: httpx.AsyncClient) -> None:
    form = {"kind": "rules", "location": "x", "reason": "x"}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        response = await api.post(place.path, data=form, headers=headers)
        assert response.status_code == 403
        assert _WORDS["en"]["elsewhere"] in response.text
    assert await place.notices() == []


async def test_a_post_that_is_here_and_one_that_is_not_look_the_same(place: Place, api: httpx.AsyncClient) -> None:
    post = await place.post("secret words")
    pages = []
    for location in (f"post_{post.id}", f"post_{new_id()}", post.external_id, "nothing"):
        sent = await place.hand_in(api, location=location)
        thanks = await api.get(sent.headers["location"])
        pages.append(re.sub(r"report/[\w-]+", "report/…", thanks.text))
        assert "secret words" not in thanks.text
    assert len(set(pages)) == 1
    assert [notice.state for notice in await place.notices()] == ["attached", "received", "attached", "received"]


async def test_what_fills_in_the_field_that_nobody_sees_is_thanked_and_forgotten(
    place: Place, api: httpx.AsyncClient
) -> None:
    response = await place.hand_in(api, website="https://spam.example")
    assert response.status_code == 303
    assert _WORDS["en"]["thanks_text"] in (await api.get(response.headers["location"])).text
    assert await place.notices() == []


async def test_links_that_were_made_up_lead_nowhere(place: Place, api: httpx.AsyncClient) -> None:
    nothing = (await api.get("/report-to/x")).content
    _, link = await place.heard(api)
    token = link.rpartition("/")[2]
    for path in (
        f"{place.path}x", place.path[:-1], f"/report-to/{place.page_id}", f"/report-to/{token}", f"{link}x",
        f"{place.path}/thanks/{'x' * 43}", f"{place.path}/thanks/%22onload=x", f"/statement/{token}",
        f"/report/{place.path.rpartition('/')[2]}",
    ):  # fmt: skip
        response = await api.get(path)
        assert (response.status_code, response.content) == (404, nothing), path


async def test_an_address_is_heard_a_few_times_and_others_go_on(settings: Settings, place: Place) -> None:
    few = settings.model_copy(
        update={"reports_per_address": 2, "trusted_proxies": 1, "redis_queue": f"reports:{new_id()}"}
    )
    transport = httpx.ASGITransport(app(few), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://tend.test") as api:
        form = {"kind": "rules", "location": "x", "reason": "x"}
        statuses = [
            (await api.post(place.path, data=form, headers={**HERE, "X-Forwarded-For": came})).status_code
            # What stands before the proxy's own word is anybody's.
            for came in ("198.51.100.7", "203.0.113.9, 198.51.100.7", "6.6.6.6, 198.51.100.7", "198.51.100.8")
        ]
        refused = await api.post(place.path, data=form, headers={**HERE, "X-Forwarded-For": "198.51.100.7"})
    assert statuses == [303, 303, 429, 303]
    assert 1 <= int(refused.headers["retry-after"]) <= 601
    assert _WORDS["en"]["too_many"] in refused.text
    assert len(await place.notices()) == 3


async def test_nothing_too_large_is_read(place: Place, api: httpx.AsyncClient) -> None:
    response = await api.post(place.path, content=b"reason=" + b"x" * 100_000, headers=HERE)
    assert response.status_code == 400
    assert json.dumps(_WORDS["en"]["too_long"])[1:-1] in response.text
