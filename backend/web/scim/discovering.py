"""What this server can do and what it keeps, for machines to read."""

from collections.abc import Sequence
from typing import Any, Final

from scim2_models import (
    Context,
    ForbiddenException,
    ListResponse,
    Meta,
    NotFoundException,
    NotImplementedException,
    ResourceType,
    Schema,
)
from scim2_models import Resource as AnyResource

from backend.web.scim.answering import Answer, Asked
from backend.web.scim.describing import CONFIG, PROVIDER, SCHEMAS


async def read_config(asked: Asked) -> Answer:
    config = CONFIG.model_copy(
        update={"meta": Meta(resource_type="ServiceProviderConfig", location=f"{asked.base}/ServiceProviderConfig")}
    )
    return Answer(config.model_dump_json(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


async def list_resource_types(asked: Asked) -> Answer:
    return _listed(asked, ResourceType, PROVIDER.resource_types)


async def read_resource_type(asked: Asked) -> Answer:
    return _one(asked, PROVIDER.resource_types)


async def list_schemas(asked: Asked) -> Answer:
    return _listed(asked, Schema, SCHEMAS)


async def read_schema(asked: Asked) -> Answer:
    return _one(asked, SCHEMAS)


async def not_here(_asked: Asked) -> Answer:
    """Nobody is a user of SCIM: keys belong to machines."""
    raise NotImplementedException(detail="A key is of a machine, so there is no `Me`.")


async def no_bulk(_asked: Asked) -> Answer:
    raise NotImplementedException(detail="There is no Bulk: send one request for each change.")


_ADDRESSES: Final = {ResourceType: "ResourceTypes", Schema: "Schemas"}


def _listed(asked: Asked, model: type[Any], all: Sequence[Any]) -> Answer:
    """Raises ForbiddenException for a filter (RFC 7644, 4)."""
    if "filter" in asked.query:
        raise ForbiddenException(detail="This is not filtered.")
    listed = ListResponse[model](  # type: ignore[valid-type]
        total_results=len(all),
        start_index=1,
        items_per_page=len(all),
        resources=[_placed(asked, each) for each in all],
    )
    return Answer(listed.model_dump_json(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _one(asked: Asked, all: Sequence[Any]) -> Answer:
    found = next((each for each in all if str(each.id).lower() == asked.path["id"].lower()), None)
    if found is None:
        raise NotFoundException
    return Answer(_placed(asked, found).model_dump_json(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _placed(asked: Asked, resource: AnyResource[Any]) -> AnyResource[Any]:
    location = f"{asked.base}/{_ADDRESSES[type(resource)]}/{resource.id}"
    return resource.model_copy(update={"meta": Meta(resource_type=type(resource).__name__, location=location)})
