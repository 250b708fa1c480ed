"""What the directory has written down here, as it asks for it: one by its id, or a page of those that fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition over PERSON_COLUMNS or GROUP_COLUMNS. `{0}`, `{1}`, ... in it stand for `values`."""

    sql: str = "true"
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """By an expression of PERSON_COLUMNS or GROUP_COLUMNS."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """`kind`: `text`, `exact` (upper and lower case told apart), `uuid`, `boolean`, `time`. Texts that are not exact are
    in lower case here."""

    sql: str
    kind: str


@dataclass(frozen=True, slots=True)
class Several:
    """An attribute with several values: a condition over their `columns` holds in `exists` (with `{condition}`)."""

    exists: str
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Person:
    """A membership as the directory sees it. `groups`: id and name."""

    id: UUID
    user_name: str
    external_id: str | None
    display_name: str | None
    given_name: str | None
    family_name: str | None
    email: str
    is_active: bool
    is_owner: bool
    created_at: datetime
    changed_at: datetime
    version: int
    groups: tuple[tuple[UUID, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`members`: ids and the names that the directory knows them by; empty where they were not asked for."""

    id: UUID
    external_id: str | None
    display_name: str
    is_mapped: bool
    created_at: datetime
    changed_at: datetime
    version: int
    members: tuple[UUID, ...] = ()


# The last entry of the journal about it: everything that changes a membership or a group is written there.
_CHANGED: Final = (
    "greatest({row}.created_at, (select max(j.at) from journal j where j.agency_id = $1 and j.workspace_id is null "
    "and j.subject_id = {row}.id))"
)
_IS_ACTIVE: Final = "(m.suspended_at is null and (m.starts_at is null or m.starts_at <= now()))"
# Who has ended is not there for the directory; provisioned anew, they are the same again.
THERE: Final = "(m.ends_at is null or m.ends_at > now())"
_PEOPLE: Final = f"""memberships m left join directory_people d on d.agency_id = $1 and d.membership_id = m.id
                    where m.agency_id = $1 and {THERE}"""
_GROUPS: Final = "directory_groups g where g.agency_id = $1"

_DISPLAY_NAME: Final = "case when d.id is null then m.name else d.display_name end"
PERSON_COLUMNS: Final[Mapping[str, Column | Several]] = MappingProxyType(
    {
        "id": Column("m.id", "uuid"),
        "userName": Column("coalesce(d.user_key, m.email)", "text"),
        "externalId": Column("m.external_id", "exact"),
        "displayName": Column(f"lower({_DISPLAY_NAME})", "text"),
        "name.givenName": Column("lower(d.given_name)", "text"),
        "name.familyName": Column("lower(d.family_name)", "text"),
        "active": Column(_IS_ACTIVE, "boolean"),
        "emails": Several("({condition})", {"value": Column("m.email", "text"), "type": Column("'work'", "text")}),
        "groups": Several(
            """exists (select from directory_group_members x join directory_groups y on y.agency_id = $1 and y.id = x.group_id
                where x.agency_id = $1 and x.membership_id = m.id and ({condition}))""",
            {"value": Column("x.group_id", "uuid"), "display": Column("y.name_key", "text")},
        ),
        "meta.created": Column("m.created_at", "time"),
        "meta.lastModified": Column(_CHANGED.format(row="m"), "time"),
    }
)
GROUP_COLUMNS: Final[Mapping[str, Column | Several]] = MappingProxyType(
    {
        "id": Column("g.id", "uuid"),
        "displayName": Column("g.name_key", "text"),
        "externalId": Column("g.external_id", "exact"),
        "members": Several(
            f"""exists (select from directory_group_members x join memberships m on m.agency_id = $1 and m.id = x.membership_id
                 where x.agency_id = $1 and x.group_id = g.id and {THERE} and ({{condition}}))""",
            {"value": Column("x.membership_id", "uuid"), "type": Column("'user'", "text")},
        ),
        "meta.created": Column("g.created_at", "time"),
        "meta.lastModified": Column(_CHANGED.format(row="g"), "time"),
    }
)


async def person(actor: Actor, id: UUID) -> Person | None:
    found, _ = await people(actor, Condition("m.id = {0}::uuid", (id,)), limit=1)
    return found[0] if found else None


async def people(
    actor: Actor, condition: Condition = Condition(), *, order: Order | None = None, offset: int = 0, limit: int
) -> tuple[list[Person], int]:
    """A page, with how many fit in all. Raises NotAllowed."""
    actor.must_hold(Right.PROVISION)
    rows, total = await _page(
        actor,
        f"""m.id, coalesce(d.user_name, m.email) as user_name, m.external_id, {_DISPLAY_NAME} as display_name,
            d.given_name, d.family_name, m.email, {_IS_ACTIVE} as is_active, m.role = 'owner' as is_owner,
            m.created_at, {_CHANGED.format(row="m")} as changed_at, m.version,
            array(select row(y.id, y.display_name) from directory_group_members x
                    join directory_groups y on y.agency_id = $1 and y.id = x.group_id
                   where x.agency_id = $1 and x.membership_id = m.id order by y.display_name) as groups""",
        _PEOPLE,
        condition,
        order or Order("m.id"),
        tie="m.id",
        offset=offset,
        limit=limit,
    )
    return [Person(**{**row, "groups": tuple(map(tuple, row["groups"]))}) for row in rows], total


async def group(actor: Actor, id: UUID, *, with_members: bool = True) -> Group | None:
    found, _ = await groups(actor, Condition("g.id = {0}::uuid", (id,)), limit=1, with_members=with_members)
    return found[0] if found else None


async def groups(
    actor: Actor,
    condition: Condition = Condition(),
    *,
    order: Order | None = None,
    offset: int = 0,
    limit: int,
    with_members: bool = True,
) -> tuple[list[Group], int]:
    """A page, with how many fit in all. Raises NotAllowed."""
    actor.must_hold(Right.PROVISION)
    members = f"""array(select x.membership_id from directory_group_members x
                          join memberships m on m.agency_id = $1 and m.id = x.membership_id
                         where x.agency_id = $1 and x.group_id = g.id and {THERE} order by x.membership_id)"""
    rows, total = await _page(
        actor,
        f"""g.id, g.external_id, g.display_name, g.role is not null as is_mapped, g.created_at,
            {_CHANGED.format(row="g")} as changed_at, g.version, {members if with_members else "'{}'::uuid[]"} as members""",
        _GROUPS,
        condition,
        order or Order("g.id"),
        tie="g.id",
        offset=offset,
        limit=limit,
    )
    return [Group(**{**row, "members": tuple(row["members"])}) for row in rows], total


async def _page(
    actor: Actor,
    columns: str,
    source: str,
    condition: Condition,
    order: Order,
    *,
    tie: str,
    offset: int,
    limit: int,
) -> tuple[Sequence[Mapping[str, Any]], int]:
    scope = current()
    where = condition.sql.format(*(f"${n}" for n in range(2, len(condition.values) + 2)))
    total = await scope.fetchval(f"select count(*) from {source} and ({where})", actor.agency_id, *condition.values)
    if limit == 0 or offset >= total:
        return [], total
    # Without a value it comes last, and first the other way round (RFC 7644, 3.4.2.3).
    direction = "desc nulls first" if order.descending else "asc nulls last"
    rows = await scope.fetch(
        f"""select {columns} from {source} and ({where}) order by {order.column} {direction}, {tie}
             limit {int(limit)} offset {int(offset)}""",
        actor.agency_id,
        *condition.values,
    )
    return [dict(row) for row in rows], total
