"""What holds for every mutation and every field, and for the next one before it is written."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from endangered import in_danger
from filed import filed
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from investigated import investigated
from judged import judged
from papers import papered
from reported import reported
from studied import studied
from taught import taught
from told import told

from backend.acting import order_action
from backend.communities import Connection
from backend.directory import DirectoryGroup
from backend.evidence import Hold
from backend.intake import PlatformDelivery
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.leaving import Export
from backend.moderation import Case, Macro
from backend.notices import Notice, NoticeDelivery, Recipient, tell
from backend.outbox import Job
from backend.people import issue_credential, register_api_client
from backend.policies import Policy
from backend.ruling import BackTest, HashBank, Rule, create_hash_bank, create_rule, write_rule
from backend.webhooks import Wanted, WebhookEndpoint, create_endpoint, disable_endpoint, send_test
from graphql_schema.permissions import right_of
from graphql_schema.projection.declaring import Column, Groups, OneOf, ProjectedField, ToOne, published, published_kinds
from graphql_schema.schema import schema
from tenants.models import ApiClient, Credential
from tenants.provisioning import issue_api_key
from tenants.rights import MACHINE_RIGHTS, PERSON_ROLES, RIGHTS_OF, Right
from tenants.scope import agency_scope
from tenants.tables import tenant_models

SCHEMA = schema._schema
MUTATIONS = sorted(SCHEMA.mutation_type.fields)

# Which right each mutation needs, as it is declared; None: about the caller's own, so there is nothing to be refused.
NEEDS = {name: right_of(SCHEMA.mutation_type, field) for name, field in SCHEMA.mutation_type.fields.items()}
# The kind of id each input field takes.
KINDS = {
    "postId": "post",
    "policyId": "policy",
    "decisionId": "decision",
    "goldenItemId": "golden",
    "questionId": "question",
    "reportId": "report",
    "conflictId": "conflict",
    "ruleId": "rule",
    "backTestId": "backtest",
    "bankId": "hashbank",
    "memberId": "member",
    "workspaceId": "workspace",
    "queueId": "queue",
    "caseId": "case",
    "policyVersionId": "policyversion",
    "communityId": "community",
    "groupId": "directorygroup",
    "staffId": "staff",
    "apiClientId": "apiclient",
    "credentialId": "credential",
    "workspaceIds": "workspace",
    "subjectId": "case",
    "investigationId": "investigation",
    "investigationSubjectId": "subject",
    "subjectIds": "subject",
    "postIds": "post",
    "caseIds": "case",
    "firstSubjectId": "subject",
    "secondSubjectId": "subject",
    "holdId": "hold",
    "exportId": "export",
    "jobId": "job",
    "endpointId": "webhookendpoint",
    "webhookDeliveryId": "webhookdelivery",
    "platformDeliveryId": "platformdelivery",
    "macroId": "macro",
    "actionId": "action",
    "noticeIds": "notice",
    "noticeDeliveryId": "noticedelivery",
    "providerId": "provider",
    "serviceId": "service",
    "statementId": "statement",
    "batchId": "filingbatch",
    "transparencyReportId": "transparencyreport",
    "pageId": "reportpage",
    "trustedFlaggerId": "trustedflagger",
    "noticeId": "publicnotice",
    "appealId": "appeal",
    "markId": "unfoundedmark",
    "measureId": "misusemeasure",
    "orderId": "legalorder",
    "disputeId": "dispute",
    "programmeId": "programme",
    "verificationId": "verification",
    "evidenceId": "evidence",
    "accountId": "customeraccount",
    "contactId": "accountcontact",
    "studyId": "retentionstudy",
    "definitionId": "clientreportdefinition",
    "clientReportId": "clientreport",
    "linkId": "clientreportlink",
    "escalationId": "escalation",
    "filingId": "safetyfiling",
    "takedownId": "takedown",
    "followUpId": "followup",
    "viewedById": "staff",
    "rotaId": "rota",
    "calendarId": "holidaycalendar",
    "certificateId": "certificate",
    "insteadOfId": "staff",
    "staffIds": "staff",
    "memberIds": "member",
    "itemId": "content",
    "draftId": "contentdraft",
    "pictureId": "picture",
    "versionId": "contentversion",
    "termId": "term",
    "courseId": "course",
    "prerequisiteIds": "course",
    "lessonIds": "content",
    "enrolmentId": "enrolment",
    "attemptId": "quizattempt",
    "memberCertificateId": "membercertificate",
    "storyId": "story",
    "pathId": "learningpath",
    "courseIds": "course",
    "practiceId": "practice",
    "introductionId": "introduction",
    "firstMemberId": "member",
    "secondMemberId": "member",
}
TEXTS = {
    "section": "summary",
    "password": "a long password",
    **dict.fromkeys(("expiresAt", "logo"), ""),
    "slug": "a-new-one",
    "timeZone": "UTC",
    "taxonomyCode": "HA-BULLY",
    "claimToken": "a-token",
    "pattern": "x+",
    "url": "https://example.com/",
    "selection": "{ id }",
    "since": "2100-01-01T00:00:00Z",
    "until": "2100-01-01T00:00:00Z",
    "email": "somebody.new@example.com",
    "endsAt": "2100-01-01T00:00:00Z",
    "expiresAt": "2100-01-01T00:00:00Z",
    "startsAt": "2099-01-01T00:00:00Z",
    "establishmentCountry": "DE",
    "coordinatorCountry": "DE",
    "sizeClassSince": "2020-01-01",
    "sizeClassLostOn": "2020-01-01",
    "termsUrl": "https://example.com/terms",
    "complaintsUrl": "https://example.com/complaints",
    "misuseUrl": "https://example.com/misuse",
    "periodStart": "2025-07-01",
    "periodEnd": "2025-12-31",
    "receivedAt": "2026-01-01T00:00:00Z",
    "at": "2026-01-01T00:00:00Z",
    **dict.fromkeys(("dueAt", "acknowledgedAt", "effectAt", "authorityToldAt"), "2100-01-01T00:00:00Z"),
    **dict.fromkeys(("recipientInformedAt", "closedAt", "implementedAt"), "2100-01-01T00:00:00Z"),
    **dict.fromkeys(("country", "memberState", "language"), "DE"),
    **dict.fromkeys(
        ("lastSeenAt", "incidentAt", "filedAt", "removedAt", "toldAt", "verifiedAt"), "2026-01-01T00:00:00Z"
    ),
    "validFrom": "2026-01-01T00:00:00Z",
    "verifyBefore": "2026-12-31T00:00:00Z",
    **dict.fromkeys(("sourceUrl", "chatUrl"), "https://example.com/"),
    "validUntil": "2030-01-01T00:00:00Z",
}
# Queries that Python answers; each with the test that asks them as somebody of another agency.
COMPUTED = {
    "moderationNumbers": "tests/test_numbers_for_leads.py",
    "investigationTimeline": "tests/test_investigations.py",
    "integrityReport": "tests/test_integrity_report.py",
    "verifiedByWeek": "tests/verification/test_noting_bookings.py",
    "escalationRecord": "tests/safety/test_looking_back.py",
    "protocols": "tests/safety/test_protocols.py",
    **dict.fromkeys(("coverageGaps", "onCall", "safetyNumbers"), "tests/safety/test_on_call.py"),
    "handOverList": "tests/safety/test_ending_turns.py",
    "responderLoads": "tests/safety/test_exposing.py",
    **dict.fromkeys(("untakenDangers", "myOptOuts"), "tests/safety/test_sparing.py"),
    **dict.fromkeys(("holidays", "holidayRegions"), "tests/safety/test_holidays.py"),
    **dict.fromkeys(("authoredShare", "readContent"), "tests/education/test_reading.py"),
    "previewDraft": "tests/education/test_picturing.py",
    "clientReportContent": "tests/client_reports/test_reading_client_reports.py",
    **dict.fromkeys(("courseNumbers", "trainingGaps"), "tests/education/test_learning.py"),
    **dict.fromkeys(("readStory", "publishedStories"), "tests/stories/test_telling_stories.py"),
    "readPractice": "tests/stories/test_distilling.py",
    "introductionContact": "tests/stories/test_introducing.py",
    "customerNumbers": "tests/customers/test_numbers_of_customers.py",
    "contentToWrite": "tests/education/test_suggesting.py",
    **dict.fromkeys(("metrics", "metricSeries", "metricRows"), "tests/client_metrics/test_metrics_over_graphql.py"),
}
CHOICES = {"role": "MODERATOR"}
CONDITIONS = {"words": {"words": ["x"]}}
OBJECTS = {
    "conditions": CONDITIONS,
    "actions": {"tags": ["x"]},
    "definition": {"exposures": ["READ"]},
    "course": {"slug": "a-new-one", "title": "x", "lessonIds": [], "prerequisiteIds": [], "isOrdered": False},
    "design": {"claim": "x", "strong": ["RECEIPT"]},
}
# Kinds that belong to the agency and not to one of its clients: whoever may see them sees all of them.
OF_THE_AGENCY = {"staff", "certificate", "crisisresource", "safetysettings"}


async def ids_of(cast: Cast, workspace: str) -> dict[str, str]:
    """One real id of every kind, of one client."""
    case = await cast.case(
        workspace=workspace, policy="harassment" if workspace == "forum" else f"{workspace}:harassment"
    )
    async with agency_scope(cast.system):
        policy = await Policy.filter(workspace_id=cast.workspaces[workspace]).first()
    version = await cast.policy_version(cast.workspaces[workspace])
    async with agency_scope(cast.system):
        # One for each client: an agency has a thousand at most.
        machine = await ApiClient.get_or_none(
            name="of ids_of", workspace_id=cast.workspaces[workspace], ends_at=None
        ) or await register_api_client(
            cast.system, name="of ids_of", scopes=[Right.REPORT], workspace_id=cast.workspaces[workspace]
        )
        issued = await Credential.filter(api_client_id=machine.id, revoked_at=None).first()
        if issued is None:
            issued = (await issue_credential(cast.system, machine.id, kind="client_secret")).credential
    return {
        "apiclient": f"apiclient_{machine.id}",
        "credential": f"credential_{issued.id}",
        "post": f"post_{case.post_id}",
        "member": f"member_{case.member_id}",
        "case": f"case_{case.id}",
        "queue": f"queue_{case.queue_id}",
        "workspace": f"workspace_{cast.workspaces[workspace]}",
        "community": f"community_{cast.communities[workspace]}",
        "policy": f"policy_{policy.id}",
        **await rule_ids(cast, case.workspace_id, policy.id),
        "policyversion": f"policyversion_{version.id}",
        "staff": f"staff_{cast.colleague.membership_id}",
        "directorygroup": f"directorygroup_{await _a_group(cast)}",
        "hold": f"hold_{await _a_hold(cast, case.workspace_id)}",
        "notice": f"notice_{(delivery := await _a_delivery(cast, case.workspace_id)).notice_id}",
        "noticedelivery": f"noticedelivery_{delivery.id}",
        "export": f"export_{await _an_export(cast, case.workspace_id)}",
        "job": f"job_{await _a_job(cast, case.workspace_id)}",
        "macro": f"macro_{await a_macro(cast, case.workspace_id)}",
        "platformdelivery": f"platformdelivery_{await a_platform_delivery(cast, cast.communities[workspace])}",
        "action": f"action_{await _an_action(cast, case)}",
        **await a_webhook(cast, case.workspace_id),
        **(made := await judged(cast, case)),
        **await reported(cast, case, cast.communities[workspace], UUID(made["decision"].partition("_")[2])),
        **await investigated(cast, case),
        **await filed(cast, case.workspace_id, workspace, made["decision"]),
        **await studied(cast, case),
        **await papered(cast, case),
        **await in_danger(cast, case),
        **await taught(cast, case.workspace_id, case.member_id),
        **await told(cast, case),
    }


async def a_macro(cast: Cast, workspace_id: UUID) -> UUID:
    async with agency_scope(cast.system):
        name = f"macro {new_id()}"
        return (await Macro.create(workspace_id=workspace_id, name=name, outcome="violation", text="x")).id


async def rule_ids(cast: Cast, workspace_id: UUID, policy_id: UUID) -> dict[str, str]:
    """One draft for each client, with a back-test and a bank of hashes."""
    async with agency_scope(cast.system):
        rule = await Rule.get_or_none(workspace_id=workspace_id, name="draft") or await write_rule(
            cast.system, workspace_id, name="draft", policy_id=policy_id, conditions=CONDITIONS
        )
        test = await BackTest.get_or_none(rule_id=rule.id) or await BackTest.create(
            workspace_id=workspace_id, rule_id=rule.id, rule_version=1, conditions=CONDITIONS, post_count=0,
            state="done", ended_at=now(),
        )  # fmt: skip
        bank = await HashBank.get_or_none(workspace_id=workspace_id, name="bank") or await create_hash_bank(
            cast.system, workspace_id, name="bank"
        )
    return {"rule": f"rule_{rule.id}", "backtest": f"backtest_{test.id}", "hashbank": f"hashbank_{bank.id}"}


async def _a_group(cast: Cast) -> UUID:
    name = f"group {new_id()}"
    async with agency_scope(cast.system):
        return (await DirectoryGroup.create(display_name=name, name_key=name)).id


async def _a_hold(cast: Cast, workspace_id: UUID) -> UUID:
    async with agency_scope(cast.system):
        hold = await Hold.create(
            workspace_id=workspace_id, subject_kind="member", subject_id=new_id(), reason="x", lifted_at=now()
        )
        return hold.id


async def a_webhook(cast: Cast, workspace_id: UUID) -> dict[str, str]:
    """Not enabled, and with a delivery. The one before goes: an agency has a hundred at most."""
    async with agency_scope(cast.owner):
        await WebhookEndpoint.filter(workspace_id=workspace_id).delete()
        wanted = Wanted("https://example.com/", "x", ["hold_lifted"])
        issued = await create_endpoint(cast.owner, wanted, workspace_id=workspace_id)
        delivery_id = await send_test(cast.owner, issued.endpoint.id)
        await disable_endpoint(cast.owner, issued.endpoint.id)
    return {
        "webhookendpoint": f"webhookendpoint_{issued.endpoint.id}",
        "webhookdelivery": f"webhookdelivery_{delivery_id}",
    }


async def a_platform_delivery(cast: Cast, community_id: UUID) -> UUID:
    """It has failed, and could be replayed."""
    async with agency_scope(cast.system):
        connection = await Connection.get(community_id=community_id)
        delivery = await PlatformDelivery.create(
            workspace_id=connection.workspace_id,
            connection_id=connection.id,
            key=str(new_id()),
            kind="post.created",
            body=b"{}",
            state="failed",
            problem="timestamp is missing.",
            ended_at=now(),
        )
        return delivery.id


async def _an_action(cast: Cast, case: Case) -> UUID:
    """It has failed, and needs a human."""
    async with agency_scope(cast.system):
        action = await order_action(
            workspace_id=case.workspace_id,
            case_id=case.id,
            post_id=case.post_id,
            member_id=case.member_id,
            kind="silence_member",
        )
        return action.id


async def _an_export(cast: Cast, workspace_id: UUID) -> UUID:
    async with agency_scope(cast.system):
        export = await Export.create(
            workspace_id=workspace_id,
            what="workspace",
            format="zip",
            subject_id=workspace_id,
            state="failed",
            requested_by_id=cast.owner.membership_id,
        )
        return export.id


async def _a_job(cast: Cast, workspace_id: UUID) -> UUID:
    async with agency_scope(cast.system):
        job = await Job.create(
            kind="test", workspace_id=workspace_id, state="dead", last_error="ValueError: words", attempt=1, ended_at=now(),
            progress={"done": 1, "total": None}, on_behalf_of_id=cast.owner.membership_id,
        )  # fmt: skip
        return job.id


async def _a_delivery(cast: Cast, workspace_id: UUID) -> NoticeDelivery:
    """To a colleague of the agency; it has failed."""
    subject_id, colleague = new_id(), cast.colleague.membership_id
    async with agency_scope(cast.system):
        await tell(
            [Recipient(membership_id=colleague)],
            kind="report_decided",
            subject_id=subject_id,
            workspace_id=workspace_id,
            text="x",
        )
        notice = await Notice.get(subject_id=subject_id)
        delivery = await NoticeDelivery.get(notice_id=notice.id)
        await delivery.update_from_dict({"state": "failed", "problem": "x", "message": new_id()}).save()
        return delivery


def made_up(kind: str) -> str:
    return f"{kind}_{new_id()}"


def value_for(type_: Any, name: str, ids: dict[str, str]) -> Any:
    """Something valid for an input field; ids from `ids`."""
    if isinstance(type_, GraphQLNonNull):
        return value_for(type_.of_type, name, ids)
    if isinstance(type_, GraphQLList):
        return []
    if isinstance(type_, GraphQLInputObjectType):
        return OBJECTS.get(name) or {key: value_for(field.type, key, ids) for key, field in type_.fields.items()}
    if isinstance(type_, GraphQLEnumType):
        return CHOICES.get(name) or next(iter(type_.values))
    assert type_.name != "ID" or name in KINDS, (
        f"say in KINDS of tests/promises/test_the_api.py of which kind {name} is"
    )
    assert type_.name != "DateTime" or name in TEXTS, f"say in TEXTS of tests/promises/test_the_api.py when {name} is"
    assert type_.name != "ID" or KINDS[name] in ids, f"make a {KINDS[name]} in ids_of of tests/promises/test_the_api.py"
    return {
        "ID": lambda: ids[KINDS[name]],
        "String": lambda: TEXTS.get(name, "some text"),
        "Int": lambda: 1,
        "Float": lambda: 0.0,
        "Boolean": lambda: False,
        "DateTime": lambda: TEXTS[name],
    }[type_.name]()


def input_of(mutation: str) -> GraphQLInputObjectType:
    return get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type)


def document(mutation: str) -> str:
    payload = get_named_type(SCHEMA.mutation_type.fields[mutation].type)
    things = " ".join(
        f"{name} {{ __typename {'id' if 'id' in shown.fields else ''} }}" if is_object_type(shown) else name
        for name, field in payload.fields.items()
        if name != "userErrors" and (shown := get_named_type(field.type))
    )
    return f"mutation($input: {input_of(mutation).name}!) {{ {mutation}(input: $input) {{ {things} userErrors {{ code message path }} }} }}"


def test_every_mutation_takes_one_input_and_answers_with_user_errors() -> None:
    for name in MUTATIONS:
        field = SCHEMA.mutation_type.fields[name]
        assert list(field.args) == ["input"], name
        payload = get_named_type(field.type)
        assert str(payload.fields["userErrors"].type) == "[UserError!]!", name


@dataclass(frozen=True)
class Ids:
    """One of every kind: of the own client, of another agency's, and of another client of the own agency."""

    own: dict[str, str]
    other_agency: dict[str, str]
    other_client: dict[str, str]


