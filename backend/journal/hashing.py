"""The one place that says what a link of the chain is a hash of: chaining and verifying must never differ."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

GENESIS: Final = bytes(32)  # before the first link

# Of the entry `j`, in the order they are hashed. Never change an expression or the order: add members at the end only
# with a new version, or every journal there is looks tampered with. Times are exact to the microsecond, JSON is the
# text that PostgreSQL keeps it as: parsed here, a number of thirty digits would lose the last ones.
CANONICAL: Final = """j.agency_id::text as h0, j.id::text as h1, j.workspace_id::text as h2,
    extract(epoch from j.at)::text as h3, j.actor_kind as h4, j.membership_id::text as h5, j.api_client_id::text as h6,
    j.on_behalf_of_id::text as h7, j.request_id as h8, j.action as h9, j.subject_kind as h10, j.subject_id::text as h11,
    j.grounds as h12, j.changes::text as h13, j.detail::text as h14"""
_MEMBERS: Final = tuple(f"h{number}" for number in range(15))


def link_hash(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """sha256 of the previous hash and the entry, a row with the columns CANONICAL, as a JSON array."""
    return hashlib.sha256(previous + orjson.dumps([entry[name] for name in _MEMBERS])).digest()
