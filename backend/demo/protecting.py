"""Somebody is on call for the demo's client, and what is dangerous has reached them."""

from datetime import datetime, timedelta
from typing import Final

from backend import education, safety
from backend.communities import Post
from backend.kit.clock import now
from backend.moderation import About, raise_danger
from tenants.actor import Actor
from tenants.scope import agency_scope

CERTIFICATE: Final = "safety_responder"
WEEK_HOURS: Final = 168
HELP: Final = (
    ("emergency", "Emergency services", "112", "https://european-union.europa.eu/live-work-study/112-european-emergency-number_en"),
    ("suicide", "TelefonSeelsorge", "0800 1110111", "https://www.telefonseelsorge.de"),
    ("child", "Nummer gegen Kummer", "116 111", "https://www.nummergegenkummer.de"),
)  # fmt: skip


async def protect(owner: Actor, lead: Actor, responder: Actor) -> None:
    """Once, for the only client of all three."""
    client, moment = owner.only_workspace, now()
    async with agency_scope(owner):
        if await safety.Rota.exists(workspace_id=client):
            return
        await education.set_training_requirement(owner, client, kinds=[CERTIFICATE])
        for each in (owner, lead, responder):
            assert each.membership_id is not None
            await education.record_certificate(
                owner,
                each.membership_id,
                kind=CERTIFICATE,
                valid_from=moment - timedelta(days=30),
                valid_until=moment + timedelta(days=335),
                proof="Two days of training, with the certificate on paper.",
            )
        await _on_call(owner, lead, responder, moment)
        for kind, name, phone, source in HELP:
            await safety.set_crisis_resource(
                owner,
                safety.Help(
                    "DE", kind, name, "always", ["de"], source, moment, phone=phone, is_free=True,
                    is_confidential=kind != "emergency",
                ),
                verify_before=moment + timedelta(days=180),
            )  # fmt: skip
    await _drilled(lead, responder)
    await _raised(lead, responder)


async def _on_call(owner: Actor, lead: Actor, responder: Actor, moment: datetime) -> None:
    """Week by week; who leads answers where nobody does."""
    assert lead.membership_id is not None
    assert responder.membership_id is not None
    monday = (moment - timedelta(days=moment.weekday())).replace(hour=8, minute=0, second=0, microsecond=0)
    rota = await safety.set_rota(
        owner,
        workspace_id=owner.only_workspace,
        name="Around the clock",
        time_zone="Europe/Berlin",
        layers=[
            safety.WantedLayer(1, monday - timedelta(days=7), WEEK_HOURS, [lead.membership_id, responder.membership_id])
        ],
    )
    levels = [
        safety.Level(300, [safety.Target("on_call", level=1, rota_id=rota)]),
        safety.Level(600, [safety.Target("leads")]),
    ]
    await safety.set_escalation_policies(
        owner, owner.only_workspace, expected_version=0, policies=[safety.WantedPolicy(4, levels, repeats=1)]
    )


async def _drilled(lead: Actor, responder: Actor) -> None:
    async with agency_scope(lead):
        drill = await safety.start_drill(lead, lead.only_workspace, kind="self_harm")
    async with agency_scope(responder):
        await safety.acknowledge_escalation(responder, drill)
        await safety.resolve_escalation(
            responder, drill, outcome="resolved", note="Reached within a minute.", lifts_restriction=True
        )


async def _raised(lead: Actor, responder: Actor) -> None:
    """Somebody's address, in a post: with whoever is on call, and for everybody else not there."""
    async with agency_scope(lead):
        post = (
            await Post.filter(workspace_id=lead.only_workspace, text__icontains="address is")
            .order_by("posted_at")
            .last()
        )
        if post is None:
            return
        danger = safety.Danger(
            "doxxing", "Tells where somebody lives, and that they should be visited.", impact=2, urgency=2
        )
        raised, _is_joined = await raise_danger(lead, About(post_id=post.id), danger)
    async with agency_scope(responder):
        await safety.acknowledge_escalation(responder, raised)
        await safety.tick_item(responder, raised, key="preserve", is_done=True, note="Kept with the escalation.")
        await safety.note_on_escalation(responder, raised, note="Whoever lives there is told; no answer yet.")
