"""Documents by name: trusted ones that a frontend's build has published, and those a client has told us before."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from graphql_schema.context import Refused
from graphql_schema.transport.asking import Asked, bad_request
from graphql_schema.transport.documents import LONGEST_KEPT
from tenants.doors import trusted_document

KEPT: Final = 1_000  # texts in this process
SLOTS: Final = 20_000  # for automatic persisted queries in Redis: whatever clients send, it takes no more than these
_ID: Final = re.compile(r"sha256:[0-9a-f]{64}")
REMEMBERED_SECONDS: Final = 24 * 3_600  # of automatic persisted queries


class Documents:
    """`only_trusted`: no free text is run, and no automatic persisted query."""

    def __init__(self, redis_url: str | None, *, only_trusted: bool = False, prefix: str = "tend") -> None:
        self._redis = (
            None if redis_url is None else Redis.from_url(redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)
        )
        self._only_trusted = only_trusted
        self._prefix = prefix
        self._texts: OrderedDict[str, str] = OrderedDict()

    async def text_of(self, asked: Asked) -> str:
        """Raises Refused."""
        if asked.document_id is not None:
            return await self._trusted(asked.document_id)
        if self._only_trusted:
            raise Refused("DOCUMENT_NOT_TRUSTED", "This installation runs published documents only: send a documentId.")
        if asked.persisted_hash is None:
            assert asked.query is not None
            return asked.query
        if not asked.query:
            return await self._persisted(asked.persisted_hash)
        if hashlib.sha256(asked.query.encode()).hexdigest() != asked.persisted_hash:
            raise bad_request("`sha256Hash` is not the hash of `query`.")
        return asked.query

    async def remember(self, asked: Asked) -> None:
        """Call once the document has proved valid."""
        hash_, text = asked.persisted_hash, asked.query
        if hash_ is None or not text or len(text) > LONGEST_KEPT or hash_ in self._texts:
            return
        self._keep(hash_, text)
        if self._redis is not None:
            try:
                await _undisturbed(self._redis.set(self._slot(hash_), text, ex=REMEMBERED_SECONDS))
            except (RedisError, OSError):
                return  # this process knows it; others will ask for the text again

    async def _trusted(self, document_id: str) -> str:
        text = self._texts.get(document_id)
        if text is None:
            text = await trusted_document(document_id) if _ID.fullmatch(document_id) else None
            if text is None:
                raise Refused("DOCUMENT_NOT_FOUND", "No document has been published under this id.")
            self._keep(document_id, text)
        return text

    async def _persisted(self, hash_: str) -> str:
        text = self._texts.get(hash_)
        if text is None and self._redis is not None:
            try:
                found = await _undisturbed(self._redis.get(self._slot(hash_)))
            except (RedisError, OSError):
                found = None
            # Another document may have taken the slot; and Redis is no place to trust.
            if found is not None and hashlib.sha256(found).hexdigest() == hash_:
                text = found.decode()
                self._keep(hash_, text)
        if text is None:
            raise Refused("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        return text

    def _slot(self, hash_: str) -> str:
        return f"{self._prefix}:document:{int(hash_, 16) % SLOTS}"

    def _keep(self, name: str, text: str) -> None:
        self._texts[name] = text
        if len(self._texts) > KEPT:
            self._texts.popitem(last=False)


async def _undisturbed(asking: Awaitable[Any]) -> Any:
    """redis-py waits in a way that loses a cancellation before Python 3.12, so it waits in a task of its own."""
    return await asyncio.shield(asyncio.ensure_future(asking))