@pytest.fixture(scope="module")
async def ids(acme: Cast, globex: Cast) -> Ids:
    """Once for all that is refused: nothing of it changes."""
    return Ids(await ids_of(acme, "forum"), await ids_of(globex, "forum"), await ids_of(acme, "shop"))


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if NEEDS[name] is not None])
async def test_who_lacks_the_right_is_refused_and_nothing_changes(
    api: httpx.AsyncClient, acme: Cast, ids: Ids, mutation: str
) -> None:
    before = await _rows(acme)
    values = {name: value_for(field.type, name, ids.own) for name, field in input_of(mutation).fields.items()}
    for role in PERSON_ROLES:
        if NEEDS[mutation] not in RIGHTS_OF[role]:
            answer = await ask(api, acme.tokens[role], document(mutation), input=values)
            [error] = answer["data"][mutation]["userErrors"]
            assert error["code"] == "NOT_ALLOWED", role
            assert await _rows(acme) == before, role


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if NEEDS[name] not in {None, *MACHINE_RIGHTS}])
async def test_a_machine_with_every_scope_there_is_does_nothing_beyond_them(
    api: httpx.AsyncClient, acme: Cast, ids: Ids, mutation: str
) -> None:
    """A directory's key that could invite would be an admin a mail later."""
    key = await issue_api_key(acme.agency_id, name="everything", scopes=MACHINE_RIGHTS)
    before = await _rows(acme)
    values = {name: value_for(field.type, name, ids.own) for name, field in input_of(mutation).fields.items()}
    answer = await ask(api, key, document(mutation), input=values)
    [error] = answer["data"][mutation]["userErrors"]
    assert error["code"] == "NOT_ALLOWED"
    assert await _rows(acme) == before


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if NEEDS[name] is not None])
async def test_a_foreign_id_answers_byte_for_byte_like_one_that_nobody_has(
    api: httpx.AsyncClient, acme: Cast, ids: Ids, mutation: str
) -> None:
    """Another agency's, and another client's of the own agency (`shop` is none of the deputy's, who may do the most)."""
    fields = input_of(mutation).fields
    # Words and pattern exclude each other.
    values = {n: value_for(f.type, n, ids.own) for n, f in fields.items() if n not in ("words", "pattern")}
    for name, field in fields.items():
        if get_named_type(field.type).name != "ID":
            continue
        kind = KINDS[name]
        is_list = "[" in str(field.type)
        for foreign in {ids.other_agency[kind]} | ({ids.other_client[kind]} if kind not in OF_THE_AGENCY else set()):
            answers = []
            for wrong in (foreign, made_up(kind)):
                given = {**values, name: [wrong] if is_list else wrong}
                response = await api.post(
                    "/graphql",
                    json={"query": document(mutation), "variables": {"input": given}},
                    headers={"Authorization": f"Bearer {acme.tokens['deputy']}"},
                )
                answers.append((response.status_code, response.content))
            assert answers[0] == answers[1], (mutation, name)
            assert b'"data":{' in answers[0][1]


