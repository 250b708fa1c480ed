"""A site that is asked to act, in one of several moods; what it shows is what really happened there."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from backend.acting.platforms import Hand, Later, Order, Unable
from backend.kit.clock import now

MOODS: Final = ("does it", "does it and says nothing", "is away", "cannot", "will not")


@dataclass
class FakeSite:
    """`hidden` and `deleted` are posts, `silenced` members and until when (None: without end), by their ids there. It will
    say later of what it `done` that it is, and of what it `refused` that it is not."""

    mood: str = MOODS[0]
    hidden: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    silenced: dict[str, datetime | None] = field(default_factory=dict)
    done: set[UUID] = field(default_factory=set)
    refused: set[UUID] = field(default_factory=set)

    async def do(self, _hand: Hand, order: Order) -> None:
        if self.mood == "is away":
            raise Later("Nobody answers.")
        if self.mood == "cannot":
            raise Unable("Not today.")
        if self.mood == "will not" and order.id not in self.done:
            self.refused.add(order.id)
            return
        self.really_do(order)
        if self.mood == "does it and says nothing":
            raise Later("The connection broke.")

    def really_do(self, order: Order) -> None:
        if order.id in self.done:
            return  # the same webhook-id: it has it already
        self.done.add(order.id)
        self.refused.discard(order.id)
        post, member = order.post or "", order.member or ""
        match order.kind:
            case "hide_post":
                self.hidden.add(post)
            case "unhide_post":
                self.hidden.discard(post)
            case "delete_post":
                self.deleted.add(post)
            case "recover_post":
                self.deleted.discard(post)
            case "silence_member":
                self._silence(member, order.until, is_exact=order.is_exact)
            case "unsilence_member":
                self.silenced.pop(member, None)

    def _silence(self, member: str, until: datetime | None, *, is_exact: bool) -> None:
        """An end that comes sooner than the one that holds shortens nothing, unless that is what is wanted."""
        if member in self.silenced and not is_exact:
            known = self.silenced[member]
            until = None if known is None or until is None else max(known, until)
        self.silenced[member] = until

    def is_silenced(self, member: str) -> bool:
        return member in self.silenced and ((end := self.silenced[member]) is None or end > now())
