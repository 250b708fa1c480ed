"""What every table of an agency has in common; the wall and the promise tests loop over the models declared here."""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.expressions import Q
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet

from backend.kit.ids import new_id
from tenants.scope import current, current_agency
from tenants.treating import Treatment


class Reach(Enum):
    """Who inside the agency the wall lets at a row."""

    AGENCY = "agency"  # everybody the scope belongs to; finer rules are rights
    WORKSPACE = "workspace"  # who sees the row's workspace; a row without one: who is of the whole agency
    ITSELF = "itself"  # the row is the workspace
    ROOT = "root"  # the row is the agency


class ScopedManager(Manager):
    """Every query carries the constants the wall checks: indexes use them, a distributed planner needs them."""

    def get_queryset(self) -> QuerySet[Any]:
        actor = current().actor
        rows = super().get_queryset()
        reach = self._model.reach
        if reach is Reach.ROOT:
            return rows.filter(id=actor.agency_id)
        rows = rows.filter(agency_id=actor.agency_id)
        if actor.workspaces is not None and reach is Reach.WORKSPACE:
            of_client = Q(workspace_id__in=list(actor.workspaces))
            beyond = actor.of_agency and is_nullable(self._model, "workspace_id")
            rows = rows.filter(of_client | Q(workspace_id__isnull=True) if beyond else of_client)
        if actor.workspaces is not None and reach is Reach.ITSELF:
            rows = rows.filter(id__in=list(actor.workspaces))
        return rows


class TenantModel(Model):
    """A row of one agency. In SQL its key is (agency_id, id); Tortoise knows no composite keys and uses `id`.

    References are plain uuid columns, never lazy relations: a relation touched after its transaction answers [] or
    None instead of raising.
    """

    reach: ClassVar[Reach]
    # What tend_app may do with the table; append-only is a matter of grants, since triggers are refused on Citus.
    grants: ClassVar[tuple[str, ...]] = ("select", "insert", "update", "delete")
    # What becomes of each column of words when a member is forgotten (tenants/treating.py); a promise test wants them all.
    forgetting: ClassVar[Mapping[str, Treatment | tuple[Treatment, ...]]] = {}
    # Later rounds are looked up by earlier ones to know what is about the member.
    forgotten_in_round: ClassVar[int] = 0
    # Which rows a member is given who asks for what is known about them; a condition as there. None: no row.
    of_member: ClassVar[str | None] = None
    # Why they are given none, where something of them may be in a row.
    not_for_members: ClassVar[str | None] = None
    # Columns that no export holds, each with its reason; `stays_inside` is the reason of a whole table.
    inside: ClassVar[Mapping[str, str]] = {}
    stays_inside: ClassVar[str | None] = None
    # Which rows leave with an export of a client or the agency; a condition about the row `t`. None: all of them.
    leaves_if: ClassVar[str | None] = None
    # Why rows of a client that is deleted stay; without a reason they go with it.
    outlives_workspace: ClassVar[str | None] = None
    # Whether anybody of the agency may add a row without a workspace, which only who sees the whole agency reads.
    takes_from_all: ClassVar[bool] = False
    workspace_column: ClassVar[str | None] = None
    # Rows about a post, a case or a decision are hidden with it while an escalation restricts the post (wall.py). `reader`:
    # only who opens the row's own escalation sees it, and who wrote it (`by_id`); `everybody`: nothing of
    # the post is in it.
    restricted_to: ClassVar[Literal["subject", "reader", "everybody"]] = "subject"
    # When the agency is taken back to a moment (backend/backups): why rows of today stay as they are, and only those that
    # are missing come back.
    stays_today: ClassVar[str | None] = None
    # What becomes of a row that was not there then, where rows that stay point at it: as after `update ... set`.
    put_out: ClassVar[str | None] = None

    id: UUID = fields.UUIDField(primary_key=True, default=new_id)

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        cls._meta.manager = ScopedManager()  # Tortoise inherits none

    class Meta:
        abstract = True


