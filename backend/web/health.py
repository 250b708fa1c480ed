from starlette.requests import Request
from starlette.responses import JSONResponse

from backend.outbox import SILENT_AFTER, count_workers
from tenants.database import is_outage, unscoped


async def is_live(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def is_ready(request: Request) -> JSONResponse:
    """503 while the database does not answer, and once this process was asked to stop."""
    if getattr(request.app.state, "is_stopping", False):
        return JSONResponse({"status": "stopping"}, status_code=503)
    try:
        async with unscoped() as connection:
            await connection.fetchval("select 1")
    except Exception as problem:
        if not is_outage(problem):
            raise
        return JSONResponse({"status": "database unreachable"}, status_code=503)
    return JSONResponse({"status": "ok"})


async def is_worked(_request: Request) -> JSONResponse:
    """503 while jobs wait because no worker is alive. The API is ready all the same: what is asked of it is promised."""
    try:
        workers = await count_workers()
    except Exception as problem:
        if not is_outage(problem):
            raise
        return JSONResponse({"status": "database unreachable"}, status_code=503)
    if workers == 0:
        return JSONResponse({"status": f"no worker seen for {SILENT_AFTER.total_seconds():.0f} s"}, status_code=503)
    return JSONResponse({"status": "ok"})
