"""The queue page as a good SQL developer would write it: bare Starlette, one route, one statement.

`python -m infra.bench.by_hand` serves it with the settings of `tend serve`: the same token look-up, the same entering,
the same scope.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend import models
from backend.kit.ids import parse_published
from backend.settings import Settings
from tenants import database
from tenants.doors import knock
from tenants.entering import enter
from tenants.scope import agency_scope

# A cursor as Tend's: clients of both can go on with either.
_CURSOR: Final = """translate(encode(convert_to('Workspace.cases virtual_deadline ' || c.virtual_deadline::text || ' '
    || c.id::text, 'UTF8'), 'base64'), E'\\n', '')"""

# 51 rows are read, 50 are shown: the last one only tells that there are more.
_NODE: Final = """'{"id":"case_' || c.id::text
    || '","isOverdue":' || (c.state <> 'closed' and c.due_at < now())::text
    || ',"assignee":' || case when a.id is null then 'null' else '{"name":' || to_json(a.name)::text || '}' end
    || ',"post":' || case when p.id is null then 'null' else '{"id":"post_' || p.id::text
        || '","text":' || to_json(p.text)::text
        || ',"postedAt":' || to_json(p.posted_at)::text
        || ',"member":' || case when m.id is null then 'null' else '{"handle":' || to_json(m.handle)::text || '}' end
        || '}' end
    || ',"reports":{"nodes":[' || coalesce((
        select string_agg('{"reason":' || to_json(r.reason)::text || ',"channel":"' || upper(r.channel)
                 || '","createdAt":' || to_json(r.created_at)::text || '}', ',' order by r.created_at, r.id)
          from (select r.reason, r.channel, r.created_at, r.id from reports r
                 where r.agency_id = $1 and r.workspace_id = c.workspace_id and r.case_id = c.id
                 order by r.created_at, r.id limit 3) r), '')
    || ']}}'"""

QUEUE_PAGE: Final = f"""
    select '{{"data":{{"workspace":{{"cases":' || (
        select '{{"nodes":[' || coalesce(string_agg({_NODE}, ',' order by c.rn) filter (where c.rn <= 50), '')
            || '],"pageInfo":{{"hasNextPage":' || (count(*) > 50)::text
            || ',"hasPreviousPage":false,"startCursor":'
            || coalesce('"' || min({_CURSOR}) filter (where c.rn = 1) || '"', 'null')
            || ',"endCursor":'
            || coalesce('"' || min({_CURSOR}) filter (where c.rn = least(50, c.shown)) || '"', 'null')
            || '}}}}'
          from (select c.*, row_number() over (order by c.virtual_deadline, c.id) as rn, count(*) over () as shown
                  from (select id, workspace_id, state, due_at, virtual_deadline, post_id, claimed_by_id from cases
                         where agency_id = $1 and workspace_id = w.id
                         order by virtual_deadline, id limit 51) c) c
          left join posts p on p.agency_id = $1 and p.workspace_id = c.workspace_id and p.id = c.post_id
          left join members m on m.agency_id = $1 and m.workspace_id = p.workspace_id and m.id = p.member_id
          left join memberships a on a.agency_id = $1 and a.id = c.claimed_by_id
    ) || '}}}}}}'
      from workspaces w where w.agency_id = $1 and w.id = $2 and ($3 or w.id = any($4))"""


async def queue_page(request: Request) -> Response:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    caller = await knock(token) if kind == "Bearer" else None
    if caller is None:
        return Response(status_code=401)
    actor = await enter(
        caller, agency=request.headers.get("x-agency-id"), workspace=request.headers.get("x-workspace-id")
    )
    workspace = parse_published(request.path_params["workspace"])
    if actor is None or workspace is None:
        return Response(status_code=400)
    async with agency_scope(actor, read_only=True) as scope:
        page: str | None = await scope.fetchval(
            QUEUE_PAGE, actor.agency_id, workspace[1], actor.sees_all, list(actor.workspaces or ())
        )
    return Response(page or '{"data":{"workspace":null}}', media_type="application/json")


async def live(_request: Request) -> Response:
    return Response()


def app(settings: Settings) -> Starlette:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        models.load()
        await database.connect(settings.app_url, models=models.MODEL_MODULES, pool_size=settings.pool_size)
        yield
        await database.disconnect()

    return Starlette(routes=[Route("/queue/{workspace}", queue_page), Route("/health/live", live)], lifespan=lifespan)


def main() -> None:
    settings = Settings()
    uvicorn.run(
        app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
