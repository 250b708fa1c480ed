"""The schema that clients see; `schema.graphql` beside it is its committed text."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.types.base_scalars import DateTimeDefinition

from graphql_schema.acting import Acting
from graphql_schema.answering_escalations import AnsweringEscalations
from graphql_schema.appeals import Appealing
from graphql_schema.badges import SigningBadges
from graphql_schema.being_told import BeingTold
from graphql_schema.best_practices import DistillingPractices
from graphql_schema.concluding_investigations import ConcludingInvestigations
from graphql_schema.crisis_resources import ListingHelp
from graphql_schema.designing_verification import DesigningVerification
from graphql_schema.disputes import RecordingDisputes
from graphql_schema.error_codes import ErrorCode
from graphql_schema.filing import FilingVerbs
from graphql_schema.filing_safety import FilingSafety
from graphql_schema.filling_banks import FillingBanks
from graphql_schema.hearing import Subscription
from graphql_schema.holidays import SettingHolidays
from graphql_schema.introducing import Introducing
from graphql_schema.investigating import Investigating
from graphql_schema.judging_again import JudgingAgain
from graphql_schema.keeping_customers import KeepingCustomers
from graphql_schema.laying_paths import LayingPaths
from graphql_schema.leading_queues import LeadingQueues
from graphql_schema.learning import Learning
from graphql_schema.leaving_for_good import LeavingForGood
from graphql_schema.legal_orders import RecordingOrders
from graphql_schema.looking_after_customers import TouchingCustomers
from graphql_schema.looking_back import Reviewing
from graphql_schema.machines import ManagingMachines
from graphql_schema.making_reports import MakingReports
from graphql_schema.managing_people import ManagingPeople
from graphql_schema.managing_webhooks import ManagingWebhooks
from graphql_schema.mapping_groups import MappingGroups
from graphql_schema.minding_reviewers import MindingReviewers
from graphql_schema.misuse import MindingReporters
from graphql_schema.operating import Operating
from graphql_schema.own_sessions import OwnSessions
from graphql_schema.picturing import Picturing
from graphql_schema.platforms import ConnectingPlatforms
from graphql_schema.projection import Execution, published_kinds
from graphql_schema.public_notices import HearingNotices
from graphql_schema.queries import Query
from graphql_schema.reading_content import HearingReaders
from graphql_schema.report_pages import OpeningReportPages
from graphql_schema.reporting_on_services import ReportingOnServices
from graphql_schema.safety_protocols import FollowingProtocols
from graphql_schema.safety_settings import Drilling
from graphql_schema.setting_clocks import SettingClocks
from graphql_schema.setting_limits import SettingLimits
from graphql_schema.setting_safety import SettingSafety
from graphql_schema.setting_up import SettingUp
from graphql_schema.sharing_reports import SharingReports
from graphql_schema.sign_in import SettingSignIn
from graphql_schema.taking_down import TakingDown
from graphql_schema.telling_stories import TellingStories
from graphql_schema.training import Training
from graphql_schema.trusted_flaggers import TrustingFlaggers
from graphql_schema.verifying import Verifying
from graphql_schema.working_cases import WorkingCases
from graphql_schema.writing_content import WritingContent
from graphql_schema.writing_macros import WritingMacros
from graphql_schema.writing_rules import WritingRules


def _moment(text: str) -> datetime:
    """In UTC, also without a zone: what is compared with the clock has one."""
    parse = DateTimeDefinition.parse_value
    assert parse is not None
    moment: datetime = parse(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise GraphQLError(
            f'Value cannot represent a DateTime: "{text}". In UTC it lies outside the years 1 to 9999.'
        ) from None


COMMITTED: Final = Path(__file__).parent / "schema.graphql"


@strawberry.type(description="Everything that can be done. Each answers with the thing it made, or with userErrors.")
class Mutation(
    WorkingCases,
    JudgingAgain,
    Appealing,
    LeadingQueues,
    MindingReviewers,
    SettingClocks,
    SettingUp,
    WritingMacros,
    Investigating,
    ConcludingInvestigations,
    DesigningVerification,
    SettingLimits,
    AnsweringEscalations,
    FollowingProtocols,
    Drilling,
    Reviewing,
    FilingSafety,
    ListingHelp,
    TakingDown,
    SettingSafety,
    SettingHolidays,
    Training,
    WritingContent,
    Picturing,
    SigningBadges,
    HearingReaders,
    Learning,
    LayingPaths,
    TellingStories,
    DistillingPractices,
    Introducing,
    WritingRules,
    FillingBanks,
    Verifying,
    ConnectingPlatforms,
    Acting,
    RecordingDisputes,
    RecordingOrders,
    MindingReporters,
    HearingNotices,
    OpeningReportPages,
    TrustingFlaggers,
    ManagingPeople,
    SettingSignIn,
    MappingGroups,
    ManagingMachines,
    ManagingWebhooks,
    BeingTold,
    LeavingForGood,
    FilingVerbs,
    KeepingCustomers,
    TouchingCustomers,
    MakingReports,
    SharingReports,
    ReportingOnServices,
    Operating,
    OwnSessions,
):
    pass


schema: Final = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[*(kind.cls for kind in published_kinds().values()), ErrorCode],
    config=StrawberryConfig(
        disable_field_suggestions=True,
        scalar_map={
            datetime: replace(
                DateTimeDefinition,
                description="A moment in UTC, ISO 8601: 2026-11-21T09:30:00.123456+00:00; zeros at the end of the "
                "fraction are left out.",
                parse_value=_moment,
            )
        },
    ),
    execution_context_class=Execution,
)
