"""What the benchmarks work on: one agency with one client, filled by multi-row inserts in a scope."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from backend.communities import create_community
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Queue, count_cases_again, open_workspace
from tenants.actor import Actor, system
from tenants.provisioning import add_member, provision_agency
from tenants.rights import RIGHTS_OF, Role
from tenants.scope import agency_scope
from tenants.sessions import open_session

BATCH_ROWS: Final = 2_000
MEMBERS: Final = 2_000
WORDS: Final = (
    "they",
    "wrote",
    '"that"',
    "again",
    "nobody",
    "answered:",
    "grüße",
    "你好",
    "c:\\temp",
    "until",
    "evening",
    "came",
)


@dataclass(frozen=True, slots=True)
class Client:
    """One workspace with what hangs on it. `tokens` are session tokens of `moderators`, in the same order."""

    agency_id: UUID
    workspace_id: UUID
    community_id: UUID
    queue_id: UUID
    moderators: tuple[Actor, ...]
    tokens: tuple[str, ...]


async def open_client(*, moderators: int) -> Client:
    slug = f"bench-{new_id().hex[-12:]}"
    agency_id = await provision_agency(slug=slug, name="Bench")
    async with agency_scope(system(agency_id)) as scope:
        workspace = await open_workspace(scope.actor, slug="forum", name="Forum")
        community = await create_community(scope.actor, workspace.id, slug="main", name="Main")
        queue = await Queue.get(workspace_id=workspace.id)
    actors, tokens = [], []
    for number in range(moderators):
        actor, token = await _hire(agency_id, workspace.id, f"Moderator {number}", f"m{number}@{slug}.example")
        actors.append(actor)
        tokens.append(token)
    return Client(agency_id, workspace.id, community.id, queue.id, tuple(actors), tuple(tokens))


async def add_cases(
    client: Client, *, cases: int, posts: int, reports_per_case: int, in_review: float = 0.0, seed: int = 7
) -> None:
    """`cases` open cases about the first of `posts` posts; the share `in_review` is claimed by the moderators."""
    dice = random.Random(seed)
    begin = now() - timedelta(days=30)
    members = [new_id() for _ in range(MEMBERS)]
    post_ids = [new_id() for _ in range(posts)]
    authors = [dice.choice(members) for _ in post_ids]
    await _insert(
        client,
        "members (id, community_id, external_id, handle, first_seen_at)",
        "uuid, uuid, text, text, timestamptz",
        [
            (member, client.community_id, f"m-{member}", f'member "{number}"', begin)
            for number, member in enumerate(members)
        ],
    )
    await _insert(
        client,
        "posts (id, community_id, member_id, external_id, text, posted_at)",
        "uuid, uuid, uuid, text, text, timestamptz",
        [
            (post, client.community_id, author, f"p-{post}", _text(dice), begin + timedelta(seconds=40 * number))
            for number, (post, author) in enumerate(zip(post_ids, authors, strict=True))
        ],
    )
    opened = [(new_id(), post, author) for post, author in zip(post_ids[:cases], authors, strict=False)]
    await _insert(
        client,
        "cases (id, queue_id, post_id, member_id, state, claimed_by_id, claimed_until, tier, severity, report_count, "
        "opened_at, due_at, virtual_deadline)",
        "uuid, uuid, uuid, uuid, text, uuid, timestamptz, text, text, int, timestamptz, timestamptz, timestamptz",
        [_case(client, *case, dice=dice, in_review=in_review, reports=reports_per_case) for case in opened],
    )
    await _insert(
        client,
        "reports (id, case_id, post_id, channel, reporter_key, member_id, membership_id, reason, created_at)",
        "uuid, uuid, uuid, text, text, uuid, uuid, text, timestamptz",
        list(_reports(client, opened, members, dice, reports_per_case)),
    )
    counting = system(client.agency_id, workspace_id=client.workspace_id)
    async with agency_scope(counting):
        await count_cases_again(counting, {})


async def settle(owner_url: str) -> None:
    """VACUUM ANALYZE as the owner of the tables: what a database that has been there for a day knows about itself."""
    owner = await asyncpg.connect(owner_url, timeout=30)
    try:
        tables = await owner.fetch("select tablename from pg_tables where schemaname = 'app' order by 1")
        await owner.execute(f"vacuum (analyze) {', '.join('app.' + row['tablename'] for row in tables)}", timeout=120)
    finally:
        await owner.close()


async def _hire(agency_id: UUID, workspace_id: UUID, name: str, email: str) -> tuple[Actor, str]:
    person_id, membership_id = await add_member(
        agency_id, name=name, email=email, role=Role.MODERATOR, workspaces=[workspace_id]
    )
    return moderator(agency_id, workspace_id, membership_id), await open_session(person_id)


def moderator(agency_id: UUID, workspace_id: UUID, membership_id: UUID) -> Actor:
    return Actor(
        agency_id=agency_id,
        role=Role.MODERATOR,
        rights=RIGHTS_OF[Role.MODERATOR],
        workspaces=frozenset({workspace_id}),
        name="Moderator",
        membership_id=membership_id,
    )


def _text(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS, k=dice.randint(5, 60)))


def _case(
    client: Client, id: UUID, post: UUID, author: UUID, *, dice: random.Random, in_review: float, reports: int
) -> tuple[Any, ...]:
    claimed = dice.random() < in_review
    opened_at = now() - timedelta(seconds=dice.uniform(0, 3 * 86_400))
    due_at = opened_at + timedelta(days=1)
    holder = dice.choice(client.moderators).membership_id if claimed else None
    return (
        *(id, client.queue_id, post, author),
        *(("in_review", holder, now() + timedelta(hours=1)) if claimed else ("queued", None, None)),
        *("high", "high", reports, opened_at, due_at, opened_at + timedelta(days=dice.uniform(0.1, 1))),
    )


def _reports(
    client: Client, cases: Sequence[tuple[UUID, UUID, UUID]], members: Sequence[UUID], dice: random.Random, each: int
) -> Iterator[tuple[Any, ...]]:
    for case_id, post_id, _author in cases:
        reporters = dice.sample(members, each)
        for number, member in enumerate(reporters):
            by_staff = number == 2
            at: datetime = now() - timedelta(seconds=dice.uniform(0, 3 * 86_400))
            staff = client.moderators[0].membership_id
            yield (
                *(new_id(), case_id, post_id, "staff" if by_staff else "member", f"r-{member}"),
                *((None, staff) if by_staff else (member, None)),
                *(f'"{dice.choice(WORDS)}" is rude', at),
            )


async def _insert(client: Client, into: str, types: str, rows: Sequence[tuple[Any, ...]]) -> None:
    table, _, columns = into.partition(" (")
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types.split(", "), start=3))
    for start in range(0, len(rows), BATCH_ROWS):
        async with agency_scope(system(client.agency_id)) as scope:
            await scope.execute(
                f"insert into {table} (agency_id, workspace_id, {columns} select $1, $2, r.* from unnest({arrays}) r",
                client.agency_id,
                client.workspace_id,
                *(list(column) for column in zip(*rows[start : start + BATCH_ROWS], strict=True)),
            )
