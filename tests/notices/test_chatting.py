"""Notices in a chat: `{"text": ...}` to the address of an incoming webhook, as Slack and Mattermost take it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from cast import Cast
from notices.readers import Reader

from backend.notices import Preference, replay_delivery, set_preferences, set_settings
from backend.outbox import Job
from backend.outside import allow_origins
from tenants.models import Workspace
from tenants.scope import agency_scope

MARKER = "gurkensalat-88"


@dataclass
class Chat:
    """Says `status` to what it is told; None: nothing at all."""

    status: str | None = "200 OK"
    headers: str = ""
    heard: list[tuple[str, str, Any]] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.lower().splitlines() if line.startswith("content-length")
        )
        content = await reader.readexactly(length)
        kind = next(line.split(": ")[1] for line in head.lower().splitlines() if line.startswith("content-type"))
        self.heard.append((head.splitlines()[0], kind, json.loads(content)))
        if self.status is not None:
            body = f"no {MARKER}"
            writer.write(
                f"HTTP/1.1 {self.status}\r\nContent-Length: {len(body)}\r\n{self.headers}Connection: close\r\n\r\n{body}".encode()
            )
            await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(chat: Chat) -> AsyncIterator[str]:
    server = await asyncio.start_server(chat.answer, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    allow_origins([origin])
    try:
        yield f"{origin}/services/T0/secret"
    finally:
        allow_origins([])
        server.close()


async def names_chat(reader: Reader, url: str) -> None:
    async with agency_scope(reader.actor):
        await set_settings(reader.actor, chat_url=url)
        await set_preferences(
            reader.actor,
            [Preference("report_decided", "mail", "never"), Preference("report_decided", "chat", "at_once")],
        )


async def test_a_notice_is_a_text_with_a_link_and_nothing_of_what_was_told(acme: Cast, reader: Reader) -> None:
    chat = Chat()
    async with serving(chat) as url:
        async with agency_scope(acme.system):
            await Workspace.filter(id=reader.client).update(name="<!channel> & Sons")
        await names_chat(reader, url)
        await reader.is_told(text=MARKER)
        await reader.mails()
    [(request, kind, told)] = chat.heard
    assert request == "POST /services/T0/secret HTTP/1.1"
    assert kind == "application/json"
    assert list(told) == ["text"]
    sentence, link = told["text"].rsplit(" ", 1)
    assert sentence == (
        "&lt;!channel&gt; &amp; Sons: a report of yours was decided: You reported a post. It breaks the rules of the "
        "community. Thank you."
    )
    assert "/notices/acme/notice_" in link
    assert await reader.states() == [("chat", "sent", None)]


async def test_who_has_no_chat_is_told_nothing_there(reader: Reader) -> None:
    await reader.is_told(kind="membership_changed")
    assert [each.channel for each in await reader.deliveries()] == ["mail"]


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "403 Forbidden", "302 Found"])
async def test_a_chat_that_is_gone_ends_in_sight_and_can_be_replayed(acme: Cast, reader: Reader, status: str) -> None:
    chat = Chat(status, headers="Location: http://169.254.169.254/\r\n")
    async with serving(chat) as url:
        await names_chat(reader, url)
        await reader.is_told()
        await reader.mails()
        code = status.partition(" ")[0]
        assert await reader.states() == [("chat", "failed", f"The chat takes no messages here ({code}).")]
        chat.status = "200 OK"
        [delivery] = await reader.deliveries()
        async with agency_scope(acme.admin):
            await replay_delivery(acme.admin, delivery.id)
        await reader.mails()
    assert len(chat.heard) == 2
    assert await reader.states() == [("chat", "sent", None)]


@pytest.mark.parametrize("status", ["500 Internal Server Error", "429 Too Many Requests", None])
async def test_a_chat_that_is_busy_or_breaks_off_is_tried_again(acme: Cast, reader: Reader, status: str | None) -> None:
    chat = Chat(status)
    async with serving(chat) as url:
        await names_chat(reader, url)
        await reader.is_told()
        await reader.mails()
        [(_, state, problem)] = await reader.states()
        assert state == "waiting"
        assert problem.startswith("The chat ")
        assert MARKER not in problem
        chat.status = "200 OK"
        await acme.run_jobs("chat_notices", even_later=True)
    assert await reader.states() == [("chat", "sent", None)]


async def test_an_address_inside_is_never_asked(acme: Cast, reader: Reader) -> None:
    await names_chat(reader, "https://127.0.0.1/")
    await reader.is_told()
    await reader.mails()
    [(_, state, problem)] = await reader.states()
    assert state == "waiting"
    assert problem.startswith("The chat cannot be reached.")
    async with agency_scope(acme.system):
        await Job.filter(kind="chat_notices", state="ready").delete()


async def test_a_chat_that_was_taken_back_fails_in_sight(reader: Reader) -> None:
    await names_chat(reader, "https://hooks.example/")
    await reader.is_told()
    async with agency_scope(reader.actor):
        await set_settings(reader.actor, chat_url="")
    await reader.mails()
    assert await reader.states() == [("chat", "failed", "They have named no chat, or none any more.")]
