"""The catalogue of events: what the journal records and a server may want to hear of."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class EventKind:
    """`name` is what endpoints have, and the schema in capitals; `type` is what payloads say. `actions` are the journal's
    names of it; `subject` is the published type of its subject, None where no type shows
    it."""

    name: str
    type: str
    subject: str | None
    description: str
    actions: tuple[str, ...]


def _kind(type: str, subject: str | None, description: str, *actions: str) -> tuple[str, EventKind]:
    name = type.replace(".", "_")
    return name, EventKind(name, type, subject, description, actions or (type,))


KINDS: Final[Mapping[str, EventKind]] = MappingProxyType(
    dict(
        (
            _kind("case.reported", "Case", "A post was reported: a case was opened, or a report added to it."),
            _kind("case.claimed", "Case", "Somebody has begun to review a case."),
            _kind(
                "case.returned",
                "Case",
                "A case waits again: its claim was given up, has ended, or whoever had it has left.",
                *("case.claim_released", "case.claim_skipped", "case.claim_expired", "case.claim_handed_over"),
            ),
            _kind("case.decided", "Case", "A case was decided, and is closed."),
            _kind("case.held", "Case", "A case was decided, and the decision waits for a second person."),
            _kind(
                "case.reopened",
                "Case",
                "A closed case is judged again: by whoever decided it, or because a lead wants it.",
                *("case.reopened", "case.undone"),
            ),
            _kind("appeal.filed", "Case", "A member does not accept the decision about a case."),
            _kind("appeal.decided", "Case", "An appeal against the decision about a case was answered."),
            _kind("action.confirmed", "Case", "An action of the decision was seen in the community."),
            _kind("action.failed", "Case", "An action was not done in the community, and needs a human."),
            _kind(
                "verification.changed",
                "VerificationTask",
                "A member was asked to show that a claim is true, or where that stands has changed.",
                *(
                    f"verification.{state}"
                    for state in (
                        *("invited", "evidence_received", "checking", "verified"),
                        *("not_verified", "unverifiable", "expired"),
                    )
                ),
            ),
            _kind(
                "learning.statement",
                "Enrolment",
                "Somebody was enrolled in a course, began it, completed it or gave it up; its `statement` is xAPI.",
                *(f"enrolment.{verb}" for verb in ("made", "begun", "completed", "withdrawn")),
            ),
            _kind(
                "certificate.expiring",
                "MemberCertificate",
                "A member's certificate ends within 30, 14, 7 or 1 days, and nothing follows it: told once for each.",
                "membercertificate.expiring",
            ),
            _kind(
                "story.published",
                "SuccessStory",
                "A story is told from now on, or by other channels than before.",
                *("story.published", "story.told_otherwise"),
            ),
            _kind("story.taken_down", "SuccessStory", "A story may not be told any more: remove every copy."),
            _kind("practice.published", "BestPractice", "Readers have a best practice, or have it again."),
            _kind("practice.taken_down", "BestPractice", "Readers have a best practice no more: remove every copy."),
            _kind("community.created", "Community", "A community was set up."),
            _kind("posts.imported", "Community", "Posts were brought into a community."),
            _kind("policy.created", "Policy", "A policy was written."),
            _kind("policy.revised", "Policy", "A policy has new words."),
            _kind("rule.created", "Rule", "A rule was made."),
            _kind("hold.placed", "Hold", "A legal hold was placed."),
            _kind("hold.lifted", "Hold", "A legal hold was lifted."),
            _kind("export.requested", "Export", "Somebody asked for an export."),
            _kind("export.done", "Export", "An export can be fetched.", "export.written"),
            _kind("member.erased", None, "A member was forgotten; the subject is the proof, which names nobody."),
            _kind("workspace.created", "Workspace", "The agency has taken on a client."),
            _kind("workspace.closed", "Workspace", "A client was closed."),
            _kind("workspace.reopened", "Workspace", "A client that was closed is open again."),
            _kind("workspace.erased", None, "A client was deleted for good; the subject is the proof."),
        )
    )
)
TEST: Final = "webhook.test"  # sent on request only, whatever kinds an endpoint has
KIND_OF_ACTION: Final[Mapping[str, EventKind]] = MappingProxyType(
    {action: kind for kind in KINDS.values() for action in kind.actions}
)
