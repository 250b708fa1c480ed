"""What an escalation restricts is there for its readers alone: walked with every role over every field, and by every other
way that words leave by."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cast import ask
from filed import a_batch, a_service
from graphql import GraphQLObjectType
from promises.test_the_api import SCHEMA, _all_fields
from safety.conftest import House
from webhooks.conftest import endpoint, run_turns, server

from backend.communities import IncomingPost, Post, PostVersion, take_in
from backend.education import Certificate, set_training_requirement
from backend.evidence import INTACT, capture, verify_snapshots
from backend.filing import Filing, FilingBatch, link_to_batch
from backend.integrity import (
    InvestigationTie,
    Subject,
    TieEvidence,
    add_subjects,
    conclude,
    look_again,
    open_investigation,
)
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotFound
from backend.kit.ids import new_id
from backend.leaving import request_export
from backend.moderation import Case, CaseQuestion, Decision, Report, claim_next, decide, report_post
from backend.notices import Notice
from backend.outside import stored_files
from backend.reporting import PublicNotice
from backend.ruling import BackTest, back_test_rule
from backend.safety import (
    EscalationBrief,
    Notification,
    Requested,
    Restriction,
    acknowledge_escalation,
    break_glass,
    draft_filing,
    note_on_escalation,
    receive_takedown,
    resolve_escalation,
    set_follow_up,
    settle_takedown,
    tick_item,
    write_review,
)
from backend.verification import (
    VerificationEvidence,
    VerificationProgramme,
    VerificationTask,
    link_to_receipt,
    open_receipt,
    verified_by_week,
)
from graphql_schema.projection import published_kinds
from tenants.provisioning import issue_api_key
from tenants.rights import MACHINE_RIGHTS, PERSON_ROLES, Role
from tenants.scope import agency_scope

MARKER = "quartzlantern"  # stands nowhere else
BRIEF = "velvetharbour"


async def a_marked_case(house: House) -> Case:
    """About a post in two versions, decided once and reported again: the marker is in all that hangs on it."""
    name, client = f"p-{new_id()}", house.client
    for text in (f"first {MARKER}", f"then {MARKER}"):
        incoming = IncomingPost(
            external_id=name, author_external_id=f"m-{new_id()}", author_handle="marked", author_kind="person",
            identity_key=None, text=text, posted_at=now(),
        )  # fmt: skip
        async with agency_scope(house.system):
            await take_in(client, house.cast.communities[house.slug], [incoming])
    version = await house.cast.policy_version(client)
    async with agency_scope(house.system):
        post = await Post.get(external_id=name)
    async with agency_scope(house.lead):
        await report_post(house.lead, post.id, reason=f"says {MARKER}")
        claim = await claim_next(house.lead)
        assert claim is not None
        await decide(
            house.lead, claim.case_id, token=claim.token, outcome="violation", reason=f"because {MARKER}",
            policy_version_id=version.id, actions=("hide_post",), explanation=f"You wrote {MARKER}.",
        )  # fmt: skip
        await report_post(house.lead, post.id, reason=f"again {MARKER}")
    async with agency_scope(house.system):
        case = await Case.get(post_id=post.id, state="queued")
        await CaseQuestion.create(workspace_id=client, case_id=case.id, member_id=post.member_id, question=f"{MARKER}?")
    service = await a_service(house.cast, client, house.slug)
    async with agency_scope(house.cast.system):
        _, filing = await a_batch(service, (await Decision.get(workspace_id=client)).id)
        await Filing.filter(id=filing.id).update(explanation=f"They wrote {MARKER}.")
    return case


async def seen(house: House, api: httpx.AsyncClient, token: str) -> str:
    """All that the API answers about every row of the client, by every kind of id, every field two levels deep."""
    found = []
    for kind, entry in published_kinds().items():
        model, type_ = entry.model, SCHEMA.type_map[entry.cls.__name__]
        if model is None or not isinstance(type_, GraphQLObjectType):
            continue
        async with agency_scope(house.system) as scope:
            own = "id" if model.workspace_column == "id" else "workspace_id"
            if own == "workspace_id" and "workspace_id" not in model._meta.fields_map:
                continue
            rows = await scope.fetch(f"select id from {model._meta.db_table} where {own} = $1", house.client)
        ids = [f"{kind}_{row['id']}" for row in rows]
        for start in range(0, len(ids), 3):
            asked = " ".join(
                f'a{n}: node(id: "{id}") {{ ... on {type_.name} {{ {_all_fields(type_, 1).replace("first: 2", "first: 20")} }} }}'
                for n, id in enumerate(ids[start : start + 3])
            )
            answer = await ask(api, token, f"{{ {asked} }}", headers={"X-Workspace-Id": house.slug})
            assert "errors" not in answer, answer
            found.append(json.dumps(answer))
    return " ".join(found)


async def searched(house: House, api: httpx.AsyncClient, token: str) -> Any:
    query = """query($w: ID!, $t: String!) { workspace(id: $w) {
        posts(filter: { text: $t }) { totalCount nodes { text } } cases { nodes { id } } } }"""
    return await ask(api, token, query, w=f"workspace_{house.client}", t=MARKER)


async def test_nobody_but_its_readers_sees_a_word_of_it_in_any_field(house: House, api: httpx.AsyncClient) -> None:
    others = [role for role in PERSON_ROLES if role not in (Role.SAFETY_RESPONDER, Role.OWNER)]
    for role in others:
        if role.value not in house.people:
            await house.hire(role.value, role)
    tokens = {role.value: house.token(role.value) for role in others} | {"agency's owner": house.cast.tokens["owner"]}
    await house.hire("colleague", Role.MODERATOR)  # the other one raises it
    tokens["moderator"] = house.token("colleague")
    tokens["machine"] = await issue_api_key(house.cast.agency_id, name="x", scopes=MACHINE_RIGHTS)
    case = await a_marked_case(house)
    before = await seen(house, api, tokens["lead"])
    assert before.count(MARKER) > 10
    assert (await searched(house, api, tokens["lead"]))["data"]["workspace"]["posts"]["totalCount"] == 1
    escalation_id = await house.raised(case, summary=f"He has {BRIEF}.")
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id)
        await note_on_escalation(house.responder, escalation_id, note=f"{BRIEF} found")
        told = Notification(
            BRIEF, "now", BRIEF, ("DE",), BRIEF, BRIEF, BRIEF, identity_of_persons=BRIEF, withheld=(BRIEF,),
            withheld_because=BRIEF,
        )  # fmt: skip
        await draft_filing(house.responder, escalation_id, told)
        asked = Requested(*[BRIEF] * 6, email=f"{BRIEF}@example.com")
        takedown_id = await receive_takedown(house.responder, escalation_id, asked, received_at=now())
        await tick_item(house.responder, escalation_id, key="assess", is_done=True, note=BRIEF)
        await settle_takedown(house.responder, takedown_id, removed_at=None, refusal=BRIEF, expected_version=2)
        await resolve_escalation(
            house.responder, escalation_id, outcome="resolved", note=BRIEF, lifts_restriction=False
        )
        await write_review(
            house.responder, escalation_id, what_happened=BRIEF, went_well=BRIEF, to_change=BRIEF, expected_version=0
        )
        due_at, owner_id = now() + timedelta(days=1), house.second.membership_id
        await set_follow_up(house.responder, escalation_id, what=BRIEF, owner_id=owner_id, due_at=due_at)
    for who, token in tokens.items():
        text = await seen(house, api, token)
        assert MARKER not in text, who
        assert BRIEF not in text, who
        answer = await searched(house, api, token)
        assert MARKER not in json.dumps(answer), who
        if answer["data"]["workspace"] is not None:
            assert answer["data"]["workspace"]["posts"]["totalCount"] == 0, who
    readers = await seen(house, api, house.token("responder"))
    assert readers.count(MARKER) > 10
    assert readers.count(BRIEF) >= 20
    # Whoever raised it reads their own words, and where it is.
    raisers = await seen(house, api, house.token("moderator"))
    assert f"He has {BRIEF}." in raisers
    assert f"{BRIEF} found" not in raisers
    assert MARKER not in raisers


async def test_it_is_in_no_export_of_who_is_no_reader_and_in_no_webhook(house: House) -> None:
    case = await a_marked_case(house)
    await house.raised(case)
    owner = house.cast.owner
    async with agency_scope(owner):
        await request_export(owner, what="workspace", workspace_id=house.client)
    [job] = await house.cast.run_jobs("write_export", of=[house.client])
    assert job.state == "done", job.last_error
    held = 0
    for path in await stored_files().names(f"{house.cast.agency_id}/"):
        data = await stored_files().get(path) or b""
        if data.startswith(b"PK"):
            archive = zipfile.ZipFile(io.BytesIO(data))
            text = b"".join(archive.read(name) for name in archive.namelist())
            held += str(house.client).encode() in text
            assert MARKER.encode() not in text
    assert held
    async with server() as there:
        await endpoint(
            house.cast,
            there.url,
            workspace=house.slug,
            selection="{ ... on Case { id post { text } reports { nodes { reason } } } }",
        )
        async with agency_scope(house.system):
            await report_post(house.system, case.post_id, reason=f"more {MARKER}", member_id=case.member_id)
        await run_turns(house.cast)
    told = [sent.told for sent in there.sent if str(case.id) in json.dumps(sent.told)]
    assert told
    assert MARKER not in json.dumps(told)


async def test_pages_and_notices_have_no_word_of_it(house: House) -> None:
    case = await a_marked_case(house)
    escalation_id = await house.raised(case, summary=f"He has {BRIEF}.")
    async with agency_scope(house.cast.system) as scope:
        notices = await Notice.filter(subject_id=escalation_id)
        jobs = await scope.fetchval("select string_agg(payload::text, ' ') from jobs")
        journal = await scope.fetchval("select string_agg(detail::text || changes::text, ' ') from journal")
    assert {notice.text for notice in notices} == {"Somebody may be in danger: take it."}
    assert {tuple(sorted(notice.facts.items())) for notice in notices} == {
        (("danger", "self_harm"), ("severity", "one"))
    }
    for text in (jobs, journal):
        assert BRIEF not in text
        assert MARKER not in text


async def test_one_more_complaint_comes_in_and_shows_nothing(house: House, api: httpx.AsyncClient) -> None:
    case = await a_marked_case(house)
    await house.raised(case)
    query = """mutation($p: ID!) { reportPost(input: { postId: $p, reason: "one more" }) {
        report { id case { id } } userErrors { code } } }"""
    answer = await ask(api, house.token("supporter"), query, p=f"post_{case.post_id}")
    assert answer == {"data": {"reportPost": {"report": None, "userErrors": []}}}
    async with agency_scope(house.system):
        assert await Report.filter(case_id=case.id, reason="one more").count() == 1


async def test_a_new_version_and_a_new_case_are_as_hidden_as_the_post(house: House) -> None:
    case = await a_marked_case(house)
    await house.raised(case)
    async with agency_scope(house.responder):
        claim = await claim_next(house.responder)
        assert claim is not None
        await decide(house.responder, claim.case_id, token=claim.token, outcome="no_violation", reason="x")
    async with agency_scope(house.system):
        post = await Post.get(id=case.post_id)
        incoming = IncomingPost(
            external_id=post.external_id, author_external_id="x", author_handle="x", author_kind="person",
            identity_key=None, text=f"third {MARKER}", posted_at=now(),
        )  # fmt: skip
        await take_in(house.client, post.community_id, [incoming])
    async with agency_scope(house.supporter):
        await report_post(house.supporter, post.id, reason="x")
    async with agency_scope(house.lead):
        assert await PostVersion.filter(post_id=case.post_id).count() == 0
        assert await Case.filter(post_id=case.post_id).count() == 0
    async with agency_scope(house.responder):
        assert await PostVersion.filter(post_id=case.post_id).count() == 3
        assert await Case.filter(post_id=case.post_id).count() == 3


async def test_breaking_the_glass_opens_it_for_a_shift_and_its_owner_is_told(house: House) -> None:
    case = await a_marked_case(house)
    escalation_id = await house.raised(case, summary=f"He has {BRIEF}.")
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id)
    owner = house.cast.owner
    async with agency_scope(owner):
        assert not await Post.exists(id=case.post_id)
        until = await break_glass(owner, escalation_id, reason="The client's board asks.")
        assert until - now() > timedelta(hours=7)
    async with agency_scope(owner):
        assert await Post.exists(id=case.post_id)
        assert (await EscalationBrief.get(escalation_id=escalation_id)).summary == f"He has {BRIEF}."
    async with agency_scope(house.cast.system) as scope:
        line = await JournalEntry.get(subject_id=escalation_id, action="escalation.glass_broken")
        assert (line.membership_id, line.grounds) == (owner.membership_id, "The client's board asks.")
        assert await Notice.exists(
            subject_id=escalation_id, kind="glass_broken", membership_id=house.responder.membership_id
        )
        left = await scope.fetchval(
            "select until - now() from escalation_readers where escalation_id = $1 and because = 'broke_glass'",
            escalation_id,
        )
        assert timedelta(hours=7) < left <= timedelta(hours=8)
        await scope.execute(
            "update escalation_readers set until = now() - interval '1 second' where because = 'broke_glass'"
        )
    async with agency_scope(owner):
        assert not await Post.exists(id=case.post_id)


async def test_on_the_day_a_certificate_ends_its_holder_sees_it_no_more(house: House) -> None:
    async with agency_scope(house.lead):
        await set_training_requirement(house.lead, house.client, kinds=["crisis"])
    certificate = await house.certify("responder")
    case = await house.case()
    await house.raised(case)
    async with agency_scope(house.responder):
        assert await Case.exists(id=case.id)
    async with agency_scope(house.second):
        assert not await Case.exists(id=case.id)
    async with agency_scope(house.cast.system):
        await Certificate.filter(id=certificate.id).update(valid_until=now() - timedelta(seconds=1))
    async with agency_scope(house.responder):
        assert not await Case.exists(id=case.id)


@pytest.mark.parametrize("lifts", [True, False])
async def test_what_is_over_is_there_for_everybody_again_only_where_that_was_said(house: House, lifts: bool) -> None:
    case = await house.case()
    escalation_id = await house.raised(case)
    async with agency_scope(house.responder):
        await resolve_escalation(
            house.responder, escalation_id, outcome="stood_down", note="A song.", lifts_restriction=lifts
        )
    async with agency_scope(house.lead):
        assert await Case.exists(id=case.id) is lifts


async def test_responders_work_the_case_and_nobody_else_is_offered_it(house: House) -> None:
    case = await house.case()
    await house.raised(case)
    async with agency_scope(house.lead):
        assert await claim_next(house.lead) is None
    async with agency_scope(house.responder):
        claim = await claim_next(house.responder)
        assert claim is not None
        assert claim.case_id == case.id


async def test_another_agency_and_another_client_know_nothing_of_it(house: House) -> None:
    case = await house.case()
    await house.raised(case)
    async with agency_scope(house.cast.moderator):
        assert not await Restriction.filter(post_id=case.post_id).exists()


RAISE = """mutation($i: RaiseEscalationInput!) { raiseEscalation(input: $i) {
    escalation { state severity brief { summary post { id } case { id } } steps { totalCount } } isJoined
    userErrors { code } } }"""


async def test_somebody_of_support_and_a_machine_raise_and_read_no_more_than_their_own_words(
    house: House, api: httpx.AsyncClient
) -> None:
    posts = [await house.cast.post(f"it says {MARKER}", workspace=house.slug) for _ in range(2)]
    machine = await issue_api_key(house.cast.agency_id, name="raises", scopes=MACHINE_RIGHTS)
    own = {"summary": "I am afraid.", "post": None, "case": None}
    for token, post, brief, steps in ((house.token("supporter"), posts[0], own, 1), (machine, posts[1], None, 0)):
        given = {"postId": f"post_{post.id}", "kind": "STALKING", "summary": "I am afraid."}
        answer = await ask(api, token, RAISE, i=given)
        assert answer["data"]["raiseEscalation"] == {
            "escalation": {"state": "TRIGGERED", "severity": 1, "brief": brief, "steps": {"totalCount": steps}},
            "isJoined": False,
            "userErrors": [],
        }
        again = await ask(api, token, RAISE, i={**given, "summary": "Still."})
        assert again["data"]["raiseEscalation"]["isJoined"] is True
    async with agency_scope(house.responder):
        assert await Post.filter(id__in=[post.id for post in posts]).count() == 2


async def test_what_an_escalation_is_about_has_to_be_said_and_to_be_there(house: House, api: httpx.AsyncClient) -> None:
    case = await house.case()
    token = house.token("supporter")
    for given, code in (
        ({}, "INVALID"),
        ({"postId": f"post_{case.post_id}", "memberId": f"member_{case.member_id}"}, "INVALID"),
        ({"workspaceId": f"workspace_{house.client}"}, "INVALID"),
        ({"postId": f"post_{new_id()}"}, "NOT_FOUND"),
        ({"memberId": f"member_{new_id()}"}, "NOT_FOUND"),
        ({"memberId": f"member_{case.member_id}", "impact": 5}, "INVALID"),
    ):
        answer = await ask(api, token, RAISE, i={"kind": "OTHER", "summary": "x", **given})
        assert [error["code"] for error in answer["data"]["raiseEscalation"]["userErrors"]] == [code], given
    about = {"memberId": f"member_{case.member_id}", "kind": "OTHER", "summary": "x"}
    raised = await ask(api, token, RAISE, i=about)
    assert raised["data"]["raiseEscalation"]["userErrors"] == []
    async with agency_scope(house.lead):  # the member's ordinary cases are worked on
        assert await Case.exists(id=case.id)


async def test_a_report_of_numbers_opens_nothing_to_what_is_asked_beside_it(
    house: House, api: httpx.AsyncClient
) -> None:
    """The fields of one query share a transaction and take turns in it."""
    case = await a_marked_case(house)
    async with agency_scope(house.system):
        enquiry = await open_investigation(house.system, house.client, title="Raid", question="Who?")
        await add_subjects(house.system, enquiry, [Subject("post", case.post_id)])
    await house.raised(case)
    query = """query($w: ID!, $i: ID!, $since: DateTime!, $until: DateTime!) {
        integrityReport(workspaceId: $w, since: $since, until: $until) { openCases }
        investigationTimeline(investigationId: $i) { kind } }"""
    answer = await ask(
        api, house.token("lead"), query,
        w=f"workspace_{house.client}", i=f"investigation_{enquiry}", since=(now() - timedelta(days=1)).isoformat(), until=now().isoformat(),
    )  # fmt: skip
    assert answer["data"]["integrityReport"]["openCases"] == 1
    told = {event["kind"] for event in answer["data"]["investigationTimeline"]}
    assert told == {"investigation_opened", "investigation_subject_added"}, answer


async def test_what_is_hidden_among_the_evidence_of_another_case_stays_there(house: House) -> None:
    """Of a post that was written before the one that is judged. Whoever may not see it goes on with the chain behind it, and
    is not told that somebody broke it."""
    marked = await a_marked_case(house)
    following = await house.case()
    async with agency_scope(house.lead):
        await capture(workspace_id=house.client, case_id=following.id, post_id=following.post_id)
    await house.raised(marked)
    async with agency_scope(house.lead):
        await capture(workspace_id=house.client, case_id=following.id, post_id=following.post_id)
    told = {}
    for who in (house.lead, house.responder):
        async with agency_scope(who) as scope:
            is_intact = INTACT.replace("{row}", "s").replace("{agency}", "$1")
            rows = await scope.fetch(
                f"select s.post_id, {is_intact} as is_intact from evidence_snapshots s where s.agency_id = $1 "
                "and s.case_id = $2 order by s.position",
                who.agency_id, following.id,
            )  # fmt: skip
            assert [row["is_intact"] for row in rows] == [
                each.is_intact for each in await verify_snapshots(following.id)
            ]
        told[who] = [(row["post_id"], row["is_intact"]) for row in rows]
    own, hidden = following.post_id, marked.post_id
    assert told == {
        house.lead: [(own, True), (own, None)],
        house.responder: [(own, True), (hidden, True), (own, True), (hidden, True)],
    }


async def test_no_back_test_spells_it_out(house: House) -> None:
    await house.raised(await a_marked_case(house))
    async with agency_scope(house.lead):
        asked = await back_test_rule(house.lead, workspace_id=house.client, conditions={"pattern": MARKER})
    await house.cast.run_jobs("back_test", of=[house.client])
    async with agency_scope(house.system):
        test = await BackTest.get(id=asked.id)
    assert (test.state, test.fired, test.examples) == ("done", 0, [])


async def test_a_notice_about_it_becomes_a_report_for_its_readers(house: House, api: httpx.AsyncClient) -> None:
    case = await a_marked_case(house)
    await house.raised(case)
    verb = """mutation($c: ID!, $l: String!) { fileNotice(input: { communityId: $c, kind: RULES, location: $l, reason: "x" })
        { publicNotice { state } userErrors { code message } } }"""
    community = f"community_{house.cast.communities[house.slug]}"
    answer = await ask(api, house.token("supporter"), verb, c=community, l=f"post_{case.post_id}")
    assert answer["data"]["fileNotice"] == {"publicNotice": None, "userErrors": []}
    async with agency_scope(house.system):
        notice = await PublicNotice.get(workspace_id=house.client)
        assert (notice.state, notice.post_id) == ("attached", case.post_id)
        assert await Report.exists(id=notice.id, case_id=case.id)


async def test_what_a_member_showed_for_it_is_there_with_it_and_it_is_counted_as_before(house: House) -> None:
    case = await a_marked_case(house)
    since, mine = now() - timedelta(days=1), {"workspace_id": house.client}
    async with agency_scope(house.system):
        programme = await VerificationProgramme.create(
            community_id=house.cast.communities[house.slug], name="x", **mine
        )
        task = await VerificationTask.create(
            programme_id=programme.id, programme_version=1, member_id=case.member_id, post_id=case.post_id,
            open_until=now() + timedelta(days=1), **mine,
        )  # fmt: skip
        shown = await VerificationEvidence.create(
            task_id=task.id, member_id=case.member_id, kind="receipt", is_strong=False, state="waiting",
            content_type="image/jpeg", **mine,
        )  # fmt: skip
    async with agency_scope(house.lead):
        before = await verified_by_week(house.lead, programme.id, since=since, until=now())
        link = await link_to_receipt(house.lead, shown.id)
    await house.raised(case)
    async with agency_scope(house.lead):
        assert await verified_by_week(house.lead, programme.id, since=since, until=now()) == before
        with pytest.raises(NotFound):
            await link_to_receipt(house.lead, shown.id)
    assert await open_receipt(link.path.rpartition("/")[2]) is None


async def test_what_connects_an_investigation_is_the_same_whoever_looks_again(house: House) -> None:
    marked = await a_marked_case(house)
    async with agency_scope(house.lead):
        enquiry = await open_investigation(house.lead, house.client, title="Raid", question="Who?")
        await add_subjects(house.lead, enquiry, [Subject("post", marked.post_id), Subject("member", marked.member_id)])
        second = await open_investigation(house.lead, house.client, title="Raid", question="Who?")
        await add_subjects(house.lead, second, [Subject("post", marked.post_id)])
    await house.raised(marked)
    async with agency_scope(house.lead):
        await look_again(house.lead, enquiry)
        assert [tie.kind for tie in await InvestigationTie.filter(investigation_id=enquiry)] == ["wrote"]
        assert not await TieEvidence.exists(workspace_id=house.client)
    async with agency_scope(house.lead):
        with pytest.raises(Invalid):
            await conclude(house.lead, second, outcome="confirmed", finding="x", client_summary="It was marked.")
    async with agency_scope(house.system):
        tie = await InvestigationTie.get(investigation_id=enquiry)
        assert [row.post_id for row in await TieEvidence.filter(tie_id=tie.id)] == [marked.post_id]


async def test_a_file_of_statements_that_holds_one_about_it_is_for_its_readers(house: House) -> None:
    marked = await a_marked_case(house)
    async with agency_scope(house.lead):
        batch = await FilingBatch.get(workspace_id=house.client)
        await link_to_batch(house.lead, batch.id)
    await house.raised(marked)
    async with agency_scope(house.lead):
        with pytest.raises(NotFound):
            await link_to_batch(house.lead, batch.id)
