"""What helps to decide: the kinds of harm there are, saved answers filled in, what a violation would count."""

from typing import Annotated
from uuid import UUID

import strawberry

from backend import moderation, policies
from backend.kit.errors import NotFound
from backend.kit.ids import parse_published
from graphql_schema.context import Info
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from graphql_schema.strikes import StrikeAction, StrikePreview
from tenants.rights import Right


@strawberry.type(description="A kind of harm.")
class TaxonomyCode:
    code: str = strawberry.field(description="Stable, such as HA-BULLY; for `taxonomyCode` of a policy.")
    title: str = strawberry.field(description="A few words for lists and choices.")
    description: str = strawberry.field(description="One sentence that tells it from others.")
    severity: int = strawberry.field(description="1 for the gravest to 5: a hint for the policy's author.")
    category: str | None = strawberry.field(
        description="Of the EU's transparency database; null where nothing is restricted, or it takes no such category."
    )
    keywords: list[str] = strawberry.field(
        description="Of the database, the usual one first; those of `category` alone."
    )


def _id(kind: str, text: str) -> UUID | None:
    parsed = parse_published(text)
    return parsed[1] if parsed is not None and parsed[0] == kind else None


def _shown(code: policies.Code) -> TaxonomyCode:
    usual = code.filed_as
    return TaxonomyCode(
        code=code.code,
        title=code.title,
        description=code.description,
        severity=code.severity,
        category=None if usual is None else f"STATEMENT_CATEGORY_{usual.category}",
        keywords=[
            f"KEYWORD_{pair.keyword}"
            for pair in code.pairs
            if usual is not None and pair.category == usual.category and pair.keyword
        ],
    )


@strawberry.type
class Choosing:
    @strawberry.field(
        description="The kinds of harm that policies can be about.", metadata={NEEDS: Right.READ_WORKSPACE}
    )
    def taxonomy(self, info: Info) -> list[TaxonomyCode]:
        if not actor_of(info.context).holds(Right.READ_WORKSPACE):
            return []
        return [_shown(code) for code in policies.TAXONOMY.values()]

    @strawberry.field(
        description="A saved answer, filled in for a case; null where one of them is not there for you.",
        metadata={NEEDS: Right.READ_CASES},
    )
    async def macro_text(
        self,
        info: Info,
        macro_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Macro.id`.")],
        case_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Case.id`.")],
    ) -> str | None:
        actor, macro, case = actor_of(info.context), _id("macro", macro_id), _id("case", case_id)
        if macro is None or case is None or not actor.holds(Right.READ_CASES):
            return None
        return await moderation.macro_text(actor, macro, case)

    @strawberry.field(
        description="What deciding a case as a violation would count; null where something is not there for you.",
        metadata={NEEDS: Right.READ_CASES},
    )
    async def strike_preview(
        self,
        info: Info,
        case_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Case.id`.")],
        policy_version_id: Annotated[
            strawberry.ID,
            strawberry.argument(description="Opaque, as in `PolicyVersion.id`: the words that were broken."),
        ],
    ) -> StrikePreview | None:
        actor, case, version = actor_of(info.context), _id("case", case_id), _id("policyversion", policy_version_id)
        if case is None or version is None or not actor.holds(Right.READ_CASES):
            return None
        try:
            strikes = await moderation.strikes_expected(actor, case, version)
        except NotFound:
            return None
        reached = strikes.threshold
        return StrikePreview(
            points=strikes.points,
            active=strikes.before.active,
            needs_takedown=strikes.needs_takedown,
            threshold=None if reached is None else reached.points,
            action=None if reached is None or reached.action is None else StrikeAction(reached.action),
            days=None if reached is None else reached.days,
        )
