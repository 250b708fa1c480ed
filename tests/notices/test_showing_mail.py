"""/dev/mail: what was mailed while developing, and nowhere else."""

from pathlib import Path

import httpx
import pytest

from backend import asgi
from backend.outside import FolderSender, Mail, mailing
from backend.settings import Settings

HTML = "<p>Hello</p><script>alert(1)</script>"


@pytest.fixture
async def development(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    monkeypatch.setattr(asgi, "equip", lambda _settings: None)  # that of the session stays
    monkeypatch.setattr(asgi, "publish_with", lambda _publish: None)
    chosen = settings.model_copy(update={"development": True, "home": tmp_path})
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi.app(chosen)), base_url="http://tend.test")


async def sent(tmp_path: Path, subject: str = "Hello <b>you</b>") -> None:
    await FolderSender(tmp_path / "mail").send(
        Mail("ada@example.com", subject, "Hello, in text: <i>x</i>\n", html=HTML, message_id="mail-1")
    )


async def test_what_was_sent_is_listed_and_shown_as_text_and_html(
    development: httpx.AsyncClient, tmp_path: Path
) -> None:
    assert "Nothing yet." in (await development.get("/dev/mail")).text
    await sent(tmp_path)
    listed = (await development.get("/dev/mail")).text
    assert '<a href="/dev/mail/mail-1">Hello &lt;b&gt;you&lt;/b&gt;</a> to ada@example.com' in listed
    shown = await development.get("/dev/mail/mail-1")
    assert "Hello, in text: &lt;i&gt;x&lt;/i&gt;" in shown.text
    assert '<iframe title="As HTML" src="/dev/mail/mail-1/html" sandbox' in shown.text
    assert "&lt;mail-1@localhost&gt;" in shown.text


async def test_the_html_of_a_mail_runs_nothing(development: httpx.AsyncClient, tmp_path: Path) -> None:
    await sent(tmp_path)
    html = await development.get("/dev/mail/mail-1/html")
    assert HTML in html.text
    policy = html.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow-scripts" not in policy
    assert html.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing", "..%2f..%2fetc%2fpasswd", "..", "%00", ".hidden"])
async def test_only_mails_are_shown(development: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.eml").write_text("Subject: x\n\ny")
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / ".hidden.eml").write_text("Subject: x\n\ny")
    for path in (f"/dev/mail/{name}", f"/dev/mail/{name}/html", "/dev/mail/..%2fsecret"):
        assert (await development.get(path)).status_code in (404, 405), path


async def test_an_installation_that_counts_has_no_such_page(api: httpx.AsyncClient) -> None:
    assert mailing._sender is not None
    for path in ("/dev/mail", "/dev/mail/mail-1", "/dev/mail/mail-1/html"):
        assert (await api.get(path)).status_code == 404
