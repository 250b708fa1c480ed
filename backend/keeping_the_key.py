"""The key for secrets of an installation that runs on one machine: made once, kept beside its data."""

import base64
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from backend.settings import Settings


def with_a_key(settings: Settings) -> Settings:
    """The same with the key that is set, else with the one in `home`, made if there is none."""
    if settings.installation_key is not None:
        return settings
    path = _path(settings)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)).decode())
            file.flush()
            os.fsync(file.fileno())  # what is sealed with a key that a power cut takes is lost
        fresh.replace(path)
    return with_the_kept_key(settings)


def with_the_kept_key(settings: Settings) -> Settings:
    """The same with the key in `home`, where none is set and one is there."""
    path = _path(settings)
    if settings.installation_key is not None or not path.exists():
        return settings
    return settings.model_copy(update={"installation_key": SecretStr(path.read_text())})


def _path(settings: Settings) -> Path:
    return settings.home.resolve() / "installation.key"
