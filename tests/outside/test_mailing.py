"""Mail that arrives, mail that is refused for good, and mail that may go later; over a real SMTP server."""

import asyncio
import email
import email.policy
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from backend.outside import (
    FolderSender,
    Mail,
    MessageDelayed,
    MessageRefused,
    SmtpSender,
    mailing,
    send_mail,
    send_mail_with,
)

FROM = "Tend <tend@example.com>"


@dataclass
class Postbox:
    """Says `answers[command]` instead of taking what comes."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("2"):
            self.taken.append(envelope)
        return answer

    def only_mail(self) -> EmailMessage:
        [envelope] = self.taken
        return email.message_from_bytes(envelope.content, policy=email.policy.default)


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@asynccontextmanager
async def listening(postbox: Postbox, **options: Any) -> AsyncIterator[int]:
    """The port of a mail server."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(postbox, hostname="mail.test", loop=loop, **options), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def sender(postbox: Postbox) -> AsyncIterator[SmtpSender]:
    async with listening(postbox, enable_SMTPUTF8=True) as port:
        yield SmtpSender(f"smtp://127.0.0.1:{port}", FROM)


async def test_text_and_html_arrive_with_the_message_id_that_was_given(sender: SmtpSender, postbox: Postbox) -> None:
    mail = Mail(
        "ada@example.org",
        "Grüße aus der Agentur",
        "Über den Zaun: https://tend.example/x\n",
        html="<p>Über den Zaun</p>",
        message_id="invitation-1",
        reply_to="lead@example.com",
    )
    await sender.send(mail)
    [envelope] = postbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("tend@example.com", ["ada@example.org"])
    found = postbox.only_mail()
    assert {name: str(found[name]) for name in ("From", "To", "Subject", "Message-ID", "Reply-To")} == {
        "From": FROM,
        "To": "ada@example.org",
        "Subject": "Grüße aus der Agentur",
        "Message-ID": "<invitation-1@example.com>",
        "Reply-To": "lead@example.com",
    }
    assert abs(found["Date"].datetime.timestamp() - time.time()) < 60
    text, html = found.get_body(("plain",)), found.get_body(("html",))
    assert (text.get_content().strip(), html.get_content().strip()) == (mail.text.strip(), mail.html)


async def test_a_mail_without_html_is_plain_text_and_gets_an_id(sender: SmtpSender, postbox: Postbox) -> None:
    await sender.send(Mail("ada@example.org", "Hello", "x" * 5_000 + "\n.\n"))
    assert postbox.only_mail().get_content_type() == "text/plain"
    assert postbox.only_mail().get_content().splitlines() == ["x" * 5_000, "."]
    assert postbox.only_mail()["Message-ID"].endswith("@example.com>")


async def test_a_line_break_in_a_subject_adds_no_header(sender: SmtpSender, postbox: Postbox) -> None:
    await sender.send(Mail("ada@example.org", "Hello\r\nBcc: eve@example.net\n\nbody", "text"))
    assert postbox.only_mail()["Subject"] == "Hello Bcc: eve@example.net body"
    assert postbox.only_mail()["Bcc"] is None
    assert postbox.taken[0].rcpt_tos == ["ada@example.org"]


@pytest.mark.parametrize(
    "name",
    [
        "=?utf-8?q?Hi=0D=0ABcc:_eve=40example.net?= .",
        "==??utf-8?q?Hi=0D=0ABcc:_eve=40example.net?=",
        "=\u200b?utf-8?q?Hi=0D=0ABcc:_eve=40example.net?=",
        "é =?utf-8?q?Hi=0D=0ABcc:_e?= =?utf-8?q?=0D=0ABcc:_eve?= " + "y" * 120,
        "=?utf-8?q?Hi=0D=0AContent-Type:_text/html=0D=0A=0D=0A<h1>pay_me</h1>?=",
        "=?utf-8?b?SGkNCkJjYzogZXZlQGV4YW1wbGUubmV0?=",
    ],
)
async def test_an_encoded_word_in_a_name_stays_text_and_adds_no_header(
    sender: SmtpSender, postbox: Postbox, name: str
) -> None:
    """RFC 2047: Python 3.11 decodes such a word when a header is set, and wrote the line breaks that came out."""
    await sender.send(Mail("ada@example.org", name, "text", sender_name=name))
    found = postbox.only_mail()
    assert [header for header in found.keys() if not header.startswith("X-")] == [  # noqa: SIM118 - twice where twice
        *("Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted"),
        *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    ]
    for shown in (found["Subject"], found["From"].addresses[0].display_name):  # blanks aside: long ones are folded
        assert "".join(shown.split()) == "".join(name.replace("\u200b", "").split())
    assert found.get_content().strip() == "text"


