"""A client with its people, posts and site, and what the casebook calls the things that Tend has made there."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from cast import Cast
from walks.casebook import STAFF, ACase, ADecision, AnAppeal, Casebook, Said
from walks.fake_site import FakeSite

from backend import moderation
from backend.acting import let_tend_act
from backend.communities import Connection, Member, Post
from backend.intake import connect_community
from backend.kit.clock import now
from backend.kit.errors import Refusal
from backend.policies import Detail, create_policy, current_version
from tenants.actor import Actor, system
from tenants.scope import agency_scope

POSTS: Final = 3
SAID: Final = (
    Said(None),
    Said(("hide_post",)),
    Said(("hide_post",)),
    Said(("hide_post", "silence_member"), days=3),
    Said(("silence_member",)),
    Said(("warn_member",)),
    Said(("delete_post",)),
)
REPORTERS: Final = ("reporter 0", "reporter 1")


class Scene:
    """Numbers choose: who, which case, what is said; they count round whatever there is."""

    def __init__(self, cast: Cast, client: UUID, people: dict[str, Actor], site: FakeSite) -> None:
        self.cast, self.client, self.site = cast, client, site
        self.people = {name: actor.narrowed_to(client) for name, actor in people.items()}
        self.names = {actor.membership_id: name for name, actor in people.items()}
        self.tend = system(cast.agency_id, workspace_id=client)
        self.book = Casebook()
        self.cases: dict[UUID, ACase] = {}
        self.decisions: dict[UUID, ADecision] = {}
        self.appeals: dict[UUID, AnAppeal] = {}
        self.tokens: dict[ACase, str] = {}
        self.questions: dict[ACase, UUID] = {}
        self.posts: list[Post] = []
        self.policies: list[UUID] = []
        self.versions: list[UUID] = []
        self.members: dict[str, UUID] = {}
        self.states: dict[UUID, str] = {}  # of actions, as they were seen last
        self.verb = "start"

    async def begin(self) -> None:
        slug = next(slug for slug, id in self.cast.workspaces.items() if id == self.client)
        owner, community = self.cast.owner, self.cast.communities[slug]
        async with agency_scope(owner):
            await connect_community(owner, community, platform="webhook", address="https://site.example", secret=None)
            await let_tend_act(owner, community, api_key=None, api_user=None, address="https://site.example/act")
            self.connection = (await Connection.get(community_id=community)).id
            await moderation.set_quality_plan(
                owner, self.client, expected_version=0, second_review_severities=["high"], newcomer_reviews=0,
                sampled_share=0.0, golden_share=0.0, held_actions=["delete_post"], held_from_days=1,
            )  # fmt: skip
            await moderation.create_queue(owner, self.client, name="Second")
            self.queues = [queue.id for queue in await moderation.Queue.filter(workspace_id=self.client)]
            for number in range(POSTS):
                post = await self._post(community, number)
                self.posts.append(post)
                self.members[f"author {number}"] = post.member_id
            for name in REPORTERS:
                self.members[name] = await self._member(community, name)
            for tier in ("low", "high"):
                policy = await create_policy(
                    owner, self.client, slug=f"a-{tier}-one", title="x", text="x", severity=tier, tier=tier,
                    detail=Detail(strike_count=1),
                )  # fmt: skip
                version = await current_version(policy.id)
                assert version is not None
                self.policies.append(policy.id)
                self.versions.append(version.id)

    async def _member(self, community: UUID, name: str) -> UUID:
        made = await Member.create(
            workspace_id=self.client, community_id=community, external_id=name, handle=name, first_seen_at=now()
        )
        return made.id

    async def _post(self, community: UUID, number: int) -> Post:
        return await Post.create(
            workspace_id=self.client, community_id=community, member_id=await self._member(community, f"author {number}"),
            external_id=f"post {number}", text="hello", posted_at=now(),
        )  # fmt: skip

    async def tried(self, who: str, deed: Callable[[Actor], Awaitable[Any]]) -> Any:
        try:
            async with agency_scope(self.people[who]) as scope:
                return await deed(scope.actor)
        except Refusal as refusal:
            return refusal

    def allowed(self, answer: Any, may: bool) -> bool:
        assert isinstance(answer, Refusal) != may, (self.verb, answer, may)
        return may

    async def give_back(self, a: int, b: int, deed: Callable[..., Awaitable[None]]) -> tuple[ACase | None, str]:
        who, case = self.some_claim(a, b)
        if case is None:
            return None, who
        given = await self.tried(who, lambda actor: deed(actor, self.id_of(case), self.tokens.get(case, "x")))
        if not self.allowed(given, self.book.holds(who, case)):
            return None, who
        case.to_queue()
        return case, who

    def some_claim(self, a: int, b: int) -> tuple[str, ACase | None]:
        """Mostly who has it; sometimes anybody, of any case."""
        claimed = [case for case in self.cases.values() if case.holder is not None]
        if claimed and b % 5:
            case = pick(claimed, a)
            return case.holder or "", case
        return STAFF[b % len(STAFF)], pick(list(self.cases.values()), a) if self.cases else None

    def held(self) -> list[tuple[UUID, ADecision]]:
        return [
            (id, each)
            for id, each in self.decisions.items()
            if each.case.decision is each and each.case.state == "held"
        ]

    def said(self, said: Said, post: int) -> dict[str, Any]:
        if said.actions is None:
            return {"outcome": "no_violation"}
        return {
            "outcome": "violation",
            "policy_version_id": self.versions[post % 2],
            "actions": said.actions,
            "days": said.days,
        }

    def made(self, decision: ADecision | None) -> ADecision:
        assert decision is not None
        return decision

    def id_of(self, case: ACase) -> UUID:
        return next(id for id, each in self.cases.items() if each is case)


def pick(things: Any, number: int) -> Any:
    things = list(things) if not isinstance(things, Sequence) else things
    return things[number % len(things)]
