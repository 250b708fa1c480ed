from starlette.requests import Request
from starlette.responses import JSONResponse

from tenants.database import is_outage, unscoped


async def is_live(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def is_ready(_request: Request) -> JSONResponse:
    """503 while the database does not answer."""
    try:
        async with unscoped() as connection:
            await connection.fetchval("select 1")
    except Exception as problem:
        if not is_outage(problem):
            raise
        return JSONResponse({"status": "database unreachable"}, status_code=503)
    return JSONResponse({"status": "ok"})
