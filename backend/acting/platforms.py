"""What every platform is to Tend: what it can do, doing it, reading it back, and trying the way there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

# What takes a kind back. What somebody was told cannot be untold.
REVERSALS: Final = MappingProxyType(
    {
        "hide_post": "unhide_post",
        "delete_post": "recover_post",
        "silence_member": "unsilence_member",
        "suspend_member": "unsuspend_member",
    }
)
OF_POSTS: Final = frozenset({"hide_post", "unhide_post", "delete_post", "recover_post"})
TOLD: Final = frozenset({"warn_member", "tell_member"})
KINDS: Final = (*REVERSALS, *REVERSALS.values(), *sorted(TOLD))


class Unable(Exception):
    """It will not be done by trying again; the message is for the person who has to see to it."""


class Later(Exception):
    """It was not done, or nobody knows; another try may do it. The message is for people."""


class Limited(Exception):
    """The platform asks to be left alone for a while."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"The platform asks to be left alone for {wait.total_seconds():.0f} seconds.")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Order:
    """One action in the platform's own words: `post`, `member` are its ids. `is_exact`: it ends at `until`, also where it
    would last longer by now."""

    id: UUID
    workspace_id: UUID
    kind: str
    post_id: UUID | None
    member_id: UUID | None
    post: str | None
    member: str | None
    handle: str | None
    until: datetime | None
    message: str | None
    reverses_id: UUID | None
    is_exact: bool


@dataclass(slots=True)
class Hand:
    """With what Tend reaches into a community. `calls` counts what was asked with it."""

    address: str
    username: str
    key: str = field(repr=False)
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, for people: what is so, or what is missing and where to mend it."""

    is_fine: bool
    text: str


class Platform(Protocol):
    """A module is one. `CANNOT` says of each kind that the platform has no way for what a human has to do there; of a
    platform that confirms by itself, reading back says nothing until then."""

    @property
    def CANNOT(self) -> Mapping[str, str]: ...  # noqa: N802 - constants of modules

    @property
    def CONFIRMS_ITSELF(self) -> bool: ...  # noqa: N802

    async def is_done(self, hand: Hand, order: Order) -> bool:
        """Whether the platform shows it. Raises Unable, Later, Limited."""

    async def do(self, hand: Hand, order: Order) -> None:
        """Asked again it changes nothing more. Raises Unable, Later, Limited."""

    async def findings(self, hand: Hand) -> list[Finding]:
        """Raises Later, Limited."""
