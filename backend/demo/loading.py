"""Two agencies at work, made once by the same operations a real agency uses; every step can be run again."""

import random
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from backend import models
from backend.communities import Community, Member, Post, create_community, take_in
from backend.demo.staffing import put_to_work, somebody
from backend.demo.talking import chatter
from backend.kit.clock import now
from backend.moderation import Queue, claim_next, decide, open_workspace, report_post
from backend.policies import Policy, create_policy, current_version
from backend.ruling import Rule, create_rule
from backend.settings import Settings
from tenants import database
from tenants.actor import system
from tenants.belonging import own_memberships
from tenants.doors import agency_by_slug, knock
from tenants.models import Membership, Workspace
from tenants.provisioning import add_member, provision_agency
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.sessions import open_session

# agency -> workspace -> (name, time zone, communities as slug: kind of talk)
CLIENTS: Final[dict[str, dict[str, tuple[str, str, dict[str, str]]]]] = {
    "acme": {
        "northwind": ("Northwind Bikes", "Europe/Berlin", {"riders-forum": "forum", "help-desk": "support"}),
        "lumen": ("Lumen Games", "America/New_York", {"guild-chat": "chat", "lumen-forum": "game"}),
        "pantry": ("Pantry & Co.", "Europe/London", {"reviews": "shop"}),
    },
    "globex": {
        "helio": ("Helio Energy", "Europe/Madrid", {"homeowners": "forum", "installers": "chat"}),
        "orchard": ("Orchard Health", "UTC", {"reviews": "shop", "support": "support"}),
    },
}
# who -> (name, role, agencies with the workspaces assigned)
PEOPLE: Final[dict[str, tuple[str, Role, dict[str, tuple[str, ...]]]]] = {
    "acme.owner": ("Olivia Acme", Role.OWNER, {"acme": ()}),
    "acme.admin": ("Ada Acme", Role.ADMIN, {"acme": ()}),
    "acme.lead": ("Leo Lindqvist", Role.LEAD, {"acme": ("northwind", "lumen", "pantry")}),
    "acme.moderator": ("Mara Moreau", Role.MODERATOR, {"acme": ("northwind", "lumen")}),
    "acme.responder": ("Rui Ramos", Role.SAFETY_RESPONDER, {"acme": ("northwind", "lumen")}),
    "acme.contractor": ("Cem Contreras", Role.CONTRACTOR, {"acme": ("lumen",)}),
    "acme.stakeholder": ("Stella Northwind", Role.STAKEHOLDER, {"acme": ("northwind",)}),
    "globex.owner": ("Otto Globex", Role.OWNER, {"globex": ()}),
    "globex.moderator": ("Mina Mbeki", Role.MODERATOR, {"globex": ("helio", "orchard")}),
    "globex.stakeholder": ("Sam Helio", Role.STAKEHOLDER, {"globex": ("helio",)}),
    "both.moderator": ("Bea Botha", Role.MODERATOR, {"acme": ("pantry",), "globex": ("orchard",)}),
}
CONTRACT: Final = timedelta(days=90)
POSTS: Final = 400  # per community
MEMBERS: Final = 60
POLICIES: Final = (
    # slug, title, text, severity, tier, words of its rule
    (
        "spam",
        "No spam",
        "No advertising, no repeated links, no scams.",
        "low",
        "low",
        ("free crypto", "promo code", "click here"),
    ),
    (
        "harassment",
        "No harassment",
        "Argue about things, never attack people.",
        "high",
        "high",
        ("idiot", "loser", "moron"),
    ),
    (
        "private-data",
        "No private data",
        "Never post where somebody lives or how to reach them.",
        "severe",
        "severe",
        ("his address is", "her address is", "lives at"),
    ),
)

COMPLAINTS: Final = {
    "spam": "Looks like a scam.",
    "harassment": "This is rude.",
    "private-data": "That is somebody's private data!",
}


async def load_demo(settings: Settings) -> dict[str, dict[str, Any]]:
    """A token, agencies and workspaces for each demo person; tokens of an earlier start stay valid."""
    models.load()
    await database.connect(settings.app_url, models=models.MODEL_MODULES, pool_size=4)
    try:
        for number, (agency, clients) in enumerate(CLIENTS.items()):
            agency_id = await agency_by_slug(agency) or await provision_agency(slug=agency, name=agency.title())
            await _workspaces(agency_id, clients)
            await _people(agency, agency_id)
            for place, slug in enumerate(clients):
                await _content(agency_id, slug, clients[slug][2], seed=100 * number + 10 * place)
        await put_to_work()
        return await _tokens(settings)
    finally:
        await database.disconnect()


async def _workspaces(agency_id: UUID, clients: dict[str, tuple[str, str, dict[str, str]]]) -> None:
    actor = system(agency_id)
    for slug, (name, time_zone, communities) in clients.items():
        async with agency_scope(actor):
            workspace = await Workspace.get_or_none(slug=slug)
            if workspace is not None:
                continue
            workspace = await open_workspace(actor, slug=slug, name=name, time_zone=time_zone)
            for community in communities:
                await create_community(
                    actor, workspace.id, slug=community, name=community.replace("-", " ").capitalize()
                )


