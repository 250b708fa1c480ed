"""Somebody to tell, mail as it arrives, and mail servers that take none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP
from cast import Cast
from inbox import Inbox

from backend.kit.ids import new_id
from backend.notices import NoticeDelivery, NoticeSettings, Recipient, tell
from backend.outside import SmtpSender, mailing, seal, send_mail_with
from tenants.actor import Actor
from tenants.scope import agency_scope


@dataclass
class Reader:
    """Hired for this test, by a client of this test."""

    cast: Cast
    actor: Actor
    email: str
    token: str
    client: UUID
    inbox: Inbox

    @property
    def id(self) -> UUID:
        assert self.actor.membership_id is not None
        return self.actor.membership_id

    async def is_told(
        self, subject_id: UUID | None = None, *, kind: str = "report_decided", text: str = "for you", **values: Any
    ) -> UUID:
        """The subject."""
        subject_id = subject_id or new_id()
        facts = {
            "report_decided": {"outcome": "violation"},
            "membership_changed": {"role": "moderator"},
            "export_done": {"what": "agency"},
            "export_failed": {"what": "agency"},
            "webhook_disabled": {"because": "gone"},
            "action_failed": {"action": "hide_post"},
            "appeal_decided": {"verdict": "upheld"},
            "investigation_concluded": {"outcome": "confirmed"},
            "client_report_published": {"summary": "September 2026.", "corrected": "no", "language": "en"},
        }.get(kind, {})
        async with agency_scope(self.cast.system):
            await tell(
                [Recipient(membership_id=self.id)],
                kind=kind,
                subject_id=subject_id,
                text=text,
                **{"workspace_id": self.client, "facts": facts, **values},
            )
        return subject_id

    async def settings(self, **columns: Any) -> None:
        async with agency_scope(self.cast.system):
            await NoticeSettings.update_or_create(columns, membership_id=self.id)

    async def chats(self, url: str = "https://hooks.slack.example/services/x") -> None:
        """Has a chat, sealed as it should be: a rotation of keys opens whatever is there."""
        async with agency_scope(self.cast.system):
            kept, _ = await NoticeSettings.update_or_create({}, membership_id=self.id)
            sealed = await seal(url, table="notice_settings", column="chat_url", row_id=kept.id)
            await NoticeSettings.filter(id=kept.id).update(chat_url=sealed, has_chat=True)

    async def deliveries(self) -> list[NoticeDelivery]:
        async with agency_scope(self.cast.system):
            return await NoticeDelivery.filter(membership_id=self.id).order_by("created_at", "id")

    async def states(self) -> list[tuple[str, str, str | None]]:
        return [(each.channel, each.state, each.problem) for each in await self.deliveries()]

    async def mails(self, *, even_later: bool = False) -> list[EmailMessage]:
        """What has come, once everything that is due has gone. `even_later`: as if all of it were due."""
        if even_later:
            async with agency_scope(self.cast.system) as scope:
                await scope.execute(
                    "update notice_deliveries set due_at = now() - interval '1 minute' where membership_id = $1",
                    self.id,
                )
        for kind in ("gather_danger", "mail_danger", "chat_danger", "gather_notices", "mail_notices", "chat_notices"):
            await self.cast.run_jobs(kind, even_later=even_later)
        return self.inbox.to(self.email)


@asynccontextmanager
async def mail_server(handler: Any) -> AsyncIterator[None]:
    """Tend's mail goes to this one for a while."""
    loop, usual = asyncio.get_running_loop(), mailing._sender
    server = await loop.create_server(lambda: SMTP(handler, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    send_mail_with(SmtpSender(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", "Tend <tend@example.com>"))
    try:
        yield
    finally:
        send_mail_with(usual)
        server.close()
