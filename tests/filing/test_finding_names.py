"""What is filed names no member, and says nowhere where to find one."""

import pytest
from filing.conftest import Desk
from filing.test_preparing import prepared

from backend.filing import check_statements, correct_statement
from backend.kit.errors import Conflict, Invalid
from backend.statements import Statement
from tenants.erasing import as_eraser
from tenants.scope import agency_scope


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("Write to ann@example.com.", "address"),
        ("Call +49 30 1234567.", "telephone"),
        ("As @annabel said.", "handle"),
        ("See https://forum.example/u/ann.", "link"),
        ("They insulted Max.Mustermann again.", "names a member"),
        ("他们又侮辱了王小明。", "names a member"),
    ],
)
async def test_personal_data_are_found_by_field_and_decision(desk: Desk, words: str, message: str) -> None:
    """Of the member's own nothing was written; of others it is found before anything leaves."""
    place = desk.place
    for handle in ("max.mustermann", "王小明"):
        await place.member(handle)
    ann, rude = await place.member("annabel"), await place.policy()
    decision = await place.decide(await place.post(ann), rude)
    statement = await place.statement(decision)
    await _overwrite(desk, statement, f"It does not go with {statement.reference}. {words}")
    async with agency_scope(desk.lead):
        [checked] = await check_statements(desk.lead, desk.service.id)
    assert checked.statement.decision_id == decision.id
    [problem] = checked.problems
    assert problem.field == "incompatible_content_explanation"
    assert message in problem.message
    assert "annabel" not in problem.message.lower()
    entries, states = await prepared(desk)
    assert (entries, states) == ([], {"blocked": 1})
    async with agency_scope(desk.lead):
        with pytest.raises(Invalid, match="incompatible_content_explanation"):
            await correct_statement(desk.lead, statement.id, explanation=words)
        await correct_statement(desk.lead, statement.id, explanation="They insulted somebody again.")
    entries, states = await prepared(desk)
    assert states == {"ready": 1}
    assert entries[0]["incompatible_content_explanation"] == "They insulted somebody again."
    async with agency_scope(desk.lead):
        with pytest.raises(Conflict):
            await correct_statement(desk.lead, statement.id, explanation="Anew.")


async def _overwrite(desk: Desk, statement: Statement, explanation: str) -> None:
    """As the owner of the tables: for the application a statement never changes."""
    async with agency_scope(desk.place.system) as scope, as_eraser():
        await scope.execute(
            "update statements_of_reasons set explanation = $3 where agency_id = $1 and id = $2",
            desk.cast.agency_id,
            statement.id,
            explanation,
        )


async def test_the_law_is_no_telephone_number(desk: Desk) -> None:
    place = desk.place
    law = "Regulation (EU) 2022/2065, Article 5"
    policy = await place.policy(taxonomy_code="HA-HATE", ground="illegal", legal_reference=law)
    await place.decide(await place.post(await place.member("annabel")), policy)
    entries, _ = await prepared(desk)
    assert [entry["illegal_content_legal_ground"] for entry in entries] == [law]
