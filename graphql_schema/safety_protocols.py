"""What is to be done about a danger: protocols in versions, and what of them is done."""

from datetime import datetime
from typing import Annotated

import strawberry

from backend import safety
from backend.kit.errors import NotAllowed
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.answering_escalations import EscalationPayload
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.escalations import Escalation
from graphql_schema.on_call import DangerKind
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.type(description="Something to be done about a danger.")
class ProtocolItem:
    key: str = strawberry.field(description="The same over versions where it is the same thing to do.")
    text: str = strawberry.field(description="What is to be done, at most 1,000 characters.")


@strawberry.type(description="What is to be done about a kind of danger, in one version.")
class Protocol:
    kind: DangerKind = strawberry.field(description="About which danger.")
    version: int = strawberry.field(description="From 1; 0 is Tend's own.")
    is_in_force: bool = strawberry.field(description="Whether what is raised now gets this one.")
    items: list[ProtocolItem] = strawberry.field(description="In order, 50 at most.")
    created_at: datetime | None = strawberry.field(description="When it was written; null for Tend's own.")
    created_by: Staff | None = strawberry.field(description="Who wrote it; null for Tend's own.")


@strawberry.input(description="Something to be done.")
class ProtocolItemInput:
    key: str = strawberry.field(description="Small letters, digits and _: call_police. One of its own for each item.")
    text: str = strawberry.field(description="What is to be done, at most 1,000 characters.")


@strawberry.input(description="A protocol, written anew.")
class WriteProtocolInput:
    kind: DangerKind = strawberry.field(description="About which danger.")
    items: list[ProtocolItemInput] = strawberry.field(description="All of them, in order; 50 at most.")
    expected_version: int = strawberry.field(description="Of the one in force; 0 where that is Tend's own.")


@strawberry.type(description="The protocol in force.")
class WriteProtocolPayload:
    protocol: Protocol | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="An item of a protocol that is done.")
class TickItemInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that is open.")
    key: str = strawberry.field(description="Of an item of its `protocol`.")
    note: str = strawberry.field(default="", description="For its readers, at most 5,000 characters.")


@strawberry.input(description="An item of a protocol that is not done after all.")
class ReopenItemInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that is open.")
    key: str = strawberry.field(description="Of an item that was ticked.")
    reason: str = strawberry.field(description="Why not, for its readers; at most 5,000 characters.")


@strawberry.type
class ReadingProtocols:
    @strawberry.field(
        description="Protocols of one danger or of all, every version, each with the newest first; null without the right "
        "to work cases.",
        metadata={NEEDS: Right.WORK_QUEUE},
    )
    async def protocols(
        self,
        info: Info,
        kind: Annotated[DangerKind | None, strawberry.argument(description="Of one danger alone.")] = None,
    ) -> list[Protocol] | None:
        try:
            found = await safety.protocol_versions(actor_of(info.context), kind=kind.value if kind else None)
        except NotAllowed:
            return None
        return [_shown(each) for each in found]


@strawberry.type
class FollowingProtocols:
    @verb(WriteProtocolPayload, "Write a protocol anew, for what is raised from now on.", needs=Right.LEAD_QUEUE)
    async def write_protocol(self, info: Info, input: Input[WriteProtocolInput]) -> WriteProtocolPayload:
        actor = actor_of(info.context)
        await safety.write_protocol(
            actor,
            kind=input.kind.value,
            items=[safety.Item(item.key, item.text) for item in input.items],
            expected_version=input.expected_version,
        )
        newest, *_ = await safety.protocol_versions(actor, kind=input.kind.value)
        return WriteProtocolPayload(protocol=_shown(newest))

    @verb(EscalationPayload, "An item of its protocol is done.", needs=Right.WORK_QUEUE)
    async def tick_item(self, info: Info, input: Input[TickItemInput]) -> EscalationPayload:
        escalation_id = uuid_of("escalation", input.escalation_id, field="escalationId")
        await safety.tick_item(actor_of(info.context), escalation_id, key=input.key, is_done=True, note=input.note)
        return EscalationPayload(escalation=ref(Escalation, escalation_id))

    @verb(EscalationPayload, "An item that was ticked is not done after all.", needs=Right.WORK_QUEUE)
    async def reopen_item(self, info: Info, input: Input[ReopenItemInput]) -> EscalationPayload:
        escalation_id = uuid_of("escalation", input.escalation_id, field="escalationId")
        await safety.tick_item(actor_of(info.context), escalation_id, key=input.key, is_done=False, note=input.reason)
        return EscalationPayload(escalation=ref(Escalation, escalation_id))


def _shown(found: safety.ProtocolVersion) -> Protocol:
    return Protocol(
        kind=DangerKind(found.kind),
        version=found.version,
        is_in_force=found.is_in_force,
        items=[ProtocolItem(key=item.key, text=item.text) for item in found.items],
        created_at=found.created_at,
        created_by=None if found.created_by_id is None else ref(Staff, found.created_by_id),
    )
