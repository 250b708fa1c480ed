"""In which orders lists may be asked for: columns, `-` in front for descending. Each has an index that serves it."""

from enum import Enum

import strawberry

from graphql_schema.describing import value


@strawberry.enum(description="In which order clients are listed.")
class WorkspaceOrder(Enum):
    SLUG = value("slug", "By short name, a to z.")
    NEWEST = value("-created_at", "Latest first, by `createdAt`.")


@strawberry.enum(description="In which order people at the agency are listed.")
class StaffOrder(Enum):
    NAME = value("name", "By name, in the collation of the database.")
    NEWEST = value("-created_at", "Latest first, by `createdAt`.")


@strawberry.enum(description="In which order groups of the agency's directory are listed.")
class DirectoryGroupOrder(Enum):
    NAME = value("display_name", "By name, in the collation of the database.")


@strawberry.enum(description="In which order API clients are listed.")
class ApiClientOrder(Enum):
    NAME = value("name", "By name, in the collation of the database.")
    NEWEST = value("-created_at", "Latest first, by `createdAt`.")


@strawberry.enum(description="In which order communities are listed.")
class CommunityOrder(Enum):
    SLUG = value("slug", "By short name, a to z.")
    NEWEST = value("-created_at", "Latest first, by `createdAt`.")


@strawberry.enum(description="In which order members of a community are listed.")
class MemberOrder(Enum):
    NEWEST = value("-first_seen_at", "Latest first, by `firstSeenAt`.")
    OLDEST = value("first_seen_at", "Earliest first, by `firstSeenAt`.")
    HANDLE = value("handle", "By handle, in the collation of the database.")


@strawberry.enum(description="In which order posts are listed.")
class PostOrder(Enum):
    NEWEST = value("-posted_at", "Latest first, by `postedAt`.")
    OLDEST = value("posted_at", "Earliest first, by `postedAt`.")


@strawberry.enum(description="In which order versions of a post or a policy are listed.")
class VersionOrder(Enum):
    NEWEST = value("-version", "Highest `version` first.")
    OLDEST = value("version", "Lowest `version` first.")


@strawberry.enum(description="In which order cases are listed; MOST_URGENT when left out.")
class CaseOrder(Enum):
    MOST_URGENT = value("virtual_deadline", "As they should be worked, by `virtualDeadline`.")
    NEWEST = value("-opened_at", "Latest first, by `openedAt`.")
    OLDEST = value("opened_at", "Earliest first, by `openedAt`.")
    MOST_REPORTED = value("-report_count, opened_at", "Highest `reportCount` first, among equals the earliest opened.")
    RECENTLY_CLOSED = value("-closed_at", "Latest first, by `closedAt`; open cases come last.")


@strawberry.enum(description="In which order the cases of one member are listed.")
class MemberCaseOrder(Enum):
    NEWEST = value("-opened_at", "Latest first, by `openedAt`.")
    OLDEST = value("opened_at", "Earliest first, by `openedAt`.")


@strawberry.enum(
    description="In which order reports, actions, notices, rules, queues, credentials and the like are listed."
)
class CreationOrder(Enum):
    OLDEST = value("created_at", "Earliest first, by `createdAt`.")
    NEWEST = value("-created_at", "Latest first, by `createdAt`.")


@strawberry.enum(description="In which order deliveries of a platform are listed.")
class ReceiptOrder(Enum):
    NEWEST = value("-received_at", "Latest first, by `receivedAt`.")
    OLDEST = value("received_at", "Earliest first, by `receivedAt`.")


@strawberry.enum(description="In which order posts that a rule found are listed.")
class FiringOrder(Enum):
    NEWEST = value("-at", "Latest first, by `at`.")
    OLDEST = value("at", "Earliest first, by `at`.")


@strawberry.enum(description="In which order back-tests are listed.")
class BackTestOrder(Enum):
    NEWEST = value("-asked_at", "Latest first, by `askedAt`.")
    OLDEST = value("asked_at", "Earliest first, by `askedAt`.")


@strawberry.enum(description="In which order policies are listed.")
class PolicyOrder(Enum):
    TITLE = value("title", "By title, in the collation of the database.")
    NEWEST = value("-created_at", "Latest first, by `createdAt`.")


@strawberry.enum(description="In which order legal holds are listed.")
class HoldOrder(Enum):
    NEWEST = value("-placed_at", "Latest first, by `placedAt`.")
    OLDEST = value("placed_at", "Earliest first, by `placedAt`.")


@strawberry.enum(description="In which order exports are listed.")
class ExportOrder(Enum):
    NEWEST = value("-requested_at", "Latest first, by `requestedAt`.")
    OLDEST = value("requested_at", "Earliest first, by `requestedAt`.")


