"""No more of these mails: with one click, from a mail program or a page, and for nobody else."""

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cast import Cast
from notices.readers import Reader, mail_server
from notices.test_telling_by_mail import body

from backend.notices import KINDS, NoticePreference, Preference, catalogue, set_preferences
from backend.notices.catalogue import Kind
from backend.outside import public_address, seal_for_browser
from tenants.scope import agency_scope


class Taking:
    """Keeps mails as they come over the wire."""

    def __init__(self) -> None:
        self.mails: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(envelope.content.decode())
        return "250 taken"


def address_in(mail: EmailMessage) -> str:
    """Path and query of the header's link."""
    header = mail["List-Unsubscribe"]
    assert header.startswith("<http")
    assert header.endswith(">")
    parts = urlsplit(header[1:-1])
    return f"{parts.path}?{parts.query}"


async def preferences(reader: Reader) -> list[tuple[str, str, str]]:
    async with agency_scope(reader.cast.system):
        rows = await NoticePreference.filter(membership_id=reader.id).order_by("kind")
        return [(row.kind, row.channel, row.how) for row in rows]


async def test_every_mail_says_how_to_stop_it_as_rfc_8058_wants_it(reader: Reader) -> None:
    server = Taking()
    await reader.is_told()
    async with mail_server(server):
        await reader.mails()
    [raw] = server.mails
    head, _, text = raw.partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n") if not line.startswith(" "))
    link = headers["List-Unsubscribe"]
    assert link.startswith(f"<{public_address()}/notices/unsubscribe?token=")
    assert link.endswith(">")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["References"] == headers["In-Reply-To"]
    assert headers["References"].startswith("<thread-")
    assert "=?" not in head, "no header is broken and encoded, so that programs find the address"
    assert link[1:-1] in text


async def test_one_click_stops_mails_of_this_kind_and_of_no_other(
    api: httpx.AsyncClient, reader: Reader, hire: Callable[..., Any]
) -> None:
    other = await hire(client=reader.client)
    await reader.is_told()
    [mail] = await reader.mails()
    await reader.is_told()  # waits already
    response = await api.post(
        address_in(mail),
        content="List-Unsubscribe=One-Click",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://mail.example"},
    )
    assert response.status_code == 200
    assert await preferences(reader) == [("report_decided", "mail", "never")]
    for each in (reader, other):
        await each.is_told()
        await each.is_told(kind="membership_changed")
    assert [m["Subject"].partition(": ")[2] for m in await reader.mails(even_later=True)] == [
        "a report of yours was decided",
        "your membership has changed",
    ]
    assert len(await other.mails()) == 2
    assert (await api.post(address_in(mail))).status_code == 200
    assert await preferences(reader) == [("report_decided", "mail", "never")]


async def test_it_also_ends_what_was_wished_for_one_client(api: httpx.AsyncClient, reader: Reader) -> None:
    async with agency_scope(reader.actor):
        await set_preferences(
            reader.actor, [Preference("report_decided", "mail", "at_once", workspace_id=reader.client)]
        )
    await reader.is_told()
    [mail] = await reader.mails()
    await api.post(address_in(mail))
    assert await preferences(reader) == [("report_decided", "mail", "never")]


async def test_a_kind_that_has_become_danger_since_is_not_stopped_by_an_old_link(
    api: httpx.AsyncClient, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reader.is_told()
    [mail] = await reader.mails()
    danger = Kind("case", None, frozenset({"outcome"}), is_danger=True)
    monkeypatch.setattr(catalogue, "KINDS", {**KINDS, "report_decided": danger})
    assert (await api.post(address_in(mail))).status_code == 200
    assert await preferences(reader) == []


async def test_looking_at_the_page_changes_nothing_and_its_button_does(api: httpx.AsyncClient, reader: Reader) -> None:
    await reader.is_told()
    [mail] = await reader.mails()
    shown = await api.get(address_in(mail))
    assert shown.status_code == 200
    assert f'action="{address_in(mail)}"' in shown.text
    assert await preferences(reader) == []
    assert reader.email not in shown.text
    assert (await api.post(address_in(mail))).status_code == 200
    assert await preferences(reader) == [("report_decided", "mail", "never")]


@pytest.mark.parametrize("token", ["", "nonsense", "AAAA" * 60, None])
async def test_a_link_that_was_not_made_here_stops_nothing(
    api: httpx.AsyncClient, acme: Cast, token: str | None
) -> None:
    if token is None:
        token = seal_for_browser(
            {"agency": str(acme.agency_id), "membership": str(acme.lead.membership_id), "kinds": ["report_decided"]},
            purpose="export",
            seconds=60,
        )

    async def wishes() -> list[str]:
        async with agency_scope(acme.system):
            return [each.how for each in await NoticePreference.filter(membership_id=acme.lead.membership_id)]

    before = await wishes()
    for ask in (api.get, api.post):
        assert (await ask(f"/notices/unsubscribe?token={token}")).status_code == 403
    assert await wishes() == before


async def test_the_link_in_a_message_shows_the_notice_to_its_reader_alone(
    api: httpx.AsyncClient, globex: Cast, reader: Reader, hire: Callable[..., Any]
) -> None:
    other = await hire(client=reader.client)
    await reader.is_told(text="for <b>you</b>")
    [mail] = await reader.mails()
    path = next(urlsplit(word).path for word in body(mail).split() if "/notices/acme/notice_" in word)

    async def shown(token: str | None) -> httpx.Response:
        return await api.get(path, headers={} if token is None else {"Cookie": f"tend_session={token}"})

    own = await shown(reader.token)
    assert own.status_code == 200
    assert "for &lt;b&gt;you&lt;/b&gt;" in own.text
    for token in (other.token, reader.cast.tokens["owner"]):
        refused = await shown(token)
        assert refused.status_code == 404
        assert "you&lt;" not in refused.text
    for token in (None, "nonsense", globex.tokens["owner"]):
        away = await shown(token)
        assert (away.status_code, away.headers["location"]) == (303, f"/sign-in?next={path}")
