"""The transparency database as the tests have it: the rules of its API, written from the reference's table of fields, and a
small server that keeps what it takes. Nothing of Tend is imported."""

import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from filing.reference import LISTS
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "1|a-token-of-the-database"
# Field: (list, array?, required?, null allowed?)
WORDS = {
    "decision_visibility": ("decision_visibility", True, False, True),
    "decision_monetary": ("decision_monetary", False, False, True),
    "decision_provision": ("decision_provision", False, False, True),
    "decision_account": ("decision_account", False, False, True),
    "account_type": ("account_type", False, False, True),
    "decision_ground": ("decision_ground", False, True, False),
    "incompatible_content_illegal": ("yes_or_no", False, False, False),
    "category": ("category", False, True, False),
    "category_addition": ("category", True, False, False),
    "category_specification": ("category_specification", True, False, True),
    "content_type": ("content_type", True, True, False),
    "content_language": ("content_language", False, False, True),
    "territorial_scope": ("territorial_scope", True, False, True),
    "source_type": ("source_type", False, True, False),
    "automated_detection": ("yes_or_no", False, True, False),
    "automated_decision": ("automated_decision", False, True, False),
}
LONGEST = {
    "decision_visibility_other": 500, "decision_monetary_other": 500, "decision_ground_reference_url": 500,
    "illegal_content_legal_ground": 500, "illegal_content_explanation": 2000, "incompatible_content_ground": 500,
    "incompatible_content_explanation": 2000, "category_specification_other": 500, "content_type_other": 500,
    "decision_facts": 5000, "source_identity": 500, "puid": 500,
}  # fmt: skip
DAYS = {
    "content_date": ("2000-01-01", True), "application_date": ("2020-01-01", True),
    "end_date_visibility_restriction": (None, False), "end_date_monetary_restriction": (None, False),
    "end_date_service_restriction": (None, False), "end_date_account_restriction": (None, False),
}  # fmt: skip


def errors_of(entry: dict[str, Any]) -> dict[str, list[str]]:
    """Laravel's answer: messages by field."""
    errors: dict[str, list[str]] = {}

    def add(name: str, message: str) -> None:
        errors.setdefault(name, []).append(message)

    for name, (words, is_array, is_required, is_nullable) in WORDS.items():
        value = entry.get(name)
        if name not in entry or (value is None and is_nullable):
            if is_required:
                add(name, f"The {name} field is required.")
            continue
        if is_array and (not isinstance(value, list) or (is_required and not value)):
            add(name, f"The {name} field must be an array.")
        elif any(not isinstance(word, str) or word not in LISTS[words] for word in (value if is_array else [value])):
            add(name, f"The selected {name} is invalid.")
    if all(
        not entry.get(name)
        for name in ("decision_visibility", "decision_monetary", "decision_provision", "decision_account")
    ):
        add("decision_visibility", "The decision visibility field is required when none of the others are present.")
    required = ["decision_facts", "puid"]
    if entry.get("decision_ground") == "DECISION_GROUND_ILLEGAL_CONTENT":
        required += ["illegal_content_legal_ground", "illegal_content_explanation"]
    else:
        required += ["incompatible_content_ground", "incompatible_content_explanation"]
    if "DECISION_VISIBILITY_OTHER" in (entry.get("decision_visibility") or []):
        required.append("decision_visibility_other")
    if entry.get("decision_monetary") == "DECISION_MONETARY_OTHER":
        required.append("decision_monetary_other")
    if "CONTENT_TYPE_OTHER" in (entry.get("content_type") or []):
        required.append("content_type_other")
    for name in required:
        if not entry.get(name):
            add(name, f"The {name} field is required.")
    for name, most in LONGEST.items():
        if isinstance(entry.get(name), str) and len(entry[name]) > most:
            add(name, f"The {name} field must not be greater than {most} characters.")
    for name, (first, is_required) in DAYS.items():
        value = entry.get(name)
        if value is None:
            if is_required:
                add(name, f"The {name} field is required.")
            continue
        try:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                raise ValueError
            day = date.fromisoformat(value)
        except (ValueError, TypeError):
            add(name, f"The {name} does not match the format YYYY-MM-DD.")
            continue
        if day > date(2038, 1, 1) or (first and day < date.fromisoformat(first)):
            add(name, f"The {name} field must be a date before or equal to 2038-01-01.")
    if not re.fullmatch(r"[a-zA-Z0-9-_]+", str(entry.get("puid", ""))):
        add("puid", "The puid format is invalid.")
    code = (entry.get("content_id") or {}).get("EAN-13")
    if code is not None and not re.fullmatch(r"[0-9]{13}", str(code)):
        add("content_id.EAN-13", "The content_id.EAN-13 format is invalid.")
    return errors


@dataclass
class FakeDatabase:
    """`limited`: how many calls get 429; `dies`: it takes what it is sent, and its answer is lost."""

    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: int = 0
    limited: int = 0
    dies: bool = False

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/api/v1/statements", self.store, methods=["POST"])])

    async def store(self, request: Request) -> Response:
        self.calls += 1
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"message": "Unauthenticated."}, 401)
        if self.limited:
            self.limited -= 1
            return JSONResponse({"message": "Too Many Attempts."}, 429)
        statements = json.loads(await request.body()).get("statements")
        if not isinstance(statements, list) or not 1 <= len(statements) <= 100:
            return JSONResponse({"errors": {"statements": ["between 1 and 100"]}}, 422)
        errors = {f"statement_{n}": found for n, each in enumerate(statements) if (found := errors_of(each))}
        if errors:
            return JSONResponse({"errors": errors}, 422)
        existing = [each["puid"] for each in statements if each["puid"] in self.taken]
        if existing:
            said = "The platform identifier(s) are not all unique within this call."
            return JSONResponse({"message": said, "errors": {"puid": [said], "existing_puids": existing}}, 422)
        self.taken |= {each["puid"]: each for each in statements}
        if self.dies:
            self.dies = False
            return Response(status_code=502)
        shown = [{**each, "permalink": f"https://database.example/statement/{each['puid']}"} for each in statements]
        return JSONResponse({"statements": shown}, 201)
