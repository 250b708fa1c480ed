"""The reads that are measured: what an agency's people open all day, as Tend is asked for it."""

from dataclasses import dataclass
from typing import Any, Final

from infra.bench.dataset import Sample


@dataclass(frozen=True, slots=True)
class Operation:
    """`document` goes to Tend and to stock Strawberry, whose schema has the same names."""

    name: str
    document: str

    def variables(self, sample: Sample) -> dict[str, Any]:
        return {
            "queue_page": {"workspace": f"workspace_{sample.workspace_id}"},
            "case_detail": {"case": f"case_{sample.case_id}"},
            "agency_board": {},
            "member_history": {"member": f"member_{sample.member_id}"},
            "post_search": {"workspace": f"workspace_{sample.workspace_id}", "text": sample.word},
            "nodes": {"ids": list(sample.node_ids)},
        }[self.name]


OPERATIONS: Final = (
    Operation(
        "queue_page",
        """
        query QueuePage($workspace: ID!) {
          workspace(id: $workspace) {
            cases(first: 50, orderBy: MOST_URGENT) {
              nodes {
                id
                isOverdue
                assignee { name }
                post { id text postedAt member { handle } }
                reports(first: 3) { nodes { reason channel createdAt } }
              }
              pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            }
          }
        }
        """,
    ),
    Operation(
        "case_detail",
        """
        query CaseDetail($case: ID!) {
          case(id: $case) {
            id state outcome tier severity openedAt dueAt closedAt reportCount isOverdue
            post {
              id text postedAt
              versions(first: 10) { nodes { version text capturedAt } }
            }
            member { id handle kind firstSeenAt }
            reports(first: 20) { nodes { id reason channel createdAt member { handle } } }
            decision { id outcome reason decidedAt decidedBy { name } actions(first: 10) { nodes { kind state } } }
            journal(first: 20) { nodes { id action at staff { name } } }
          }
        }
        """,
    ),
    Operation(
        "agency_board",
        """
        query AgencyBoard {
          workspaces(first: 100) {
            nodes { id slug name caseCounts { queued inReview closed oldestDueAt } }
          }
        }
        """,
    ),
    Operation(
        "member_history",
        """
        query MemberHistory($member: ID!) {
          member(id: $member) {
            id handle kind firstSeenAt violationCount
            posts(first: 20, orderBy: NEWEST) { nodes { id text postedAt isHidden } }
            cases(first: 20, orderBy: NEWEST) { nodes { id state outcome openedAt reportCount } }
          }
        }
        """,
    ),
    Operation(
        "post_search",
        """
        query PostSearch($workspace: ID!, $text: String!) {
          workspace(id: $workspace) {
            posts(first: 20, orderBy: NEWEST, filter: { text: $text }) {
              nodes { id text postedAt member { handle } }
            }
          }
        }
        """,
    ),
    Operation(
        "nodes",
        """
        query Nodes($ids: [ID!]!) {
          nodes(ids: $ids) {
            __typename
            id
            ... on Case { state tier }
            ... on Post { text postedAt }
            ... on Member { handle kind }
            ... on Report { reason channel }
          }
        }
        """,
    ),
)