async def test_what_cannot_be_written_is_refused_and_not_a_fault(sender: SmtpSender, postbox: Postbox) -> None:
    with pytest.raises(MessageRefused):
        await sender.send(Mail("ada@example.org", "s", "half a letter: \ud83d"))
    assert postbox.taken == []


@pytest.mark.parametrize(
    "address",
    [
        *("=?utf-8?q?a=0D=0ABcc=3Aeve?=@example.org", "=?utf-8?b?YUBi?=@example.org", "a=?utf-8?q?b?=@example.org"),
        *("ada@example.org\r\nBcc: eve@example.net", "ada@example.org\nDATA", "ada@example.org, eve@example.net"),
        *("Ada <ada@example.org>", "ada@example.org>", "ada", "@example.org", "ada@", "", "a b@example.org", "a\0@b.c"),
    ],
)
async def test_what_is_not_one_address_gets_no_mail(sender: SmtpSender, postbox: Postbox, address: str) -> None:
    for mail in (Mail(address, "s", "t"), Mail("ada@example.org", "s", "t", reply_to=address)):
        with pytest.raises(MessageRefused):
            await sender.send(mail)
    assert postbox.taken == []


async def test_a_message_id_cannot_carry_anything_else(sender: SmtpSender) -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        await sender.send(Mail("ada@example.org", "s", "t", message_id="x>\r\nBcc: eve@example.net"))


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("RCPT", "550 5.1.1 no ada@example.org here", MessageRefused),
        ("RCPT", "450 4.2.1 try later", MessageDelayed),
        ("DATA", "554 5.7.1 spam", MessageRefused),
        ("DATA", "452 4.3.1 full", MessageDelayed),
        ("MAIL", "553 5.7.1 who are you", MessageDelayed),
        ("MAIL", "421 4.3.2 busy", MessageDelayed),
    ],
)
async def test_what_the_server_will_never_take_is_told_from_what_it_may_take_later(
    sender: SmtpSender, postbox: Postbox, command: str, answer: str, kind: type[Exception]
) -> None:
    postbox.answers = {command: answer}
    with pytest.raises(kind, match=answer[:3]) as refusal:
        await sender.send(Mail("ada@example.org", "s", "t"))
    assert "ada" not in str(refusal.value)
    assert postbox.taken == []


async def test_an_address_that_this_server_cannot_write_is_refused(sender: SmtpSender, postbox: Postbox) -> None:
    await sender.send(Mail("ädä@example.org", "s", "t"))
    assert postbox.taken[0].rcpt_tos == ["ädä@example.org"]
    async with listening(postbox, enable_SMTPUTF8=False) as port:
        with pytest.raises(MessageRefused):
            await SmtpSender(f"smtp://127.0.0.1:{port}", FROM).send(Mail("ädä@example.org", "s", "t"))