@strawberry.enum(description="In which order jobs are listed.")
class JobOrder(Enum):
    NEWEST = value("-created_at", "Latest first, by `createdAt`.")
    OLDEST = value("created_at", "Earliest first, by `createdAt`.")


@strawberry.enum(description="In which order the journal is listed.")
class JournalOrder(Enum):
    NEWEST = value("-at", "Latest first, by `at`.")
    OLDEST = value("at", "Earliest first, by `at`.")


@strawberry.enum(description="In which order decisions about a case are listed.")
class DecisionOrder(Enum):
    NEWEST = value("-decided_at", "Latest first, by `decidedAt`.")
    OLDEST = value("decided_at", "Earliest first, by `decidedAt`.")


@strawberry.enum(description="In which order appeals are listed.")
class AppealOrder(Enum):
    NEWEST = value("-filed_at", "Latest first, by `filedAt`.")
    OLDEST = value("filed_at", "Earliest first, by `filedAt`.")


@strawberry.enum(description="In which order reviews of a case are listed.")
class ReviewOrder(Enum):
    OLDEST = value("submitted_at", "Earliest first, by `submittedAt`.")
    NEWEST = value("-submitted_at", "Latest first, by `submittedAt`.")


@strawberry.enum(description="In which order questions about a case are listed.")
class QuestionOrder(Enum):
    OLDEST = value("asked_at", "Earliest first, by `askedAt`.")
    NEWEST = value("-asked_at", "Latest first, by `askedAt`.")


@strawberry.enum(description="In which order the history of a case or a decision is listed.")
class MoveOrder(Enum):
    OLDEST = value("at", "Earliest first, by `at`.")
    NEWEST = value("-at", "Latest first, by `at`.")


@strawberry.enum(description="In which order routes are listed.")
class PositionOrder(Enum):
    POSITION = value("position", "As they are tried.")


@strawberry.enum(description="In which order conflicts of interest are listed.")
class ConflictOrder(Enum):
    NEWEST = value("-declared_at", "Latest first, by `declaredAt`.")
    OLDEST = value("declared_at", "Earliest first, by `declaredAt`.")


@strawberry.enum(description="In which order a client's hours are listed.")
class HoursOrder(Enum):
    WEEKDAY = value("weekday, opens_minute", "From Monday to Sunday.")


@strawberry.enum(description="In which order days off are listed.")
class DayOrder(Enum):
    DAY = value("day", "Earliest first, by `day`.")


@strawberry.enum(description="In which order promises are listed.")
class TierOrder(Enum):
    TIER = value("tier", "By the name of the tier.")


@strawberry.enum(description="In which order reviewers are listed.")
class ReviewerOrder(Enum):
    RECENTLY_SET = value("-updated_at", "Latest first, by when what they can judge or bear was said.")


@strawberry.enum(description="In which order golden items are listed.")
class GoldenOrder(Enum):
    NEWEST = value("-made_at", "Latest first, by `madeAt`.")
    OLDEST = value("made_at", "Earliest first, by `madeAt`.")


@strawberry.enum(description="In which order evidence is listed.")
class EvidenceOrder(Enum):
    CAPTURED = value("position", "As it was captured: first the post that was judged, then those before it.")


@strawberry.enum(description="In which order thresholds of strikes are listed.")
class ThresholdOrder(Enum):
    POINTS = value("points", "Fewest `points` first.")


@strawberry.enum(description="In which order investigations are listed.")
class InvestigationOrder(Enum):
    NEWEST = value("-opened_at", "Latest first, by when they were opened.")
    OLDEST = value("opened_at", "Earliest first, by when they were opened.")


@strawberry.enum(description="In which order subjects of an investigation are listed.")
class AddedOrder(Enum):
    OLDEST = value("added_at", "Earliest first, by `addedAt`.")
    NEWEST = value("-added_at", "Latest first, by `addedAt`.")


@strawberry.enum(description="In which order ties are listed.")
class FoundOrder(Enum):
    OLDEST = value("found_at", "Earliest first, by `foundAt`.")
    NEWEST = value("-found_at", "Latest first, by `foundAt`.")


@strawberry.enum(description="In which order what shows a tie is listed.")
class ProofOrder(Enum):
    POSITION = value("position", "The newest first, by `position`.")


@strawberry.enum(description="In which order pages for reports are listed.")
class PageOrder(Enum):
    NEWEST = value("-opened_at", "Latest first, by `openedAt`.")


@strawberry.enum(description="In which order notices, orders of authorities and disputes are listed.")
class ArrivalOrder(Enum):
    NEWEST = value("-received_at", "Latest first, by `receivedAt`.")
    OLDEST = value("received_at", "Earliest first, by `receivedAt`.")


