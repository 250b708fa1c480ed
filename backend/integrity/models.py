from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import CASES_ABOUT_THEM, OF_THE_AGENCY, OUR_WORDS, THEIR_POSTS, Keep, Put, Remove

_ABOUT_THEM = f"(t.member_id = $3 or t.post_id {THEIR_POSTS} or t.case_id {CASES_ABOUT_THEM})"
_WITH_THEM = (
    "(select s.investigation_id from investigation_subjects s where s.agency_id = $1 and s.workspace_id = $2 and "
    f"{_ABOUT_THEM.replace('t.', 's.')})"
)
_SUBJECTS_ABOUT_THEM = f"(select s.id from investigation_subjects s where s.agency_id = $1 and s.workspace_id = $2 and {_ABOUT_THEM.replace('t.', 's.')})"


class Investigation(WorkspaceModel):
    """An enquiry into something that links several members, posts and cases: open, then concluded. `client_summary` is what
    the client is told, without anybody's name."""

    forgetting = {
        **dict.fromkeys(("title", "question"), Put("'erased'", f"t.id in {_WITH_THEM}")),
        "taxonomy_code": OUR_WORDS,
        "state": OUR_WORDS,
        "outcome": OUR_WORDS,
        "finding": Put("''", f"t.finding is not null and t.id in {_WITH_THEM}"),
        "client_summary": OF_THE_AGENCY,
    }
    not_for_members = "an enquiry names others, and telling of it would warn whom it is about"
    title = fields.CharField(max_length=200)
    question = fields.TextField()
    taxonomy_code = fields.CharField(max_length=20, null=True)
    state = fields.CharField(max_length=10, default="open")
    outcome = fields.CharField(max_length=20, null=True)
    finding: str | None = fields.TextField(null=True)
    client_summary: str | None = fields.TextField(null=True)
    lead_id: UUID | None = fields.UUIDField(null=True)
    opened_by_id: UUID | None = fields.UUIDField(null=True)
    opened_at: datetime = fields.DatetimeField(auto_now_add=True)
    concluded_at: datetime | None = fields.DatetimeField(null=True)
    concluded_by_id: UUID | None = fields.UUIDField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "investigations"


class InvestigationSubject(WorkspaceModel):
    """Something an investigation is about: a member, a post, a case, or by its `value` what Tend has no row of."""

    forgetting = {
        "kind": OUR_WORDS,
        "value": Keep("an account, a link or a number that staff noted, by itself about nobody Tend knows"),
        "key": Keep("a kind and an id, or that value again"),
        "note": Put("''", _ABOUT_THEM),
    }
    not_for_members = Investigation.not_for_members
    investigation_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    member_id: UUID | None = fields.UUIDField(null=True)
    post_id: UUID | None = fields.UUIDField(null=True)
    case_id: UUID | None = fields.UUIDField(null=True)
    value: str | None = fields.TextField(null=True)
    key = fields.CharField(max_length=520)
    note = fields.TextField(default="")
    added_by_id: UUID | None = fields.UUIDField(null=True)
    added_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "investigation_subjects"


class InvestigationTie(WorkspaceModel):
    """What connects two subjects of an investigation. `because` are the words of whoever noted it; where Tend found it, the
    evidence says it."""

    forgetting = {
        "kind": OUR_WORDS,
        "because": Put(
            "''", f"t.because <> '' and (t.one_id in {_SUBJECTS_ABOUT_THEM} or t.other_id in {_SUBJECTS_ABOUT_THEM})"
        ),
    }
    not_for_members = Investigation.not_for_members
    investigation_id: UUID = fields.UUIDField()
    one_id: UUID = fields.UUIDField()
    other_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    is_strong = fields.BooleanField()
    because = fields.TextField(default="")
    added_by_id: UUID | None = fields.UUIDField(null=True)
    found_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "investigation_ties"


class TieEvidence(WorkspaceModel):
    """One thing that shows a tie: a post, a case or a reference of the client's."""

    tie_id: UUID = fields.UUIDField()
    position = fields.IntField()
    post_id: UUID | None = fields.UUIDField(null=True)
    case_id: UUID | None = fields.UUIDField(null=True)
    reference_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "tie_evidence"


class ClientReference(WorkspaceModel):
    """A payment, a booking or an account that the client says is a member's: the same one of two members connects them."""

    forgetting = {"kind": OUR_WORDS, "value": Remove("t.member_id = $3")}
    of_member = "t.member_id = $3"
    kind = fields.CharField(max_length=10)
    value = fields.CharField(max_length=200)
    member_id: UUID = fields.UUIDField()
    told_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "client_references"


class InvestigationEntry(WorkspaceModel):
    """What was done in an investigation, in the order it was. Never changed."""

    forgetting = {"kind": OUR_WORDS, "text": Put("''", f"t.text <> '' and t.investigation_id in {_WITH_THEM}")}
    not_for_members = Investigation.not_for_members
    grants = APPEND_ONLY
    investigation_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    text = fields.TextField(default="")
    membership_id: UUID | None = fields.UUIDField(null=True)
    at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "investigation_entries"
