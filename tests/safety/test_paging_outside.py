"""Pages to the client's contact and to what calls people by telephone: signed, once by their key, and without a word of it."""

import json
from datetime import timedelta

import pytest
from inbox import Inbox
from safety.conftest import House
from standardwebhooks.webhooks import Webhook
from webhooks.conftest import says_in_turn, server

from backend.kit.errors import Invalid
from backend.safety import Level, Target, WantedPolicy, set_escalation_policies, set_safety_contacts
from tenants.scope import agency_scope


async def reached(house: House, *targets: str, email: str | None = None, url: str | None = None) -> str | None:
    """A policy of one level with these targets; the secret of the telephony."""
    async with agency_scope(house.lead):
        _, secret = await set_safety_contacts(house.lead, house.client, email=email, telephony_url=url)
        levels = [Level(600, [Target(target) for target in targets])]
        await set_escalation_policies(house.lead, house.client, expected_version=0, policies=[WantedPolicy(5, levels)])
    return secret


async def test_the_telephony_hears_who_where_and_how_grave_signed_and_nothing_more(house: House) -> None:
    async with server() as there:
        secret = await reached(house, "telephony", url=there.url)
        escalation_id = await house.raised(summary="He has a rope.")
        [job] = await house.cast.run_jobs("page_outside", of=[house.client])
        assert job.state == "done", job.last_error
        await house.cast.run_jobs("page_outside", of=[house.client])
    [sent] = there.sent
    assert sent.headers["webhook-id"] == f"escalation-{escalation_id}-0-1-telephony"
    assert secret is not None
    told = Webhook(secret).verify(sent.body, sent.headers)
    assert told["type"] == "escalation.paged"
    assert set(told["data"]) == {"id", "client", "severity", "kind", "level", "isDrill", "url"}
    assert "rope" not in json.dumps(told)
    assert [step[:3] for step in await house.steps(escalation_id)] == [
        ("raised", None, None),
        ("paged", 1, 0),
        ("sent", 1, 0),
    ]


async def test_a_telephony_that_does_not_answer_is_tried_again_under_the_same_id(house: House) -> None:
    async with server(says_in_turn("503 Busy", "204 No Content")) as there:
        await reached(house, "telephony", url=there.url)
        escalation_id = await house.raised()
        await house.cast.run_jobs("page_outside", of=[house.client])
        assert ("sent", 1, 0, "telephony") not in await house.steps(escalation_id)
        await house.cast.run_jobs("page_outside", even_later=True, of=[house.client])
    assert len({sent.headers["webhook-id"] for sent in there.sent}) == 1
    assert len(there.sent) == 2
    assert ("sent", 1, 0, "telephony") in await house.steps(escalation_id)


async def test_the_client_is_written_to_and_a_contact_that_went_is_said(house: House, inbox: Inbox) -> None:
    address = f"safety@{house.slug}.example"
    await reached(house, "client_contact", email=address)
    escalation_id = await house.raised(summary="He has a rope.")
    await house.cast.run_jobs("page_outside", of=[house.client])
    [mail] = inbox.to(address)
    assert "severity 1, self harm" in mail["Subject"]
    assert "rope" not in mail.as_string()
    async with agency_scope(house.lead):
        await set_safety_contacts(house.lead, house.client, email=None, telephony_url=None)
    start = (await house.of(escalation_id)).raised_at
    await house.step_at(escalation_id, start + timedelta(minutes=10))
    assert (await house.steps(escalation_id))[-1][0] == "paged"  # owners: the only level reaches nobody any more


@pytest.mark.parametrize(("email", "url"), [("nobody", None), (None, "ftp://example.com/")])
async def test_what_cannot_be_reached_is_refused(house: House, email: str | None, url: str | None) -> None:
    async with agency_scope(house.lead):
        with pytest.raises(Invalid):
            await set_safety_contacts(house.lead, house.client, email=email, telephony_url=url)
