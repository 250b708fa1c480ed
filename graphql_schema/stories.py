"""Success stories and consent to them, best practices, introductions."""

from datetime import datetime
from enum import Enum
from typing import Final

import strawberry

from backend import stories
from graphql_schema.communities import Member
from graphql_schema.customers import CustomerAccount
from graphql_schema.describing import optional, value
from graphql_schema.orders import CreationOrder, GivenOrder
from graphql_schema.projection import Connection, Each, Filters, Node, column, many, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import RIGHTS_OF, Right

_NOT_WITHDRAWN: Final = "not app.is_withdrawn({row}.workspace_id, {row}.story_id)"
_TOLD: Final = "app.is_told({row}.story_id, {row}.id, null)"


@strawberry.enum(description="Where a story is.")
class StoryState(Enum):
    NOMINATED = value("nominated", "Somebody thinks that it is worth telling.")
    QUALIFIED = value("qualified", "It is: somebody may be interviewed.")
    INTERVIEWED = value("interviewed", "They have told it; it can be written.")
    DRAFTED = value("drafted", "It is written, and nobody is asked yet.")
    MEMBER_REVIEW = value("member_review", "Whoever tells it is asked for their consent to the newest version.")
    APPROVED = value("approved", "They have consented to the newest version and all that it uses.")
    PUBLISHED = value("published", "It is told, where and as long as they consented.")
    RETIRED = value("retired", "It is told no more. Where it was withdrawn, nobody reads a word of it.")


@strawberry.enum(description="What of whoever tells a story may be in it.")
class StoryUse(Enum):
    NAME = value("name", "What they are called.")
    LOGO = value("logo", "The logo of their company.")
    QUOTE = value("quote", "Their words, quoted.")
    METRIC = value("metric", "Numbers that they gave, such as how much they saved.")


@strawberry.enum(description="Where a story may be told.")
class StoryChannel(Enum):
    SITE = value("site", "On the client's website and in its apps, which read it here.")
    PAGE = value("page", "On a page of Tend's own that anybody with its address can open.")
    PRACTICE = value("practice", "Quoted in best practices of the client.")
    COMMUNITY = value("community", "Where members of the client meet.")
    SOCIAL = value("social", "In social networks.")


@strawberry.enum(description="How a consent came.")
class ConsentGiver(Enum):
    MEMBER = value("member", "They gave it themselves, on the page behind their link.")
    STAFF = value("staff", "Staff wrote it down, with a proof.")


@strawberry.enum(description="Why a consent counts no more.")
class ConsentEnd(Enum):
    WITHDRAWN = value("withdrawn", "It was taken back.")
    REPLACED = value("replaced", "A later one took its place.")
    EXPIRED = value("expired", "Its time was over.")


@strawberry.enum(description="How far it is with the consent of whoever tells a story.")
class StoryConsentState(Enum):
    NONE = value("none", "Nobody has asked them, or what they consented to is over.")
    ASKED = value(
        "asked", "They are asked for the newest version, and have not answered, or consented to something else."
    )
    GIVEN = value("given", "They have consented to the newest version, and that counts now.")
    WITHDRAWN = value("withdrawn", "They have taken it back, or said no.")


_CONSENT: Final = (
    "case when app.is_withdrawn({row}.workspace_id, {row}.id) then 'withdrawn' "
    "when exists (select from story_consents c where c.agency_id = {agency} and c.workspace_id = {row}.workspace_id "
    "and c.story_id = {row}.id and c.version_id = {row}.current_version_id and c.ended_at is null "
    "and coalesce(c.expires_at > now(), true)) then 'given' "
    "when {row}.state in ('member_review', 'approved', 'published') then 'asked' else 'none' end"
)


@strawberry.enum(description="Where an introduction is.")
class IntroductionState(Enum):
    PROPOSED = value("proposed", "One of the two has not answered.")
    BOTH_ACCEPTED = value("both_accepted", "Each may know how to reach the other.")
    MADE = value("made", "They know of each other.")
    FOLLOWED_UP = value("followed_up", "Somebody has asked what came of it; how they are reached is forgotten.")
    DECLINED = value("declined", "One of them did not want it, or did not answer in time.")


@strawberry.enum(description="What one of the two says to an introduction.")
class IntroductionAnswer(Enum):
    ACCEPTED = value("accepted", "They want it.")
    DECLINED = value("declined", "They do not.")


@publish(stories.StoryVersion, needs=Right.READ_WORKSPACE, row=_TOLD)
class PublishedStory:
    """What a story says, while it may be told somewhere. Keep no copy for longer than you hear nothing: the event
    STORY_TAKEN_DOWN says when it may not be told any more."""

    story_id: strawberry.ID = sql("'story_' || {row}.story_id", description="The same for each version of a story.")
    version: int = column(description="Which version it is.")
    title: str = column(description="On one line, at most 200 characters.")
    html: str = column(description="Its words, rendered and cleaned; headings begin with h2.")
    uses: list[StoryUse] = column(description="What of whoever tells it is in it.")
    language: str = sql(
        "(select s.language from success_stories s where s.agency_id = {agency} and s.workspace_id = {row}.workspace_id "
        "and s.id = {row}.story_id)",
        description="By ISO 639-1, such as en.",
    )
    told_until: datetime | None = sql(
        "(select c.expires_at from story_consents c where c.agency_id = {agency} and c.workspace_id = {row}.workspace_id "
        "and c.story_id = {row}.story_id and c.ended_at is null)",
        description="When their consent ends; null for: until they take it back.",
    )


