"""Why a report weighs what it weighs, and which reports of a case belong together."""

from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from backend import reporting
from backend.kit.errors import NotAllowed, NotFound
from backend.kit.ids import parse_published
from graphql_schema.cases import Report
from graphql_schema.context import Info
from graphql_schema.describing import value
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.enum(description="What is known of whoever made a report.")
class StandingKind(Enum):
    OF_TEND = value("of_tend", "No outsider: a rule, a colleague or an authority.")
    TRUSTED_FLAGGER = value("trusted_flagger", "A trusted flagger, in one of their areas: weighs the most.")
    TRUSTED_ELSEWHERE = value("trusted_elsewhere", "A trusted flagger outside their areas: weighs as anybody.")
    ANONYMOUS = value("anonymous", "They left no address: weighs as somebody unknown.")
    UNKNOWN = value("unknown", "Nothing they reported has been decided yet.")
    RECORD = value("record", "How often they were right: the more often, the more it weighs.")
    UNFOUNDED = value("unfounded", "Some of what they reported was manifestly unfounded.")
    WARNED = value("warned", "They were warned of misuse.")
    SUSPENDED = value("suspended", "They were suspended when they reported this: it weighs nothing.")
    COPIED_WORDS = value("copied_words", "Others report the same in the same words: each weighs less than the last.")
    NEW_ACCOUNTS = value("new_accounts", "Others who report this came on the same day, lately: likewise.")
    SAME_NETWORK = value("same_network", "Others report this from the same network: likewise.")


@strawberry.enum(description="What reports of one case have in common.")
class ReportClusterGround(Enum):
    COPIED_WORDS = value("copied_words", "The same words, 20 letters at least.")
    NEW_ACCOUNTS = value("new_accounts", "Accounts made on the same day, within a week before the report.")
    SAME_NETWORK = value("same_network", "The same block of addresses.")


@strawberry.type(description="One thing that is known of a reporter.")
class StandingReason:
    kind: StandingKind = strawberry.field(description="Stable; decide by this.")
    text: str = strawberry.field(description="For people, in English, with the numbers.")


@strawberry.type(description="Why a report weighs what it weighs: never a score.")
class ReporterStanding:
    reasons: list[StandingReason] = strawberry.field(description="One at least.")


@strawberry.type(description="Reports of one case that may have come together, and weigh less for it.")
class ReportCluster:
    because: ReportClusterGround = strawberry.field(description="What they have in common.")
    count: int = strawberry.field(description="How many there are, two at least.")
    reports: list[Report] = strawberry.field(description="The first hundred, the earliest first.")


def _id(kind: str, text: str) -> UUID | None:
    parsed = parse_published(text)
    return parsed[1] if parsed is not None and parsed[0] == kind else None


@strawberry.type
class Weighing:
    @strawberry.field(
        description="What is known of whoever made a report; null where it is not there for you, and for whoever works no "
        "queue.",
        metadata={NEEDS: Right.WORK_QUEUE},
    )
    async def reporter_standing(
        self,
        info: Info,
        report_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Report.id`.")],
    ) -> ReporterStanding | None:
        found = _id("report", report_id)
        if found is None:
            return None
        try:
            reasons = await reporting.standing_of(actor_of(info.context), found)
        except (NotAllowed, NotFound):
            return None
        return ReporterStanding(
            reasons=[StandingReason(kind=StandingKind(each.kind), text=each.text) for each in reasons]
        )

    @strawberry.field(
        description="Which reports of a case may have come together, the largest group first; null where the case is not "
        "there for you, and for whoever works no queue.",
        metadata={NEEDS: Right.WORK_QUEUE},
    )
    async def report_clusters(
        self, info: Info, case_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Case.id`.")]
    ) -> list[ReportCluster] | None:
        found = _id("case", case_id)
        if found is None:
            return None
        try:
            clusters = await reporting.clusters_of_case(actor_of(info.context), found)
        except (NotAllowed, NotFound):
            return None
        return [
            ReportCluster(
                because=ReportClusterGround(each.because),
                count=len(each.report_ids),
                reports=[ref(Report, id) for id in each.report_ids[:100]],
            )
            for each in clusters
        ]
