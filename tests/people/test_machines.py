"""Machines: who may let one in, what it may do, and how its keys come, change and go."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cast import Cast, ask

from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.people import (
    Machine,
    change_api_client,
    end_api_client,
    forget_access_tokens,
    grant_token,
    issue_credential,
    issue_keys_as,
    issuing_credentials,
    machine_with,
    new_access_token,
    register_api_client,
    registering_machines,
    revoke_credential,
    rotate_credential,
)
from tenants.actor import Actor
from tenants.models import ApiClient, Credential
from tenants.provisioning import add_member
from tenants.rights import MACHINE_RIGHTS, RIGHTS_OF, Right, Role
from tenants.scope import agency_scope
from tenants.sessions import open_session
from tenants.tokens import CREDENTIAL_PREFIXES

WORKSPACES = "{ workspaces(first: 1) { nodes { id } } }"
SCOPES = (Right.READ_WORKSPACE, Right.READ_CASES)


async def deputy_of(cast: Cast) -> tuple[Actor, str]:
    """An admin who works for `forum` and `chat` only, and their token."""
    workspaces = [cast.workspaces["forum"], cast.workspaces["chat"]]
    person_id, membership_id = await add_member(
        cast.agency_id,
        name="Deputy",
        email=f"{new_id()}@{cast.slug}.example",
        role=Role.ADMIN,
        workspaces=workspaces,
        sees_all=False,
    )
    actor = Actor(
        agency_id=cast.agency_id,
        role=Role.ADMIN,
        rights=RIGHTS_OF[Role.ADMIN],
        workspaces=frozenset(workspaces),
        name="Deputy",
        membership_id=membership_id,
    )
    return actor, await open_session(person_id)


async def machine_of(cast: Cast, *, workspace: str | None = None, scopes: Any = SCOPES, **facts: Any) -> ApiClient:
    async with agency_scope(cast.owner):
        return await register_api_client(
            cast.owner,
            name=facts.pop("name", "site"),
            scopes=scopes,
            workspace_id=None if workspace is None else cast.workspaces[workspace],
            **facts,
        )


async def key_of(cast: Cast, machine: ApiClient, kind: Any = "api_key", **facts: Any) -> tuple[str, Credential]:
    async with agency_scope(cast.owner):
        issued = await issue_credential(cast.owner, machine.id, kind=kind, **facts)
    return issued.token, issued.credential


async def is_let_in(api: httpx.AsyncClient, token: str) -> bool:
    answer = await ask(api, token, WORKSPACES)
    if "errors" in answer:
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    return "errors" not in answer


async def test_a_machine_is_let_in_with_its_key_and_may_do_what_its_scopes_say(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    case = await acme.case(workspace="forum")
    token, credential = await key_of(acme, await machine_of(acme))
    assert token.startswith("tend_live_")
    assert credential.hint == token[-4:]
    answer = await ask(
        api,
        token,
        "query($case: ID!, $post: ID!) { case(id: $case) { id } post(id: $post) { id } agency { staff { totalCount } } }",
        case=f"case_{case.id}",
        post=f"post_{case.post_id}",
    )
    assert answer["data"] == {
        "case": {"id": f"case_{case.id}"},
        "post": None,
        "agency": {"staff": {"totalCount": 0}},
    }


async def test_an_installation_for_trying_things_out_says_so_in_its_keys(acme: Cast) -> None:
    machine = await machine_of(acme)
    try:
        issue_keys_as("test")
        assert (await key_of(acme, machine))[0].startswith("tend_test_")
    finally:
        issue_keys_as("live")
    assert (await key_of(acme, machine))[0].startswith("tend_live_")
    assert (await key_of(acme, machine, "client_secret"))[0].startswith("tend_secret_")


async def test_a_client_secret_opens_nothing_by_itself(api: httpx.AsyncClient, acme: Cast) -> None:
    token, _ = await key_of(acme, await machine_of(acme), "client_secret")
    assert not await is_let_in(api, token)


async def test_nobody_without_the_right_touches_a_machine(acme: Cast) -> None:
    machine = await machine_of(acme, workspace="forum")
    _, credential = await key_of(acme, machine)
    async with agency_scope(acme.lead):
        for attempt in (
            register_api_client(acme.lead, name="x", scopes=SCOPES, workspace_id=acme.workspaces["forum"]),
            change_api_client(acme.lead, machine.id, scopes=SCOPES, ends_at=None),
            end_api_client(acme.lead, machine.id),
            issue_credential(acme.lead, machine.id, kind="api_key"),
            rotate_credential(acme.lead, credential.id, overlap=timedelta(0)),
            revoke_credential(acme.lead, credential.id),
        ):
            with pytest.raises(NotAllowed):
                await attempt


@pytest.mark.parametrize("right", sorted(set(Right) - MACHINE_RIGHTS))
async def test_no_machine_ever_gets_what_would_let_it_make_people_or_machines(acme: Cast, right: Right) -> None:
    with pytest.raises(Invalid):
        await machine_of(acme, scopes=[Right.READ_WORKSPACE, right])
    machine = await machine_of(acme)
    async with agency_scope(acme.owner) as scope:
        with pytest.raises(Invalid):
            await change_api_client(acme.owner, machine.id, scopes=[right], ends_at=None)
        assert (await ApiClient.get(id=machine.id)).scopes == sorted(SCOPES)
        scope.doom()


async def test_nobody_gives_a_machine_what_they_may_not_do_themselves(acme: Cast) -> None:
    """Nor a key of a machine that may: whoever has the key could do it."""
    weak = replace(acme.owner, rights=frozenset({Right.MANAGE_MACHINES, Right.READ_WORKSPACE}))
    machine = await machine_of(acme)
    _, credential = await key_of(acme, machine)
    async with agency_scope(weak):
        for attempt in (
            register_api_client(weak, name="x", scopes=[Right.IMPORT]),
            change_api_client(weak, machine.id, scopes=[Right.READ_WORKSPACE], ends_at=None),
            issue_credential(weak, machine.id, kind="api_key"),
            rotate_credential(weak, credential.id, overlap=timedelta(0)),
        ):
            with pytest.raises(NotAllowed):
                await attempt
        await revoke_credential(weak, credential.id)  # taking away is never too much
        await end_api_client(weak, machine.id)


async def test_who_works_for_some_clients_makes_machines_for_these_alone(acme: Cast) -> None:
    deputy, _ = await deputy_of(acme)
    async with agency_scope(deputy):
        made = await register_api_client(deputy, name="site", scopes=SCOPES, workspace_id=acme.workspaces["forum"])
        await issue_credential(deputy, made.id, kind="api_key")
        with pytest.raises(Invalid):
            await register_api_client(deputy, name="x", scopes=SCOPES)
        with pytest.raises(NotFound):
            await register_api_client(deputy, name="x", scopes=SCOPES, workspace_id=acme.workspaces["shop"])
    for others in (await machine_of(acme), await machine_of(acme, workspace="shop")):
        _, credential = await key_of(acme, others)
        async with agency_scope(deputy):
            for attempt in (
                change_api_client(deputy, others.id, scopes=SCOPES, ends_at=None),
                end_api_client(deputy, others.id),
                issue_credential(deputy, others.id, kind="api_key"),
                rotate_credential(deputy, credential.id, overlap=timedelta(0)),
                revoke_credential(deputy, credential.id),
            ):
                with pytest.raises(NotFound):
                    await attempt


async def test_people_are_provisioned_for_the_whole_agency_only(acme: Cast) -> None:
    await machine_of(acme, scopes=[Right.PROVISION])
    with pytest.raises(Invalid):
        await machine_of(acme, scopes=[Right.PROVISION], workspace="forum")
    machine = await machine_of(acme, workspace="forum")
    async with agency_scope(acme.owner):
        with pytest.raises(Invalid):
            await change_api_client(acme.owner, machine.id, scopes=[Right.PROVISION], ends_at=None)


async def test_other_scopes_and_an_end_count_from_the_next_request_on(api: httpx.AsyncClient, acme: Cast) -> None:
    machine = await machine_of(acme)
    token, _ = await key_of(acme, machine)
    case = await acme.case(workspace="forum")
    document = "query($id: ID!) { case(id: $id) { id } }"
    assert (await ask(api, token, document, id=f"case_{case.id}"))["data"]["case"] is not None
    async with agency_scope(acme.owner):
        changed = await change_api_client(
            acme.owner, machine.id, scopes=[Right.READ_WORKSPACE], ends_at=None, expected_version=1
        )
    assert changed.version == 2
    assert (await ask(api, token, document, id=f"case_{case.id}"))["data"]["case"] is None
    async with agency_scope(acme.owner):
        with pytest.raises(Conflict):
            await change_api_client(acme.owner, machine.id, scopes=SCOPES, ends_at=None, expected_version=1)
        await end_api_client(acme.owner, machine.id)
    assert not await is_let_in(api, token)
    async with agency_scope(acme.owner):
        await change_api_client(acme.owner, machine.id, scopes=SCOPES, ends_at=now() + timedelta(days=1))
    assert await is_let_in(api, token)


async def test_a_rotated_key_works_beside_the_new_one_until_the_overlap_ends(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    old, credential = await key_of(acme, await machine_of(acme), expires_at=now() + timedelta(days=90))
    async with agency_scope(acme.owner):
        issued = await rotate_credential(acme.owner, credential.id, overlap=timedelta(hours=1))
    assert [await is_let_in(api, token) for token in (old, issued.token)] == [True, True]
    async with agency_scope(acme.owner):
        replaced = await Credential.get(id=credential.id)
        made = await Credential.get(id=issued.credential.id)
    assert timedelta(minutes=59) < replaced.expires_at - now() <= timedelta(hours=1)
    assert timedelta(days=89) < made.expires_at - now() <= timedelta(days=90)
    async with agency_scope(acme.owner):
        newest = await rotate_credential(acme.owner, issued.credential.id, overlap=timedelta(0))
        with pytest.raises(Conflict):
            await rotate_credential(acme.owner, issued.credential.id, overlap=timedelta(0))
        with pytest.raises(Invalid):
            await rotate_credential(acme.owner, newest.credential.id, overlap=timedelta(days=8))
        with pytest.raises(Invalid):
            await rotate_credential(acme.owner, newest.credential.id, overlap=timedelta(minutes=-1))
    assert [await is_let_in(api, token) for token in (issued.token, newest.token)] == [False, True]


async def test_a_rotation_never_makes_the_old_key_last_longer(acme: Cast) -> None:
    _, credential = await key_of(acme, await machine_of(acme), expires_at=now() + timedelta(minutes=5))
    async with agency_scope(acme.owner):
        await rotate_credential(acme.owner, credential.id, overlap=timedelta(days=1))
        assert (await Credential.get(id=credential.id)).expires_at <= now() + timedelta(minutes=5)


async def test_a_revoked_or_expired_key_opens_nothing_at_once(api: httpx.AsyncClient, acme: Cast) -> None:
    machine = await machine_of(acme)
    token, credential = await key_of(acme, machine)
    other, _ = await key_of(acme, machine)
    assert await is_let_in(api, token)
    async with agency_scope(acme.owner):
        first = await revoke_credential(acme.owner, credential.id)
        again = await revoke_credential(acme.owner, credential.id)
    assert first.revoked_at == again.revoked_at
    assert [await is_let_in(api, each) for each in (token, other)] == [False, True]
    with pytest.raises(Invalid):
        await key_of(acme, machine, expires_at=now() - timedelta(seconds=1))


async def test_the_journal_tells_everything_but_the_secrets(acme: Cast) -> None:
    machine = await machine_of(acme, workspace="forum", name="Journalled")
    tokens = [(await key_of(acme, machine, kind)) for kind in ("api_key", "client_secret")]
    async with agency_scope(acme.owner):
        issued = await rotate_credential(acme.owner, tokens[0][1].id, overlap=timedelta(0))
        await revoke_credential(acme.owner, tokens[1][1].id)
        await change_api_client(acme.owner, machine.id, scopes=[Right.REPORT], ends_at=None)
        await end_api_client(acme.owner, machine.id)
        entries = await JournalEntry.filter(subject_id=machine.id).order_by("at", "id")
    assert [(entry.action, entry.membership_id, entry.workspace_id) for entry in entries] == [
        (action, acme.owner.membership_id, acme.workspaces["forum"])
        for action in (
            *("apiclient.registered", "credential.issued", "credential.issued", "credential.rotated"),
            *("credential.revoked", "apiclient.changed", "apiclient.ended"),
        )
    ]
    assert entries[-2].changes["scopes"] == [sorted(SCOPES), ["report"]]
    told = str([(entry.detail, entry.changes) for entry in entries])
    for token in (tokens[0][0], tokens[1][0], issued.token):
        assert token not in told
        assert token[:-6] not in told
    assert not any(prefix in told for prefix in CREDENTIAL_PREFIXES)


async def test_there_is_an_end_to_how_many_keys_and_machines_there_may_be(
    acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing_credentials, "MOST_CREDENTIALS", 2)
    machine = await machine_of(acme)
    _, first = await key_of(acme, machine)
    await key_of(acme, machine, "client_secret")
    with pytest.raises(Conflict):
        await key_of(acme, machine)
    async with agency_scope(acme.owner):
        await revoke_credential(acme.owner, first.id)
    await key_of(acme, machine)
    monkeypatch.setattr(registering_machines, "MOST_API_CLIENTS", 1)
    with pytest.raises(Conflict):
        await machine_of(acme)


async def test_tokens_that_ended_days_ago_are_forgotten_with_their_doors_and_others_are_not(
    acme: Cast, globex: Cast
) -> None:
    machines: dict[str, Machine] = {}
    for cast in (acme, globex):
        secret, _ = await key_of(cast, await machine_of(cast), "client_secret")
        machines[cast.slug] = await machine_with(secret)
        for _ in range(3):
            await grant_token(machines[cast.slug], new_access_token(), scopes=SCOPES)
        async with agency_scope(cast.system) as scope:
            for days, number in ((4, 0), (2, 1)):
                id = (await _tokens_of(machines[cast.slug]))[number]
                await scope.execute(
                    "update credentials set expires_at = now() - $3 * interval '1 day' where agency_id = $1 and id = $2",
                    cast.agency_id,
                    id,
                    days,
                )
    async with agency_scope(acme.system) as scope:
        before = await _tokens_of(machines[acme.slug])
        await forget_access_tokens(acme.system, {})
        assert await _tokens_of(machines[acme.slug]) == before[1:]
        doors = await scope.fetchval(
            "select count(*) from doors where kind = 'credential' and target_id = any($1)", before
        )
        assert doors == 2
    async with agency_scope(globex.system):
        assert len(await _tokens_of(machines[globex.slug])) == 3


async def _tokens_of(machine: Any) -> list[Any]:
    found = await Credential.filter(parent_id=machine.secret_id).order_by("id")
    return [each.id for each in found]


# Over GraphQL

CREATE = """mutation($input: CreateApiClientInput!) { createApiClient(input: $input) {
  apiClient { id name scopes version endsAt workspace { slug } credentials { totalCount } } userErrors { code path } } }"""
ISSUE = """mutation($input: IssueCredentialInput!) { issueCredential(input: $input) {
  secret credential { id kind hint expiresAt lastUsedAt revokedAt } userErrors { code path } } }"""
LIST = """{ agency { apiClients(first: 100, orderBy: NEWEST) { nodes { id name
  credentials { nodes { id kind hint } totalCount } } } } }"""


async def test_a_machine_and_its_key_over_graphql(api: httpx.AsyncClient, acme: Cast) -> None:
    token = acme.tokens["owner"]
    answer = await ask(
        api,
        token,
        CREATE,
        input={
            "name": "Site",
            "scopes": ["IMPORT", "REPORT"],
            "workspaceId": f"workspace_{acme.workspaces['forum']}",
            "endsAt": "2100-01-01",
        },
    )
    made = answer["data"]["createApiClient"]["apiClient"]
    assert made == {
        "id": made["id"],
        "name": "Site",
        "scopes": ["IMPORT", "REPORT"],
        "version": 1,
        "endsAt": "2100-01-01T00:00:00+00:00",
        "workspace": {"slug": "forum"},
        "credentials": {"totalCount": 0},
    }
    headers = {"Idempotency-Key": str(new_id())}
    issue = {"input": {"apiClientId": made["id"], "kind": "API_KEY"}}
    first = await ask(api, token, ISSUE, headers=headers, **issue)
    assert await ask(api, token, ISSUE, headers=headers, **issue) == first
    issued = first["data"]["issueCredential"]
    assert issued["credential"] == {
        "id": issued["credential"]["id"],
        "kind": "API_KEY",
        "hint": issued["secret"][-4:],
        "expiresAt": None,
        "lastUsedAt": None,
        "revokedAt": None,
    }
    listed = next(
        node
        for node in (await ask(api, token, LIST))["data"]["agency"]["apiClients"]["nodes"]
        if node["id"] == made["id"]
    )
    assert listed["credentials"] == {
        "totalCount": 1,
        "nodes": [{"id": issued["credential"]["id"], "kind": "API_KEY", "hint": issued["secret"][-4:]}],
    }
    assert await is_let_in(api, issued["secret"])


async def test_access_tokens_are_not_among_the_credentials(api: httpx.AsyncClient, acme: Cast) -> None:
    machine = await machine_of(acme, name="Buyer")
    secret, _ = await key_of(acme, machine, "client_secret")
    await grant_token(await machine_with(secret), new_access_token(), scopes=SCOPES)
    async with agency_scope(acme.system):
        bought = await Credential.get(api_client_id=machine.id, kind="access_token")
    answer = await ask(
        api,
        acme.tokens["owner"],
        "query($a: ID!, $b: ID!) { a: node(id: $a) { ... on ApiClient { credentials { totalCount nodes { kind } } } } "
        "b: node(id: $b) { id } }",
        a=f"apiclient_{machine.id}",
        b=f"credential_{bought.id}",
    )
    assert answer["data"] == {"a": {"credentials": {"totalCount": 1, "nodes": [{"kind": "CLIENT_SECRET"}]}}, "b": None}
    revoke = "mutation($id: ID!) { revokeCredential(input: { credentialId: $id }) { userErrors { code } } }"
    refused = await ask(api, acme.tokens["owner"], revoke, id=f"credential_{bought.id}")
    assert refused["data"]["revokeCredential"]["userErrors"] == [{"code": "NOT_FOUND"}]


async def test_who_works_for_some_clients_sees_the_machines_of_these_alone(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    own = await machine_of(acme, workspace="forum", name="Own")
    others = [await machine_of(acme), await machine_of(acme, workspace="shop"), await machine_of(globex)]
    _, token = await deputy_of(acme)
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    async def seen(token: str, headers: dict[str, str] | None = None) -> list[bool]:
        keys = [await key_of(globex if each is others[2] else acme, each) for each in others]
        ids = [f"apiclient_{own.id}", *(f"apiclient_{each.id}" for each in others)]
        ids += [f"credential_{credential.id}" for _, credential in keys]
        answer = await ask(api, token, document, headers=headers, ids=ids)
        return [node is not None for node in answer["data"]["nodes"]]

    assert await seen(token) == [True, False, False, False, False, False, False]
    assert await seen(acme.tokens["owner"]) == [True, True, True, False, True, True, False]
    assert await seen(acme.tokens["owner"], {"X-Workspace-Id": "shop"}) == [
        False,
        False,
        True,
        False,
        False,
        True,
        False,
    ]
    assert await seen(acme.tokens["lead"]) == [False] * 7
    listed = (await ask(api, token, LIST))["data"]["agency"]["apiClients"]["nodes"]
    assert {node["name"] for node in listed} >= {"Own"}
    assert not {f"apiclient_{each.id}" for each in others} & {node["id"] for node in listed}