class AgencyModel(TenantModel):
    reach = Reach.AGENCY
    agency_id: UUID = fields.UUIDField(default=current_agency)

    class Meta:
        abstract = True


class WorkspaceModel(TenantModel):
    reach = Reach.WORKSPACE
    workspace_column = "workspace_id"
    agency_id: UUID = fields.UUIDField(default=current_agency)
    workspace_id: UUID = fields.UUIDField()

    class Meta:
        abstract = True


class WorkspaceOrAgencyModel(AgencyModel):
    """A row of one workspace, or without one: of the agency, for who is of the whole of it."""

    reach = Reach.WORKSPACE
    workspace_column = "workspace_id"
    workspace_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        abstract = True


class SealedField(fields.BinaryField[bytes]):
    """A secret at rest, as `backend.outside.seal` makes it for exactly this row and column. Marked, so that a rotation of
    keys finds it and a promise test keeps it out of the API."""


_SQL_TYPES = {
    fields.UUIDField: "uuid",
    fields.CharField: "text",
    fields.TextField: "text",
    fields.DatetimeField: "timestamptz",
    fields.IntField: "integer",
    fields.BigIntField: "bigint",
    fields.FloatField: "float8",
    fields.BooleanField: "boolean",
    fields.JSONField: "jsonb",
    fields.BinaryField: "bytea",
    SealedField: "bytea",
    ArrayField: "text[]",
}


def sql_type(model: type[Model], column: str) -> str:
    """PostgreSQL's name of the column's type."""
    return _SQL_TYPES[type(model._meta.fields_map[column])]


def is_nullable(model: type[Model], column: str) -> bool:
    return bool(model._meta.fields_map[column].null)


def has_column(model: type[Model], column: str) -> bool:
    return column in model._meta.fields_map


APPEND_ONLY = ("select", "insert")


def tenant_models() -> list[type[TenantModel]]:
    """Every concrete model of an agency that has been imported, by table name."""

    def below(model: type[TenantModel]) -> list[type[TenantModel]]:
        found = [] if model._meta.abstract else [model]
        return found + [deeper for child in model.__subclasses__() for deeper in below(child)]

    return sorted(below(TenantModel), key=lambda model: model._meta.db_table)


class Connection(Protocol):
    """A bare connection, or a scope."""

    async def fetch(self, sql: str, *values: Any) -> Sequence[Any]: ...


async def children_first(connection: Connection, tables: Collection[str]) -> list[str]:
    """In the order of the foreign keys: whoever points at a row comes before it."""
    rows = await connection.fetch(
        """select distinct c.relname as child, p.relname as parent from pg_constraint k
             join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
            where k.contype = 'f' and k.connamespace = 'app'::regnamespace and k.conrelid <> k.confrelid"""
    )
    pointing = {table: {row["child"] for row in rows if row["parent"] == table} & set(tables) for table in tables}
    ordered: list[str] = []
    while pointing:
        free = sorted(table for table, children in pointing.items() if not children - set(ordered))
        assert free, f"foreign keys in a circle: {sorted(pointing)}"
        ordered += free
        for table in free:
            del pointing[table]
    return ordered


async def pointing_within(connection: Connection) -> Mapping[str, list[str]]:
    """By table, the columns that point at another row of the same."""
    rows = await connection.fetch(
        """select c.relname, array_agg(a.attname::text order by a.attnum) as columns
             from pg_constraint k join pg_class c on c.oid = k.conrelid
             join pg_attribute a on a.attrelid = c.oid and a.attnum = any(k.conkey)
            where k.contype = 'f' and k.connamespace = 'app'::regnamespace and k.conrelid = k.confrelid
              and a.attname not in ('agency_id', 'workspace_id') group by c.relname"""
    )
    return {row["relname"]: row["columns"] for row in rows}


def sealed_columns() -> list[tuple[type[TenantModel], str]]:
    """Every secret at rest, of every model that has been imported."""
    return [
        (model, name)
        for model in tenant_models()
        for name, field in model._meta.fields_map.items()
        if isinstance(field, SealedField)
    ]
