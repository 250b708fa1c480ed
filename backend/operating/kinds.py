from collections.abc import Mapping
from typing import Any, Protocol

from tenants.actor import Actor


class Kind(Protocol):
    """What the catalogue of the workers says of a kind of job, as far as it matters here."""

    @property
    def may_be_called_off(self) -> bool: ...

    async def give_up(self, actor: Actor, payload: Mapping[str, Any], why: str) -> str:
        """Tell whatever waits for the job that it will not be done; what to say of its end."""

    async def replay(self, actor: Actor, payload: Mapping[str, Any]) -> None:
        """Make whatever has failed with the job wait for it again."""
