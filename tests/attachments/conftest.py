"""A site that keeps pictures, served on a real port; and communities whose posts name them."""

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from cast import Cast
from PIL import Image, ImageDraw
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.communities import IncomingPost, Post, take_in
from backend.evidence import Attachment, IncomingAttachment
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.outside import allow_origins
from tenants.scope import agency_scope

PICTURES = Path(__file__).parent / "pictures"


@dataclass
class Keeper:
    """`files`: status, headers and body by path; `asked`: what was shown with each request."""

    origin: str = ""
    files: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def put(self, name: str, body: bytes, content_type: str = "image/png", *, status: int = 200, **headers: str) -> str:
        self.files[f"/{name}"] = (status, {"content-type": content_type, **headers}, body)
        return f"{self.origin}/{name}"

    async def answer(self, request: Request) -> Response:
        self.asked.append(dict(request.headers))
        status, headers, body = self.files.get(request.url.path, (404, {}, b""))
        return Response(body, status, headers)


@pytest.fixture(scope="module")
async def serving(stage: Any) -> AsyncIterator[Keeper]:
    made = Keeper()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/{path:path}", made.answer)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    made.origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    yield made
    server.should_exit = True
    await running


@pytest.fixture
def keeper(serving: Keeper) -> Iterator[Keeper]:
    allow_origins([serving.origin])
    yield serving
    allow_origins([])


def drawn(width: int = 128, height: int = 128, *, format: str = "PNG", colour: str = "red", **how: Any) -> bytes:
    """A picture with enough in it for PDQ."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    for step in range(0, width, max(1, width // 8)):
        draw.pieslice((step // 2, step // 3, width - step // 4, height - step // 2), step, step + 200, colour, "black")
    out = io.BytesIO()
    picture.save(out, format, **how)
    return out.getvalue()


async def posted(cast: Cast, client: UUID, *attachments: IncomingAttachment | str, text: str = "look") -> Post:
    """A new post with these, each fetched as far as it can be."""
    slug = next(slug for slug, id in cast.workspaces.items() if id == client)
    name = f"p-{new_id()}"
    told = tuple(IncomingAttachment(each) if isinstance(each, str) else each for each in attachments)
    async with agency_scope(cast.system):
        await take_in(
            client,
            cast.communities[slug],
            [IncomingPost(name, f"m-{name}", "ann", "person", None, text, now(), attachments=told)],
        )
        post = await Post.get(external_id=name)
    await cast.run_jobs("apply_rules", of=[client])  # before anything is hashed
    await cast.run_jobs("store_attachment", of=[client])
    return post


async def kept(cast: Cast, post: Post) -> list[Attachment]:
    async with agency_scope(cast.system):
        return await Attachment.filter(post_id=post.id).order_by("created_at", "id")
