"""Who asks, for which scope: from the headers of a request, or the first message of a socket."""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final

from structlog.contextvars import bind_contextvars

from backend.kit import spans
from backend.live import Live
from graphql_schema.context import Refused, RequestContext
from graphql_schema.transport.rates import Payer, Rates
from tenants.actor import Actor
from tenants.admitting import admit, confirm, forget
from tenants.doors import Caller
from tenants.entering import NotAdmitted
from tenants.presenting import bearer_of
from tenants.scope import NoLongerAdmitted

SCOPE_HEADERS: Final = ("x-agency-id", "x-workspace-id")
MOST_LISTENERS: Final = 50  # sockets and event streams of one token, in one process

_staying: Counter[str] = Counter()


@dataclass(frozen=True, slots=True)
class Credentials:
    """`agency` and `workspace` are ids or short names."""

    token: str
    agency: str | None
    workspace: str | None

    async def admitted(self) -> tuple[Caller, Actor | None]:
        """Raises Refused."""
        try:
            return await admit(self.token, agency=self.agency, workspace=self.workspace)
        except NotAdmitted as refusal:
            raise _refused(refusal) from None

    async def admitted_anew(self) -> tuple[Caller, Actor | None]:
        """After NoLongerAdmitted. Raises Refused."""
        forget(self.token, agency=self.agency, workspace=self.workspace)
        return await self.admitted()


class Visitor:
    """Whoever asks: one request, or everything over one socket."""

    def __init__(self, credentials: Credentials, *, rates: Rates, live: Live, request_id: str) -> None:
        self.credentials = credentials
        self.request_id = request_id
        self.payer: Payer | None = None
        self.context: RequestContext | None = None
        self._paid = 0
        self._rates, self._live = rates, live

    async def enter(self, *, anew: bool = False) -> RequestContext:
        """For one operation or event, as the membership is now; `anew` after NoLongerAdmitted. Raises Refused."""
        caller, actor = await (self.credentials.admitted_anew() if anew else self.credentials.admitted())
        agency_id = None if actor is None else str(actor.agency_id)
        bind_contextvars(request_id=self.request_id, agency_id=agency_id)
        spans.describe({"tend.request_id": self.request_id, "tend.agency_id": agency_id})
        self.payer = self._payer(caller, actor)
        self.context = RequestContext(
            caller=caller,
            actor=actor,
            request_id=self.request_id,
            workspace=self.credentials.workspace,
            pay=self.pay,
            hear=self._live.hear,
        )
        return self.context

    async def pay(self, points: int) -> None:
        """Up to so many in all, whatever was paid before. Raises Refused."""
        assert self.payer is not None
        if points > self._paid:
            await self.payer.pay(points - self._paid)
            self._paid = points

    async def is_still_welcome(self) -> None:
        """Asks the database, whatever is remembered. Raises Refused."""
        _caller, actor = await self.credentials.admitted()
        if actor is not None and actor.proof is not None:
            with suppress(NoLongerAdmitted):
                await confirm(actor)
                return
        await self.credentials.admitted_anew()

    def _payer(self, caller: Caller, actor: Actor | None) -> Payer:
        keys = {"token": caller.key_hash.hex()}
        if caller.person_id is not None:
            # Sessions that one agency alone has opened spend apart: its provider may say that it signs in anybody.
            keys["person"] = f"{caller.person_id} {caller.bound_to or ''}"
        if actor is not None:
            keys["agency"] = str(actor.agency_id)
        return self._rates.payer(**keys)


def stay(token: str) -> ExitStack:
    """A place for one who listens; closing it gives it back. Raises Refused when the token holds MOST_LISTENERS."""
    if _staying[token] >= MOST_LISTENERS:
        raise Refused(
            "RATE_LIMITED",
            f"A token keeps at most {MOST_LISTENERS} sockets and event streams open.",
            headers={"Retry-After": "10"},
        )
    _staying[token] += 1

    def leave() -> None:
        _staying[token] -= 1
        if not _staying[token]:
            del _staying[token]

    staying = ExitStack()
    staying.callback(leave)
    return staying


def credentials_of(headers: Mapping[str, str], *, cookie: str | None = None) -> Credentials:
    """`headers` with names in lower case. A session's cookie counts only where the caller hands it over, and a token in
    a header comes first. Raises Refused."""
    bearer = bearer_of(headers)
    given = cookie if bearer is None else bearer
    if given is None:
        raise Refused("UNAUTHENTICATED", "Sign in: this needs a valid token.", headers={"WWW-Authenticate": "Bearer"})
    agency, workspace = (_scope(headers, name) for name in SCOPE_HEADERS)
    return Credentials(given, agency, workspace)


def _refused(refusal: NotAdmitted) -> Refused:
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else {}
    return Refused(refusal.code, refusal.message, headers=headers, facts=refusal.facts)


def _scope(headers: Mapping[str, str], name: str) -> str | None:
    """Raises Refused for a value that cannot be an id or a short name."""
    value = headers.get(name)
    if not value:
        return None
    if len(value) > 100 or not value.isascii() or not value.replace("_", "-").replace("-", "a").isalnum():
        raise Refused("BAD_REQUEST", f"{name.title()} is an id or a short name.")
    return value
