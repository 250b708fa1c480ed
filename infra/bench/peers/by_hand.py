"""The reads of `operations.py` as a good SQL developer would write them: bare Starlette, one route and one statement each.

`python -m infra.bench.peers.by_hand` serves them with the settings of `tend serve`: the same token look-up, the same
entering, the same scope. Row-level security decides what is there; rights within an agency are not asked for.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backend import models
from backend.kit.ids import parse_published
from backend.settings import Settings
from tenants import database
from tenants.actor import Actor
from tenants.admitting import admit
from tenants.entering import NotAdmitted
from tenants.scope import agency_scope

if TYPE_CHECKING:
    from infra.bench.dataset import Sample

# A cursor as Tend's: clients of both can go on with either. encode() breaks lines after 76 characters.
_CURSOR: Final = """translate(encode(convert_to('Workspace.cases virtual_deadline '
    || json_build_array(c.virtual_deadline) || ' ' || c.id, 'UTF8'), 'base64'), E'\\n', '')"""

# Of three shapes measured (this, a CTE for the page, row_to_json throughout) the fastest by a tenth. 51 rows are read,
# 50 are shown: the last one only tells that there are more.
QUEUE_PAGE: Final = f"""
    select json_build_object('data', json_build_object('workspace', json_build_object('cases', (
        select json_build_object(
            'nodes', coalesce(json_agg(json_build_object(
                'id', 'case_' || c.id,
                'isOverdue', c.state <> 'closed' and c.due_at < now(),
                'assignee', case when a.id is not null then json_build_object('name', a.name) end,
                'post', json_build_object(
                    'id', 'post_' || p.id, 'text', p.text, 'postedAt', p.posted_at,
                    'member', json_build_object('handle', m.handle)),
                'reports', json_build_object('nodes', (
                    select coalesce(json_agg(r), '[]')
                      from (select reason, upper(channel) as channel, created_at as "createdAt" from reports
                             where agency_id = $1 and workspace_id = w.id and case_id = c.id
                             order by created_at, id limit 3) r))
                ) order by c.place) filter (where c.place <= 50), '[]'),
            'pageInfo', json_build_object(
                'hasNextPage', count(*) > 50,
                'hasPreviousPage', false,
                'startCursor', min({_CURSOR}) filter (where c.place = 1),
                'endCursor', min({_CURSOR}) filter (where c.place = least(50, c.read))))
          from (select *, row_number() over (order by virtual_deadline, id) as place, count(*) over () as read
                  from (select id, state, due_at, virtual_deadline, post_id, claimed_by_id from cases
                         where agency_id = $1 and workspace_id = w.id
                         order by virtual_deadline, id limit 51) c) c
          join posts p on p.agency_id = $1 and p.id = c.post_id
          join members m on m.agency_id = $1 and m.id = p.member_id
          left join memberships a on a.agency_id = $1 and a.id = c.claimed_by_id))))
      from workspaces w
     where w.agency_id = $1 and w.id = $2"""

CASE_DETAIL: Final = """
    select json_build_object('data', json_build_object('case', json_build_object(
        'id', 'case_' || c.id, 'state', upper(c.state), 'outcome', upper(c.outcome),
        'tier', upper(c.tier), 'severity', upper(c.severity),
        'openedAt', c.opened_at, 'dueAt', c.due_at, 'closedAt', c.closed_at,
        'reportCount', c.report_count, 'isOverdue', c.state <> 'closed' and c.due_at < now(),
        'post', json_build_object(
            'id', 'post_' || p.id, 'text', p.text, 'postedAt', p.posted_at,
            'versions', json_build_object('nodes', (
                select coalesce(json_agg(v), '[]')
                  from (select version, text, captured_at as "capturedAt" from post_versions
                         where agency_id = $1 and workspace_id = c.workspace_id and post_id = c.post_id
                         order by version desc limit 10) v))),
        'member', json_build_object(
            'id', 'member_' || m.id, 'handle', m.handle, 'kind', upper(m.kind), 'firstSeenAt', m.first_seen_at),
        'reports', json_build_object('nodes', (
            select coalesce(json_agg(r), '[]')
              from (select 'report_' || r.id as id, r.reason, upper(r.channel) as channel, r.created_at as "createdAt",
                           case when m.id is not null then json_build_object('handle', m.handle) end as member
                      from reports r
                      left join members m on m.agency_id = $1 and m.id = r.member_id
                     where r.agency_id = $1 and r.workspace_id = c.workspace_id and r.case_id = c.id
                     order by r.created_at, r.id limit 20) r)),
        'decision', case when d.id is not null then json_build_object(
            'id', 'decision_' || d.id, 'outcome', upper(d.outcome), 'reason', d.reason, 'decidedAt', d.decided_at,
            'decidedBy', json_build_object('name', s.name),
            'actions', json_build_object('nodes', (
                select coalesce(json_agg(a), '[]')
                  from (select upper(kind) as kind, upper(state) as state from actions
                         where agency_id = $1 and workspace_id = c.workspace_id and decision_id = d.id
                         order by created_at, id limit 10) a))) end,
        'journal', json_build_object('nodes', (
            select coalesce(json_agg(j), '[]')
              from (select 'entry_' || j.id as id, j.action, j.at,
                           case when s.id is not null then json_build_object('name', s.name) end as staff
                      from journal j
                      left join memberships s on s.agency_id = $1 and s.id = j.membership_id
                     where j.agency_id = $1 and j.workspace_id = c.workspace_id and j.subject_id = c.id
                     order by j.at desc, j.id desc limit 20) j)))))
      from cases c
      join posts p on p.agency_id = $1 and p.id = c.post_id
      join members m on m.agency_id = $1 and m.id = c.member_id
      left join decisions d on d.agency_id = $1 and d.workspace_id = c.workspace_id and d.case_id = c.id
      left join memberships s on s.agency_id = $1 and s.id = d.membership_id
     where c.agency_id = $1 and c.id = $2"""

AGENCY_BOARD: Final = """
    select json_build_object('data', json_build_object('workspaces', json_build_object('nodes',
        coalesce(json_agg(json_build_object(
            'id', 'workspace_' || w.id, 'slug', w.slug, 'name', w.name,
            'caseCounts', json_build_object(
                'queued', t.queued, 'inReview', t.in_review, 'closed', t.closed,
                'oldestDueAt', (select min(due_at) from cases
                                 where agency_id = $1 and workspace_id = w.id and state <> 'closed'))
            ) order by w.slug, w.id), '[]'))))
      from (select id, slug, name from workspaces where agency_id = $1 order by slug, id limit 100) w
      cross join lateral (
           select coalesce(sum(queued), 0) as queued, coalesce(sum(in_review), 0) as in_review,
                  coalesce(sum(closed), 0) as closed
             from case_tallies where agency_id = $1 and workspace_id = w.id) t"""

MEMBER_HISTORY: Final = """
    select json_build_object('data', json_build_object('member', json_build_object(
        'id', 'member_' || m.id, 'handle', m.handle, 'kind', upper(m.kind), 'firstSeenAt', m.first_seen_at,
        'violationCount', (
            select count(*) from cases
             where agency_id = $1 and workspace_id = m.workspace_id and member_id = m.id and outcome = 'violation'),
        'posts', json_build_object('nodes', (
            select coalesce(json_agg(p), '[]')
              from (select 'post_' || p.id as id, text, posted_at as "postedAt", hidden_at is not null as "isHidden"
                      from posts p
                     where agency_id = $1 and workspace_id = m.workspace_id and member_id = m.id
                     order by posted_at desc, p.id desc limit 20) p)),
        'cases', json_build_object('nodes', (
            select coalesce(json_agg(c), '[]')
              from (select 'case_' || c.id as id, upper(state) as state, upper(outcome) as outcome,
                           opened_at as "openedAt", report_count as "reportCount"
                      from cases c
                     where agency_id = $1 and workspace_id = m.workspace_id and member_id = m.id
                     order by opened_at desc, c.id desc limit 20) c)))))
      from members m
     where m.agency_id = $1 and m.id = $2"""

POST_SEARCH: Final = """
    select json_build_object('data', json_build_object('workspace', json_build_object('posts',
        json_build_object('nodes', (
            select coalesce(json_agg(n), '[]')
              from (select 'post_' || p.id as id, p.text, p.posted_at as "postedAt",
                           json_build_object('handle', m.handle) as member
                      from (select posted_at, post_id from post_words
                             where agency_id = $1 and workspace_id = w.id and word = $3
                             order by posted_at desc, post_id desc limit 20) found
                      join posts p on p.agency_id = $1 and p.id = found.post_id
                      join members m on m.agency_id = $1 and m.id = p.member_id
                     order by found.posted_at desc, found.post_id desc) n)))))
      from workspaces w
     where w.agency_id = $1 and w.id = $2"""

# $2: the ids as they were sent; $3 to $6: what is asked for of each table.
NODES: Final = """
    select json_build_object('data', json_build_object('nodes', coalesce(json_agg(
        case wanted.kind
        when 'case' then (
            select json_build_object('__typename', 'Case', 'id', 'case_' || id, 'state', upper(state), 'tier', upper(tier))
              from cases where agency_id = $1 and id = wanted.id)
        when 'post' then (
            select json_build_object('__typename', 'Post', 'id', 'post_' || id, 'text', text, 'postedAt', posted_at)
              from posts where agency_id = $1 and id = wanted.id)
        when 'member' then (
            select json_build_object('__typename', 'Member', 'id', 'member_' || id, 'handle', handle, 'kind', upper(kind))
              from members where agency_id = $1 and id = wanted.id)
        when 'report' then (
            select json_build_object('__typename', 'Report', 'id', 'report_' || id, 'reason', reason,
                                     'channel', upper(channel))
              from reports where agency_id = $1 and id = wanted.id)
        end order by wanted.place), '[]')))
      from unnest($2::text[], $3::uuid[]) with ordinality wanted(kind, id, place)"""


async def queue_page(request: Request) -> Response:
    return await _answer(request, QUEUE_PAGE, _id(request, "workspace"), nothing='{"data":{"workspace":null}}')


async def case_detail(request: Request) -> Response:
    return await _answer(request, CASE_DETAIL, _id(request, "case"), nothing='{"data":{"case":null}}')


async def agency_board(request: Request) -> Response:
    return await _answer(request, AGENCY_BOARD)


async def member_history(request: Request) -> Response:
    return await _answer(request, MEMBER_HISTORY, _id(request, "member"), nothing='{"data":{"member":null}}')


async def post_search(request: Request) -> Response:
    word = request.query_params.get("text", "").casefold()
    return await _answer(request, POST_SEARCH, _id(request, "workspace"), word, nothing='{"data":{"workspace":null}}')


async def nodes(request: Request) -> Response:
    wanted = request.query_params.get("ids", "").split(",")
    if len(wanted) > 100:
        raise HTTPException(400)
    parsed = [parse_published(id) or ("", UUID(int=0)) for id in wanted]
    return await _answer(request, NODES, [kind for kind, _ in parsed], [id for _, id in parsed])


async def live(_request: Request) -> Response:
    return Response()


async def admitted(request: Request) -> Actor:
    """Who asks, let in as Tend lets in. Raises HTTPException."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer":
        raise HTTPException(401)
    try:
        _caller, actor = await admit(
            token, agency=request.headers.get("x-agency-id"), workspace=request.headers.get("x-workspace-id")
        )
    except NotAdmitted as refusal:
        raise HTTPException(refusal.status) from None
    if actor is None:
        raise HTTPException(400)
    return actor


