from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tenants.doors import COOKIE_WITHOUT_TLS as COOKIE
from tenants.doors import knock


async def sign_in_for_development(request: Request) -> Response:
    """A token in the address becomes a cookie, and the browser goes on to GraphiQL. Exists in development only."""
    token = request.query_params.get("token", "")
    caller = await knock(token)
    if caller is None:
        return HTMLResponse(f"<p>No such token: {escape(token[:8])}… It may have ended.</p>", status_code=401)
    response = RedirectResponse("/graphql", status_code=303, headers={"Referrer-Policy": "no-referrer"})
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/graphql")
    return response
