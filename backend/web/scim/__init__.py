"""SCIM 2.0 at `/scim/v2`: an agency's directory says who works here (RFC 7643 and 7644, and what Entra and Okta send)."""

from starlette.routing import Mount, Route

from backend.web.scim.answering import Endpoint, WaitOf, Work
from backend.web.scim.changing import create_group, create_user, delete_group, delete_user, replace_group, replace_user
from backend.web.scim.discovering import (
    list_resource_types,
    list_schemas,
    no_bulk,
    not_here,
    read_config,
    read_resource_type,
    read_schema,
)
from backend.web.scim.patching import patch_group, patch_user
from backend.web.scim.reading import list_groups, list_users, read_group, read_user, search, search_groups, search_users


def scim(*, wait_of: WaitOf) -> Mount:
    """`wait_of` says how many seconds an API client has to wait."""

    def _route(path: str, *, reads_by_post: bool = False, **verbs: Work) -> Route:
        return Route(path, Endpoint(wait_of, verbs, reads_by_post=reads_by_post), methods=None)

    routes = [
        _route("/ServiceProviderConfig", GET=read_config),
        _route("/ResourceTypes", GET=list_resource_types),
        _route("/ResourceTypes/{id}", GET=read_resource_type),
        _route("/Schemas", GET=list_schemas),
        _route("/Schemas/{id}", GET=read_schema),
        _route("/.search", POST=search, reads_by_post=True),
        _route("/Users", GET=list_users, POST=create_user),
        _route("/Users/.search", POST=search_users, reads_by_post=True),
        _route("/Users/{id}", GET=read_user, PUT=replace_user, PATCH=patch_user, DELETE=delete_user),
        _route("/Groups", GET=list_groups, POST=create_group),
        _route("/Groups/.search", POST=search_groups, reads_by_post=True),
        _route("/Groups/{id}", GET=read_group, PUT=replace_group, PATCH=patch_group, DELETE=delete_group),
        _route("/Me", GET=not_here, POST=not_here, PUT=not_here, PATCH=not_here, DELETE=not_here),
        _route("/Bulk", POST=no_bulk),
        _route("/{elsewhere:path}"),
    ]
    return Mount("/scim/v2", routes=routes)


__all__ = ["scim"]
