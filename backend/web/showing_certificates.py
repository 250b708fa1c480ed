"""Where anybody sees whether a certificate is real, and what badge wallets read."""

import json
from pathlib import Path
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from backend import education
from backend.kit.ids import is_canonical
from backend.statements import day_of
from backend.web.showing import asked_for_in, page

_WORDS: Final = {
    language: json.loads((Path(__file__).parent / "pages" / f"certificate.{language}.json").read_text())
    for language in ("en", "de")
}
_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def show_certificate(request: Request) -> Response:
    """`GET /certificate/<code>`: what it says is so now; in German for whoever reads that rather than English."""
    found = await education.certificate_behind(request.path_params["code"])
    if found is None:
        return page("nothing", status=404)
    language = asked_for_in(request, _WORDS)
    response = page(
        "certificate",
        it=found,
        words=_WORDS[language],
        language=language,
        since=day_of(found.valid_from, language),
        until=day_of(found.valid_until, language),
    )
    response.headers["Vary"] = "Accept-Language"
    return response


async def download_badge(request: Request) -> Response:
    """`GET /certificate/<code>/badge`: Open Badges 3.0, signed (VC-JWT): a compact JWS, as plain text."""
    found = await education.certificate_behind(request.path_params["code"])
    if found is None:
        return _nothing()
    if found.state == "revoked":
        return JSONResponse({"error": "revoked"}, 410, _HEADERS)
    headers = {**_HEADERS, "Content-Disposition": 'attachment; filename="badge.jwt"'}
    return PlainTextResponse(await education.signed_badge(found), headers=headers)


async def show_status(request: Request) -> Response:
    """`GET /certificate/<code>/status`: whether the badge was revoked, as its `credentialStatus` says."""
    found = await education.certificate_behind(request.path_params["code"])
    return _nothing() if found is None else JSONResponse(education.revocations(found), headers=_HEADERS)


async def show_issuer(request: Request) -> Response:
    """`GET /issuers/<agency>`: who it is, as the `issuer` of its badges."""
    agency_id = _id(request, "agency")
    found = None if agency_id is None else await education.issuer_behind(agency_id)
    if found is None:
        return _nothing()
    told = {"@context": list(education.CONTEXT), "id": found.id, "type": ["Profile"], "name": found.name}
    return JSONResponse(told, headers=_HEADERS, media_type="application/ld+json")


async def show_key(request: Request) -> Response:
    """`GET /issuers/<agency>/keys/<key>`: the `kid` of a badge leads to a JWK that its signature is checked with."""
    agency_id, key_id = _id(request, "agency"), _id(request, "key")
    found = None if agency_id is None or key_id is None else await education.badge_key(agency_id, key_id)
    return _nothing() if found is None else JSONResponse(found, headers=_HEADERS, media_type="application/jwk+json")


def _id(request: Request, name: str) -> UUID | None:
    text = request.path_params[name]
    return UUID(text) if is_canonical(text) else None


def _nothing() -> Response:
    return JSONResponse({"error": "not_found"}, 404, _HEADERS)
