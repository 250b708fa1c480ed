"""Mail, through the installation's SMTP server, or into a folder while developing."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from email.policy import Policy
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from backend.kit import spans
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.measuring import MAILS

SECONDS_PER_STEP: Final = 10
WITHIN_SECONDS: Final = 20  # less than the jobs that send have, so that they can say why nothing went
LONGEST_LINE: Final = 998  # RFC 5322, 2.1.1
_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_LINK = re.compile(r"https?://[!-;=?-~]{1,900}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")
# One address and nothing that a header or a command of SMTP could take for anything else: nor the beginning of an encoded
# word (RFC 2047), which Python decodes, line breaks and all.
_ADDRESS = re.compile(r"(?!.*=\?)[^\s\x00-\x20\x7f<>()\[\],:;\"\\@]{1,64}@[^\s\x00-\x20\x7f<>()\[\],:;\"\\@]{1,255}")


class _InOnePiece(UnstructuredHeader, BaseHeader):
    """Python would break what is longer than 78 characters and encode the parts, so that no program finds the address in
    it; SMTP allows LONGEST_LINE."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_headers = HeaderRegistry()
for _name in ("message-id", "in-reply-to", "references", "list-unsubscribe"):
    _headers.map_to_type(_name, _InOnePiece)
_LINES: Final = SMTP_LINES.clone(header_factory=_headers)


class MessageRefused(Exception):
    """Nobody will ever take this mail or chat message: the address is none, or its server does not want it."""


class MessageDelayed(Exception):
    """The mail or chat message may go later: the server is away, busy, or not set up rightly."""


@dataclass(frozen=True, slots=True)
class Mail:
    """To one person. `message_id` is of letters, digits, `.`, `_` and `-`: whoever sends the same mail again gives the
    same, so that a mail that went twice is shown once. Of `thread` likewise: mails with the same one are shown together.
    `sender_name` stands in front of the installation's own address. `unsubscribe` is an address that takes a POST."""

    to: str
    subject: str
    text: str
    html: str | None = None
    message_id: str | None = None
    reply_to: str | None = None
    thread: str | None = None
    sender_name: str | None = None
    unsubscribe: str | None = None


class Sender(Protocol):
    async def send(self, mail: Mail) -> None:
        """Raises MessageRefused, MessageDelayed."""


class SmtpSender:
    """`smtp+starttls://user:password@host:port`, `smtps://...` for TLS from the first byte, or `smtp://...` without any
    encryption, for a server on the same machine. Raises ValueError for another address or an impossible `from_address`
    (`Tend <tend@example.com>`)."""

    def __init__(self, url: str, from_address: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                "The mail server is given as smtp+starttls://user:password@host:port, smtps:// or smtp://."
            )
        self._from = _parsed_address(from_address)
        self._options: dict[str, Any] = {
            "hostname": parts.hostname,
            "port": parts.port or _PORTS[parts.scheme],
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": parts.scheme == "smtps",
            "start_tls": parts.scheme == "smtp+starttls",
            "timeout": SECONDS_PER_STEP,
            "local_hostname": self._from.domain,  # asking for the machine's own name would wait for DNS
        }

    async def send(self, mail: Mail) -> None:
        message = _written(mail, self._from)
        client = aiosmtplib.SMTP(**self._options)
        facts: spans.Facts = {"server.address": self._options["hostname"], "server.port": self._options["port"]}
        try:
            with spans.span("send mail", spans.SpanKind.CLIENT, facts), _told_apart():
                async with asyncio.timeout(WITHIN_SECONDS):
                    await client.connect()
                    await client.send_message(message, sender=self._from.addr_spec, recipients=[mail.to])
            # What happens after the server has taken the mail changes nothing.
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=1)
        finally:
            client.close()

    async def check(self) -> None:
        """Raises MessageDelayed where no mail could be sent; sends none."""
        client = aiosmtplib.SMTP(**self._options)
        try:
            with _told_apart():
                async with asyncio.timeout(WITHIN_SECONDS):
                    await client.connect()
                    await client.noop()
        finally:
            client.close()


class FolderSender:
    """One file a mail. They hold links that sign people in, so they are closed to others."""

    def __init__(self, folder: Path, from_address: str = "Tend <tend@localhost>") -> None:
        self._folder, self._from = folder, _parsed_address(from_address)

    async def send(self, mail: Mail) -> None:
        message = _written(mail, self._from)
        await asyncio.to_thread(self._keep, message)

    def _keep(self, message: EmailMessage) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{message['Message-ID'].strip('<>').rpartition('@')[0]}.eml"
        path.touch(mode=0o600)
        path.write_bytes(message.as_bytes())


