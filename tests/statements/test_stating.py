"""Statements of reasons: written with the decision, for the member in their language, and for the database without them."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from cast import Cast, ask
from statements.conftest import Place

from backend.acting import Action
from backend.communities import MemberWarning, set_language
from backend.kit.errors import Invalid
from backend.moderation import Decision
from backend.outside import public_address
from backend.policies import CATEGORIES, current_version
from backend.statements import APPEAL_WINDOW, Complaint, Restriction, Statement, message_for, write_statement
from backend.statements.blanking import BLANK, has_personal_data, without_personal_data
from backend.statements.writing import EEA, _source
from tenants.erasing import as_eraser
from tenants.scope import agency_scope

WRITTEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_a_restriction_is_stated_with_all_that_article_17_asks_for(place: Place) -> None:
    ann, reporter = await place.member("annabel"), await place.member("bertram")
    policy = await place.policy(taxonomy_code="HA-BULLY")
    post = await place.post(ann, "You are\na fool.", posted_at=WRITTEN)
    decision = await place.decide(
        post, policy, reporter=reporter, explanation="You called somebody a fool.", actions=("hide_post", "warn_member")
    )
    statement = await place.statement(decision)
    today, until = (f"{at.day} {at:%B %Y}" for at in (statement.created_at, statement.appeal_until))
    assert statement.text == (
        f"""What we did
On {today} we decided about your post of 1 March 2026 in Main, which begins “You are a fool.”.
Your post was hidden: others no longer see it.
You are warned: if it happens again, we may have to do more.
It applies in the whole European Economic Area and wherever else the community can be read.

Why
What you wrote does not go with a rule that everybody accepts who takes part: No insults, version 1.
You called somebody a fool.
The rule says: “Do not insult each other.”

How we came to know
Your post was reported to us.
No automatic means were used to find it.
A person read your post with what stands around it, and decided. Nothing was decided by automatic means.

