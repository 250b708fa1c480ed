"""What holds for every list and every order: an index serves scope, order and page, however long the list grows."""

import json
from typing import Any

import pytest
from cast import Cast
from graphql import GraphQLObjectType, get_named_type

from backend.settings import Settings
from graphql_schema.projection.compiling import Compiler
from graphql_schema.projection.declaring import Column, ProjectedField, ToMany, published
from graphql_schema.projection.listing import connection
from graphql_schema.projection.ordering import keys_of
from graphql_schema.projection.paging import Page
from graphql_schema.projection.selecting import Leaf, ListPlan, ListSite, ObjectPlan, Plan
from graphql_schema.schema import schema
from infra.bench.plans import faults
from tenants.scope import agency_scope

# Lists that never grow long; each with its reason.
SHORT = {
    "Agency.workspaces": "clients of one agency",
    "Agency.directory_groups": "groups of one agency's directory",
    "Agency.staff": "people of one agency",
    "Agency.stakeholders": "people of one agency's clients",
    "Agency.webhook_endpoints": "servers that hear of one agency, 100 at most",
    "Workspace.webhook_endpoints": "likewise",
    "TransparencyReport.parts": "eleven",
    "Agency.api_clients": "machines of one agency, 1,000 at most",
    **dict.fromkeys(
        ("Escalation.filings", "Escalation.takedowns", "Escalation.follow_ups"),
        "what is told of one escalation, or asked about it",
    ),
    "Agency.crisis_resources": "services that leads have looked up",
    "Agency.rotas": "rotas of one agency",
    "Agency.holiday_calendars": "calendars of its rotas",
    "Agency.escalation_policies": "50 at most in force: unique by position",
    "Workspace.escalation_policies": "likewise",
    "Course.lessons": "100 at most: unique by number",
    "Course.prerequisites": "20 at most: unique by number",
    "LearningPath.courses": "50 at most: unique by number",
    "Enrolment.attempts": "100 at most: unique by number",
    "Query.workspaces": "clients of one agency",
    "Workspace.communities": "communities of one client",
    "Workspace.queues": "queues of one client",
    "Workspace.routing": "routes of one client, 200 at most",
    "Workspace.service_levels": "tiers of one client",
    "Workspace.working_hours": "hours of a week",
    "Workspace.days_off": "days off of one client, 400 at most",
    "Workspace.conflicts": "people of one agency, and whom they know",
    "Agency.reviewers": "people of one agency",
    "Decision.events": "what became of one decision: each kind once",
    "Decision.evidence": "six posts at most: unique by number",
    "Decision.strikes": "a violation, and that it was taken back",
    "PolicyVersion.examples": "50 at most",
    "InvestigationTie.evidence": "ten at most: unique by number",
    "Community.report_pages": "one that is open, one for each trusted flagger, and those that were closed",
    "Workspace.trusted_flaggers": "entities that a coordinator named",
    "TrustedFlagger.history": "how one status went",
    "Workspace.strike_thresholds": "20 at most: unique by number",
    "Decision.actions": "kinds of action on one decision",
    "Workspace.policies": "policies of one client",
    "Policy.versions": "unique by number: the incremental sort it shows sorts groups of one",
    "Rule.versions": "unique by number: the incremental sort it shows sorts groups of one",
    "Post.versions": "unique by number: the incremental sort it shows sorts groups of one",
}


def lists() -> list[tuple[str, Any, str]]:
    found = []
    for type_ in schema._schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType):
            continue
        for field in type_.fields.values():
            declared = field.extensions.get("strawberry-definition")
            if isinstance(declared, ProjectedField) and isinstance(declared.source, ToMany):
                found += [
                    (f"{type_.name}.{declared.python_name}", field, order.name) for order in declared.source.order
                ]
    return sorted(found, key=lambda item: (item[0], item[2]))


@pytest.mark.parametrize(("name", "field", "order"), lists(), ids=lambda value: value if isinstance(value, str) else "")
async def test_an_index_gives_the_page_in_its_order(
    settings: Settings, acme: Cast, name: str, field: Any, order: str
) -> None:
    if name in SHORT:
        return
    source = field.extensions["strawberry-definition"].source
    row_type = get_named_type(get_named_type(field.type).fields["nodes"].type)
    target = published(row_type.name)
    key = source.order[order].value
    keys = keys_of(target.model, key)
    nodes = ObjectPlan(target, [("x", Leaf(Column(keys[0].column), "String", False, True))])
    plan = ListPlan(source, 0, target, [("nodes", "nodes", nodes)])
    page = Page(50, False, key, keys, None, None, ())
    parent = published(name.split(".", maxsplit=1)[0])
    actor = acme.owner
    compiler = Compiler(Plan(plan, [ListSite(field, None, name, source, target, True)]), [page], actor)
    parent_row = "p0" if parent is not None else None
    body = connection(compiler, plan, parent, parent_row)
    own = "id" if parent is not None and parent.table == "agencies" else "agency_id"
    text = f"select {body} from {parent.table} p0 where p0.{own} = $1" if parent is not None else f"select {body}"
    values = [bind(actor, [page], None) for bind in compiler.binders]
    async with agency_scope(actor) as scope:
        # Few rows would make any planner read them all: here only what is possible counts.
        await scope.execute("set local enable_seqscan = off")
        await scope.execute("set local enable_sort = off")
        await scope.execute("set local enable_bitmapscan = off")
        [found] = await scope.fetchrow(f"explain (format json) {text}", *values)
    problems = list(faults(json.loads(found)[0]["Plan"]))
    assert not problems, (
        f"no index gives {name} in the order {order}: add one that ends with {[key.column for key in keys]}, "
        f"or say in SHORT why it stays short: {problems}\n{text}"
    )


def test_every_exemption_names_a_list_that_exists() -> None:
    assert set(SHORT) <= {name for name, _, _ in lists()}
