"""A notice is handed in: by a page, by a machine, or by staff who had a letter (Article 16 of the DSA)."""

import base64
from dataclasses import dataclass
from uuid import UUID

from backend import journal
from backend.communities import Community, Post
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean, clean_line
from backend.outbox import enqueue
from backend.outside import NoInstallationKey, sign
from backend.people import address
from backend.policies import Policy, PolicyVersion
from backend.reporting.alarming import raise_alarm
from backend.reporting.areas import NOT_SPECIFIED, checked_code, filed_as
from backend.reporting.attaching import become_report
from backend.reporting.locating import items_in, post_at
from backend.reporting.models import PublicNotice, ReportPage, TrustedFlagger
from backend.reporting.opening_pages import PageShown
from backend.reporting.thresholds import LONGEST_LOCATION, LONGEST_NAME, LONGEST_REASON
from backend.statements import address_of
from tenants.actor import Actor, system
from tenants.rights import Right
from tenants.scope import agency_scope, current


class Missing(Invalid):
    """Something that the law or the page asks for was left out; `path` says what."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of it. `kind`: rules, or illegal (Article 16). `taxonomy_code`: a code or a group of codes.
    `danger`: which one somebody is in, as they see it; then nothing is asked of them but where and what. `network`: where it came from, of which only a hash is kept."""

    kind: str
    location: str
    reason: str
    policy_id: UUID | None = None
    taxonomy_code: str | None = None
    name: str = ""
    email: str = ""
    is_in_good_faith: bool = False
    is_about_child_abuse: bool = False
    danger: str | None = None
    language: str = "en"
    network: str | None = None


async def hear_notice(shown: PageShown, said: Said) -> str:
    """The address of the page where its notifier reads what becomes of it. Raises Missing, Invalid, and Conflict for a
    page that was closed meanwhile. Call outside any scope."""
    async with agency_scope(system(shown.agency_id, workspace_id=shown.workspace_id)):
        page = await ReportPage.get_or_none(id=shown.page_id, workspace_id=shown.workspace_id, closed_at=None)
        if page is None:
            raise Conflict("This page is closed.")
        community = await Community.get(id=page.community_id, workspace_id=page.workspace_id)
        notice = await _take(
            community,
            said,
            channel="form",
            page_id=page.id,
            trusted_flagger_id=page.trusted_flagger_id,
            needs_contact=not page.allows_anonymous and page.trusted_flagger_id is None,
        )
        return await address_of("report", notice.id)


async def file_notice(actor: Actor, community_id: UUID, said: Said, *, trusted_flagger_id: UUID | None = None) -> UUID:
    """The id of a notice that a machine passes on, or staff who had it by letter or mail. A machine that is a trusted
    flagger's own is that flagger; staff names whose notice it is. Raises NotAllowed, NotFound, Missing, Invalid."""
    actor.must_hold(Right.REPORT)
    community = await Community.get_or_none(id=community_id)
    if community is None:
        raise NotFound(path=("input", "communityId"))
    if trusted_flagger_id is not None:
        actor.must_hold(Right.WORK_QUEUE)
        if not await TrustedFlagger.exists(id=trusted_flagger_id, workspace_id=community.workspace_id):
            raise NotFound(path=("input", "trustedFlaggerId"))
    if actor.api_client_id is not None:
        own = await TrustedFlagger.get_or_none(
            api_client_id=actor.api_client_id, workspace_id=community.workspace_id, state="active"
        )
        trusted_flagger_id = None if own is None else own.id
    notice = await _take(
        community,
        said,
        channel="mail" if actor.membership_id is not None else "api",
        trusted_flagger_id=trusted_flagger_id,
        entered_by_id=actor.membership_id,
    )
    return notice.id


