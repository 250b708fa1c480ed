"""The wall: row-level security and grants of every tenant table, written from the models and never by hand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final

from tenants.erasing import ERASER, goes_with_workspace, treatments
from tenants.tables import Reach, TenantModel, is_nullable
from tenants.treating import Put, Remove

POLICY: Final = "wall"


class Form(Enum):
    """Citus refuses sub-selects in policies; on one node they are fourteen times faster than plain function calls
    (5.7 ms against 80 ms for a count of 50,000 rows)."""

    ONE_NODE = "one_node"
    CITUS = "citus"


FOR_ALL: Final = (
    f"grant usage on schema app to tend_app, tend_relay, {ERASER}",
    f"grant execute on all functions in schema app to tend_app, tend_relay, {ERASER}",
    f"revoke all on schema public from tend_app, tend_relay, {ERASER}",
)
# Column grants: the relay moves jobs and never sees what is in them.
RELAY_GRANTS: Final[Mapping[str, Sequence[str]]] = {
    "app.jobs": (
        "select (agency_id, id, kind, priority, state, run_at, lease_until)",
        "update (state, lease_until, lease_token, dedupe_key)",
    ),
    "app.ready_agency": ("select, insert, delete",),
}
# Nothing walls these off, so no statement gives a session to somebody else, or an address, or makes anything last longer
# than it was made for.
GLOBAL_GRANTS: Final[Mapping[str, str]] = {
    "persons": "select, insert, update (name)",
    "sessions": "select, insert, update (idle_until, revoked_at)",
    "doors": "select, insert, delete",
    "mail_links": "select, insert, update (used_at), delete",
    "person_agency": "select, insert, delete",
    "ready_agency": "insert",
    "trusted_documents": "select",
    "workers": "select, insert, update (seen_at, is_stopping), delete",
}


HIDDEN_WITH: Final[Mapping[str, str]] = {
    "post_id": "hidden_posts",
    "case_id": "hidden_cases",
    "decision_id": "hidden_decisions",
    "statement_id": "hidden_statements",
}


def condition(model: type[TenantModel], form: Form, *, writing: bool = False) -> str:
    """The one expression that decides whether a row is there for the actor of the scope, or may be written by them."""
    one_node = form is Form.ONE_NODE
    agency = "(select app.agency())" if one_node else "app.agency()"
    sees_all = "(select app.sees_all())" if one_node else "app.sees_all()"
    workspaces = "(select app.workspaces())::uuid[]" if one_node else "app.workspaces()"
    if model.reach is Reach.ROOT:
        return f"id = {agency}"
    if model.workspace_column is None:
        return f"agency_id = {agency}"
    beyond = ""
    if is_nullable(model, model.workspace_column):
        of_agency = "(select app.of_agency())" if one_node else "app.of_agency()"
        beyond = f" or ({model.workspace_column} is null and {of_agency})"
    open_to_all = f"{model.workspace_column} is null or " if writing and model.takes_from_all else ""
    within = (
        f"agency_id = {agency} and ({open_to_all}{sees_all} or {model.workspace_column} = any({workspaces}){beyond})"
    )
    return " and ".join([within, *_restrictions(model, one_node=one_node)])


def _restrictions(model: type[TenantModel], *, one_node: bool) -> Iterator[str]:
    """What keeps everybody but its readers from what an escalation restricts. The lists are short, and asked for once in a
    statement (on Citus, where the functions would read tables from within a node, this has not been run)."""

    def ids(function: str) -> str:
        return f"(select app.{function}())::uuid[]" if one_node else f"app.{function}()"

    if model.restricted_to == "reader":
        reads = "(select app.reads())" if one_node else "app.reads()"
        yield f"({reads} = 'all' or by_id::text = {reads} or escalation_id = any({ids('opened')}))"
    elif model.restricted_to == "subject":
        columns = {field.source_field or name: field.null for name, field in model._meta.fields_map.items()}
        if model._meta.db_table == "posts":
            columns["post_id"] = False
        for column, function in HIDDEN_WITH.items():
            if column not in columns or (
                column not in ("post_id", "case_id") and {"post_id", "case_id"} & set(columns)
            ):
                continue
            own = "id" if model._meta.db_table == "posts" else column
            nothing = "(select app.restricts_nothing())" if one_node else "app.restricts_nothing()"
            nullable = f"{own} is null or " if columns[column] else ""
            yield f"({nothing} or {nullable}{own} <> all({ids(function)}))"


def _eraser_grants(model: type[TenantModel]) -> list[str]:
    """The eraser looks everywhere, and changes what the registry says and nothing else."""
    table = f"app.{model._meta.db_table}"
    found = [f"grant select on {table} to {ERASER}"]
    columns = sorted(name for name, treatment in treatments(model) if isinstance(treatment, Put))
    if columns:
        found.append(f"grant update ({', '.join(dict.fromkeys(columns))}) on {table} to {ERASER}")
    removes = any(isinstance(treatment, Remove) for _, treatment in treatments(model))
    if removes or goes_with_workspace(model):
        found.append(f"grant delete on {table} to {ERASER}")
    return found


def statements(models: Iterable[type[TenantModel]], form: Form) -> dict[str, list[str]]:
    """By table, what makes its wall and its grants: idempotent, and each table's belong into one transaction. Exactly one
    permissive policy per table: a second one opens it, and a restrictive one arrives on the nodes of a Citus cluster as
    permissive (seen: every agency's rows visible)."""
    found: dict[str, list[str]] = {}
    for model in models:
        table = f"app.{model._meta.db_table}"
        rule, check = condition(model, form), condition(model, form, writing=True)
        found[table] = [
            _nobody_may(table),
            f"alter table {table} enable row level security",
            f"alter table {table} force row level security",
            f"drop policy if exists {POLICY} on {table}",
            f"create policy {POLICY} on {table} as permissive for all using ({rule}) with check ({check})",
            f"grant {', '.join(model.grants)} on {table} to tend_app",
            *_eraser_grants(model),
        ]
    for name, grants in GLOBAL_GRANTS.items():
        found[f"app.{name}"] = [_nobody_may(f"app.{name}"), f"grant {grants} on app.{name} to tend_app"]
    for table, columns in RELAY_GRANTS.items():
        found[table] += [f"grant {of_columns} on {table} to tend_relay" for of_columns in columns]
    return found


def _nobody_may(table: str) -> str:
    return f"revoke all on {table} from public, tend_app, tend_relay, {ERASER}"
