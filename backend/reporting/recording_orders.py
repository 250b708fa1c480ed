"""What authorities order (Articles 9 and 10 of the DSA, Regulation (EU) 2021/784), as staff writes it down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.communities import Community, Post
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean, clean_line
from backend.moderation import About, Report, Reporter, file_report, raise_danger
from backend.reporting.areas import checked_code, filed_as
from backend.reporting.models import LegalOrder
from backend.reporting.thresholds import LONGEST_TEXT, MOST_URLS, PRESERVED_FOR, REMOVED_WITHIN, TIER_OF_ORDER
from backend.safety import Danger
from backend.statements import EEA
from tenants.actor import Actor
from tenants.rights import Right

EFFECTS: Final = ("removed", "disabled", "restricted", "informed", "none")
_TERRORIST_CONTENT: Final = "TE-CONTENT"


@dataclass(frozen=True, slots=True)
class Ordered:
    """What the order says. `kind`: act, information, terrorist_content. `due_at`: when it says so; a removal order is due
    an hour after it came, whatever it says."""

    kind: str
    authority: str
    member_state: str
    legal_basis: str
    language: str
    received_at: datetime
    authority_contact: str = ""
    reference: str = ""
    reasons: str = ""
    redress: str = ""
    taxonomy_code: str | None = None
    urls: Sequence[str] = ()
    account_identifiers: Sequence[str] = ()
    territorial_scope: Sequence[str] = ()
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What was done about an order; what is None stays as it is."""

    acknowledged_at: datetime | None = None
    effect: str | None = None
    effect_at: datetime | None = None
    effect_note: str | None = None
    authority_told_at: datetime | None = None
    recipient_informed_at: datetime | None = None


async def record_order(actor: Actor, community_id: UUID, ordered: Ordered, *, post_id: UUID | None = None) -> UUID:
    """The order's id. With a post, a report of channel order opens a case about it, or joins the one that is open.
    Whoever is on call is paged for a removal order of terrorist content. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.WORK_QUEUE)
    community = await Community.get_or_none(id=community_id)
    if community is None:
        raise NotFound(path=("input", "communityId"))
    post = None
    if post_id is not None:
        post = await Post.get_or_none(id=post_id, community_id=community.id, workspace_id=community.workspace_id)
        if post is None:
            raise NotFound(path=("input", "postId"))
    kept = _checked(ordered)
    order_id = new_id()
    case_id = None if post is None else await _open_case(post, order_id, ordered)
    await LegalOrder.create(
        id=order_id,
        workspace_id=community.workspace_id,
        community_id=community.id,
        post_id=post_id,
        case_id=case_id,
        entered_by_id=actor.membership_id,
        **kept,
    )
    await _record("received", order_id, workspace_id=community.workspace_id, kind=ordered.kind)
    if ordered.kind == "terrorist_content":
        about = About(workspace_id=community.workspace_id) if case_id is None else About(case_id=case_id)
        escalation_id, _ = await raise_danger(actor, about, _within_the_hour(ordered))
        await LegalOrder.filter(id=order_id, workspace_id=community.workspace_id).update(escalation_id=escalation_id)
    return order_id


async def follow_order(actor: Actor, order_id: UUID, followed: Followed, *, expected_version: int) -> UUID:
    """Times are written down once; a moment that was written stays. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    order = await LegalOrder.filter(id=order_id).select_for_update().get_or_none()
    if order is None:
        raise NotFound(path=("input", "orderId"))
    if order.version != expected_version:
        raise Conflict("Somebody has changed this since you read it.", path=("input", "expectedVersion"))
    new = _changes(order, followed)
    if order.kind == "terrorist_content" and new.get("effect") in {"removed", "disabled"}:
        new["preserved_until"] = new["effect_at"] + PRESERVED_FOR
    await LegalOrder.filter(id=order.id, workspace_id=order.workspace_id).update(version=order.version + 1, **new)
    await _record("followed", order.id, workspace_id=order.workspace_id, what=sorted(new))
    return order.id