async def _take(
    community: Community,
    said: Said,
    *,
    channel: str,
    page_id: UUID | None = None,
    trusted_flagger_id: UUID | None = None,
    entered_by_id: UUID | None = None,
    needs_contact: bool = False,
) -> PublicNotice:
    notice_id = new_id()
    location = clean(said.location, field="location", longest=LONGEST_LOCATION)
    reason = clean(said.reason, field="reason", longest=LONGEST_REASON)
    name = clean_line(said.name, field="name", longest=LONGEST_NAME, may_be_empty=True)
    email = address(said.email.strip()) if said.email.strip() else None
    code = checked_code(said.taxonomy_code, field="taxonomyCode")
    if said.policy_id is not None and not await Policy.exists(
        id=said.policy_id, workspace_id=community.workspace_id, archived_at=None
    ):
        raise NotFound(path=("input", "policyId"))
    _ask_for_what_is_missing(
        said, name=name, email=email, needs_contact=needs_contact, is_known=trusted_flagger_id is not None
    )
    if code is None and said.policy_id is not None:
        version = await PolicyVersion.filter(policy_id=said.policy_id).order_by("-version").first()
        code = None if version is None else version.taxonomy_code
    category, keyword = filed_as(code, otherwise=NOT_SPECIFIED)
    notice = await PublicNotice.create(
        id=notice_id,
        workspace_id=community.workspace_id,
        community_id=community.id,
        page_id=page_id,
        channel=channel,
        kind=said.kind,
        location=location,
        items=items_in(location),
        reason=reason,
        policy_id=said.policy_id,
        taxonomy_code=code,
        category=category,
        keyword=keyword,
        name=name or None,
        email=email,
        language=said.language,
        is_in_good_faith=said.is_in_good_faith,
        is_about_child_abuse=said.is_about_child_abuse,
        danger=said.danger,
        reporter_key=_key(community.workspace_id, email, trusted_flagger_id, notice_id),
        origin=_signed(community.workspace_id, said.network, purpose="network"),
        trusted_flagger_id=trusted_flagger_id,
        entered_by_id=entered_by_id,
        # Whoever leaves no address has the receipt before them; the others are sent one.
        acknowledged_at=now() if email is None else None,
    )
    await journal.record(
        "notice.received",
        subject_kind="publicnotice",
        subject_id=notice.id,
        workspace_id=notice.workspace_id,
        channel=channel,
        about=said.kind,
    )
    if email is not None:
        payload = {"notice_id": str(notice.id), "about": "received"}
        await enqueue("mail_notifier", payload, workspace_id=notice.workspace_id)
    # As of every complaint: about what an escalation restricts it comes in like any other, and its readers find it there.
    async with current().past_restrictions():
        post_id = await post_at(community, location)
        if post_id is not None:
            post = await Post.get(id=post_id, workspace_id=community.workspace_id)
            await become_report(notice, post)
        else:
            await raise_alarm(notice)
    return notice


def _ask_for_what_is_missing(said: Said, *, name: str, email: str | None, needs_contact: bool, is_known: bool) -> None:
    """Article 16(2) of the DSA asks for a name and an address, except for what Articles 3 to 7 of Directive 2011/93/EU are
    about, and for a statement of good faith. Raises Missing, Invalid."""
    if said.kind not in ("rules", "illegal"):
        raise Invalid("It is about the rules or about the law.", path=("input", "kind"))
    if said.language not in ("en", "de"):
        raise Invalid("In English or in German.", path=("input", "language"))
    if said.danger is not None:
        return  # nobody is kept from calling for help by a field; what the law asks for may be missing, and then is
    by_law = said.kind == "illegal"
    if by_law and not said.is_about_child_abuse and not is_known:
        if not name:
            raise Missing("The law asks for your name.", path=("input", "name"))
        if email is None:
            raise Missing("The law asks for your e-mail address.", path=("input", "email"))
    elif needs_contact and email is None and not (by_law and said.is_about_child_abuse):
        raise Missing("An e-mail address is asked for here.", path=("input", "email"))
    if by_law and not said.is_in_good_faith:
        raise Missing("The law asks for this statement.", path=("input", "isInGoodFaith"))


def _key(workspace_id: UUID, email: str | None, flagger_id: UUID | None, notice_id: UUID) -> str:
    """Who it is, as far as that can be known: whoever leaves no address is somebody else each time."""
    if flagger_id is not None:
        return f"trusted:{flagger_id}"
    return f"form:{_signed(workspace_id, email, purpose='notifier') or notice_id.hex}"


def _signed(workspace_id: UUID, text: str | None, *, purpose: str) -> str | None:
    """What is the same for the same text, and leads nobody back to it without the installation's key."""
    if text is None:
        return None
    data = current().actor.agency_id.bytes + workspace_id.bytes + text.encode()
    try:
        return base64.b32encode(sign(data, purpose=purpose)[-20:]).decode().lower()
    except NoInstallationKey:  # then nobody is told apart
        return None
