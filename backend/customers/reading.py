"""What lists of customers may hold: the fields of each kind of list, and how a cell of each is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from backend.customers.exposing import KINDS
from backend.customers.thresholds import (
    CURRENCY,
    FUTURE,
    LARGEST_AMOUNT,
    LONGEST_ID,
    LONGEST_MAIL,
    LONGEST_NAME,
    LONGEST_PLAN,
    LONGEST_REASON,
)
from backend.customers.touching import TOUCHES
from backend.kit.clock import now


@dataclass(frozen=True, slots=True)
class Field:
    """`read` raises ValueError, which says what is wrong without repeating the cell. `refers_to`: the cell is an id of
    something else that the list or the client has."""

    read: Callable[[str], Any]
    is_needed: bool = False
    refers_to: str | None = None


def text(longest: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"This is longer than {longest:,} characters.")
        return " ".join(cell.split())

    return read


def whole_number(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and 1 <= int(cell[:10]) <= 10_000_000 and len(cell) <= 8):
        raise ValueError("This is not a whole number from 1 to 10,000,000.")
    return int(cell)


def amount(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 10 and int(cell) <= LARGEST_AMOUNT):
        raise ValueError(f"This is not a whole number from 0 to {LARGEST_AMOUNT:,}: cents, not euros.")
    return int(cell)


def currency(cell: str) -> str:
    if not CURRENCY.fullmatch(cell):
        raise ValueError("This is not three capital letters of ISO 4217, as EUR.")
    return cell


def moment(cell: str) -> datetime:
    try:
        found = datetime.fromisoformat(cell)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("This is not written as 2026-11-25 or 2026-11-25T10:00:00Z.") from None
    if not found.year >= 1970:
        raise ValueError("This is before 1970.")
    if found > now() + FUTURE:
        raise ValueError("This has not happened yet.")
    return found


def one_of(*words: str) -> Callable[[str], str]:
    def read(cell: str) -> str:
        word = cell.lower().replace(" ", "_")
        if word not in words:
            raise ValueError(f"This is none of: {', '.join(words)}.")
        return word

    return read


def yes_or_no(cell: str) -> bool:
    return one_of("true", "yes", "1", "false", "no", "0")(cell) in ("true", "yes", "1")


_ID: Final = text(LONGEST_ID)

FIELDS: Final[Mapping[str, Mapping[str, Field]]] = MappingProxyType(
    {
        "accounts": {
            "external_id": Field(_ID, is_needed=True),
            "name": Field(text(LONGEST_NAME), is_needed=True),
            "size": Field(whole_number),
            "customer_since": Field(moment),
            "assigned_arm": Field(one_of("offered", "not_offered")),
            "manager": Field(text(LONGEST_MAIL), refers_to="colleague"),
        },
        "contacts": {
            "external_id": Field(_ID, is_needed=True),
            "account": Field(_ID, is_needed=True, refers_to="account"),
            "name": Field(text(LONGEST_NAME), is_needed=True),
            "member": Field(_ID, refers_to="member"),
        },
        "subscriptions": {
            "external_id": Field(_ID, is_needed=True),
            "account": Field(_ID, is_needed=True, refers_to="account"),
            "plan": Field(text(LONGEST_PLAN), is_needed=True),
            "started_at": Field(moment, is_needed=True),
            "ended_at": Field(moment),
            "ending": Field(one_of("voluntary", "involuntary", "outside")),
            "reason": Field(text(LONGEST_REASON)),
            "monthly_minor": Field(amount),
            "currency": Field(currency),
        },
        "touches": {
            "external_id": Field(_ID, is_needed=True),
            "account": Field(_ID, is_needed=True, refers_to="account"),
            "kind": Field(one_of(*TOUCHES), is_needed=True),
            "at": Field(moment, is_needed=True),
        },
        "exposures": {
            "external_id": Field(_ID, is_needed=True),
            "account": Field(_ID, is_needed=True, refers_to="account"),
            "kind": Field(one_of(*KINDS), is_needed=True),
            "at": Field(moment, is_needed=True),
            "is_cancelling": Field(yes_or_no),
            "contact": Field(_ID, refers_to="contact"),
        },
    }
)
