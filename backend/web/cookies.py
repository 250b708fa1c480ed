"""What browsers keep for us: a session's token, and what a sign-in needs until it is done."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tenants.doors import COOKIE, COOKIE_WITHOUT_TLS
from tenants.sessions import LIFETIME

_LOCAL: Final = re.compile(r"/(?![/\\])[\w\-./?=&%~+,:@]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cookies:
    """`is_secure`: over TLS, with names that no other site and no subdomain can set (`__Host-`)."""

    is_secure: bool

    @property
    def session(self) -> str:
        return COOKIE if self.is_secure else COOKIE_WITHOUT_TLS

    def session_of(self, request: Request) -> str | None:
        return request.cookies.get(self.session)

    def keep_session(self, response: Response, token: str) -> None:
        self.keep(response, self.session, token, seconds=int(LIFETIME.total_seconds()))

    def named(self, name: str) -> str:
        return f"__Host-{name}" if self.is_secure else name

    def keep(self, response: Response, name: str, value: str, *, seconds: int) -> None:
        # Lax: a link in a mail opens signed in, a form of another site does not post as you.
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.is_secure, httponly=True, samesite="lax")


def local_path(text: str | None, *, otherwise: str) -> str:
    """An address of this site to go on to, and nothing that a browser could take for another."""
    return text if text and len(text) <= 500 and _LOCAL.fullmatch(text) else otherwise
