"""Documents by name: what a frontend's build has published, and what a client has told before."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from cast import Cast

from backend.asgi import app
from backend.kit.errors import Invalid
from backend.kit.ids import new_id
from backend.publishing import publish_documents
from backend.settings import Settings
from tenants.scope import agency_scope


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def document() -> str:
    """One that no process has seen."""
    return f"query Q{new_id().hex} {{ agency {{ slug }} }}"


async def send(api: httpx.AsyncClient, acme: Cast, **members: Any) -> httpx.Response:
    return await api.post("/graphql", json=members, headers={"Authorization": f"Bearer {acme.tokens['owner']}"})


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}


def code(response: httpx.Response) -> str:
    return response.json()["errors"][0]["extensions"]["code"]


@pytest.fixture
def process(settings: Settings) -> Callable[..., httpx.AsyncClient]:
    def started(**changed: Any) -> httpx.AsyncClient:
        served = app(settings.model_copy(update=changed))
        return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://tend.test", timeout=30)

    return started


async def test_a_hash_is_unknown_until_its_text_was_sent_and_then_known_to_every_process(
    process: Callable[..., httpx.AsyncClient], acme: Cast
) -> None:
    text = document()
    async with process() as one, process() as other:
        miss = await send(one, acme, extensions=persisted(text))
        assert (miss.status_code, code(miss)) == (200, "PERSISTED_QUERY_NOT_FOUND")
        assert miss.json()["errors"][0]["message"] == "PersistedQueryNotFound"  # urql compares the message
        assert (await send(one, acme, query=text, extensions=persisted(text))).json()["data"]
        for api in (one, other):
            assert (await send(api, acme, extensions=persisted(text))).json()["data"] == {"agency": {"slug": "acme"}}
        by_address = await other.get(
            "/graphql",
            params={"extensions": json.dumps(persisted(text))},
            headers={"Authorization": f"Bearer {acme.tokens['owner']}"},
        )
        assert by_address.json()["data"] == {"agency": {"slug": "acme"}}


async def test_a_wrong_hash_and_a_wrong_document_are_not_kept(
    process: Callable[..., httpx.AsyncClient], acme: Cast
) -> None:
    text, other, invalid = document(), document(), document().replace("slug", "nonsense")
    async with process() as api:
        wrong = await send(api, acme, query=text, extensions=persisted(other))
        assert (wrong.status_code, code(wrong)) == (400, "BAD_REQUEST")
        await send(api, acme, query=invalid, extensions=persisted(invalid))
        for unknown in (text, other, invalid):
            assert code(await send(api, acme, extensions=persisted(unknown))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_poisoned_store_is_not_believed(
    process: Callable[..., httpx.AsyncClient], acme: Cast, settings: Settings
) -> None:
    from redis.asyncio import Redis

    text = document()
    async with process() as api, Redis.from_url(settings.redis) as redis:
        await redis.set(f"{settings.redis_queue}:document:{hash_of(text)}", "{ viewer { person { email } } }")
        assert code(await send(api, acme, extensions=persisted(text))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "extensions",
    [{"persistedQuery": 3}, {"persistedQuery": {}}, {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}},
     {"persistedQuery": {"version": 1, "sha256Hash": "x"}}, {"persistedQuery": {"version": 1, "sha256Hash": "A" * 64}}, [], "x"],
)  # fmt: skip
async def test_a_hash_that_is_none_is_a_bad_request(api: httpx.AsyncClient, acme: Cast, extensions: Any) -> None:
    response = await send(api, acme, query="{ __typename }", extensions=extensions)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_a_published_document_runs_by_its_id_and_nothing_else_does(
    process: Callable[..., httpx.AsyncClient], settings: Settings, acme: Cast, tmp_path: Path
) -> None:
    text, manifest = document(), tmp_path / "manifest.json"
    manifest.write_text(json.dumps({hash_of(text): text}))  # as relay-compiler writes it
    assert await publish_documents(settings, manifest, application="console") == (0, 1)
    manifest.write_text(json.dumps({f"sha256:{hash_of(text)}": text}))
    assert await publish_documents(settings, manifest, application="console") == (1, 0)
    async with process() as open_to_all, process(only_trusted_documents=True) as closed:
        for api in (open_to_all, closed):
            answer = await send(api, acme, documentId=f"sha256:{hash_of(text)}")
            assert answer.json()["data"] == {"agency": {"slug": "acme"}}
            for unknown in ("nonsense", "sha256:" + "0" * 64, "", "sha256:\u00e9"):
                answer = await send(api, acme, documentId=unknown)
                assert (answer.status_code, code(answer)) == (400, "DOCUMENT_NOT_FOUND"), unknown
        for members in (
            {"query": text},
            {"query": text, "extensions": persisted(text)},
            {"extensions": persisted(text)},
        ):
            answer = await send(closed, acme, **members)
            assert (answer.status_code, code(answer)) == (400, "DOCUMENT_NOT_TRUSTED")
        both = await send(open_to_all, acme, documentId=f"sha256:{hash_of(text)}", query=text)
        assert code(both) == "BAD_REQUEST"


@pytest.mark.parametrize(
    "manifest",
    ["nonsense", "[]", '{"a": 3}', json.dumps({"0" * 64: "{ agency { slug } }"}), json.dumps({hash_of("{ nonsense }"): "{ nonsense }"})],
)  # fmt: skip
async def test_a_manifest_that_cannot_be_meant_publishes_nothing(
    settings: Settings, tmp_path: Path, manifest: str
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(manifest)
    with pytest.raises(Invalid):
        await publish_documents(settings, path, application="console")


async def test_the_application_itself_cannot_publish(acme: Cast) -> None:
    """Whoever takes over the API makes nothing trusted."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with agency_scope(acme.system) as scope:
            await scope.execute(
                "insert into trusted_documents (id, text, application) values ($1, 'x', 'x')", "sha256:" + "0" * 64
            )
