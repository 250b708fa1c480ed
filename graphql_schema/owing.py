"""What has to be filed for a service, and whether it could be: asked for, and nothing is written."""

from typing import Annotated, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from backend import filing
from backend.kit.errors import Invalid, NotFound
from backend.kit.ids import parse_published, published
from graphql_schema.context import Info
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from graphql_schema.services import Exemption
from tenants.rights import Right


@strawberry.type(description="Something that the Digital Services Act asks of providers.")
class Duty:
    name: str = strawberry.field(description="Stable, such as UPLOADS or TRANSPARENCY_REPORT.")
    article: str = strawberry.field(description="Of Regulation (EU) 2022/2065.")
    is_owed: bool = strawberry.field(description="Whether it is asked of this provider for this service.")
    because: str = strawberry.field(description="Why, or why not: for people.")


@strawberry.type(description="What stands in the way of a statement.")
class StatementProblem:
    field: str = strawberry.field(description="As the transparency database calls it.")
    message: str = strawberry.field(description="What is wrong with it: for people, quoting nobody.")


@strawberry.type(description="A statement as it would be filed.")
class CheckedStatement:
    statement_id: strawberry.ID = strawberry.field(description="Which statement of reasons, for `node`.")
    decision_id: strawberry.ID = strawberry.field(description="Which decision, for `node`.")
    entry: JSON = strawberry.field(description="What would be sent, member by member.")
    exempt_because: Exemption | None = strawberry.field(description="Why it need not be filed; null for what is to be.")
    problems: list[StatementProblem] = strawberry.field(description="Empty for what the database would take.")


def _id(text: str) -> UUID | None:
    parsed = parse_published(text)
    return parsed[1] if parsed is not None and parsed[0] == "service" else None


_SERVICE = Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Service.id`.")]


@strawberry.type
class Owing:
    @strawberry.field(
        description="What is owed for a service today, and what not; null for one that is not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def service_duties(self, info: Info, service_id: _SERVICE) -> list[Duty] | None:
        actor, service = actor_of(info.context), _id(service_id)
        if service is None or not actor.holds(Right.READ_WORKSPACE):
            return None
        try:
            found = await filing.duties(actor, service)
        except NotFound:
            return None
        return [
            Duty(name=duty.name, article=duty.article, is_owed=duty.is_owed, because=duty.because) for duty in found
        ]

    @strawberry.field(
        description="A dry run over the oldest statements of a service that are in no batch yet, 100 at most; null for one "
        "that is not there for you, or that owes no uploads (`serviceDuties`).",
        metadata={NEEDS: Right.READ_CASES},
    )
    async def check_statements(self, info: Info, service_id: _SERVICE) -> list[CheckedStatement] | None:
        actor, service = actor_of(info.context), _id(service_id)
        if service is None or not actor.holds(Right.READ_CASES):
            return None
        try:
            found = await filing.check_statements(actor, service)
        except (NotFound, Invalid, filing.NotOwed):
            return None
        return [_shown(each) for each in found]


def _shown(checked: filing.Checked) -> CheckedStatement:
    because = checked.exempt_because
    return CheckedStatement(
        statement_id=strawberry.ID(published("statement", checked.statement.id)),
        decision_id=strawberry.ID(published("decision", checked.statement.decision_id)),
        entry=cast("JSON", checked.entry),
        exempt_because=None if because is None else Exemption(because),
        problems=[StatementProblem(field=each.field, message=each.message) for each in checked.problems],
    )
