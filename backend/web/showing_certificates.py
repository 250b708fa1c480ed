"""Where anybody sees whether a certificate is real, and what badge wallets read."""

import json
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend import education
from backend.statements import day_of
from backend.web.showing import page

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
    language = _language(request.headers.get("accept-language", ""))
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
    """`GET /certificate/<code>/badge`: Open Badges 3.0, not signed: whoever reads it asks this address whether it is so."""
    found = await education.certificate_behind(request.path_params["code"])
    if found is None:
        return JSONResponse({"error": "not_found"}, 404, _HEADERS)
    if found.state == "revoked":
        return JSONResponse({"error": "revoked"}, 410, _HEADERS)
    return JSONResponse(_badge(found), headers=_HEADERS, media_type="application/ld+json")


def _badge(it: education.PublicCertificate) -> dict[str, Any]:
    """As in https://www.imsglobal.org/spec/ob/v3p0: an AchievementCredential."""
    subject: dict[str, Any] = {
        "type": ["AchievementSubject"],
        "achievement": {
            "id": f"{it.url}#achievement",
            "type": ["Achievement"],
            "name": it.course or it.kind,
            "description": it.kind,
            "criteria": {"narrative": f"Completed what {it.agency} asks for {it.kind}."},
        },
    }
    if it.name is not None:
        subject["identifier"] = [
            {"type": "IdentityObject", "identityHash": it.name, "identityType": "name", "hashed": False}
        ]
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": f"{it.url}/badge",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": it.course or it.kind,
        "issuer": {"id": f"{it.url}#issuer", "type": ["Profile"], "name": it.agency},
        "validFrom": it.valid_from.isoformat(timespec="seconds"),
        "validUntil": it.valid_until.isoformat(timespec="seconds"),
        "credentialSubject": subject,
    }


def _language(header: str) -> str:
    """The first of those that are spoken here, in the order the browser names them."""
    for part in header.split(","):
        language = part.partition(";")[0].strip().lower()[:2]
        if language in _WORDS:
            return language
    return "en"
