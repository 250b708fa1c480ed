"""Policies that say more than their words, and saved answers."""

from typing import Any

import httpx
import pytest
from cast import Cast, ask
from statements.conftest import Place

from backend.kit.errors import Conflict, Invalid, NotFound
from backend.moderation import Macro, delete_macro, macro_text, report_post, write_macro
from backend.policies import Detail, Example, archive_policy, create_policy, current_version
from tenants.scope import agency_scope

DETAIL = """detail: { taxonomyCode: "HA-HATE", ground: ILLEGAL, legalReference: "Section 130 StGB", strikeCount: 2,
              strikeOnOccurrence: 2, strikeDays: 30, examples: [
                { text: "They should all go.", isViolation: true, note: "a protected trait" },
                { text: "The government should go.", isViolation: false }] }"""
SAID = {
    "taxonomyCode": "HA-HATE",
    "ground": "ILLEGAL",
    "legalReference": "Section 130 StGB",
    "strikeCount": 2,
    "strikeOnOccurrence": 2,
    "firstOccurrenceCount": None,
    "needsTakedown": False,
    "strikeDays": 30,
    "examples": {
        "nodes": [
            {"text": "They should all go.", "isViolation": True, "note": "a protected trait"},
            {"text": "The government should go.", "isViolation": False, "note": ""},
        ]
    },
}
FIELDS = """currentVersion { version text taxonomyCode ground legalReference strikeCount strikeOnOccurrence
              firstOccurrenceCount needsTakedown strikeDays examples { nodes { text isViolation note } } }"""


async def test_what_a_policy_says_goes_on_with_new_words_until_something_else_is_said(
    place: Place, api: httpx.AsyncClient
) -> None:
    async def do(mutation: str, **variables: Any) -> Any:
        answer = await ask(api, place.cast.tokens["owner"], mutation, **variables)
        [payload] = answer["data"].values()
        assert payload["userErrors"] == []
        return payload["policy"]

    made = await do(
        f"""mutation($w: ID!) {{ createPolicy(input: {{ workspaceId: $w, slug: "hate", title: "Hate", text: "No.",
              severity: HIGH, tier: HIGH, {DETAIL} }}) {{ policy {{ id {FIELDS} }} userErrors {{ message }} }} }}""",
        w=f"workspace_{place.client}",
    )
    assert made["currentVersion"] == {"version": 1, "text": "No.", **SAID}
    revise = f"""mutation($p: ID!, $v: Int!, $d: PolicyDetailInput) {{ revisePolicy(input: {{ policyId: $p,
                   expectedVersion: $v, text: "Never.", severity: HIGH, tier: HIGH, detail: $d }}) {{
                   policy {{ {FIELDS} }} userErrors {{ message }} }} }}"""
    revised = await do(revise, p=made["id"], v=1, d=None)
    assert revised["currentVersion"] == {"version": 2, "text": "Never.", **SAID}
    emptied = await do(revise, p=made["id"], v=2, d={"strikeCount": 1})
    assert (emptied["currentVersion"]["ground"], emptied["currentVersion"]["strikeCount"]) == ("INCOMPATIBLE", 1)
    assert emptied["currentVersion"]["examples"] == {"nodes": []}


@pytest.mark.parametrize(
    "detail",
    [
        Detail(taxonomy_code="HA-NOTHING"),
        Detail(ground="illegal", taxonomy_code="HA-HATE"),
        Detail(ground="illegal", legal_reference="a law"),
        Detail(strike_count=101),
        Detail(strike_count=-1),
        Detail(strike_on_occurrence=0),
        Detail(first_occurrence_count=101),
        Detail(strike_days=0),
        Detail(strike_days=3_651),
        Detail(examples=(Example("x", True),) * 51),
        Detail(examples=(Example(" ", True),)),
    ],
)
async def test_what_makes_no_sense_is_refused(acme: Cast, detail: Detail) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(acme.owner):
            await create_policy(
                acme.owner,
                acme.workspaces["forum"],
                slug="x-y",
                title="x",
                text="x",
                severity="low",
                tier="low",
                detail=detail,
            )


async def test_by_an_archived_policy_nobody_reports_or_decides(place: Place) -> None:
    ann, policy = await place.member("ann"), await place.policy()
    first = await place.decide(await place.post(ann), policy)
    async with agency_scope(place.moderator):
        await archive_policy(place.moderator, policy)
    post = await place.post(ann)
    with pytest.raises(Conflict):
        await place.decide(post, policy)
    with pytest.raises(Conflict):
        await place.revise(policy)
    with pytest.raises(Conflict):
        async with agency_scope(place.moderator):
            await archive_policy(place.moderator, policy)
    with pytest.raises(NotFound):
        async with agency_scope(place.moderator):
            await report_post(place.moderator, post.id, reason="x", policy_id=policy)
    async with agency_scope(place.system):
        version = await current_version(policy)
    assert version is not None
    assert first.policy_version_id == version.id


async def _macro(place: Place, text: str, **changes: Any) -> Macro:
    async with agency_scope(place.moderator):
        wanted = {"name": "Insult", "outcome": "violation", "policy_id": None, "actions": ["hide_post"], "text": text}
        return await write_macro(place.moderator, place.client, **{**wanted, **changes})


async def test_a_saved_answer_is_filled_in_for_a_case(place: Place, api: httpx.AsyncClient, globex: Cast) -> None:
    ann, policy = await place.member("ann {{policy}}"), await place.policy()
    decision = await place.decide(await place.post(ann), policy)
    macro = await _macro(place, "{{member}} broke “{{ policy }}” in {{community}}.", policy_id=policy)
    query = "query($m: ID!, $c: ID!) { macroText(macroId: $m, caseId: $c) }"
    ids = {"m": f"macro_{macro.id}", "c": f"case_{decision.case_id}"}
    answer = await ask(api, place.cast.tokens["owner"], query, **ids)
    assert answer == {"data": {"macroText": "ann {{policy}} broke “No insults” in Main."}}
    elsewhere = await place.cast.case()
    for token, case in (
        (globex.tokens["owner"], ids["c"]),
        (place.cast.tokens["stakeholder"], ids["c"]),
        (place.cast.tokens["owner"], f"case_{elsewhere.id}"),
    ):
        assert await ask(api, token, query, m=ids["m"], c=case) == {"data": {"macroText": None}}


@pytest.mark.parametrize("text", ["{{reporter}}", "{{ member.email }}", "{{member", "member}}", "{{}}", "{{{member}}}"])
async def test_a_placeholder_that_nothing_is_known_for_is_refused(place: Place, text: str) -> None:
    with pytest.raises(Invalid):
        await _macro(place, text)
    async with agency_scope(place.system):
        assert await Macro.filter(workspace_id=place.client).count() == 0


async def test_an_answer_is_written_anew_and_deleted(place: Place) -> None:
    macro = await _macro(place, "x")
    with pytest.raises(Conflict):
        await _macro(place, "another with its name")
    with pytest.raises(Invalid):
        await _macro(place, "x", name="Fine", outcome="no_violation")
    again = await _macro(place, "y", macro_id=macro.id, name="Other", outcome="no_violation", actions=[])
    assert (again.id, again.name, again.text, again.actions) == (macro.id, "Other", "y", [])
    async with agency_scope(place.moderator):
        await delete_macro(place.moderator, macro.id)
        assert await macro_text(place.moderator, macro.id, macro.id) is None
        with pytest.raises(NotFound):
            await delete_macro(place.moderator, macro.id)
