"""What a client asks, whichever way it came: as a JSON body, as parameters of an address, as a message of a socket."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from graphql_schema.context import Refused


@dataclass(frozen=True, slots=True)
class Asked:
    """`query` is a document's text; without one, `document_id` or `persisted_hash` names it."""

    query: str | None
    document_id: str | None
    persisted_hash: str | None
    variables: dict[str, Any]
    operation_name: str | None
    idempotency_key: str | None


MOST_COMMAS: Final = 20_000  # a million ids in a list of variables take half a second to look at
# A text costs nothing to look at, whatever stands in it: five thousand lines of a list have more commas than that.
_OF_TEXT: Final = re.compile(
    r'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL
)  # also one that never ends: else it is looked for again and again
_OF_BYTES: Final = re.compile(_OF_TEXT.pattern.encode(), re.DOTALL)


def parse_json(text: bytes | str) -> Any:
    """Raises Refused. Strict: one spelling of every value, UTF-8 only, and no depth that could exhaust the stack."""
    if _has_many_values(text):
        raise bad_request(f"A request has at most {MOST_COMMAS:,} values.")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_request("This is not valid JSON in UTF-8.") from None


def _has_many_values(text: bytes | str) -> bool:
    if len(text) <= MOST_COMMAS:
        return False
    if isinstance(text, bytes):
        return text.count(b",") > MOST_COMMAS and _OF_BYTES.sub(b"", text).count(b",") > MOST_COMMAS
    return text.count(",") > MOST_COMMAS and _OF_TEXT.sub("", text).count(",") > MOST_COMMAS


def asked_of(data: Any, *, idempotency_key: str | None = None) -> Asked:
    """Raises Refused. Members that nobody knows are ignored, as the specification says."""
    if not isinstance(data, dict):
        raise bad_request("A request is a JSON object.")
    query, document_id = _text(data, "query"), _text(data, "documentId")
    variables, extensions = data.get("variables"), data.get("extensions")
    if variables is not None and not isinstance(variables, dict):
        raise bad_request("`variables` must be an object.")
    if extensions is not None and not isinstance(extensions, dict):
        raise bad_request("`extensions` must be an object.")
    persisted_hash = _persisted_hash(extensions or {})
    if (query is None or not query.strip()) and document_id is None and persisted_hash is None:
        raise bad_request("`query` must be a document.")
    if query is not None and document_id is not None:
        raise bad_request("Send either `query` or `documentId`.")
    given_key = (extensions or {}).get("idempotencyKey")
    if given_key is not None and not isinstance(given_key, str):
        raise bad_request("`extensions.idempotencyKey` must be a string.")
    return Asked(
        query=query,
        document_id=document_id,
        persisted_hash=persisted_hash,
        variables=variables or {},
        operation_name=_text(data, "operationName") or None,
        idempotency_key=_checked_key(idempotency_key if idempotency_key is not None else given_key),
    )


def asked_by_address(parameters: Mapping[str, str]) -> Asked:
    """Raises Refused. The same members as parameters of a GET."""
    data: dict[str, Any] = dict(parameters)
    for name in ("variables", "extensions"):
        if name in data:
            data[name] = parse_json(data[name]) if data[name] else None
    return asked_of(data)


def bad_request(message: str) -> Refused:
    return Refused("BAD_REQUEST", message)


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise bad_request(f"`{name}` must be a string.")
    return value


def _persisted_hash(extensions: Mapping[str, Any]) -> str | None:
    """Apollo's automatic persisted queries, version 1."""
    found = extensions.get("persistedQuery")
    if found is None:
        return None
    hash_ = found.get("sha256Hash") if isinstance(found, dict) else None
    if not isinstance(found, dict) or found.get("version") != 1 or not isinstance(hash_, str):
        raise bad_request("`extensions.persistedQuery` is { version: 1, sha256Hash }.")
    if len(hash_) != 64 or not set(hash_) <= set("0123456789abcdef"):
        raise bad_request("`sha256Hash` is 64 hexadecimal digits in lower case.")
    return hash_


def _checked_key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise bad_request("An idempotency key is 1 to 255 printable ASCII characters, such as a UUID.")
    return key
