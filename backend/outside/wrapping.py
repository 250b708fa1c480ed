"""The installation's keys: they wrap the agencies' keys, and what a browser carries through a sign-in."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.kit.clock import now

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_NAME_BYTES: Final = 8  # of the installation's key that was used, so that it is found during a rotation

_keys: tuple[bytes, ...] = ()


class NoInstallationKey(RuntimeError):
    def __init__(self) -> None:
        super().__init__("No key for secrets is set: TEND_INSTALLATION_KEY.")


class SealBroken(RuntimeError):
    """What should be opened was sealed for another place, with a key that is not here, or was changed."""


def use_installation_keys(keys: Sequence[bytes]) -> None:
    """The first wraps, all unwrap; the roof says it. Raises ValueError for a key that is not of KEY_BYTES bytes."""
    global _keys  # noqa: PLW0603
    if any(len(key) != KEY_BYTES for key in keys):
        raise ValueError("A key of the installation has 32 bytes.")
    _keys = tuple(keys)


def wrap(plain: bytes, *, place: bytes) -> bytes:
    """Only `unwrap` with the same `place` gets it back. Raises NoInstallationKey."""
    if not _keys:
        raise NoInstallationKey
    nonce = os.urandom(NONCE_BYTES)
    return _name(_keys[0]) + nonce + _cipher(_keys[0], b"wrapping").encrypt(nonce, plain, place)


def unwrap(wrapped: bytes, *, place: bytes) -> bytes:
    """Raises SealBroken, NoInstallationKey."""
    if not _keys:
        raise NoInstallationKey
    name, nonce, sealed = _parts(wrapped)
    for key in _keys:
        if _name(key) == name:
            try:
                return _cipher(key, b"wrapping").decrypt(nonce, sealed, place)
            except (InvalidTag, ValueError):
                raise SealBroken from None
    raise SealBroken


def is_wrapped_by_current(wrapped: bytes) -> bool:
    return bool(_keys) and wrapped[:_NAME_BYTES] == _name(_keys[0])


def seal_for_browser(data: dict[str, Any], *, purpose: str, seconds: int) -> str:
    """Text for a cookie or an address: nobody but this installation reads or makes it. Raises NoInstallationKey."""
    if not _keys:
        raise NoInstallationKey
    until = (now() + timedelta(seconds=seconds)).timestamp()
    nonce = os.urandom(NONCE_BYTES)
    sealed = _cipher(_keys[0], b"browser " + purpose.encode()).encrypt(
        nonce, orjson.dumps({"until": until, "data": data}), None
    )
    return base64.urlsafe_b64encode(_name(_keys[0]) + nonce + sealed).decode().rstrip("=")


def open_from_browser(text: str, *, purpose: str) -> dict[str, Any] | None:
    """None for what was not made here, not for this purpose, or is too old."""
    try:
        name, nonce, sealed = _parts(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
    for key in _keys:
        if _name(key) == name:
            try:
                opened = orjson.loads(_cipher(key, b"browser " + purpose.encode()).decrypt(nonce, sealed, None))
            except (InvalidTag, ValueError):
                return None
            data: dict[str, Any] = opened["data"]
            return data if opened["until"] > now().timestamp() else None
    return None


def sign(data: bytes, *, purpose: str) -> bytes:
    """The same data has the same signature as long as the key is the same. Raises NoInstallationKey."""
    if not _keys:
        raise NoInstallationKey
    return _name(_keys[0]) + hmac.digest(_derived(_keys[0], b"signing " + purpose.encode()), data, "sha256")


def is_signed(data: bytes, signature: bytes, *, purpose: str) -> bool:
    """With any of the installation's keys, for this purpose."""
    for key in _keys:
        expected = _name(key) + hmac.digest(_derived(key, b"signing " + purpose.encode()), data, "sha256")
        if hmac.compare_digest(expected, signature):
            return True
    return False


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    return sealed[:_NAME_BYTES], sealed[_NAME_BYTES : _NAME_BYTES + NONCE_BYTES], sealed[_NAME_BYTES + NONCE_BYTES :]


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"name of a key of Tend\0" + key).digest()[:_NAME_BYTES]


def _cipher(key: bytes, use: bytes) -> AESGCM:
    return AESGCM(_derived(key, use))


def _derived(key: bytes, use: bytes) -> bytes:
    """Every use has a key of its own: what was made for one opens nothing of another."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"tend " + use).derive(key)
