"""The permission matrix, walked: every field of every type and every mutation, times every role."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from endangered import in_danger
from filed import filed
from graphql import GraphQLObjectType, get_named_type, is_abstract_type, is_leaf_type
from investigated import investigated
from judged import judged
from papers import papered
from promises.test_the_api import (
    MUTATIONS,
    NEEDS,
    _a_delivery,
    _a_job,
    _a_rule,
    _an_export,
    a_macro,
    a_platform_delivery,
    a_webhook,
    document,
    input_of,
    made_up,
    rule_ids,
    value_for,
)
from reported import reported
from studied import studied
from taught import taught
from told import told

from backend.directory.models import DirectoryGroup, DirectoryGroupWorkspace
from backend.evidence import Hold
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.leaving import Export
from backend.moderation import claim_next, decide
from backend.notices import NoticeDelivery
from backend.outbox import Job
from backend.people import issue_credential, register_api_client
from backend.ruling import Known, RuleFiring, bank_hashes
from graphql_schema.answering import verb
from graphql_schema.managing_people import StaffPayload
from graphql_schema.permissions import matrix, right_of
from graphql_schema.projection.declaring import Published, published
from graphql_schema.schema import schema
from tenants.models import SignInProvider
from tenants.rights import CLIENT_ROLES, MACHINE_RIGHTS, PERSON_ROLES, RIGHTS_OF, Right, Role
from tenants.scope import agency_scope
from tenants.tables import Reach

SCHEMA = schema._schema
TYPES = sorted(name for name in SCHEMA.type_map if (entry := published(name)) is not None and entry.kind is not None)
# Types of which the cast has no row that everybody who may could see; each with its reason.
UNSEEN = {
    "ConflictOfInterest": "each is for who declared it and for leads: tests/test_reviewers.py",
    "Reviewer": "each is for themselves and for leads: tests/test_reviewers.py",
    **dict.fromkeys(
        ("SafetyFiling", "Takedown", "FollowUp"),
        "each is for its escalation's readers and for who wrote it: tests/safety/test_restricting.py",
    ),
    "ClientReport": "drafts are for leads: tests/client_reports/test_reading_client_reports.py",
    "Notice": "each is for one person alone; tests/promises/test_every_subscription.py and tests/api show whose",
    "NoticePreference": "each is of one person alone; tests/notices/test_through_the_api.py shows whose",
    "NoticeSettings": "each is of one person alone; tests/notices/test_through_the_api.py shows whose",
}


def test_every_field_and_mutation_has_a_right() -> None:
    """A field that nobody gave a right to raises here."""
    rights = dict(matrix(SCHEMA))
    assert len(rights) > 200
    own = {name for name, right in rights.items() if right is None}
    assert own == {"Query.viewer", "Mutation.revokeSessions"}, (
        f"give it `needs`, or name it here if it is about the caller alone: {own}"
    )


def test_every_right_is_used_and_held() -> None:
    used = {right for _, right in matrix(SCHEMA)} - {None}
    elsewhere = {
        Right.OWN: "asked of who makes an owner",
        Right.PROVISION: "asked of directories, which do not speak GraphQL",
    }
    unused = set(Right) - used - set(elsewhere)
    assert not unused, f"nothing asks for it: take it out of Right, or say here who asks: {unused}"
    for right in Right:
        assert any(right in RIGHTS_OF[role] for role in PERSON_ROLES), right


def test_clients_and_machines_hold_nothing_that_makes_people_or_machines() -> None:
    grave = {
        *(Right.MANAGE_PEOPLE, Right.MANAGE_MACHINES, Right.MANAGE_SIGN_IN, Right.MANAGE_WORKSPACES),
        *(Right.EXPORT, Right.ERASE, Right.HOLD, Right.OPERATE, Right.OWN),
    }
    assert not grave & MACHINE_RIGHTS
    for role in CLIENT_ROLES:
        assert RIGHTS_OF[role] == {Right.READ_WORKSPACE}
    assert {role for role in PERSON_ROLES if grave & RIGHTS_OF[role]} == {Role.OWNER, Role.ADMIN}
    assert {role for role in PERSON_ROLES if Right.OWN in RIGHTS_OF[role]} == {Role.OWNER}


@pytest.mark.parametrize("name", TYPES)
async def test_every_field_shows_each_role_what_its_right_says(api: httpx.AsyncClient, acme: Cast, name: str) -> None:
    if name in UNSEEN:
        return
    entry, type_ = published(name), SCHEMA.type_map[name]
    assert entry is not None
    id = await _row(acme, entry)
    query = f"query($id: ID!) {{ node(id: $id) {{ ... on {name} {{ {_fields(type_)} }} }} }}"
    everything = (await ask(api, acme.tokens["owner"], query, id=id))["data"]["node"]
    assert everything is not None, f"make a {name} in _something_of_everything, or say in UNSEEN why nobody sees it"
    for role in PERSON_ROLES:
        seen = (await ask(api, acme.tokens[role.value], query, id=id))["data"]["node"]
        if entry.needs not in RIGHTS_OF[role]:
            assert seen is None, role
            continue
        assert seen is not None, role
        for field_name, field in type_.fields.items():
            shown, whole = seen[field_name], everything[field_name]
            if right_of(type_, field) in RIGHTS_OF[role]:
                if is_leaf_type(get_named_type(field.type)):
                    assert shown == whole, (field_name, role)
            else:
                hidden = shown is None or shown == [] or (isinstance(shown, dict) and shown.get("totalCount") == 0)
                assert hidden, (field_name, role)


@pytest.mark.parametrize("role", PERSON_ROLES)
async def test_every_root_list_is_empty_without_its_right(api: httpx.AsyncClient, acme: Cast, role: Role) -> None:
    await acme.case()
    checked = 0
    for name, field in SCHEMA.query_type.fields.items():
        if not get_named_type(field.type).name.endswith("Connection"):
            continue
        answer = await ask(api, acme.tokens[role.value], f"{{ {name}(first: 1) {{ totalCount }} }}")
        count = answer["data"][name]["totalCount"]
        if right_of(SCHEMA.query_type, field) not in RIGHTS_OF[role]:
            assert count == 0, name
        elif name not in ("notices", "noticePreferences"):
            assert count > 0, name
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if NEEDS[name] is not None])
async def test_who_holds_the_right_is_not_refused_for_lack_of_it(
    api: httpx.AsyncClient, acme: Cast, mutation: str
) -> None:
    """With ids that nobody has and empty texts, so that nothing is done. Whoever lacks it: tests/promises/test_the_api.py."""
    values = {name: _nothing(field.type, name) for name, field in input_of(mutation).fields.items()}
    for role in PERSON_ROLES:
        if NEEDS[mutation] in RIGHTS_OF[role]:
            answer = await ask(api, acme.tokens[role.value], document(mutation), input=values)
            assert "NOT_ALLOWED" not in {error["code"] for error in answer["data"][mutation]["userErrors"]}, role


def _nothing(type_: Any, name: str) -> Any:
    from promises.test_the_api import KINDS

    made = value_for(type_, name, {kind: made_up(kind) for kind in KINDS.values()})
    if name == "workspaceIds":
        return [made_up("workspace")]
    return "" if isinstance(made, str) and get_named_type(type_).name == "String" else made


async def _row(acme: Cast, entry: Published) -> str:
    """Of the client that everybody of the cast works for."""
    await acme.case()
    forum, model = acme.workspaces["forum"], entry.model
    assert model is not None
    async with agency_scope(acme.system) as scope:
        if model is SignInProvider and not await SignInProvider.exists():
            await SignInProvider.create(issuer="https://id.example", client_id="x", domains=["acme.example"])
        if model is Hold:
            await Hold.create(
                workspace_id=forum, subject_kind="member", subject_id=new_id(), reason="x", lifted_at=now()
            )
        if model is Export:
            await _an_export(acme, forum)
        if model is Job:
            await _a_job(acme, forum)
        if model is NoticeDelivery:
            await _a_delivery(acme, forum)
        column = model.workspace_column or ("workspace_id" if "workspace_id" in model._meta.fields_map else None)
        where = "true" if column is None else f"{column} = $1"
        if model.reach is Reach.ROOT:
            where = "true"
        row = await scope.fetchval(
            f"select id from {model._meta.db_table} where {where} order by id desc limit 1",
            *([forum] if "$1" in where else []),
        )
    return f"{entry.kind}_{row}"


def _fields(type_: GraphQLObjectType) -> str:
    parts = []
    for name, field in type_.fields.items():
        shown = get_named_type(field.type)
        if is_leaf_type(shown):
            parts.append(name)
        elif "by" in field.args:
            parts.append(f"{name}(by: []) {{ __typename }}")
        elif shown.name.endswith("Connection"):
            parts.append(f"{name}(first: 1) {{ totalCount }}")
        elif is_abstract_type(shown) or published(shown.name) is not None:
            parts.append(f"{name} {{ __typename }}")
    return " ".join(parts)


async def _a_rule_that_found(acme: Cast, post_id: UUID) -> None:
    forum = acme.workspaces["forum"]
    ids = await rule_ids(acme, forum, acme.policies["spam"])
    async with agency_scope(acme.system):
        rule_id, bank_id = (UUID(ids[kind].partition("_")[2]) for kind in ("rule", "hashbank"))
        await RuleFiring.create(workspace_id=forum, rule_id=rule_id, version=1, post_id=post_id, mode="shadow")
        await bank_hashes(acme.system, bank_id, [Known("pdq", "ab" * 32, "negative")])


@pytest.fixture(autouse=True, scope="module")
async def _something_of_everything(acme: Cast) -> Any:
    await _a_rule(acme)
    case = await acme.case()
    made = await judged(acme, case)
    await reported(acme, case, acme.communities["forum"], UUID(made["decision"].partition("_")[2]))
    await investigated(acme, case)
    await filed(acme, case.workspace_id, "forum", made["decision"])
    await studied(acme, case)
    await papered(acme, case)
    await in_danger(acme, case)
    await taught(acme, case.workspace_id, case.member_id)
    await told(acme, case)
    owner = acme.owner.narrowed_to(acme.workspaces["forum"])
    version = await acme.policy_version(acme.workspaces["forum"])
    async with agency_scope(owner) as scope:
        # This very case, however many others wait.
        await scope.execute("update cases set virtual_deadline = '2000-01-01' where id = $1", case.id)
        claim = await claim_next(owner)
        await decide(
            owner,
            claim.case_id,
            token=claim.token,
            outcome="violation",
            reason="x",
            policy_version_id=version.id,
            actions=["hide_post"],
        )
        machine = await register_api_client(
            owner, name="m", scopes=[Right.REPORT], workspace_id=acme.workspaces["forum"]
        )
        await issue_credential(owner, machine.id, kind="api_key")
    async with agency_scope(acme.system):
        group = await DirectoryGroup.create(display_name=f"x-{case.id}", name_key=f"x-{case.id}")
        await DirectoryGroupWorkspace.create(group_id=group.id, workspace_id=acme.workspaces["forum"])
    await a_webhook(acme, acme.workspaces["forum"])
    await _a_rule_that_found(acme, case.post_id)
    await a_platform_delivery(acme, acme.communities["forum"])
    await a_macro(acme, acme.workspaces["forum"])
    yield
    async with agency_scope(acme.system):
        await SignInProvider.all().delete()


@pytest.mark.parametrize(("who", "is_called"), [("owner", True), ("admin", False), ("stakeholder", False)])
async def test_without_its_right_a_mutation_is_not_even_called(acme: Cast, who: str, is_called: bool) -> None:
    """The operation asks again; one that forgets to is not open to everybody."""
    called = []

    async def resolver(info: Any) -> StaffPayload:
        called.append(who)
        return StaffPayload()

    field = verb(StaffPayload, "Does it.", needs=Right.OWN)(resolver)
    actor = acme.actors[who]
    async with agency_scope(actor) as scope:
        payload = await field.base_resolver.wrapped_func(info=SimpleNamespace(context=SimpleNamespace(actor=actor)))
        assert scope.is_doomed is not is_called
    assert bool(called) == is_called
    assert [error.code.value for error in payload.user_errors] == ([] if is_called else ["NOT_ALLOWED"])