@strawberry.enum(description="In which order marks are listed.")
class MarkOrder(Enum):
    NEWEST = value("-marked_at", "Latest first, by `markedAt`.")


@strawberry.enum(description="In which order measures are listed.")
class MeasureOrder(Enum):
    NEWEST = value("-starts_at", "Latest first, by `startsAt`.")


@strawberry.enum(description="In which order files of statements are listed.")
class BatchOrder(Enum):
    NEWEST = value("-made_at", "Latest first, by `madeAt`.")
    OLDEST = value("made_at", "Earliest first, by `madeAt`.")


@strawberry.enum(description="In which order filings are listed.")
class FilingOrder(Enum):
    NEWEST = value("-settled_at", "Latest first, by `settledAt`.")
    OLDEST = value("settled_at", "Earliest first, by `settledAt`.")


@strawberry.enum(description="In which order what people say in reports is listed.")
class EntryOrder(Enum):
    NEWEST = value("-entered_at", "Latest first, by `enteredAt`.")


@strawberry.enum(description="In which order transparency reports are listed.")
class TransparencyReportOrder(Enum):
    NEWEST = value("-asked_at", "Latest first, by `askedAt`.")


@strawberry.enum(description="In which order parts of a transparency report are listed.")
class PartOrder(Enum):
    PART = value("part", "By number, the first first.")


@strawberry.enum(description="In which order customer accounts are listed.")
class AccountOrder(Enum):
    NAME = value("name", "By name, in the collation of the database.")
    NEWEST = value("-created_at", "Latest first, by `createdAt`.")


@strawberry.enum(description="In which order subscriptions are listed.")
class StartOrder(Enum):
    OLDEST = value("started_at", "Earliest first, by `startedAt`.")
    NEWEST = value("-started_at", "Latest first, by `startedAt`.")


@strawberry.enum(description="In which order what happened to customers is listed.")
class EventOrder(Enum):
    NEWEST = value("-at", "Latest first, by `at`.")
    OLDEST = value("at", "Earliest first, by `at`.")


@strawberry.enum(description="In which order escalations are listed.")
class EscalationOrder(Enum):
    NEWEST = value("-raised_at", "Latest first, by `raisedAt`.")
    OLDEST = value("raised_at", "Earliest first, by `raisedAt`.")


@strawberry.enum(description="In which order layers of a rota are listed.")
class LayerOrder(Enum):
    LEVEL = value("level, position", "By level; of one level, those that count later last.")


@strawberry.enum(description="In which order overrides of a rota are listed.")
class OverrideOrder(Enum):
    EARLIEST = value("starts_at", "Earliest first, by `startsAt`.")


@strawberry.enum(description="In which order certificates are listed.")
class CertificateOrder(Enum):
    ENDING_LAST = value("-valid_until", "Those that are valid longest first.")
    ENDING_FIRST = value("valid_until", "Those that end soonest first.")


@strawberry.enum(description="In which order versions of an article are listed.")
class PublishedOrder(Enum):
    NEWEST = value("-published_at", "Latest first, by `publishedAt`.")
    OLDEST = value("published_at", "Earliest first, by `publishedAt`.")


@strawberry.enum(description="In which order searches are listed.")
class SearchOrder(Enum):
    GAPS = value("-empty_count", "Those first that found nothing most often.")


@strawberry.enum(description="In which order words of a glossary are listed.")
class TermOrder(Enum):
    TERM = value("term", "By the word, in the collation of the database.")


@strawberry.enum(description="In which order enrolments are listed.")
class EnrolmentOrder(Enum):
    NEWEST = value("-enrolled_at", "Latest first, by `enrolledAt`.")
    OLDEST = value("enrolled_at", "Earliest first, by `enrolledAt`.")


@strawberry.enum(description="In which order lessons that are done are listed.")
class LessonMarkOrder(Enum):
    EARLIEST = value("done_at", "Earliest first, by `doneAt`.")


@strawberry.enum(description="In which order attempts at a quiz are listed.")
class AttemptOrder(Enum):
    FIRST = value("number", "As they were made, by `number`.")


@strawberry.enum(description="In which order lessons of a course and what comes before it are listed.")
class PlaceOrder(Enum):
    PLACE = value("position", "By `position`, the first first.")


@strawberry.enum(description="In which order consents are listed.")
class GivenOrder(Enum):
    NEWEST = value("-given_at", "Latest first, by `givenAt`.")
    OLDEST = value("given_at", "Earliest first, by `givenAt`.")


@strawberry.enum(description="In which order introductions are listed.")
class ProposalOrder(Enum):
    NEWEST = value("-proposed_at", "Latest first, by `proposedAt`.")
    OLDEST = value("proposed_at", "Earliest first, by `proposedAt`.")