What you can do
If you think that this is wrong, you can appeal until {until}. It costs nothing, and somebody decides who took no part in this decision.
You can also turn to a certified out-of-court dispute settlement body (Article 21 of the Digital Services Act), or to a court."""
    )
    assert (statement.member_id, statement.post_id, statement.content_at) == (ann, post.id, WRITTEN)
    assert statement.decision_visibility == ["DECISION_VISIBILITY_CONTENT_DISABLED"]
    assert (statement.decision_provision, statement.decision_account) == (None, None)
    assert (statement.ground, statement.reference, statement.source) == (
        "incompatible",
        "No insults, version 1",
        "other_notification",
    )
    assert (statement.category, statement.keywords) == (
        "STATEMENT_CATEGORY_CYBER_VIOLENCE",
        ["KEYWORD_CYBER_BULLYING_INTIMIDATION"],
    )
    assert statement.territorial_scope == EEA
    assert statement.appeal_until - statement.created_at == APPEAL_WINDOW
    assert statement.facts == (
        "The post was reported to the provider. No automatic means were used to find it. A person read the post with what "
        "stands around it and decided."
    )
    assert statement.explanation == "It does not go with No insults, version 1. You called somebody a fool."


def test_the_window_of_appeals_is_six_months_whichever_they_are() -> None:
    starts = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)]
    ends = [datetime(2026 + (month > 6), (month + 5) % 12 + 1, 1, tzinfo=UTC) for month in range(1, 13)]
    assert max(end - start for start, end in zip(starts, ends, strict=True)) == APPEAL_WINDOW


async def test_nothing_is_stated_where_nothing_is_done(place: Place) -> None:
    ann, policy = await place.member("annabel"), await place.policy()
    await place.decide(await place.post(ann), None)
    await place.decide(await place.post(ann), policy, actions=())
    async with agency_scope(place.system):
        assert await Statement.filter(workspace_id=place.client).count() == 0


async def test_a_german_community_is_written_to_in_german(place: Place) -> None:
    async with agency_scope(place.moderator):
        await set_language(place.moderator, place.community, language="de")
    ann, policy = await place.member("annabel"), await place.policy()
    statement = await place.statement(await place.decide(await place.post(ann, posted_at=WRITTEN), policy))
    assert "über Ihren Beitrag vom 1. März 2026 in Main" in statement.text
    assert [part.split("\n")[0] for part in statement.text.split("\n\n")] == [
        "Was wir getan haben",
        "Warum",
        "Wie wir davon erfahren haben",
        "Was Sie tun können",
    ]
    assert statement.facts.startswith("The provider looked at the post of its own accord.")


async def test_silence_and_suspension_say_until_when_and_the_law_is_named(place: Place) -> None:
    ann = await place.member("annabel")
    policy = await place.policy(ground="illegal", legal_reference="Section 185 StGB", taxonomy_code="SX-EXTORT")
    decision = await place.decide(await place.post(ann), policy, actions=())
    until = datetime(2027, 1, 2, 8, 30, tzinfo=UTC)
    async with agency_scope(place.system):
        version, decided = await current_version(policy), await Decision.get(id=decision.id)
        assert version is not None
        statement = await write_statement(
            workspace_id=place.client,
            decision_id=decision.id,
            case_id=decided.case_id,
            post_id=(await place.post(ann)).id,
            version=version,
            restrictions=[
                Restriction("suspend_member"),
                Restriction("silence_member", until),
                Restriction("delete_post"),
            ],
            complaints=[Complaint("rule", "x")],
        )
    assert statement is not None
    assert "You cannot write there until 2 January 2027, 08:30 UTC." in statement.text
    assert "You cannot use your account there for the time being." in statement.text
    assert "We consider what you wrote illegal. The law is Section 185 StGB." in statement.text
    assert statement.decision_visibility == ["DECISION_VISIBILITY_CONTENT_REMOVED"]
    assert (statement.decision_provision, statement.provision_until) == ("DECISION_PROVISION_PARTIAL_SUSPENSION", until)
    assert (statement.decision_account, statement.account_until) == ("DECISION_ACCOUNT_SUSPENDED", None)
    assert (statement.source, statement.is_detected_automatically) == ("own_initiative", True)
    assert statement.reference == "Section 185 StGB"


@pytest.mark.parametrize(
    ("channels", "source"),
    [
        (["rule", "member", "trusted"], "trusted_flagger"),
        (["legal", "member"], "notice"),
        (["staff", "api"], "other_notification"),
        (["staff", "rule"], "own_initiative"),
        ([], "own_initiative"),
    ],
)
def test_the_weightiest_way_it_came_to_notice_is_the_source(channels: list[str], source: str) -> None:
    assert _source(channels) == source


@pytest.mark.parametrize("words", ["bertram told us so.", "We were told: he called me names again"])
async def test_who_complained_is_neither_named_nor_quoted(place: Place, words: str) -> None:
    ann, reporter, policy = await place.member("annabel"), await place.member("Bertram"), await place.policy()
    post = await place.post(ann)
    with pytest.raises(Invalid) as refused:
        await place.decide(post, policy, reporter=reporter, words="He called me names again", explanation=words)
    assert refused.value.path == ("input", "explanation")
    async with agency_scope(place.system):
        assert await Decision.filter(workspace_id=place.client).count() == 0


async def test_what_is_filed_holds_nothing_of_the_member(place: Place) -> None:
    ann, policy = await place.member("annabel_1990"), await place.policy()
    decision = await place.decide(
        await place.post(ann),
        policy,
        explanation="Annabel_1990, you left ann@example.com, +49 170 1234567 and https://x.example/u/ann, @annabel!",
    )
    statement = await place.statement(decision)
    assert statement.explanation == (
        f"It does not go with No insults, version 1. {BLANK}, you left {BLANK}, {BLANK} and {BLANK} {BLANK}!"
    )
    assert "annabel_1990" not in statement.facts
    assert "Annabel_1990" in statement.text


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example",
        "write to a.b+c@sub.example.org.",
        "http://x.example/u",
        "www.x.example",
        "x.example/u/ann",
        "@ann",
        "@ann@social.example",
        "+49 (0)170 123-4567",
        "0170/1234567",
        "10.20.30.40",
        "2001:db8::8a2e:370:7334",
        "Ann-Marie wrote",
        "so wrote ANN-MARIE.",
        "田中さん",
    ],
)
def test_personal_data_is_found(text: str) -> None:
    names = {"ann-marie", "田中", "a"}
    assert has_personal_data(text, names=names)
    assert not has_personal_data(without_personal_data(text, names=names), names=names)


def test_other_words_stay() -> None:
    text = (
        "A person read 3 posts of 26 November 2026 at 08:30 and decided: rule 4.2, section 185. Annual, at most 1,000."
    )
    assert without_personal_data(text, names={"ann", "a", "is"}) == text


async def test_the_link_opens_a_page_without_an_account_and_nothing_else_does(
    place: Place, api: httpx.AsyncClient
) -> None:
    ann, policy = await place.member("annabel"), await place.policy()
    decision = await place.decide(await place.post(ann, "<script>alert(1)</script> & co"), policy)
    statement = await place.statement(decision)
    async with agency_scope(place.system) as scope:
        message = await message_for(statement)
        assert await message_for(statement) == message, "the link is the same whenever it is asked for"
        assert await scope.fetchval("select count(*) from doors where target_id = $1", statement.id) == 1
    text, _, link = message.rpartition("\n\n")
    assert text == statement.text
    path = link.rpartition(" ")[2].removeprefix(public_address())
    response = await api.get(path)
    assert response.status_code == 200
    assert '<html lang="en">' in response.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in response.text
    assert response.text.count("<h1>") == 1
    assert response.text.count("<h2>") == 4
    assert response.headers["x-robots-tag"] == "noindex, nofollow"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers
    for wrong in (path[:-1], f"{path}A", "/statement/x", f"/statement/{statement.id}"):
        assert (await api.get(wrong)).status_code == 404
    async with agency_scope(place.system) as scope, as_eraser():
        await scope.execute(
            "update statements_of_reasons set text = '' where agency_id = $1 and id = $2",
            place.cast.agency_id,
            statement.id,
        )
    assert (await api.get(path)).status_code == 404, "whoever was forgotten has no page"


async def test_the_member_of_a_built_in_community_is_told_once_whatever_was_done(place: Place) -> None:
    ann, policy = await place.member("annabel"), await place.policy()
    for actions in (("hide_post",), ("hide_post", "warn_member")):
        decision = await place.decide(await place.post(ann), policy, actions=actions)
        await place.cast.run_jobs("carry_out_actions")
        statement = await place.statement(decision)
        async with agency_scope(place.system):
            [told] = await MemberWarning.filter(
                action_id__in=[each.id for each in await Action.filter(decision_id=decision.id)]
            )
            assert told.text == await message_for(statement)
            assert told.member_id == ann


async def test_a_statement_is_never_changed(place: Place) -> None:
    ann, policy = await place.member("annabel"), await place.policy()
    await place.decide(await place.post(ann), policy)
    for change in ("update statements_of_reasons set text = 'x'", "delete from statements_of_reasons"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with agency_scope(place.system) as scope:
                await scope.execute(f"{change} where agency_id = $1", place.cast.agency_id)


async def test_it_is_published_beside_its_decision(place: Place, api: httpx.AsyncClient, globex: Cast) -> None:
    ann, policy = await place.member("annabel"), await place.policy(taxonomy_code="RU-SPAM")
    decision = await place.decide(await place.post(ann), policy)
    query = """query($d: ID!) { node(id: $d) { ... on Decision { statement {
                 language ground reference source isDetectedAutomatically isDecidedAutomatically category keywords
                 otherKeyword decisionVisibility provisionUntil taxonomyCode } } } }"""
    answer: Any = await ask(api, place.cast.tokens["owner"], query, d=f"decision_{decision.id}")
    assert answer["data"]["node"]["statement"] == {
        "language": "EN",
        "ground": "INCOMPATIBLE",
        "reference": "No insults, version 1",
        "source": "OWN_INITIATIVE",
        "isDetectedAutomatically": False,
        "isDecidedAutomatically": False,
        "category": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
        "keywords": ["KEYWORD_OTHER"],
        "otherKeyword": "spam",
        "decisionVisibility": ["DECISION_VISIBILITY_CONTENT_DISABLED"],
        "provisionUntil": None,
        "taxonomyCode": "RU-SPAM",
    }
    assert "OTHER" in CATEGORIES["OTHER_VIOLATION_TC"]
    assert await ask(api, globex.tokens["owner"], query, d=f"decision_{decision.id}") == {"data": {"node": None}}