async def test_every_query_by_id_answers_a_foreign_id_like_one_that_nobody_has(
    api: httpx.AsyncClient, acme: Cast, ids: Ids
) -> None:
    own, other_agency, other_client = ids.own, ids.other_agency, ids.other_client
    checked = 0
    for name, field in SCHEMA.query_type.fields.items():
        shown = get_named_type(field.type)
        fields = "" if is_leaf_type(shown) else f"{{ __typename {'id' if 'id' in shown.fields else ''} }}"
        for argument, definition in field.args.items():
            if get_named_type(definition.type).name != "ID" or name in COMPUTED:
                continue
            is_list = "[" in str(definition.type)
            others = "".join(
                f', {other}: "{own[KINDS[other]]}"' for other in field.args if other in KINDS and other != argument
            )
            kinds = [KINDS[argument]] if argument in KINDS else [name] if name in other_agency else list(other_agency)
            for kind in kinds:
                query = f"query($id: {definition.type}) {{ {name}({argument}: $id{others}) {fields} }}"
                for foreign in (other_agency[kind], *([other_client[kind]] if kind not in OF_THE_AGENCY else ())):
                    answers = [
                        await ask(api, acme.tokens["moderator"], query, id=[id] if is_list else id)
                        for id in (foreign, made_up(kind), "nonsense")
                    ]
                    assert answers[0] == answers[1] == answers[2] == {"data": {name: [None] if is_list else None}}
                    checked += 1
    assert checked >= 10


