"""Saying whose the services of a client are, and which communities belong to which."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.communities import Community
from backend.filing.models import ProviderEntity, Service, ServiceCommunity
from backend.filing.owing import Duty, duties_of
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from backend.outside import is_askable, seal
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

_COUNTRY: Final = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class AboutProvider:
    """Days are YYYY-MM-DD. `size_class_lost_on`: when a provider that is larger by now ceased to be micro or small."""

    statutory_name: str
    is_client: bool
    establishment_country: str
    size_class: str
    size_class_since: str
    size_class_lost_on: str | None = None
    coordinator_country: str | None = None
    legal_representative: str = ""
    authority_contact: str = ""
    recipient_contact: str = ""


@dataclass(frozen=True, slots=True)
class AboutService:
    """`sor_platform_name`: how the transparency database calls it. `spam_is_commercial`: whether what breaks a rule about
    spam is deceptive commercial content in high volume, for which Article 17(2) wants no statement."""

    name: str
    kind: str
    is_public: bool
    agency_role: str = "processor"
    sor_platform_name: str | None = None
    can_restrict_money: bool = False
    spam_is_commercial: bool = True
    terms_url: str | None = None
    complaints_url: str | None = None
    misuse_url: str | None = None


async def describe_provider(
    actor: Actor, workspace_id: UUID, about: AboutProvider, *, provider_id: UUID | None = None
) -> ProviderEntity:
    """A new one, or another description of one. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    await find_workspace(workspace_id)
    columns = _checked_provider(about)
    kept: ProviderEntity = await _keep(ProviderEntity, "provider", workspace_id, columns, id=provider_id)
    return kept


async def describe_service(
    actor: Actor, provider_id: UUID, about: AboutService, *, service_id: UUID | None = None
) -> Service:
    """A new one of the provider, or another description of one. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    provider = await ProviderEntity.get_or_none(id=provider_id)
    if provider is None:
        raise NotFound(path=("input", "providerId"))
    columns = _checked_service(about)
    columns["provider_id"] = provider.id
    kept: Service = await _keep(Service, "service", provider.workspace_id, columns, id=service_id)
    return kept


async def link_community(
    actor: Actor, community_id: UUID, *, service_id: UUID | None, is_public: bool = True
) -> Community:
    """The community is of this service from now on, or of none. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    community = await Community.get_or_none(id=community_id)
    if community is None:
        raise NotFound(path=("input", "communityId"))
    if service_id is not None and not await Service.exists(id=service_id, workspace_id=community.workspace_id):
        raise NotFound(path=("input", "serviceId"))
    await ServiceCommunity.filter(community_id=community.id, workspace_id=community.workspace_id).delete()
    if service_id is not None:
        await ServiceCommunity.create(
            workspace_id=community.workspace_id,
            service_id=service_id,
            community_id=community.id,
            is_public=is_public,
        )
    await journal.record(
        "community.linked",
        subject_kind="community",
        subject_id=community.id,
        workspace_id=community.workspace_id,
        service=None if service_id is None else str(service_id),
        is_public=is_public,
    )
    return community


async def let_file(actor: Actor, service_id: UUID, *, token: str | None, address: str | None = None) -> Service:
    """Tend sends the statements of a service by itself, as `token` says who; None: no more. Raises NotAllowed, NotFound,
    Invalid."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    service = await find_service(service_id)
    if token is not None:
        token = clean_line(token, field="token", longest=500)
        if not token.isascii() or " " in token:
            raise Invalid("This is no token.", path=("input", "token"))
    if address is not None:
        address = _address(address, "address")
    service.token = None if token is None else await seal(token, table="services", column="token", row_id=service.id)
    service.files_itself, service.database_address = token is not None, address
    await service.save(update_fields=("token", "files_itself", "database_address"))
    await journal.record(
        "service.let_file" if token else "service.stopped_filing",
        subject_kind="service",
        subject_id=service.id,
        workspace_id=service.workspace_id,
    )
    return service


async def duties(actor: Actor, service_id: UUID, *, on: date | None = None) -> Sequence[Duty]:
    """What is owed for a service on a day, today when left out. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.READ_WORKSPACE)
    service = await find_service(service_id)
    return duties_of(await provider_of(service), service, on=on or now().date())


async def find_service(service_id: UUID) -> Service:
    """Raises NotFound."""
    service = await Service.get_or_none(id=service_id)
    if service is None:
        raise NotFound(path=("input", "serviceId"))
    return service


async def provider_of(service: Service) -> ProviderEntity:
    found: ProviderEntity = await ProviderEntity.get(id=service.provider_id, workspace_id=service.workspace_id)
    return found


async def _keep(model: Any, kind: str, workspace_id: UUID, columns: dict[str, Any], *, id: UUID | None) -> Any:
    try:
        async with current().part():
            if id is None:
                kept = await model.create(workspace_id=workspace_id, **columns)
            else:
                kept = await model.filter(id=id, workspace_id=workspace_id).select_for_update().get_or_none()
                if kept is None:
                    raise NotFound(path=("input", f"{kind}Id"))
                await kept.update_from_dict(columns).save(update_fields=tuple(columns))
    except IntegrityError:
        raise Conflict("Another one of this client has this name.", path=("input", "name")) from None
    await journal.record(
        f"{kind}.described", subject_kind=kind, subject_id=kept.id, workspace_id=workspace_id, after=columns
    )
    return kept


def _checked_provider(about: AboutProvider) -> dict[str, Any]:
    """Raises Invalid."""
    columns = asdict(about)
    columns["statutory_name"] = clean_line(about.statutory_name, field="statutoryName", longest=300)
    for name in ("legal_representative", "authority_contact", "recipient_contact"):
        columns[name] = clean(columns[name], field=name, longest=2_000, may_be_empty=True)
    for name in ("establishment_country", "coordinator_country"):
        if columns[name] is not None and not _COUNTRY.fullmatch(columns[name]):
            raise Invalid("A country is two capitals, such as DE.", path=("input", name))
    since = _day(about.size_class_since, "size_class_since")
    if about.size_class_lost_on is not None:
        if about.size_class in ("micro", "small"):
            raise Invalid("Who is micro or small has not lost it.", path=("input", "size_class_lost_on"))
        if _day(about.size_class_lost_on, "size_class_lost_on") > since:
            raise Invalid("It was lost when it became larger, at the latest.", path=("input", "size_class_lost_on"))
    return columns


def _checked_service(about: AboutService) -> dict[str, Any]:
    """Raises Invalid."""
    columns = asdict(about)
    columns["name"] = clean_line(about.name, field="name", longest=200)
    if about.sor_platform_name is not None:
        columns["sor_platform_name"] = clean_line(about.sor_platform_name, field="sorPlatformName", longest=200)
    for name in ("terms_url", "complaints_url", "misuse_url"):
        if columns[name] is not None:
            columns[name] = _address(columns[name], name)
    if about.kind in ("online_platform", "vlop") and not about.is_public:
        raise Invalid("What is not public is no online platform: it is hosting.", path=("input", "kind"))
    return columns


def _address(text: str, field: str) -> str:
    text = clean_line(text, field=field, longest=500)
    if not is_askable(text):
        raise Invalid("The address must begin with https://.", path=("input", field))
    return text.rstrip("/") if field == "address" else text


def _day(text: str, field: str) -> date:
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("A day is YYYY-MM-DD.", path=("input", field)) from None
