"""What was mailed while developing: the files that FolderSender wrote. They hold links that sign people in, so the roof
adds these pages in development only."""

import asyncio
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from backend.web.showing import page

MOST: Final = 100
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
# The mail's own page runs nothing, loads nothing and is of no origin.
_SANDBOX: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FRAMING: Final = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class ShowingMail:
    folder: Path

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/dev/mail", self.show_all, methods=["GET"]),
            Route("/dev/mail/{name}", self.show, methods=["GET"]),
            Route("/dev/mail/{name}/html", self.show_html, methods=["GET"]),
        ]

    async def show_all(self, _request: Request) -> Response:
        mails = await asyncio.to_thread(self._latest)
        return page("dev_mails", mails=[{"name": name, "subject": m["Subject"], "to": m["To"]} for name, m in mails])

    async def show(self, request: Request) -> Response:
        mail = await asyncio.to_thread(self._read, request.path_params["name"])
        if mail is None:
            return _nothing()
        response = page(
            "dev_mail",
            file=request.path_params["name"],
            subject=mail["Subject"],
            headers=[(name, value) for name, value in mail.items() if name != "Content-Type"],
            text=_part(mail, "plain") or "",
            has_html=_part(mail, "html") is not None,
        )
        response.headers["Content-Security-Policy"] = _FRAMING
        return response

    async def show_html(self, request: Request) -> Response:
        mail = await asyncio.to_thread(self._read, request.path_params["name"])
        html = None if mail is None else _part(mail, "html")
        return _nothing() if html is None else HTMLResponse(html, headers=_SANDBOX)

    def _latest(self) -> list[tuple[str, EmailMessage]]:
        if not self.folder.is_dir():
            return []
        files = sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)[:MOST]
        found = [(path.stem, self._read(path.stem)) for path in files]
        return [(name, mail) for name, mail in found if mail is not None]

    def _read(self, name: str) -> EmailMessage | None:
        path = self.folder / f"{name}.eml"
        if _NAME.fullmatch(name) is None or not path.is_file():
            return None
        return message_from_bytes(path.read_bytes(), policy=policy.default)


def _part(mail: EmailMessage, kind: str) -> str | None:
    body = mail.get_body((kind,))
    return None if body is None else body.get_content()


def _nothing() -> Response:
    return page("refused", status=404, headline="No such mail", problem="It is not in the folder.")
