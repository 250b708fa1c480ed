"""A small Discourse: its API as app/controllers has it, with what it shows kept in memory. Served on a real port."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

KEY, STAFF = "d" * 64, "mod"
Endpoint = Callable[[Request], Awaitable[Response]]


async def form_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))


def refused(status: int, error_type: str, text: str, **more: Any) -> JSONResponse:
    return JSONResponse({"errors": [text], "error_type": error_type, **more}, status)


def invalid_access() -> JSONResponse:
    text = "You are not permitted to view the requested resource. The API username or key is invalid."
    return refused(403, "invalid_access", text)


def not_found() -> JSONResponse:
    return refused(404, "not_found", "The requested URL or resource could not be found.")


@dataclass
class FakeDiscourse:
    """Switches: `refuses` (403), `seconds` (slow), `limited` (how many calls get 429), `lies` (200 and nothing done), `dies`
    (does it and breaks off), `fails` (502)."""

    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    topics: dict[str, dict[str, Any]] = field(default_factory=dict)
    flagged: set[int] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    is_staff: bool = True
    refuses: bool = False
    seconds: float = 0
    limited: int = 0
    limit: dict[str, Any] = field(default_factory=lambda: {"wait_seconds": 7})
    lies: bool = False
    dies: bool = False
    fails: bool = False

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]

    def add_post(self, id: int, *, user: int = 17, number: int = 2) -> None:
        self.posts[id] = {
            "id": id, "user_id": user, "topic_id": id * 10, "post_number": number, "hidden": False, "deleted_at": None,
        }  # fmt: skip
        self.users.setdefault(
            user, {"id": user, "username": f"user{user}", "silenced_till": None, "suspended_till": None}
        )

    def app(self) -> Starlette:
        def route(path: str, endpoint: Endpoint, *methods: str) -> Route:
            return Route(path, self._guarded(endpoint), methods=list(methods))

        return Starlette(
            routes=[
                Route("/site/basic-info.json", self._about),
                route("/session/current.json", self._session, "GET"),
                route("/post_actions.json", self._flag, "POST"),
                route("/posts.json", self._create, "POST"),
                route("/posts/{id:int}.json", self._post, "GET", "DELETE"),
                route("/posts/{id:int}/unhide.json", self._unhide, "PUT"),
                route("/posts/{id:int}/recover.json", self._recover, "PUT"),
                route("/t/external_id/{external_id}.json", self._topic, "GET"),
                route("/t/{topic:int}.json", self._delete_topic, "DELETE"),
                route("/t/{topic:int}/recover.json", self._recover_topic, "PUT"),
                route("/admin/users/-1.json", self._system, "GET"),
                route("/admin/users/{id:int}.json", self._user, "GET"),
                route("/admin/users/{id:int}/{verb}.json", self._penalty, "PUT"),
            ]
        )

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            self.calls.append(f"{request.method} {request.url.path}")
            self.heads.append(dict(request.headers))
            if self.limited:
                self.limited -= 1
                return refused(429, "rate_limit", "You’ve performed this action too many times.", extras=self.limit)
            if self.seconds:
                await asyncio.sleep(self.seconds)
            if self.fails:
                return Response("<html>502 Bad Gateway</html>", 502)
            if (request.headers.get("api-key"), request.headers.get("api-username")) != (KEY, STAFF) or self.refuses:
                return invalid_access()
            if request.method == "GET":
                return await endpoint(request)
            if self.lies:
                return JSONResponse({"success": "OK"})
            answer = await endpoint(request)
            if self.dies:
                self.dies = False
                return Response("", 502)
            return answer

        return guarded

    async def _about(self, _request: Request) -> Response:
        return JSONResponse({"title": "Fake", "logo_url": "", "description": ""})

    async def _session(self, _request: Request) -> Response:
        return JSONResponse({"current_user": {"username": STAFF, "admin": False, "moderator": self.is_staff}})

    async def _flag(self, request: Request) -> Response:
        form = await form_of(request)
        post = self.posts.get(int(form["id"]))
        if post is None or post["deleted_at"]:
            return not_found()
        if post["hidden"] or post["id"] in self.flagged:
            return refused(403, "invalid_access", "You already did this")
        self.flagged.add(post["id"])
        if form.get("take_action") == "true" and form.get("post_action_type_id") in ("3", "4", "8"):
            post["hidden"] = True
        return JSONResponse(post)

    async def _post(self, request: Request) -> Response:
        post = self.posts.get(request.path_params["id"])
        if post is None:
            return not_found()
        if request.method == "GET":
            return JSONResponse(post)
        if post["post_number"] == 1:
            return invalid_access()
        post["deleted_at"] = datetime.now(UTC).isoformat()
        return Response("")

    async def _unhide(self, request: Request) -> Response:
        post = self.posts[request.path_params["id"]]
        if not post["hidden"]:
            return invalid_access()
        post["hidden"] = False
        return Response("")

    async def _recover(self, request: Request) -> Response:
        post = self.posts[request.path_params["id"]]
        if post["deleted_at"] is None:
            return invalid_access()
        post["deleted_at"] = None
        return JSONResponse(post)

    async def _delete_topic(self, request: Request) -> Response:
        self._first_of(request)["deleted_at"] = datetime.now(UTC).isoformat()
        return Response("")

    async def _recover_topic(self, request: Request) -> Response:
        self._first_of(request)["deleted_at"] = None
        return JSONResponse({"success": "OK"})

    def _first_of(self, request: Request) -> dict[str, Any]:
        [post] = [post for post in self.posts.values() if post["topic_id"] == request.path_params["topic"]]
        return post

    async def _create(self, request: Request) -> Response:
        form = await form_of(request)
        if form.get("external_id", "") in self.topics:
            return JSONResponse({"action": "create_post", "errors": ["External has already been taken"]}, 422)
        self.topics[form["external_id"]] = form
        return JSONResponse({"id": 1, "topic_id": 900 + len(self.topics)})

    async def _topic(self, request: Request) -> Response:
        if request.path_params["external_id"] not in self.topics:
            return not_found()
        return RedirectResponse("/t/a-warning/901.json", 301)

    async def _system(self, _request: Request) -> Response:
        return JSONResponse({"id": -1, "username": "system"}) if self.is_staff else not_found()

    async def _user(self, request: Request) -> Response:
        user = self.users.get(request.path_params["id"])
        return JSONResponse(user) if user is not None else not_found()

    async def _penalty(self, request: Request) -> Response:
        user, verb = self.users.get(request.path_params["id"]), request.path_params["verb"]
        if user is None:
            return not_found()
        shown = "silenced_till" if "silence" in verb else "suspended_till"
        if verb.startswith("un"):
            user[shown] = None
            return JSONResponse({verb: {shown: None}})
        form = await form_of(request)
        until = form.get("silenced_till" if verb == "silence" else "suspend_until")
        if not until or not form.get("reason") or len(form["reason"]) > 300:
            return JSONResponse({"failed": "FAILED", "errors": ["Reason can't be blank"]}, 400)
        if user[shown] is not None:
            return JSONResponse({"failed": "FAILED", "message": "User was already punished"}, 409)
        user[shown] = datetime.fromisoformat(until).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        user["message"] = form.get("message")
        return JSONResponse({verb: {shown: user[shown]}})
