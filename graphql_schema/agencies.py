from datetime import datetime

import strawberry

from backend.moderation import Case as CaseRow
from graphql_schema.actions import ACTION_FILTERS, Action
from graphql_schema.appeals import Appeal
from graphql_schema.badges import BadgeKey
from graphql_schema.cases import CASE_FILTERS, Case, CaseCounts, CaseGroup, CaseGrouping
from graphql_schema.client_reports import ClientReport, ClientReportDefinition
from graphql_schema.communities import MEMBER_FILTERS, POST_FILTERS, Community, Member, Post
from graphql_schema.courses import Course, LearningPath, MemberCertificate, TrainingNeed
from graphql_schema.crisis_resources import CrisisResource
from graphql_schema.customers import ACCOUNT_FILTERS, CustomerAccount, RetentionStudy
from graphql_schema.directory_groups import DirectoryGroup
from graphql_schema.disputes import Dispute
from graphql_schema.escalation_reviews import FollowUp
from graphql_schema.escalations import Escalation
from graphql_schema.investigations import Investigation, InvestigationResult
from graphql_schema.jobs import JOB_FILTERS, Job
from graphql_schema.journal import JOURNAL_FILTERS, JournalEntry
from graphql_schema.leaving import Export, Hold
from graphql_schema.legal_orders import LegalOrder
from graphql_schema.machines import ApiClient
from graphql_schema.macros import Macro
from graphql_schema.misuse import MisuseMeasure, UnfoundedMark
from graphql_schema.notices import DELIVERY_FILTERS, NoticeDelivery
from graphql_schema.on_call import EscalationPolicy, HolidayCalendar, Rota, SafetyContact, SafetySettings
from graphql_schema.orders import (
    AccountOrder,
    ApiClientOrder,
    AppealOrder,
    ArrivalOrder,
    BackTestOrder,
    CaseOrder,
    CertificateOrder,
    CommunityOrder,
    ConflictOrder,
    CreationOrder,
    DayOrder,
    DirectoryGroupOrder,
    EscalationOrder,
    ExportOrder,
    GoldenOrder,
    HoldOrder,
    HoursOrder,
    InvestigationOrder,
    JobOrder,
    JournalOrder,
    MarkOrder,
    MeasureOrder,
    MemberOrder,
    PolicyOrder,
    PositionOrder,
    PostOrder,
    ProposalOrder,
    ReviewerOrder,
    SearchOrder,
    StaffOrder,
    TermOrder,
    ThresholdOrder,
    TierOrder,
    WorkspaceOrder,
)
from graphql_schema.policies import Policy
from graphql_schema.practices import BestPractice
from graphql_schema.projection import Connection, Node, column, count, groups, many, one, publish, same_row
from graphql_schema.public_notices import PUBLIC_NOTICE_FILTERS, PublicNotice
from graphql_schema.queues import (
    ConflictOfInterest,
    DayOff,
    GoldenItem,
    QualityPlan,
    Queue,
    Reviewer,
    RoutingRule,
    ServiceLevel,
    WorkingHours,
)
from graphql_schema.rules import RULE_FILTERS, BackTest, HashBank, Rule, RuleTarget
from graphql_schema.services import ProviderEntity, Service
from graphql_schema.sign_in import SignInProvider
from graphql_schema.staff import Assignment, Staff
from graphql_schema.stories import STORY_FILTERS, Introduction, SuccessStory
from graphql_schema.strikes import StrikeThreshold
from graphql_schema.teaching import CONTENT_FILTERS, ContentItem, ContentPicture, ContentSearch, GlossaryTerm
from graphql_schema.training import TrainingRequirement
from graphql_schema.trusted_flaggers import TrustedFlagger
from graphql_schema.verification import EVIDENCE_FILTERS, VerificationEvidence, VerificationProgramme
from graphql_schema.webhooks import WebhookEndpoint
from tenants import models
from tenants.rights import Right