@publish(stories.StoryVersion, kind="storyversion", needs=Right.TEACH, row=_NOT_WITHDRAWN)
class StoryVersion(Node):
    """What a story says, or said. Once the story is withdrawn, nobody finds it."""

    id: strawberry.ID
    version: int = column(description="From 1 on.")
    title: str = column(description="On one line, at most 200 characters.")
    text: str = column(description="Markdown, at most 20,000 characters.")
    html: str = column(description="Its words, rendered and cleaned; headings begin with h2.")
    uses: list[StoryUse] = column(description="What of whoever tells it is in it.")
    created_at: datetime = column(description="When it was written.")


@publish(stories.StoryConsent, kind="storyconsent", needs=Right.READ_CONTENT)
class StoryConsent(Node):
    """That one version of a story may be told. It counts while it has not ended, and not beyond `expiresAt`."""

    id: strawberry.ID
    uses: list[StoryUse] = column(description="What of them may be in it.")
    channels: list[StoryChannel] = column(description="Where it may be told.")
    given_by: ConsentGiver = column(description="How it came.")
    proof: str = column(description="Where it can be seen, where staff wrote it down; empty otherwise.")
    given_at: datetime = column(description="When it was given, or written down.")
    expires_at: datetime | None = column(description="When it ends by itself; null for never.")
    ended_at: datetime | None = column(description="Since when it counts no more; null while it does.")
    ended_because: ConsentEnd | None = column(description="Why it counts no more; null while it does.")
    version: StoryVersion | None = one("version_id", description="The exact version; null for whoever does not teach.")


@publish(stories.SuccessStory, kind="story", needs=Right.READ_CONTENT)
class SuccessStory(Node):
    """What a customer achieved, in their own words: how far it is, and who tells it."""

    id: strawberry.ID
    state: StoryState = column(description="Where it is.")
    language: str = column(description="By ISO 639-1, such as en.")
    why: str | None = column(
        needs=Right.TEACH,
        description="Why it was nominated; empty once it is withdrawn; null for whoever does not teach.",
    )
    notes: str | None = column(
        needs=Right.TEACH,
        description="What staff noted of the interview; empty once it is withdrawn; null for whoever does not teach.",
    )
    member: Member | None = one("member_id", description="Which member tells it; null where none is known.")
    account: CustomerAccount | None = one("account_id", description="Which customer it is about; null for nobody.")
    current: StoryVersion | None = one(
        "current_version_id",
        description="The newest version; null before one was written, once it is withdrawn, and for whoever does not teach.",
    )
    versions: Connection[StoryVersion] = many("story_id", order=CreationOrder, description="All that was written.")
    consents: Connection[StoryConsent] = many("story_id", order=GivenOrder, description="What they consented to.")
    consent_state: StoryConsentState = sql(_CONSENT, description="How far it is with their consent.")
    asked_by: Staff | None = one("asked_by_id", description="Who asked them last, and is told what they answer.")
    asked_channels: list[StoryChannel] = column(description="Where they are asked to let it be told.")
    asked_until: datetime | None = column(description="For how long they are asked; null for: until they take it back.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When it was nominated.")
    published_at: datetime | None = column(description="When it was published last; null before.")


@strawberry.input(description="Which stories; what is left out or null asks for nothing.")
class StoryFilter:
    state: list[StoryState] | None = optional("In one of these states.")
    consent_state: StoryConsentState | None = optional("With this state of consent.")
    member_id: strawberry.ID | None = optional("Of this member; an id that is not there matches nothing.")
    account_id: strawberry.ID | None = optional("About this customer; an id that is not there matches nothing.")
    text: str | None = optional(
        "With this text in the title or the words of its newest version, in any case: for whoever teaches of each that is not "
        "withdrawn, for everybody else, and for machines, of what may be told."
    )


_TEACHERS: Final = ",".join(sorted(role.value for role, rights in RIGHTS_OF.items() if Right.TEACH in rights))
STORY_FILTERS: Final = Filters(
    StoryFilter,
    {
        "state": Each("state"),
        "consent_state": f"{_CONSENT} = {{value}}::text",
        "member_id": "{row}.member_id = {value}::uuid",
        "account_id": "{row}.account_id = {value}::uuid",
        "text": "exists (select from story_versions v where v.agency_id = {agency} and v.workspace_id = {row}.workspace_id "
        "and v.id = {row}.current_version_id and strpos(lower(v.title || ' ' || v.text), lower({value}::text)) > 0 "
        "and (app.is_told({row}.id, v.id, null) or (not app.is_withdrawn({row}.workspace_id, {row}.id) "
        "and exists (select from memberships m where m.agency_id = {agency} and m.id = {membership} "
        f"and m.role = any('{{{_TEACHERS}}}')))))",
    },
)


@publish(stories.IntroductionSide, needs=Right.READ_CONTENT)
class IntroductionSide:
    """One of the two. How they are reached is told to the other one, and to nobody else."""

    member: Member | None = one("member_id", description="Which member it is.")
    answer: IntroductionAnswer | None = column(description="What they said; null before they have.")
    answered_at: datetime | None = column(description="When they said so last; null before they have.")


@publish(stories.Introduction, kind="introduction", needs=Right.READ_CONTENT)
class Introduction(Node):
    """Two members who may be made known to each other."""

    id: strawberry.ID
    state: IntroductionState = column(description="Where it is.")
    reason: str = column(description="Why, as both read it.")
    sides: Connection[IntroductionSide] = many(
        "introduction_id", order=CreationOrder, description="Both of them, whoever was named first first."
    )
    proposed_at: datetime = column(description="When it was proposed.")
    open_until: datetime = column(description="Until when they may answer.")
    made_at: datetime | None = column(description="When they were told of each other; null before.")
    ended_at: datetime | None = column(description="When it was followed up or declined; null before.")
    outcome: str = column(description="What came of it; empty before somebody has asked.")