_sender: Sender | None = None


def send_with(sender: Sender | None) -> None:
    """How this installation's mail goes; the roof says it."""
    global _sender  # noqa: PLW0603
    _sender = sender


async def send(mail: Mail) -> None:
    """Raises MessageRefused, MessageDelayed. Call from a job: it waits for a server of somebody else."""
    outcome = "failed"
    try:
        if _sender is None:
            raise MessageDelayed("No mail server is set: TEND_SMTP_URL.")
        await _sender.send(mail)
        outcome = "sent"
    except MessageRefused:
        outcome = "refused"
        raise
    except MessageDelayed:
        outcome = "delayed"
        raise
    finally:
        MAILS.labels(outcome).inc()


def _written(mail: Mail, sender: Address) -> EmailMessage:
    """Raises MessageRefused, and ValueError for what Tend itself has named wrongly."""
    for id in (mail.message_id, mail.thread):
        if id is not None and _ID.fullmatch(id) is None:
            raise ValueError(f"{id!r} cannot be a Message-ID.")
    if mail.unsubscribe is not None and _LINK.fullmatch(mail.unsubscribe) is None:
        raise ValueError(f"{mail.unsubscribe!r} is no address for a header.")
    try:
        return _message(mail, sender)
    except ValueError:
        raise MessageRefused("Something in this mail cannot be written in any.") from None


def _message(mail: Mail, sender: Address) -> EmailMessage:
    """Python's library writes the headers; nothing in a mail can add one. Raises MessageRefused, ValueError."""
    to, reply_to = _checked(mail.to), None if mail.reply_to is None else _checked(mail.reply_to)
    left = mail.message_id or str(new_id())
    message = EmailMessage(policy=_LINES)
    message["Message-ID"] = f"<{left}@{sender.domain}>"
    message["Date"] = format_datetime(now())
    message["From"] = _named(mail.sender_name or sender.display_name, sender.addr_spec)
    message["To"] = to
    if reply_to is not None:
        message["Reply-To"] = reply_to
    message["Subject"] = _plain(mail.subject)
    if mail.thread is not None:
        # The first of the thread was never sent: programs put those together that name the same one (RFC 5256).
        for header in ("In-Reply-To", "References"):
            message[header] = f"<{mail.thread}@{sender.domain}>"
    if mail.unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message["Auto-Submitted"] = "auto-generated"  # no answers from people on holiday
    message.set_content(mail.text, cte=_encoding(mail.text))
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


def _named(name: str, address: str) -> Address:
    return Address(display_name=_plain(name), addr_spec=address)


def _plain(text: str) -> str:
    """Whatever people call themselves becomes words on one line and nothing else: Python would decode what looks like
    an encoded word, and write the line breaks that come out."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()).replace("=?", "= ?")


def _encoding(text: str) -> str | None:
    """A long link stays in one piece wherever SMTP allows it: Python would break it at 78 characters. None: as Python
    sees fit."""
    is_plain = text.isascii() and max(map(len, text.splitlines()), default=0) < LONGEST_LINE
    return "7bit" if is_plain else None


def _checked(address: str) -> str:
    if _ADDRESS.fullmatch(address) is None:
        raise MessageRefused("This is no mail address.")
    return address


def _parsed_address(text: str) -> Address:
    name, address = parseaddr(text)
    if _ADDRESS.fullmatch(address) is None or not address.isascii() or not text.isprintable():
        raise ValueError(f"{text!r} is no sender such as Tend <tend@example.com>.")
    return _named(name, address)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Answers of the server become the two kinds that a sender must tell apart. Never with what the server wrote: that
    repeats addresses."""
    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as problem:
        code = problem.recipients[0].code
        if code < 500:
            raise MessageDelayed(f"The mail server does not take mail for this address now ({code}).") from None
        raise MessageRefused(f"The mail server takes no mail for this address ({code}).") from None
    except aiosmtplib.SMTPDataError as problem:
        if problem.code < 500:
            raise MessageDelayed(f"The mail server does not take the mail now ({problem.code}).") from None
        raise MessageRefused(f"The mail server does not take the mail ({problem.code}).") from None
    except (aiosmtplib.SMTPNotSupported, ValueError):
        raise MessageRefused("The mail server cannot deliver to such an address.") from None
    except aiosmtplib.SMTPResponseException as problem:
        raise MessageDelayed(f"The mail server refuses Tend ({problem.code}).") from None
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as problem:
        raise MessageDelayed(f"The mail server cannot be used: {type(problem).__name__}.") from None
