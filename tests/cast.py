"""The people in the tests, by name: `acme.moderator`, `globex.owner`; and what they can do in one line."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from backend.communities import Member, Post, PostWord, create_community, searched_words
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Case, Queue, open_workspace, report_post
from backend.outbox import Job
from backend.policies import Policy, PolicyVersion, create_policy, current_version
from tenants.actor import Actor, system
from tenants.provisioning import add_member, provision_agency
from tenants.rights import RIGHTS_OF, Role
from tenants.scope import agency_scope
from tenants.sessions import open_session
from workers.running import run_job

WORKSPACES = ("forum", "chat", "shop")


async def write_post(**columns: Any) -> Post:
    """A post with its words, as taking in would write it."""
    post = await Post.create(**columns)
    for word in searched_words(post.text):
        await PostWord.create(id=post.id, workspace_id=post.workspace_id, word=word, posted_at=post.posted_at)
    return post


@dataclass
class Cast:
    """One agency. `forum`, `chat` and `shop` are its clients; staff but owner and admin work for `forum` and `chat` only.
    `deputy` is an admin of these two."""

    slug: str
    agency_id: UUID
    workspaces: dict[str, UUID]
    actors: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    communities: dict[str, UUID] = field(default_factory=dict)
    policies: dict[str, UUID] = field(default_factory=dict)

    @property
    def system(self) -> Actor:
        return system(self.agency_id)

    def __getattr__(self, role: str) -> Actor:
        try:
            return self.__dict__["actors"][role]
        except KeyError:
            raise AttributeError(role) from None

    async def post(self, text: str = "hello", *, workspace: str = "forum", **columns: Any) -> Post:
        """A post by a new member."""
        workspace_id = self.workspaces[workspace]
        async with agency_scope(self.system):
            member = await Member.create(
                workspace_id=workspace_id,
                community_id=self.communities[workspace],
                external_id=f"m-{new_id()}",
                handle=f"member-{str(new_id())[-10:]}",
                first_seen_at=now(),
            )
            return await write_post(
                workspace_id=workspace_id,
                community_id=self.communities[workspace],
                member_id=member.id,
                external_id=f"p-{new_id()}",
                text=text,
                posted_at=columns.pop("posted_at", now()),
                **columns,
            )

    async def case(self, *, workspace: str = "forum", policy: str = "harassment", reporters: int = 1) -> Case:
        """An open case about a new post, reported by that many members."""
        post = await self.post(workspace=workspace)
        async with agency_scope(self.system):
            for _ in range(reporters):
                member = await Member.create(
                    workspace_id=post.workspace_id,
                    community_id=post.community_id,
                    external_id=f"m-{new_id()}",
                    handle="reporter",
                    first_seen_at=now(),
                )
                await report_post(
                    self.system, post.id, reason="rude", policy_id=self.policies[policy], member_id=member.id
                )
            return await Case.get(post_id=post.id)

    async def run_jobs(self, kind: str, *, even_later: bool = False, of: Collection[UUID] | None = None) -> list[Job]:
        """Those of the kind that wait, of all clients or `of` some, run as a worker would; how they ended."""
        async with agency_scope(self.system) as scope:
            rows = await scope.fetch(
                """update jobs set state = 'sent', dedupe_key = null where agency_id = $1 and kind = $2 and state = 'ready'
                      and ($3 or run_at <= now()) and ($4::uuid[] is null or workspace_id = any($4)) returning id""",
                self.agency_id,
                kind,
                even_later,
                of and list(of),
            )
        for row in rows:
            await run_job(self.agency_id, row["id"])
        async with agency_scope(self.system):
            return await Job.filter(id__in=[row["id"] for row in rows])

    async def empty_workspace(self) -> UUID:
        """A client of its own for a test that counts: with a queue, a community and the policies."""
        slug = f"w-{str(new_id())[-12:]}"
        async with agency_scope(self.system):
            workspace = await open_workspace(self.system, slug=slug, name=slug)
        await self._furnish(slug, workspace.id)
        return workspace.id

    async def policy_version(self, workspace_id: UUID, slug: str = "harassment") -> PolicyVersion:
        async with agency_scope(self.system):
            policy = await Policy.get(workspace_id=workspace_id, slug=slug)
            found = await current_version(policy.id)
            assert found is not None
            return found

    async def end_leases(self, workspace_id: UUID, case_id: UUID | None = None) -> None:
        """As if the lease of the case (or of every case of the client) had ended a second ago."""
        async with agency_scope(self.system) as scope:
            for table, column, case in (("claims", "expires_at", "case_id"), ("cases", "claimed_until", "id")):
                await scope.execute(
                    f"""update {table} set {column} = now() - interval '1 second'
                         where agency_id = $1 and workspace_id = $2 and {column} is not null
                           and ($3::uuid is null or {case} = $3)""",
                    self.agency_id,
                    workspace_id,
                    case_id,
                )

    async def check_tallies(self) -> None:
        """Every client's tally of its cases is what counting gives."""
        async with agency_scope(self.system) as scope:
            wrong = await scope.fetch(
                """select w.slug, state, counted, tallied from workspaces w
                    cross join lateral (values
                        ('queued', (select sum(queued) from case_tallies t where t.workspace_id = w.id)),
                        ('in_review', (select sum(in_review) from case_tallies t where t.workspace_id = w.id)),
                        ('pending_info', (select sum(pending_info) from case_tallies t where t.workspace_id = w.id)),
                        ('held', (select sum(held) from case_tallies t where t.workspace_id = w.id)),
                        ('closed', (select sum(closed) from case_tallies t where t.workspace_id = w.id))
                    ) tally (state, tallied)
                    cross join lateral (select count(*) as counted from cases c
                                         where c.workspace_id = w.id and c.state = tally.state and c.kind <> 'golden') cases
                    where counted <> coalesce(tallied, 0)"""
            )
        assert not wrong, wrong

    async def queue_id(self, workspace_id: UUID) -> UUID:
        async with agency_scope(self.system):
            return (await Queue.get(workspace_id=workspace_id)).id

    async def _furnish(self, slug: str, workspace_id: UUID) -> None:
        self.workspaces[slug] = workspace_id
        async with agency_scope(self.system):
            community = await create_community(self.system, workspace_id, slug="main", name="Main")
            self.communities[slug] = community.id
            for policy, severity, tier in (("spam", "low", "low"), ("harassment", "high", "high")):
                made = await create_policy(
                    self.system, workspace_id, slug=policy, title=policy, text="No.", severity=severity, tier=tier
                )
                self.policies[policy if slug == "forum" else f"{slug}:{policy}"] = made.id

    async def hire(
        self,
        who: str,
        role: Role,
        workspaces: Sequence[UUID],
        *,
        sees_all: bool | None = None,
        ends_at: datetime | None = None,
    ) -> Actor:
        if sees_all is None:
            sees_all = role in (Role.OWNER, Role.ADMIN)
        person_id, membership_id = await add_member(
            self.agency_id,
            name=f"{who} of {self.slug}",
            email=f"{who}@{self.slug}.example",
            role=role,
            workspaces=workspaces,
            sees_all=sees_all,
            ends_at=ends_at,
        )
        rights = RIGHTS_OF[role]
        actor = Actor(
            agency_id=self.agency_id,
            role=role,
            rights=rights,
            workspaces=None if sees_all else frozenset(workspaces),
            name=f"{who} of {self.slug}",
            membership_id=membership_id,
        )
        self.actors[who] = actor
        self.tokens[who] = await open_session(person_id)
        return actor


