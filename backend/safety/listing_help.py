from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.kit.errors import Invalid
from backend.kit.ids import new_id
from backend.kit.texts import clean, clean_line
from backend.outside import is_askable
from backend.safety.models import CrisisResource
from backend.safety.thresholds import VERIFIED_FOR
from tenants import locks
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

RESOURCE_KINDS: Final = ("emergency", "suicide", "child", "domestic", "sexual", "lgbt", "other")


@dataclass(frozen=True, slots=True)
class Help:
    """One service, as somebody has looked it up at `source_url`. One of `phone`, `sms` and `chat_url` at least."""

    country: str
    kind: str
    name: str
    hours: str
    languages: list[str]
    source_url: str
    verified_at: datetime
    region: str = ""
    phone: str = ""
    sms: str = ""
    chat_url: str = ""
    is_free: bool = False
    is_confidential: bool = False


async def set_crisis_resource(
    actor: Actor, given: Help, *, verify_before: datetime, moment: datetime | None = None
) -> UUID:
    """List a service, or say of one of the same country, region, kind and name that it was looked up again. It is shown
    until `verify_before`. Raises NotAllowed, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    scope = current()
    moment = moment or await scope.now()
    columns = _checked(given)
    if given.verified_at > moment + timedelta(minutes=1):
        raise Invalid("It was looked up before now.", path=("input", "verifiedAt"))
    if not given.verified_at < verify_before <= given.verified_at + VERIFIED_FOR:
        raise Invalid(f"It is looked up again within {VERIFIED_FOR.days} days.", path=("input", "verifyBefore"))
    same = {name: columns[name] for name in ("country", "region", "kind", "name")}
    await scope.lock(locks.ESCALATING, "crisis resources of " + str(actor.agency_id))
    known = await CrisisResource.get_or_none(**same)
    columns |= {"verify_before": verify_before, "verified_by_id": actor.membership_id}
    if known is None:
        known = await CrisisResource.create(id=new_id(), **columns)
    else:
        await CrisisResource.filter(id=known.id).update(**columns)
    await journal.record(
        "crisis_resource.verified",
        subject_kind="crisisresource",
        subject_id=known.id,
        workspace_id=None,
        until=verify_before,
    )
    return known.id


def _checked(given: Help) -> dict[str, Any]:
    """Raises Invalid."""
    columns = asdict(given)
    if len(given.country) != 2 or not (given.country.isascii() and given.country.isalpha() and given.country.isupper()):
        raise Invalid("Countries are written as AT, GR, US.", path=("input", "country"))
    if given.kind not in RESOURCE_KINDS:
        raise Invalid("This is no kind of help.", path=("input", "kind"))
    if not given.languages or len(given.languages) > 50:
        raise Invalid("Say in which languages, 50 at most.", path=("input", "languages"))
    for name in ("name", "region", "phone", "sms"):
        columns[name] = clean_line(columns[name], field=name, longest=200, may_be_empty=name != "name")
    columns["hours"] = clean(given.hours, field="hours", longest=500)
    columns["languages"] = [clean_line(each, field="languages", longest=35) for each in given.languages]
    for name, field, is_needed in (("source_url", "sourceUrl", True), ("chat_url", "chatUrl", False)):
        columns[name] = clean_line(columns[name], field=field, longest=2_000, may_be_empty=not is_needed)
        if columns[name] and not is_askable(columns[name]):
            raise Invalid("This is no address of a web page.", path=("input", field))
    if not (columns["phone"] or columns["sms"] or columns["chat_url"]):
        raise Invalid("Say how they are reached.", path=("input", "phone"))
    return columns
