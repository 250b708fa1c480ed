"""What a frontend's build has made, for the API to know."""

import hashlib
import json
from pathlib import Path
from typing import Final

import asyncpg
from graphql import GraphQLError, parse, validate

from backend import models
from backend.kit.errors import Invalid
from backend.settings import Settings

LARGEST_MANIFEST: Final = 64 << 20  # bytes


async def publish_documents(settings: Settings, manifest: Path, *, application: str) -> tuple[int, int]:
    """How many documents of the manifest were known and how many are new; all or nothing. Logs in as tend_owner: the
    API itself can only read them. Raises Invalid for a document that is not what its id says, or does not fit the
    schema."""
    texts = _texts_of(manifest)
    connection = await asyncpg.connect(settings.owner_url, timeout=30)
    try:
        async with connection.transaction():
            rows = await connection.fetch(
                """insert into app.trusted_documents (id, text, application)
                   select id, text, $3 from unnest($1::text[], $2::text[]) as d (id, text)
                   on conflict (id) do nothing returning id""",
                list(texts),
                list(texts.values()),
                application,
            )
    finally:
        await connection.close()
    return len(texts) - len(rows), len(rows)


def _texts_of(manifest: Path) -> dict[str, str]:
    """By id, in the one form `sha256:<hex>`. Raises Invalid."""
    try:
        if manifest.stat().st_size > LARGEST_MANIFEST:
            raise Invalid("A manifest has at most 64 MB.")
        found = json.loads(manifest.read_text())
    except (OSError, ValueError) as problem:
        raise Invalid(f"{manifest} is no manifest: {problem}") from None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise Invalid(f"{manifest} is no manifest: it must be an object of ids and texts.")
    texts = {}
    for id, text in found.items():
        hash_ = hashlib.sha256(text.encode()).hexdigest()
        if id.removeprefix("sha256:") != hash_:
            raise Invalid(f"{id} is not the sha256 of its document.")
        _check(id, text)
        texts[f"sha256:{hash_}"] = text
    return texts


def _check(id: str, text: str) -> None:
    models.load()
    from graphql_schema.schema import schema

    try:
        errors = validate(schema._schema, parse(text))
    except GraphQLError as problem:
        errors = [problem]
    if errors:
        raise Invalid(f"{id}: {errors[0].message}")