async def _serving(handle: Any) -> tuple[Any, SmtpSender]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    return server, SmtpSender(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", FROM)


async def test_a_server_that_hangs_delays_the_mail_and_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(_reader: Any, _writer: Any) -> None:
        await asyncio.sleep(3)

    async def trickles(_reader: Any, writer: Any) -> None:
        for n in range(60):
            writer.write(f"220-{n}\r\n".encode())
            await asyncio.sleep(0.05)
        writer.close()

    monkeypatch.setattr(mailing, "WITHIN_SECONDS", 0.5)
    for handle in (hangs, trickles):
        server, sender = await _serving(handle)
        async with asyncio.timeout(2):
            with pytest.raises(MessageDelayed):
                await sender.send(Mail("ada@example.org", "s", "t"))
        server.close()


async def test_a_server_that_drops_or_is_not_there_delays_the_mail() -> None:
    async def drops(_reader: Any, writer: Any) -> None:
        writer.write(b"220 hello\r\n")
        await writer.drain()
        writer.close()

    server, sender = await _serving(drops)
    with pytest.raises(MessageDelayed):
        await sender.send(Mail("ada@example.org", "s", "t"))
    server.close()
    await server.wait_closed()
    with pytest.raises(MessageDelayed):
        await sender.send(Mail("ada@example.org", "s", "t"))


async def test_a_connection_lost_after_the_mail_was_taken_is_no_failure(
    sender: SmtpSender, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(self: Any, **_options: Any) -> None:
        raise ConnectionResetError

    monkeypatch.setattr("aiosmtplib.SMTP.quit", breaks)
    await sender.send(Mail("ada@example.org", "s", "t"))
    assert len(postbox.taken) == 1


async def test_a_wrong_password_delays_and_is_in_no_message(postbox: Postbox) -> None:
    def knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == b"p@ss/word")

    options = {"authenticator": knows, "auth_required": True, "auth_require_tls": False}
    async with listening(postbox, **options) as port:
        await SmtpSender(f"smtp://us%40er:p%40ss%2Fword@127.0.0.1:{port}", FROM).send(Mail("ada@example.org", "s", "t"))
        assert len(postbox.taken) == 1
        with pytest.raises(MessageDelayed) as refusal:
            await SmtpSender(f"smtp://user:wrong@127.0.0.1:{port}", FROM).send(Mail("ada@example.org", "s", "t"))
        assert "wrong" not in str(refusal.value)


async def test_no_mail_leaves_unencrypted_over_an_address_that_asks_for_encryption(postbox: Postbox) -> None:
    async with listening(postbox) as port:
        for scheme in ("smtp+starttls", "smtps"):
            with pytest.raises(MessageDelayed):
                await SmtpSender(f"{scheme}://127.0.0.1:{port}", FROM).send(Mail("ada@example.org", "s", "t"))
    assert postbox.taken == []


@pytest.fixture
def sender_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "_sender", None)


@pytest.mark.usefixtures("sender_as_before")
async def test_while_developing_mail_goes_into_a_folder_that_others_cannot_read(tmp_path: Path) -> None:
    send_mail_with(FolderSender(tmp_path / "mail", FROM))
    for _ in range(2):
        await send_mail(Mail("ada@example.org", "Hello", "text", message_id="link-1"))
    [path] = (tmp_path / "mail").iterdir()
    assert (path.name, path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == ("link-1.eml", 0o600, 0o700)
    found = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (found["To"], found["Subject"], found.get_content().strip()) == ("ada@example.org", "Hello", "text")


async def test_a_long_link_stays_in_one_piece(tmp_path: Path) -> None:
    link = "https://tend.example/mail-link?token=" + "x" * 80
    await FolderSender(tmp_path, FROM).send(Mail("ada@example.org", "s", f"Open it:\n\n{link}\n"))
    [path] = tmp_path.iterdir()
    assert link in path.read_text()


@pytest.mark.usefixtures("sender_as_before")
async def test_without_a_mail_server_mail_waits() -> None:
    with pytest.raises(MessageDelayed, match="TEND_SMTP_URL"):
        await send_mail(Mail("ada@example.org", "s", "t"))


@pytest.mark.parametrize(
    ("url", "sender"),
    [("http://host", FROM), ("smtp://", FROM), ("smtp://host", "nobody"), ("smtp://host", "a@b.c\r\nBcc: d@e.f")],
)
def test_an_impossible_setting_is_said_at_once(url: str, sender: str) -> None:
    with pytest.raises(ValueError, match=r"is given as|is no sender"):
        SmtpSender(url, sender)