async def test_every_list_filtered_by_a_foreign_id_is_as_empty_as_by_one_that_nobody_has(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    other_agency, checked = await ids_of(globex, "forum"), 0
    other_agency["staff"] = f"staff_{globex.moderator.membership_id}"
    workspace = SCHEMA.type_map["Workspace"]
    for name, field in workspace.fields.items():
        if "filter" not in field.args or "first" not in field.args:
            continue
        for key, definition in get_named_type(field.args["filter"].type).fields.items():
            if get_named_type(definition.type).name != "ID":
                continue
            query = f"""query($w: ID!, $id: ID!) {{ workspace(id: $w) {{
                {name}(filter: {{ {key}: $id }}) {{ totalCount nodes {{ id }} }} }} }}"""
            for id in (other_agency[KINDS[key]], made_up(KINDS[key]), "nonsense"):
                answer = await ask(
                    api, acme.tokens["moderator"], query, w=f"workspace_{acme.workspaces['forum']}", id=id
                )
                assert answer == {"data": {"workspace": {name: {"totalCount": 0, "nodes": []}}}}
            checked += 1
    assert checked >= 3


@pytest.mark.parametrize("name", sorted(n for n, t in SCHEMA.type_map.items() if published(n) is not None))
async def test_every_published_field_can_be_read(api: httpx.AsyncClient, acme: Cast, name: str) -> None:
    """Each field of each type, by the owner, in a workspace where there is something of everything."""
    entry = published(name)
    if entry.kind is None:
        return  # reached through the types that hold it
    await acme.case()
    await _a_rule(acme)
    row = await _any_row(acme, entry.model)
    if row is None:
        return
    answer = await ask(
        api,
        acme.tokens["owner"],
        f"query($id: ID!) {{ node(id: $id) {{ __typename ... on {name} {{ {_as_deep_as_allowed(name)} }} }} }}",
        id=f"{entry.kind}_{row}",
    )
    assert "errors" not in answer, answer
    is_for_readers = entry.model.restricted_to == "reader"
    if (entry.row is None and not is_for_readers) or answer["data"]["node"]:  # some rows are for one person only
        assert answer["data"]["node"]["__typename"] == name


@pytest.mark.parametrize("who", ["owner", "contractor"])
async def test_every_table_of_every_statement_carries_the_constants_the_wall_checks(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Indexes use them, a distributed planner needs them, and the wall is the second line, not the first."""
    statements: list[str] = []
    fetchrow = agency_scope.fetchrow

    async def noted(self: Any, sql: str, *values: Any) -> Any:
        statements.append(sql)
        return await fetchrow(self, sql, *values)

    monkeypatch.setattr(agency_scope, "fetchrow", noted)
    ids = await ids_of(acme, "forum")
    for name in SCHEMA.type_map:
        entry = published(name)
        if entry is not None and entry.kind in ids:
            document = f"query($id: ID!) {{ node(id: $id) {{ ... on {name} {{ {_as_deep_as_allowed(name)} }} }} }}"
            assert "errors" not in await ask(api, acme.tokens[who], document, id=ids[entry.kind])
    statements = [sql for sql in statements if " as json from " in sql]
    assert len(statements) == len(ids.keys() & published_kinds().keys())
    tables = 0
    for sql in statements:
        for table, alias in re.findall(r"(?:from|join) ([a-z_]+) (t\d+|[a-z])\b", sql):
            own = "id" if table == "agencies" else "agency_id"
            hidden = f"{table} {alias} where false" in sql or f"join {table} {alias} on false" in sql
            assert hidden or re.search(rf"\b{alias}\.{own} = \$\d", sql), (table, sql)
            tables += 1
        root = re.search(r" as json from unnest\(\$\d+::uuid\[\]\) t\d+\(id\) join ([a-z_]+) (t\d+)", sql)
        column = next(model.workspace_column for model in tenant_models() if model._meta.db_table == root[1])
        is_hidden = f"join {root[1]} {root[2]} on false" in sql  # nothing of it is anybody's who lacks the right
        is_narrowed = who == "contractor" and column is not None and not is_hidden
        assert sql.count(f"{root[2]}.{column} = any($") == is_narrowed, sql
    assert tables > 50


def test_every_published_reference_is_nullable_and_every_needed_right_is_written_down() -> None:
    """A reference to something its reader may not see is null, so its field must allow that."""
    for name, type_ in SCHEMA.type_map.items():
        entry = published(name)
        if entry is None:
            continue
        assert entry.needs is not None, name
        for field_name, field in type_.fields.items():
            declared = field.extensions["strawberry-definition"]
            if isinstance(declared.source, ToOne | OneOf):
                assert not isinstance(field.type, GraphQLNonNull), f"{name}.{field_name}"


def test_every_leaf_is_null_in_the_schema_exactly_where_it_may_be() -> None:
    """A NULL in a field declared non-null would lose its whole row."""
    fields = {
        (name, field_name): field
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLObjectType)
        for field_name, field in type_.fields.items()
        if isinstance(field.extensions.get("strawberry-definition"), ProjectedField)
    }
    groups = {
        get_named_type(field.type).name
        for field in fields.values()
        if isinstance(field.extensions["strawberry-definition"].source, Groups)
    }
    for (name, field_name), field in fields.items():
        declared = field.extensions["strawberry-definition"]
        if isinstance(declared.source, Column):
            # A group has no value where its rows were not grouped by it.
            column = published(name).model._meta.fields_map[declared.source.name]
            may_be = column.null or name in groups or declared.needs is not None
            assert may_be == (not isinstance(field.type, GraphQLNonNull)), f"{name}.{field_name}"
        elif declared.needs is not None:
            assert not isinstance(field.type, GraphQLNonNull), f"{name}.{field_name}"


def _as_deep_as_allowed(name: str) -> str:
    """A document has 1,000 fields at most, and the largest types have more two steps down."""
    deep = _all_fields(SCHEMA.type_map[name], 2)
    return deep if len(re.findall(r"\w+", deep)) < 950 else _all_fields(SCHEMA.type_map[name], 1)


def _all_fields(type_: GraphQLObjectType, depth: int) -> str:
    parts = []
    for name, field in type_.fields.items():
        target = get_named_type(field.type)
        if is_abstract_type(target):
            parts.append(f"{name} {{ __typename ... on Node {{ id }} }}" if depth > 0 else "__typename")
        elif "by" in field.args:
            parts.append(f"{name}(by: [STATE]) {{ {_all_fields(target, 0)} }}")
        elif not is_object_type(target):
            parts.append(name)
        elif depth > 0 and target.name.endswith("Connection"):
            row = get_named_type(target.fields["nodes"].type)
            # Once is enough for how a list is paged: a document has a thousand fields at most.
            paging = "pageInfo { hasNextPage endCursor } edges { cursor }" if depth > 1 else ""
            parts.append(f"{name}(first: 2) {{ totalCount {paging} nodes {{ __typename {_all_fields(row, 0)} }} }}")
        elif target.name == "Workspace":  # half of all fields there are: they are asked of it itself
            parts.append(f"{name} {{ __typename id }}")
        elif depth > 0:
            parts.append(f"{name} {{ __typename {_all_fields(target, depth - 1)} }}")
    return " ".join(parts)


async def _a_rule(acme: Cast) -> None:
    async with agency_scope(acme.system):
        if not await Rule.filter(workspace_id=acme.workspaces["forum"]).exists():
            await create_rule(
                acme.system, acme.workspaces["forum"], name="r", policy_id=acme.policies["spam"], words=["x"]
            )


async def _any_row(acme: Cast, model: Any) -> Any:
    async with agency_scope(acme.system):
        row = await model.all().first()
        return None if row is None else row.id


async def _rows(acme: Cast) -> tuple[int, ...]:
    async with agency_scope(acme.system) as scope:
        counts = ", ".join(f"(select count(*) from {model._meta.db_table})" for model in tenant_models())
        return tuple(await scope.fetchrow(f"select {counts}"))