async def raise_curtain() -> tuple[Cast, Cast]:
    acme, globex = await _agency("acme"), await _agency("globex")
    # One person, two agencies, the same address.
    for cast in (acme, globex):
        await _share(cast)
    return acme, globex


async def _agency(slug: str) -> Cast:
    agency_id = await provision_agency(slug=slug, name=slug.title())
    cast = Cast(slug, agency_id, {})
    for workspace in WORKSPACES:
        async with agency_scope(cast.system):
            made = await open_workspace(cast.system, slug=workspace, name=workspace.title())
        await cast._furnish(workspace, made.id)
    assigned = [cast.workspaces["forum"], cast.workspaces["chat"]]
    await cast.hire("owner", Role.OWNER, ())
    await cast.hire("lead", Role.LEAD, assigned)
    await cast.hire("moderator", Role.MODERATOR, assigned)
    await cast.hire("colleague", Role.MODERATOR, assigned)
    await cast.hire("contractor", Role.CONTRACTOR, assigned[:1], ends_at=now() + timedelta(days=30))
    await cast.hire("stakeholder", Role.STAKEHOLDER, assigned[:1])
    await cast.hire("admin", Role.ADMIN, ())
    await cast.hire("deputy", Role.ADMIN, assigned, sees_all=False)
    for role in (Role.SAFETY_RESPONDER, Role.SUPPORT, Role.EDUCATOR, Role.CLIENT_CONTRIBUTOR):
        await cast.hire(role.value, role, assigned[:1])
    return cast


async def _share(cast: Cast) -> None:
    person_id, membership_id = await add_member(
        cast.agency_id,
        name="Both",
        email="both@example.com",
        role=Role.MODERATOR,
        workspaces=[cast.workspaces["chat"]],
    )
    cast.actors["both"] = Actor(
        agency_id=cast.agency_id,
        role=Role.MODERATOR,
        rights=RIGHTS_OF[Role.MODERATOR],
        workspaces=frozenset({cast.workspaces["chat"]}),
        name="Both",
        membership_id=membership_id,
    )
    cast.tokens["both"] = await open_session(person_id)


async def ask(
    api: httpx.AsyncClient, token: str | None, document: str, *, headers: dict[str, str] | None = None, **variables: Any
) -> Any:
    """The answer of /graphql, parsed, without its cost."""
    response = await api.post(
        "/graphql",
        json={"query": document, "variables": variables},
        headers={**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})},
    )
    answer = response.json()
    answer.pop("extensions", None)
    return answer
