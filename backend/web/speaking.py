"""The pages on which people sign in, in the language of their browser."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from backend.web.showing import asked_for_in, page

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    language: json.loads((Path(__file__).parent / "pages" / f"sign_in.{language}.json").read_text())
    for language in ("en", "de")
}


def words_for(request: Request) -> Mapping[str, str]:
    return WORDS[asked_for_in(request, WORDS)]


def speaking_page(request: Request, name: str, *, status: int = 200, **values: Any) -> Response:
    return page(name, status=status, words=words_for(request), language=asked_for_in(request, WORDS), **values)


def refused_page(request: Request, headline: str, problem: str) -> Response:
    """`headline`: a key of WORDS."""
    return speaking_page(request, "refused", status=403, headline=words_for(request)[headline], problem=problem)