@publish(models.Workspace, kind="workspace", needs=Right.READ_WORKSPACE, row="{row}.deleted_at is null")
class Workspace(Node):
    """One client of the agency."""

    id: strawberry.ID
    slug: str = column(description="Short name, unique within the agency; also fits the header X-Workspace-Id.")
    name: str = column(description="What people call the client, at most 200 characters.")
    time_zone: str = column(
        description="IANA name of where the client is, such as Europe/Paris. Times here are UTC all the same."
    )
    created_at: datetime = column(description="When the agency took the client on in Tend.")
    communities: Connection[Community] = many(
        "workspace_id", order=CommunityOrder, description="Where the client's members meet."
    )
    members: Connection[Member] = many(
        "workspace_id",
        order=MemberOrder,
        filters=MEMBER_FILTERS,
        description="Members of all its communities, bots included.",
    )
    posts: Connection[Post] = many(
        "workspace_id",
        order=PostOrder,
        filters=POST_FILTERS,
        description="Posts of all its communities, hidden ones included.",
    )
    cases: Connection[Case] = many(
        "workspace_id",
        order=CaseOrder,
        filters=CASE_FILTERS,
        description="Cases about its posts, closed ones included.",
    )
    case_groups: list[CaseGroup] = groups(
        "workspace_id",
        by=CaseGrouping,
        filters=CASE_FILTERS,
        description="Its cases counted by what they are; a group of none is left out.",
    )
    actions: Connection[Action] = many(
        "workspace_id",
        order=CreationOrder,
        filters=ACTION_FILTERS,
        description="What is done in its communities; those in FAILED need a human.",
    )
    case_counts: CaseCounts = same_row(description="How many of its cases are where, and how late.")
    open_case_count: int = count(
        CaseRow,
        "workspace_id",
        where="{row}.state <> 'closed' and {row}.kind <> 'golden'",
        description="Cases that are not closed: queued and in review together.",
    )
    queues: Connection[Queue] = many(
        "workspace_id", order=CreationOrder, description="Where its cases wait; every client starts with one."
    )
    appeals: Connection[Appeal] = many(
        "workspace_id", order=AppealOrder, description="Decisions that members did not accept, answered ones included."
    )
    routing: Connection[RoutingRule] = many(
        "workspace_id", order=PositionOrder, description="Which cases go to which queue; the first that fits decides."
    )
    golden_items: Connection[GoldenItem] = many(
        "workspace_id",
        order=GoldenOrder,
        description="What reviewers are measured by; empty for whoever does not lead.",
    )
    quality_plan: QualityPlan | None = one(
        "workspace_id",
        reverse=True,
        description="Who looks twice; null for nobody, and only suspensions without an end are held.",
    )
    service_levels: Connection[ServiceLevel] = many(
        "workspace_id", order=TierOrder, description="What it was promised other than usual."
    )
    working_hours: Connection[WorkingHours] = many(
        "workspace_id", order=HoursOrder, description="When its clocks run; empty for always."
    )
    days_off: Connection[DayOff] = many("workspace_id", order=DayOrder, description="When its clocks stand still.")
    conflicts: Connection[ConflictOfInterest] = many(
        "workspace_id", order=ConflictOrder, description="Who is too close to whom; others' only for leads."
    )
    policies: Connection[Policy] = many(
        "workspace_id", order=PolicyOrder, description="What its communities do not accept."
    )
    rules: Connection[Rule] = many(
        "workspace_id",
        order=CreationOrder,
        filters=RULE_FILTERS,
        description="What Tend looks for there by itself.",
    )
    rule_target: RuleTarget | None = one(
        "workspace_id",
        reverse=True,
        description="How often a rule must be right before it goes live; null before there is any.",
    )
    back_tests: Connection[BackTest] = many(
        "workspace_id", order=BackTestOrder, description="What rules would have found among stored posts."
    )
    verification_programmes: Connection[VerificationProgramme] = many(
        "workspace_id", order=CreationOrder, description="What is made sure of in its communities, 100 at most."
    )
    verification_evidence: Connection[VerificationEvidence] = many(
        "workspace_id",
        order=CreationOrder,
        filters=EVIDENCE_FILTERS,
        description="What its members showed: the queue of whoever looks, and what was used twice.",
    )
    hash_banks: Connection[HashBank] = many(
        "workspace_id", order=CreationOrder, description="Pictures and films that staff knows, by their hashes."
    )
    investigations: Connection[Investigation] = many(
        "workspace_id", order=InvestigationOrder, description="What was looked into there, concluded ones included."
    )
    investigation_results: Connection[InvestigationResult] = many(
        "workspace_id", order=InvestigationOrder, description="What the client was told of these."
    )
    macros: Connection[Macro] = many("workspace_id", order=CreationOrder, description="Its saved answers, 500 at most.")
    strike_thresholds: Connection[StrikeThreshold] = many(
        "workspace_id",
        order=ThresholdOrder,
        description="Empty for the usual ones: 3, 5 and 10 points, without actions.",
    )
    providers: Connection[ProviderEntity] = many(
        "workspace_id", order=CreationOrder, description="Whose its services are."
    )
    services: Connection[Service] = many(
        "workspace_id", order=CreationOrder, description="What has to be filed for it is owed for these."
    )
    public_notices: Connection[PublicNotice] = many(
        "workspace_id",
        order=ArrivalOrder,
        filters=PUBLIC_NOTICE_FILTERS,
        description="What was handed in without an account, by machines and by letter; those in RECEIVED need a human.",
    )
    trusted_flaggers: Connection[TrustedFlagger] = many(
        "workspace_id", order=CreationOrder, description="Whose notices come first, those who did once included."
    )
    unfounded_marks: Connection[UnfoundedMark] = many(
        "workspace_id", order=MarkOrder, description="What was found manifestly unfounded."
    )
    misuse_measures: Connection[MisuseMeasure] = many(
        "workspace_id",
        order=MeasureOrder,
        description="Warnings and suspensions for misuse, those that ended included.",
    )
    legal_orders: Connection[LegalOrder] = many(
        "workspace_id", order=ArrivalOrder, description="What authorities ordered."
    )
    disputes: Connection[Dispute] = many(
        "workspace_id", order=ArrivalOrder, description="What was taken to bodies out of court."
    )
    customer_accounts: Connection[CustomerAccount] = many(
        "workspace_id", order=AccountOrder, filters=ACCOUNT_FILTERS, description="Its own customers."
    )
    retention_studies: Connection[RetentionStudy] = many(
        "workspace_id", order=CreationOrder, description="Whether its customers who use the community stay."
    )
    client_report_definitions: Connection[ClientReportDefinition] = many(
        "workspace_id", order=CreationOrder, description="Which reports it gets, archived ones included."
    )
    client_reports: Connection[ClientReport] = many(
        "workspace_id", order=CreationOrder, description="Its reports; what is not published only for who leads there."
    )
    escalations: Connection[Escalation] = many(
        "workspace_id",
        order=EscalationOrder,
        description="Danger that was raised, drills and what is over included.",
    )
    follow_ups: Connection[FollowUp] = many(
        "workspace_id",
        order=CreationOrder,
        description="What is to change after its escalations: yours, and of those that you read.",
    )
    rotas: Connection[Rota] = many(
        "workspace_id", order=CreationOrder, description="Who is on call for it alone; `Agency.rotas` has the others."
    )
    escalation_policies: Connection[EscalationPolicy] = many(
        "workspace_id", order=PositionOrder, description="Who is paged in which order; empty for the agency's."
    )
    safety_contact: SafetyContact | None = one(
        "workspace_id", reverse=True, description="Whom policies reach besides colleagues; null for nobody."
    )
    training_requirement: TrainingRequirement | None = one(
        "workspace_id", reverse=True, description="What its responders must have learned; null for nothing."
    )
    content: Connection[ContentItem] = many(
        "workspace_id",
        order=CreationOrder,
        filters=CONTENT_FILTERS,
        description="Its articles and lessons, those included that readers do not find.",
    )
    courses: Connection[Course] = many(
        "workspace_id",
        order=CreationOrder,
        description="What is taught in order, drafts and what was archived included.",
    )
    learning_paths: Connection[LearningPath] = many(
        "workspace_id", order=CreationOrder, description="Its courses in order, under a name; archived ones included."
    )
    member_certificates: Connection[MemberCertificate] = many(
        "workspace_id", order=CertificateOrder, description="What its members were certified for."
    )
    training_needs: Connection[TrainingNeed] = many(
        "workspace_id", order=CreationOrder, description="What roles and queues need there."
    )
    pictures: Connection[ContentPicture] = many(
        "workspace_id",
        order=CreationOrder,
        description="For its articles and lessons; empty for whoever does not teach.",
    )
    content_searches: Connection[ContentSearch] = many(
        "workspace_id",
        order=SearchOrder,
        description="What readers looked for there; empty for whoever does not teach.",
    )
    stories: Connection[SuccessStory] = many(
        "workspace_id",
        order=CreationOrder,
        filters=STORY_FILTERS,
        description="What its customers achieved, told or not.",
    )
    best_practices: Connection[BestPractice] = many(
        "workspace_id", order=CreationOrder, description="What others can do, those included that readers do not find."
    )
    introductions: Connection[Introduction] = many(
        "workspace_id", order=ProposalOrder, description="Which of its members may be made known to each other."
    )
    glossary: Connection[GlossaryTerm] = many("workspace_id", order=TermOrder, description="Its words, in plain words.")
    evidence_days: int = column(description="How long the words of evidence are kept after a case is closed.")
    assignments: Connection[Assignment] = many(
        "workspace_id",
        order=CreationOrder,
        description="Who works for this client alone or among others; whoever sees all clients is left out.",
    )
    brand_name: str | None = column(
        needs=Right.MANAGE_WORKSPACES,
        description="What stands at the head of mails to its own people; null for `name`.",
    )
    brand_colour: str | None = column(
        needs=Right.MANAGE_WORKSPACES, description="The colour of these mails, such as #1f2937; null for Tend's own."
    )
    brand_sender: str | None = column(
        needs=Right.MANAGE_WORKSPACES, description="Whom these mails come from; null for `brandName`."
    )
    brand_reply_to: str | None = column(
        needs=Right.MANAGE_WORKSPACES, description="Where answers to these mails go; null for nowhere."
    )
    deletes_at: datetime | None = column(
        needs=Right.MANAGE_WORKSPACES,
        description="When all of it is deleted, since it was closed; null for a client that is open.",
    )
    webhook_endpoints: Connection[WebhookEndpoint] = many(
        "workspace_id",
        order=CreationOrder,
        description="Servers that hear of this client alone; empty for whoever does not look after machines.",
    )
    holds: Connection[Hold] = many(
        "workspace_id", order=HoldOrder, description="Legal holds on it and on its members, lifted ones included."
    )
    journal: Connection[JournalEntry] = many(
        "workspace_id",
        order=JournalOrder,
        filters=JOURNAL_FILTERS,
        description="Who did what for this client; empty for whoever may not read the journal.",
    )