def request_for(operation_name: str, sample: "Sample") -> str:
    """The path that asks for what the operation of this name asks Tend for."""
    return {
        "queue_page": f"/queue_page/workspace_{sample.workspace_id}",
        "case_detail": f"/case_detail/case_{sample.case_id}",
        "agency_board": "/agency_board",
        "member_history": f"/member_history/member_{sample.member_id}",
        "post_search": f"/post_search/workspace_{sample.workspace_id}?text={quote(sample.word)}",
        "nodes": f"/nodes?ids={','.join(sample.node_ids)}",
    }[operation_name]


def serve(*routes: BaseRoute) -> None:
    """With the settings of `tend serve`, and as it does."""
    settings = Settings()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        models.load()
        await database.connect(settings.app_url, models=models.MODEL_MODULES, pool_size=settings.pool_size)
        yield
        await database.disconnect()

    uvicorn.run(
        Starlette(routes=[*routes, Route("/health/live", live)], lifespan=lifespan),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def main() -> None:
    serve(
        Route("/queue_page/{workspace}", queue_page),
        Route("/case_detail/{case}", case_detail),
        Route("/agency_board", agency_board),
        Route("/member_history/{member}", member_history),
        Route("/post_search/{workspace}", post_search),
        Route("/nodes", nodes),
    )


async def _answer(request: Request, statement: str, *values: object, nothing: str = "") -> Response:
    """What the statement makes of the agency ($1) and `values` ($2 and so on), as it is."""
    actor = await admitted(request)
    async with agency_scope(actor, read_only=True) as scope:
        found: str | None = await scope.fetchval(statement, actor.agency_id, *values)
    return Response(found or nothing, media_type="application/json")


def _id(request: Request, kind: str) -> UUID | None:
    """None, which finds nothing, for an id of another kind or shape."""
    parsed = parse_published(request.path_params[kind])
    return parsed[1] if parsed is not None and parsed[0] == kind else None


if __name__ == "__main__":
    main()
