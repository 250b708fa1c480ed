"""Investigations: what ties members, posts and cases together is found with what shows it, and told to who may know."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask

from backend.acting import Action
from backend.communities import Member, Post
from backend.integrity import (
    Investigation,
    InvestigationEntry,
    InvestigationSubject,
    InvestigationTie,
    Subject,
    TieEvidence,
    Told,
    add_subjects,
    conclude,
    look_again,
    note_references,
    note_tie,
    open_investigation,
    refer_to_moderation,
    refer_to_safety,
    remove_subject,
    reopen,
    timeline_of,
)
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.moderation import Case, report_post
from backend.notices import Notice
from backend.ruling.links import links_of
from backend.safety import Danger, Escalation, Restriction
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import agency_scope

RAID = "Great place, the soup is wonderful and the staff could not be kinder to us, five stars from all of us"


class Ring:
    """A client, and accounts that write the same about it."""

    def __init__(self, cast: Cast, client: UUID, slug: str, people: dict[str, Actor]) -> None:
        self.cast, self.client, self.slug = cast, client, slug
        self.moderator, self.stakeholder = people["moderator"], people["stakeholder"]

    def token(self, who: str) -> str:
        return self.cast.tokens[f"{who}-{self.slug}"]

    async def member(self, handle: str, *, hours_ago: float = 1, **columns: Any) -> Member:
        async with agency_scope(self.cast.system):
            return await Member.create(
                workspace_id=self.client,
                community_id=self.cast.communities[self.slug],
                external_id=f"{handle}-{new_id()}",
                handle=handle,
                first_seen_at=now() - timedelta(hours=hours_ago),
                **columns,
            )

    async def post(self, by: Member, text: str, *, to: Post | None = None) -> Post:
        async with agency_scope(self.cast.system):
            return await Post.create(
                workspace_id=self.client,
                community_id=by.community_id,
                member_id=by.id,
                external_id=str(new_id()),
                text=text,
                posted_at=now(),
                reply_to_id=None if to is None else to.id,
            )

    async def report(self, post: Post, by: Member) -> Case:
        async with agency_scope(self.cast.system):
            await report_post(self.cast.system, post.id, reason=f"fake, says {by.handle}", member_id=by.id)
            return await Case.filter(post_id=post.id).order_by("-opened_at").first()

    async def investigate(self, *subjects: Subject) -> UUID:
        async with agency_scope(self.moderator):
            opened = await open_investigation(
                self.moderator, self.client, title="Soup", question="One hand?", taxonomy_code="FR-FAKE"
            )
            if subjects:
                await add_subjects(self.moderator, opened, subjects)
        return opened

    async def ties(self, investigation: UUID) -> set[tuple[str, str, str]]:
        """Names of the two and the kind; a post is called by the beginning of its text."""
        async with agency_scope(self.cast.system):
            names = {
                row.id: await self._name(row)
                for row in await InvestigationSubject.filter(investigation_id=investigation)
            }
            return {
                (*((a, b) if tie.kind not in _EITHER_WAY else sorted((a, b))), tie.kind)
                for tie in await InvestigationTie.filter(investigation_id=investigation)
                for a, b in [(names[tie.one_id], names[tie.other_id])]
            }

    async def _name(self, row: InvestigationSubject) -> str:
        if row.member_id is not None:
            return (await Member.get(id=row.member_id)).handle
        if row.post_id is not None:
            return (await Post.get(id=row.post_id)).text[:5]
        return row.value or "case"


_EITHER_WAY = ("is_same_person", "shares_reference", "shares_words", "shares_link", "was_seen_with")


@pytest.fixture
async def ring(acme: Cast) -> Ring:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    roles = (Role.MODERATOR, Role.STAKEHOLDER)
    people = {role.value: await acme.hire(f"{role.value}-{slug}", role, [client]) for role in roles}
    return Ring(acme, client, slug, people)


def of(*things: Member | Post) -> list[Subject]:
    return [Subject("member" if isinstance(each, Member) else "post", each.id) for each in things]


async def test_every_kind_of_tie_is_found_and_nothing_else(ring: Ring) -> None:
    ann = await ring.member("ann", hours_ago=500, identity_key="a@example.com")
    bob = await ring.member("bob", hours_ago=2)
    cyd = await ring.member("cyd", hours_ago=2.5)
    dan = await ring.member("dan", hours_ago=900, identity_key="a@example.com")
    first = await ring.post(bob, RAID)
    await ring.post(cyd, f"{RAID}!! Now.")
    reply = await ring.post(ann, "Come to https://www.Spam.example/soup#menu", to=first)
    await ring.post(dan, "see http://spam.example/soup/")
    case = await ring.report(first, ann)
    async with agency_scope(ring.cast.owner):
        await note_references(
            ring.cast.owner,
            ring.client,
            [Told("booking", "B 17", ann.id), Told("booking", "b17", bob.id), Told("payment", "p-9", dan.id)],
        )
    investigation = await ring.investigate(
        *of(ann, bob, cyd, dan, first), Subject("case", case.id), Subject("payment", value="P-9"),
        Subject("link", value="spam.example"),
    )  # fmt: skip
    assert await ring.ties(investigation) == {
        ("bob", "Great", "wrote"),
        ("case", "Great", "is_about"),
        ("case", "bob", "is_about"),
        ("ann", "case", "reported"),
        ("ann", "Great", "reported"),
        ("ann", "bob", "reported"),
        ("ann", "dan", "is_same_person"),
        ("ann", "bob", "shares_reference"),
        ("dan", "p-9", "uses"),
        ("ann", "bob", "answered"),
        ("bob", "cyd", "was_seen_with"),
        ("bob", "cyd", "shares_words"),
        ("Great", "cyd", "shares_words"),
        ("ann", "dan", "shares_link"),
        ("ann", "spam.example", "posted"),
        ("dan", "spam.example", "posted"),
    }
    async with agency_scope(ring.cast.system):
        answered = await InvestigationTie.get(investigation_id=investigation, kind="answered")
        [shown] = await TieEvidence.filter(tie_id=answered.id)
        strong = {tie.kind for tie in await InvestigationTie.filter(investigation_id=investigation) if tie.is_strong}
    assert (shown.post_id, shown.position) == (reply.id, 1)
    assert strong == {"wrote", "is_about", "is_same_person", "shares_reference", "uses", "posted"}


async def test_looking_again_finds_what_came_and_drops_what_went_and_names_who_may_belong_to_it(ring: Ring) -> None:
    ann, bob = await ring.member("ann", hours_ago=50), await ring.member("bob", hours_ago=500)
    investigation = await ring.investigate(*of(ann, bob))
    assert await ring.ties(investigation) == set()
    post = await ring.post(ann, RAID)
    await ring.post(bob, RAID)
    third = await ring.member("third", hours_ago=900)
    async with agency_scope(ring.cast.owner):
        told = [Told("account", "@soup", each.id) for each in (ann, third)]
        assert await note_references(ring.cast.owner, ring.client, told) == 2
        assert await note_references(ring.cast.owner, ring.client, told) == 0
    async with agency_scope(ring.moderator):
        [candidate] = await look_again(ring.moderator, investigation)
    assert (candidate.member_id, candidate.because) == (third.id, "shares_reference")
    assert await ring.ties(investigation) == {("ann", "bob", "shares_words")}
    async with agency_scope(ring.cast.system):
        since = (await InvestigationTie.get(investigation_id=investigation)).found_at
        subjects = await InvestigationSubject.filter(investigation_id=investigation).order_by("added_at")
    async with agency_scope(ring.moderator):
        await note_tie(
            ring.moderator, *(each.id for each in subjects), because="They laughed together.", post_ids=[post.id]
        )
        await look_again(ring.moderator, investigation)
    async with agency_scope(ring.cast.system):
        assert (await InvestigationTie.get(investigation_id=investigation, kind="shares_words")).found_at == since
        await Post.filter(id=post.id).update(text="Something else altogether, which nobody has ever written before.")
    async with agency_scope(ring.moderator):
        await look_again(ring.moderator, investigation)
    assert {kind for _, _, kind in await ring.ties(investigation)} == {"noted"}, "what people noted stays"


async def test_of_too_many_ties_the_strong_ones_are_kept(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.integrity.tying.MOST_TIES", 4)
    crowd = [await ring.member(f"m{n}") for n in range(4)]
    posts = [await ring.post(member, RAID) for member in crowd[:3]]
    investigation = await ring.investigate(*of(*crowd, *posts))
    kinds = sorted(kind for _, _, kind in await ring.ties(investigation))
    async with agency_scope(ring.cast.system):
        assert await InvestigationTie.filter(investigation_id=investigation).count() == 4
    assert kinds.count("wrote") >= 1
    async with agency_scope(ring.cast.system):
        assert await InvestigationTie.filter(investigation_id=investigation, is_strong=True).count() == 3


async def test_a_subject_is_there_once_and_goes_with_its_ties(ring: Ring) -> None:
    ann = await ring.member("ann")
    post = await ring.post(ann, "hello")
    investigation = await ring.investigate(*of(ann, post))
    async with agency_scope(ring.moderator):
        await add_subjects(ring.moderator, investigation, of(ann))
    async with agency_scope(ring.cast.system):
        subjects = await InvestigationSubject.filter(investigation_id=investigation)
        assert {each.kind for each in subjects} == {"member", "post"}
        [member] = [each for each in subjects if each.kind == "member"]
    async with agency_scope(ring.moderator):
        await remove_subject(ring.moderator, member.id, reason="another Ann")
    async with agency_scope(ring.cast.system):
        assert await InvestigationTie.filter(investigation_id=investigation).count() == 0
        assert await TieEvidence.all().filter(post_id=post.id).count() == 0
        kinds = [each.kind for each in await InvestigationEntry.filter(investigation_id=investigation).order_by("at")]
    assert kinds == ["opened", "subject_added", "subject_removed"]


async def test_what_is_not_of_the_client_is_no_subject(ring: Ring, globex: Cast) -> None:
    other, elsewhere = await ring.cast.post(), await globex.post()
    investigation = await ring.investigate()
    for post in (other, elsewhere):
        async with agency_scope(ring.cast.owner):
            with pytest.raises(NotFound):
                await add_subjects(ring.cast.owner, investigation, [Subject("post", post.id)])
            with pytest.raises(NotFound):
                await note_references(ring.cast.owner, ring.client, [Told("booking", "b", post.member_id)])
    async with agency_scope(globex.owner):
        with pytest.raises(NotFound):
            await look_again(globex.owner, investigation)
        assert await timeline_of(globex.owner, investigation) == []
    async with agency_scope(ring.cast.owner):
        for wrong in (Subject("member", value="x"), Subject("link"), Subject("link", new_id(), "x")):
            with pytest.raises(Invalid):
                await add_subjects(ring.cast.owner, investigation, [wrong])


async def test_posts_go_to_moderation_and_nothing_else_does(ring: Ring) -> None:
    ann = await ring.member("ann")
    post = await ring.post(ann, "hello")
    investigation = await ring.investigate(*of(ann, post))
    async with agency_scope(ring.cast.system):
        subjects = {each.kind: each.id for each in await InvestigationSubject.filter(investigation_id=investigation)}
    async with agency_scope(ring.moderator):
        with pytest.raises(Invalid):
            await refer_to_moderation(ring.moderator, investigation, [subjects["member"]], reason="x")
        with pytest.raises(NotFound):
            await refer_to_moderation(ring.moderator, investigation, [subjects["post"], new_id()], reason="x")
        await refer_to_moderation(ring.moderator, investigation, [subjects["post"]], reason="A paid review.")
    async with agency_scope(ring.cast.system):
        case = await Case.get(post_id=post.id)
    assert (case.state, case.report_count) == ("queued", 1)


async def test_danger_goes_to_safety_and_its_post_is_for_its_readers_alone(ring: Ring) -> None:
    ann = await ring.member("ann")
    post = await ring.post(ann, "I will find you")
    investigation = await ring.investigate(*of(post), Subject("booking", value="b-1"))
    async with agency_scope(ring.cast.system):
        subjects = {each.kind: each.id for each in await InvestigationSubject.filter(investigation_id=investigation)}
    danger = Danger("violence", "They name a place.")
    async with agency_scope(ring.moderator):
        with pytest.raises(Invalid):
            await refer_to_safety(ring.moderator, investigation, subjects["booking"], danger)
        with pytest.raises(NotFound):
            await refer_to_safety(ring.moderator, investigation, new_id(), danger)
        escalation_id = await refer_to_safety(ring.moderator, investigation, subjects["post"], danger)
    async with agency_scope(ring.cast.system):
        escalation = await Escalation.get(id=escalation_id)
        assert (escalation.kind, escalation.severity) == ("violence", 1)
        assert (await Restriction.get(post_id=post.id)).escalation_id == escalation_id
    other = await ring.cast.hire(f"other-{ring.slug}", Role.SUPPORT, [ring.client])
    async with agency_scope(other):
        assert await Post.filter(id=post.id).count() == 0
        assert await InvestigationSubject.filter(post_id=post.id).count() == 0


async def test_an_end_is_told_to_the_client_without_names_and_to_who_reported(
    api: httpx.AsyncClient, ring: Ring
) -> None:
    acme = ring.cast
    culprit, reporter = await ring.member("soupking"), await ring.member("watchful")
    post = await ring.post(culprit, RAID)
    case = await ring.report(post, reporter)
    await ring.report(post, culprit)
    investigation = await ring.investigate(*of(culprit), Subject("case", case.id))
    with pytest.raises(NotAllowed):
        async with agency_scope(ring.moderator):
            await conclude(ring.moderator, investigation, outcome="confirmed", finding="x")
    async with agency_scope(acme.owner):
        with pytest.raises(Invalid):
            await conclude(
                acme.owner, investigation, outcome="confirmed", finding="x", client_summary="It was Soupking."
            )
        with pytest.raises(Conflict):
            await conclude(acme.owner, investigation, outcome="confirmed", finding="x", expected_version=7)
        said = "One account wrote reviews of meals that nobody had."
        await conclude(acme.owner, investigation, outcome="confirmed", finding="soupking", client_summary=said)
        with pytest.raises(Conflict):
            await add_subjects(acme.owner, investigation, of(post))
    async with agency_scope(acme.system):
        [told] = await Action.filter(workspace_id=ring.client, kind="tell_member")
        assert told.member_id == reporter.id, "who is looked into hears nothing"
        assert "what we suspected is true" in (told.message or "")
    results = "query($w: ID!) { workspace(id: $w) { investigationResults { nodes { id outcome summary } } investigations { totalCount } } }"
    seen = {"outcome": "CONFIRMED", "summary": said, "id": f"result_{investigation}"}
    for who, total in (("moderator", 1), ("stakeholder", 0)):
        answer = await ask(api, ring.token(who), results, w=f"workspace_{ring.client}")
        assert answer["data"]["workspace"] == {
            "investigationResults": {"nodes": [seen]},
            "investigations": {"totalCount": total},
        }
    async with agency_scope(acme.owner):
        await reopen(acme.owner, investigation, reason="A second account turned up.")
    answer = await ask(api, acme.tokens["owner"], results, w=f"workspace_{ring.client}")
    assert answer["data"]["workspace"]["investigationResults"] == {"nodes": []}


async def test_the_clients_people_get_a_notice(ring: Ring) -> None:
    acme = ring.cast
    investigation = await ring.investigate()
    async with agency_scope(acme.owner):
        await conclude(acme.owner, investigation, outcome="unfounded", finding="x", client_summary="Nothing was wrong.")
    async with agency_scope(acme.system):
        [notice] = await Notice.filter(workspace_id=ring.client, kind="investigation_concluded")
    assert (notice.subject_kind, notice.subject_id) == ("result", investigation)
    assert notice.membership_id == ring.stakeholder.membership_id


async def test_the_timeline_tells_what_happened_in_its_order(api: httpx.AsyncClient, ring: Ring, globex: Cast) -> None:
    ann, reporter = await ring.member("ann", hours_ago=9), await ring.member("watchful")
    post = await ring.post(ann, RAID)
    case = await ring.report(post, reporter)
    investigation = await ring.investigate(*of(ann), Subject("case", case.id))
    query = "query($id: ID!) { investigationTimeline(investigationId: $id) { kind text member { handle } post { id } case { id } } }"
    answer = await ask(api, ring.token("moderator"), query, id=f"investigation_{investigation}")
    told = [(each["kind"], each["text"]) for each in answer["data"]["investigationTimeline"]]
    assert told == [
        ("member_seen", ""),
        ("posted", ""),
        ("reported", "member"),
        ("case_opened", ""),
        ("investigation_opened", ""),
        ("investigation_subject_added", "2"),
    ]
    for token, id in (
        (globex.tokens["owner"], f"investigation_{investigation}"),
        (ring.token("moderator"), f"investigation_{new_id()}"),
        (ring.token("moderator"), "nonsense"),
        (ring.token("stakeholder"), f"investigation_{investigation}"),
    ):
        assert await ask(api, token, query, id=id) == {"data": {"investigationTimeline": []}}


async def test_two_who_work_on_one_investigation_wait_for_each_other(ring: Ring) -> None:
    ann = await ring.member("ann")
    posts = [await ring.post(ann, f"hello {n}") for n in range(4)]
    investigation = await ring.investigate(*of(ann))

    async def add(post: Post) -> None:
        async with agency_scope(ring.moderator):
            await add_subjects(ring.moderator, investigation, of(post))

    await asyncio.gather(*map(add, posts))
    assert await ring.ties(investigation) == {("ann", "hello", "wrote")}
    async with agency_scope(ring.cast.system):
        assert await InvestigationTie.filter(investigation_id=investigation).count() == 4
        assert (await Investigation.get(id=investigation)).state == "open"


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://www.Spam.Example/a/B/?q=1#top now", ["spam.example/a/B/?q=1"]),
        ("http://spam.example/ and spam.example/x.", ["spam.example", "spam.example/x"]),
        ("me@spam.example is no link, nor is e.g. this", []),
    ],
    ids=["parts", "two", "none"],
)
def test_links_are_compared_by_where_they_lead(text: str, links: list[str]) -> None:
    assert links_of(text) == links