def _changes(order: LegalOrder, followed: Followed) -> dict[str, Any]:
    """Raises Invalid, Conflict."""
    if (followed.effect is None) != (followed.effect_at is None):
        raise Invalid("An effect has a kind and a moment.", path=("input", "effectAt"))
    new: dict[str, Any] = {}
    for name in ("acknowledged_at", "effect", "effect_at", "authority_told_at", "recipient_informed_at"):
        given = getattr(followed, name)
        if given is None:
            continue
        if getattr(order, name) is not None:
            raise Conflict("This was written down already.", path=("input", name))
        if isinstance(given, datetime) and not order.received_at <= given <= now() + timedelta(minutes=5):
            raise Invalid("Not before it came, and not in the future.", path=("input", name))
        new[name] = given
    if followed.effect_note is not None:
        new["effect_note"] = clean(followed.effect_note, field="effectNote", longest=LONGEST_TEXT, may_be_empty=True)
    if followed.effect == "none" and not new.get("effect_note"):
        raise Invalid("Say why it has no effect.", path=("input", "effectNote"))
    if not new:
        raise Invalid("Nothing is said.", path=("input",))
    return new


def _checked(ordered: Ordered) -> dict[str, Any]:
    """Its columns. Raises Invalid."""
    if ordered.received_at > now() + timedelta(minutes=5):
        raise Invalid("It came already.", path=("input", "receivedAt"))
    if ordered.due_at is not None and ordered.due_at < ordered.received_at:
        raise Invalid("It is due after it came.", path=("input", "dueAt"))
    if ordered.member_state not in EEA:
        raise Invalid("Countries are written as AT, GR, SE.", path=("input", "memberState"))
    if not set(ordered.territorial_scope) <= set(EEA):
        raise Invalid("Countries are written as AT, GR, SE.", path=("input", "territorialScope"))
    if len(ordered.language) != 2 or not ordered.language.isascii() or not ordered.language.isupper():
        raise Invalid("Languages are written as DE, EN.", path=("input", "language"))
    if ordered.kind != "information" and not ordered.urls:
        raise Invalid("An order to act names what it is about.", path=("input", "urls"))
    code = checked_code(ordered.taxonomy_code, field="taxonomyCode")
    if ordered.kind == "terrorist_content":
        code = code or _TERRORIST_CONTENT
    category, keyword = filed_as(code, otherwise="NOT_SPECIFIED_ORDER")
    due_at = ordered.received_at + REMOVED_WITHIN if ordered.kind == "terrorist_content" else ordered.due_at
    texts = {
        name: clean(getattr(ordered, name), field=field, longest=LONGEST_TEXT, may_be_empty=is_optional)
        for name, field, is_optional in (
            ("authority", "authority", False),
            ("authority_contact", "authorityContact", True),
            ("reference", "reference", True),
            ("legal_basis", "legalBasis", False),
            ("reasons", "reasons", True),
            ("redress", "redress", True),
        )
    }
    return {
        **texts,
        "kind": ordered.kind,
        "member_state": ordered.member_state,
        "language": ordered.language,
        "received_at": ordered.received_at,
        "due_at": due_at,
        "taxonomy_code": code,
        "category": category,
        "keyword": keyword,
        "urls": _lines(ordered.urls, field="urls"),
        "account_identifiers": _lines(ordered.account_identifiers, field="accountIdentifiers"),
        "territorial_scope": sorted(set(ordered.territorial_scope)),
    }


def _lines(texts: Sequence[str], *, field: str) -> list[str]:
    if len(texts) > MOST_URLS:
        raise Invalid(f"At most {MOST_URLS}.", path=("input", field))
    return list(dict.fromkeys(clean_line(text, field=field, longest=2_000) for text in texts))


def _within_the_hour(ordered: Ordered) -> Danger:
    places = "\n".join(ordered.urls)
    summary = f"A removal order of {ordered.authority} came at {ordered.received_at:%H:%M} UTC and is due an hour later:\n{places}"
    return Danger("terrorism", summary[:5_000], legal_basis="tco_order")


async def _open_case(post: Post, order_id: UUID, ordered: Ordered) -> UUID | None:
    reporter = Reporter("order", given_key=f"order:{order_id}", least_tier=TIER_OF_ORDER[ordered.kind])
    report_id = await file_report(
        post,
        reporter,
        reason=f"Ordered by {clean_line(ordered.authority, field='authority', longest=500)}",
        policy_id=None,
    )
    return (await Report.get(id=report_id, workspace_id=post.workspace_id)).case_id


async def _record(verb: str, order_id: UUID, *, workspace_id: UUID, **detail: Any) -> None:
    await journal.record(
        f"order.{verb}", subject_kind="legalorder", subject_id=order_id, workspace_id=workspace_id, **detail
    )
