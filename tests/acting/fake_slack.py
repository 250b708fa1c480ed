"""A small Slack: the Web API's shapes, {"ok": false, "error": ...} with status 200 among them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "xoxp-" + "1" * 40
SCOPES = "chat:write,channels:history,groups:history,im:write,im:history"


@dataclass
class FakeSlack:
    """`limited`: how many calls get 429; `bot`: the token is a bot's, which deletes nothing of others; `lies`: it says ok and
    does nothing."""

    messages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    scopes: str = SCOPES
    limited: int = 0
    bot: bool = False
    lies: bool = False

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/api/{method}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        if self.limited:
            self.limited -= 1
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        form = dict(parse_qsl((await request.body()).decode()))
        found = getattr(self, request.path_params["method"].replace(".", "_").lower())(form)
        is_error = isinstance(found, str)
        return JSONResponse(
            {"ok": False, "error": found} if is_error else {"ok": True, **found},
            headers={"x-oauth-scopes": self.scopes},
        )

    def auth_test(self, _form: dict[str, str]) -> Any:
        return {"user_id": "U1", **({"bot_id": "B1"} if self.bot else {})}

    def chat_delete(self, form: dict[str, str]) -> Any:
        place = form["channel"], form["ts"]
        if place not in self.messages:
            return "message_not_found"
        if self.bot:
            return "cant_delete_message"
        if not self.lies:
            del self.messages[place]
        return {}

    def conversations_replies(self, form: dict[str, str]) -> Any:
        found = self.messages.get((form["channel"], form["ts"]))
        return "thread_not_found" if found is None else {"messages": [found]}

    def conversations_open(self, form: dict[str, str]) -> Any:
        return {"channel": {"id": f"D{form['users']}"}}

    def conversations_history(self, form: dict[str, str]) -> Any:
        return {"messages": [each for (channel, _), each in self.messages.items() if channel == form["channel"]]}

    def chat_postmessage(self, form: dict[str, str]) -> Any:
        ts = f"1700000000.{len(self.messages):06}"
        self.messages[form["channel"], ts] = {
            "ts": ts, "text": form["text"], "metadata": orjson.loads(form["metadata"]),
        }  # fmt: skip
        return {"ts": ts}