@publish(models.Agency, kind="agency", needs=Right.READ_WORKSPACE)
class Agency(Node):
    """The agency this request is about."""

    id: strawberry.ID
    slug: str = column(description="Short name, unique among all agencies; also fits the header X-Agency-Id.")
    name: str = column(description="What people call the agency, at most 200 characters.")
    created_at: datetime = column(description="When it was set up in Tend.")
    workspaces: Connection[Workspace] = many(
        "agency_id", order=WorkspaceOrder, description="Its clients, as far as you see them."
    )
    sign_in_provider: SignInProvider | None = one(
        "agency_id",
        reverse=True,
        description="How its people sign in; null for mail alone, and for who may not set it.",
    )
    staff: Connection[Staff] = many(
        "agency_id",
        order=StaffOrder,
        where="{row}.role not in ('stakeholder', 'client_contributor')",
        description="Who works here, will or did; people of clients are left out.",
    )
    stakeholders: Connection[Staff] = many(
        "agency_id",
        order=StaffOrder,
        where="{row}.role in ('stakeholder', 'client_contributor')",
        description="People of clients.",
    )
    reviewers: Connection[Reviewer] = many(
        "agency_id", order=ReviewerOrder, description="What colleagues can judge and bear; others' only for leads."
    )
    directory_groups: Connection[DirectoryGroup] = many(
        "agency_id",
        order=DirectoryGroupOrder,
        description="What its directory (Entra, Okta) calls groups; empty for whoever may not say what they mean.",
    )
    journal: Connection[JournalEntry] = many(
        "agency_id",
        order=JournalOrder,
        filters=JOURNAL_FILTERS,
        by_workspace=True,
        description="Who did what for the clients you see and, if you see all of them, for the agency as a whole; empty "
        "for whoever may not read the journal.",
    )
    safety_settings: SafetySettings | None = one(
        "agency_id", reverse=True, description="What it promises about escalations; null for what is usual."
    )
    crisis_resources: Connection[CrisisResource] = many(
        "agency_id", order=CreationOrder, description="Who helps, by country; none that is not verified at this moment."
    )
    holiday_calendars: Connection[HolidayCalendar] = many(
        "agency_id",
        order=CreationOrder,
        description="Holidays for rotas, of the clients you see and of the whole agency.",
    )
    rotas: Connection[Rota] = many(
        "agency_id", order=CreationOrder, description="Who is on call, of the clients you see and of the whole agency."
    )
    escalation_policies: Connection[EscalationPolicy] = many(
        "agency_id",
        order=PositionOrder,
        where="{row}.workspace_id is null",
        description="Who is paged in which order where a client has no policy that fits.",
    )
    badge_keys: Connection[BadgeKey] = many(
        "agency_id",
        order=CreationOrder,
        description="What it signs Open Badges with, and did; empty for whoever does not look after machines.",
    )
    api_clients: Connection[ApiClient] = many(
        "agency_id",
        order=ApiClientOrder,
        description="Machines that it lets in, or did until `endsAt`; for somebody who works for some clients, theirs.",
    )
    webhook_endpoints: Connection[WebhookEndpoint] = many(
        "agency_id",
        order=CreationOrder,
        description="Servers that hear of what happens; for somebody who works for some clients, theirs.",
    )
    exports: Connection[Export] = many(
        "agency_id",
        order=ExportOrder,
        by_workspace=True,
        description="Files to take along, of the clients you see and of the agency as a whole; empty for whoever may not "
        "export.",
    )
    jobs: Connection[Job] = many(
        "agency_id",
        order=JobOrder,
        filters=JOB_FILTERS,
        description="Background work of the clients you see and, if you see all of them, of the agency as a whole: what is "
        "under way, and a week of what has ended; empty for whoever may not operate it.",
    )
    notice_deliveries: Connection[NoticeDelivery] = many(
        "agency_id",
        order=CreationOrder,
        filters=DELIVERY_FILTERS,
        by_workspace=True,
        description="Mails and chat messages to its people, for the clients you see and, if you see all of them, about the "
        "agency as a whole; empty for whoever may not manage people.",
    )
