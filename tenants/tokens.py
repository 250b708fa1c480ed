"""Secrets that open something: what they look like, and the hash that is kept of them."""

import hashlib
import secrets
import string
import zlib
from typing import Final

SESSION_PREFIX: Final = "tend_s_"
# By what they are: an API key says whether it is of an installation that counts.
CREDENTIAL_PREFIXES: Final = ("tend_live_", "tend_test_", "tend_secret_", "tend_access_")
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM: Final = 43  # base62 characters: 256 bits
_CHECKSUM: Final = 6  # base62 characters: a CRC32


def hash_of(key: str) -> bytes:
    """Keys are 256 random bits, so a plain SHA-256 is enough; what is stored opens nothing."""
    return hashlib.sha256(key.encode()).digest()


def new_session_token() -> str:
    return SESSION_PREFIX + secrets.token_urlsafe(32)


def new_link_token() -> str:
    """For an address that somebody is sent."""
    return secrets.token_urlsafe(32)


def new_credential(prefix: str) -> str:
    """`<prefix><random><checksum>`, GitHub's form: scanners find leaked ones, and a mistyped one costs no query."""
    assert prefix in CREDENTIAL_PREFIXES
    body = prefix + "".join(secrets.choice(_BASE62) for _ in range(_RANDOM))
    return body + _checksum(body)


def kind_of(token: str) -> str | None:
    """`session` or `credential`; None for what Tend never made. Asks nobody."""
    if token.startswith(SESSION_PREFIX):
        return "session" if len(token) <= 100 else None
    prefix = next((each for each in CREDENTIAL_PREFIXES if token.startswith(each)), None)
    if prefix is None or len(token) != len(prefix) + _RANDOM + _CHECKSUM or not token.isascii():
        return None
    body, checksum = token[:-_CHECKSUM], token[-_CHECKSUM:]
    return "credential" if secrets.compare_digest(_checksum(body), checksum) else None


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