async def _people(agency: str, agency_id: UUID) -> None:
    for who, (name, role, places) in PEOPLE.items():
        if agency not in places:
            continue
        email = f"{who}@example.com"
        async with agency_scope(system(agency_id)):
            if await Membership.exists(email=email):
                continue
            found = await Workspace.filter(slug__in=list(places[agency]))
            assigned = [workspace.id for workspace in found]
        await add_member(
            agency_id,
            name=name,
            email=email,
            role=role,
            workspaces=assigned,
            ends_at=now() + CONTRACT if role is Role.CONTRACTOR else None,
        )


async def _content(agency_id: UUID, slug: str, communities: dict[str, str], *, seed: int) -> None:
    """Talk, policies, rules, complaints and some decisions. The policies come last, so that they tell whether all of it
    is there."""
    async with agency_scope(system(agency_id)):
        workspace = await Workspace.get(slug=slug)
        if await Rule.filter(workspace_id=workspace.id).count() == len(POLICIES):
            return
        places = {c.slug: c.id for c in await Community.filter(workspace_id=workspace.id)}
    for number, (community, kind) in enumerate(communities.items()):
        talk = chatter(seed + number, kind, posts=POSTS, members=MEMBERS, until=now())
        async with agency_scope(system(agency_id)):
            await take_in(workspace.id, places[community], talk)
    async with agency_scope(actor := system(agency_id)):
        known = {policy.slug: policy.id for policy in await Policy.filter(workspace_id=workspace.id)}
        for policy, title, text, severity, tier, _words in POLICIES:
            if policy not in known:
                made = await create_policy(
                    actor, workspace.id, slug=policy, title=title, text=text, severity=severity, tier=tier
                )
                known[policy] = made.id
    await _complaints(agency_id, workspace.id, known, seed=seed)
    async with agency_scope(actor):
        for policy, title, _text, _severity, _tier, words in POLICIES:
            if not await Rule.exists(workspace_id=workspace.id, policy_id=known[policy]):
                await create_rule(actor, workspace.id, name=title, policy_id=known[policy], words=words)


async def _complaints(agency_id: UUID, workspace_id: UUID, policies: dict[str, UUID], *, seed: int) -> None:
    """Members complain about a few posts, a moderator has decided three of the cases."""
    chance = random.Random(seed)  # noqa: S311 - the same demo everywhere
    async with agency_scope(actor := system(agency_id)):
        if await Queue.filter(workspace_id=workspace_id).count() == 0:
            return
        posts = await Post.filter(workspace_id=workspace_id).order_by("-posted_at").limit(400)
        members = await Member.filter(workspace_id=workspace_id, kind="person").order_by("handle")
        broken = [(post, policy) for post in posts if (policy := _broken(post.text)) is not None]
        # Members are mostly right; a few complain about what is none of it.
        fine = [(post, "spam") for post in chance.sample(posts, 2)]
        for post, policy in [*broken[:10], *fine]:
            for member in chance.sample(members, chance.randint(1, 3)):
                if member.id != post.member_id:
                    await report_post(
                        actor, post.id, reason=COMPLAINTS[policy], policy_id=policies[policy], member_id=member.id
                    )
    owner = await somebody(agency_id, workspace_id, Role.OWNER)
    if owner is None:
        return
    for outcome in ("violation", "no_violation", "violation"):
        async with agency_scope(owner):
            claim = await claim_next(owner, workspace_id=workspace_id)
            if claim is None:
                return
            version = await current_version(policies["harassment"])
            assert version is not None
            is_violation = outcome == "violation"
            await decide(
                owner,
                claim.case_id,
                token=claim.token,
                outcome=outcome,
                reason="Against the rules as written." if is_violation else "Harsh, but within the rules.",
                policy_version_id=version.id if is_violation else None,
                actions=("hide_post", "warn_member") if is_violation else (),
            )


def _broken(text: str) -> str | None:
    """The policy that the words of a post break."""
    return next(
        (slug for slug, *_, words in POLICIES if any(word in text.casefold() for word in words)),
        None,
    )


async def _tokens(settings: Settings) -> dict[str, dict[str, Any]]:
    path = settings.home / "demo.json"
    kept = orjson.loads(path.read_bytes())["people"] if path.exists() else {}
    people: dict[str, dict[str, Any]] = {}
    for who, (_name, _role, places) in PEOPLE.items():
        token = kept.get(who, {}).get("token", "")
        if await knock(token) is None:
            token = await _new_token(next(iter(places)), f"{who}@example.com")
        caller = await knock(token)
        assert caller is not None
        own = await own_memberships(caller)
        people[who] = {
            "token": token,
            "email": f"{who}@example.com",
            "agencies": [membership.agency_slug for membership in own],
            "workspaces": [slug for membership in own for _id, slug, _name in membership.workspaces],
        }
    return people


async def _new_token(agency: str, email: str) -> str:
    agency_id = await agency_by_slug(agency)
    assert agency_id is not None
    async with agency_scope(system(agency_id)):
        membership = await Membership.get(email=email)
    assert membership.person_id is not None
    return await open_session(membership.person_id, method="demo")
