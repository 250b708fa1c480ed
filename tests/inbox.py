"""A real SMTP server, and what it was handed."""

import re
import socket
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Inbox:
    """Mails by when they came, the latest last."""

    mails: list[EmailMessage] = field(default_factory=list)

    def serve(self) -> Controller:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        controller = Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        return controller

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"

    def to(self, email: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == email]

    def link_to(self, email: str) -> str:
        """Path and query of the link in the last mail to this address."""
        text = self.to(email)[-1].get_body(("plain",)).get_content()
        found = re.search(r"https?://[^/\s]+(/\S+)", text)
        assert found is not None, text
        return found[1]
