"""What a frontend developer is told about every name in the schema, and what the names themselves promise."""

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)

from graphql_schema.schema import schema

SCHEMA = schema._schema
# Inputs that several mutations take: any other input is named after its one mutation.
SHARED_INPUTS = {
    "WebhookEndpointInput": "an endpoint, with nothing to add",
    "ContentInput": "an article or a lesson, with nothing to add",
    "CourseInput": "a course, with nothing to add",
    "EnrolmentInput": "an enrolment, with nothing to add",
    "DraftInput": "a draft, with nothing to add",
    "ClaimInput": "a claim of yours, with nothing to add",
    "EscalationInput": "an escalation, with nothing to add",
    "StoryInput": "a story, with nothing to add",
    "PracticeInput": "a best practice, with nothing to add",
    "StaffInput": "somebody of the agency, with nothing to add",
}
FILLERS = frozenset("a an and are by in is it its of that the their this to your".split())
CONNECTION_ARGUMENTS = {"first": "Int", "after": "String", "last": "Int", "before": "String"}


def types(of: GraphQLSchema) -> list[GraphQLNamedType]:
    return [t for t in of.type_map.values() if not is_introspection_type(t) and not is_specified_scalar_type(t)]


def named(of: GraphQLSchema) -> Iterator[tuple[str, str | None, str | None]]:
    """Everything with a name, as `Type.field(argument)`: its description and why it is deprecated."""
    for directive in of.directives:
        if not is_specified_directive(directive):
            yield f"@{directive.name}", directive.description, None
            for name, argument in directive.args.items():
                yield f"@{directive.name}({name})", argument.description, argument.deprecation_reason
    for type_ in types(of):
        yield type_.name, type_.description, None
        if isinstance(type_, GraphQLEnumType):
            for name, value in type_.values.items():
                yield f"{type_.name}.{name}", value.description, value.deprecation_reason
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field.description, field.deprecation_reason
                for argument_name, argument in getattr(field, "args", {}).items():
                    place = f"{type_.name}.{name}({argument_name})"
                    yield place, argument.description, argument.deprecation_reason


def words(text: str) -> set[str]:
    """In lower case and without a plural's s, those of `camelCase` and `SCREAMING_SNAKE` one by one."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", text)
    return {part.lower().removesuffix("s") for part in parts if part.lower() not in FILLERS}


def faults_of_descriptions(of: GraphQLSchema) -> Iterator[str]:
    for place, text, _ in named(of):
        if not text:
            yield f"{place} has no description"
        elif not text[0].isupper() and not text[0].isdigit():
            yield f"{place} does not begin like a sentence: {text}"
        elif not text.endswith((".", "?")):
            yield f"{place} does not end like a sentence: {text}"
        elif len(text.split()) < 3:
            yield f"{place} says too little: {text}"
        elif words(text) <= words(place):
            yield f"{place} only says its name again: {text}"


def faults_of_deprecations(of: GraphQLSchema) -> Iterator[str]:
    for place, _, reason in named(of):
        if reason is None:
            continue
        said = re.search(r"Use `[^`]+`[^.]* instead\. Removed after (\d{4}-\d\d-\d\d)\.$", reason)
        try:
            date.fromisoformat(said[1] if said else "")
        except ValueError:
            yield f"{place} does not say what to use instead and until when: {reason}"


def faults_of_names(of: GraphQLSchema) -> Iterator[str]:
    for type_ in types(of):
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", type_.name):
            yield f"{type_.name} is not PascalCase"
    for place, _, _ in named(of):
        type_name, _, name = place.partition(".")
        if not name:
            continue
        if isinstance(of.type_map[type_name], GraphQLEnumType):
            if not re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", name):
                yield f"{place} is not SCREAMING_SNAKE"
        elif not all(re.fullmatch(r"[a-z][A-Za-z0-9]*", part) for part in name.removesuffix(")").split("(")):
            yield f"{place} is not camelCase"


def faults_of_connections(of: GraphQLSchema) -> Iterator[str]:
    """Relay's cursor connections: https://relay.dev/graphql/connections.htm"""
    for type_ in types(of):
        if not isinstance(type_, GraphQLObjectType):
            continue
        fields = {name: str(field.type) for name, field in type_.fields.items()}
        if type_.name.endswith("Connection"):
            row = type_.name.removesuffix("Connection")
            if fields.get("pageInfo") != "PageInfo!":
                yield f"{type_.name} has no pageInfo: PageInfo!"
            if fields.get("edges") != f"[{row}Edge!]!":
                yield f"{type_.name} has no edges: [{row}Edge!]!"
        elif "edges" in fields or "pageInfo" in fields:
            yield f"{type_.name} is a connection by another name"
        if type_.name.endswith("Edge") and (
            fields.get("cursor") != "String!" or fields.get("node", "").rstrip("!") != type_.name.removesuffix("Edge")
        ):
            yield f"{type_.name} has no cursor: String! or no node of its name"
        for name, field in type_.fields.items():
            arguments = {key: str(argument.type) for key, argument in field.args.items() if key in CONNECTION_ARGUMENTS}
            is_list = get_named_type(field.type).name.endswith("Connection")
            if arguments != (CONNECTION_ARGUMENTS if is_list else {}):
                yield f"{type_.name}.{name} and first, after, last, before do not go together"
    page_info = of.type_map.get("PageInfo")
    if isinstance(page_info, GraphQLObjectType):
        fields = {name: str(field.type) for name, field in page_info.fields.items()}
        for name, type_name in {
            "hasNextPage": "Boolean!",
            "hasPreviousPage": "Boolean!",
            "startCursor": "String",
            "endCursor": "String",
        }.items():
            if fields.get(name) != type_name:
                yield f"PageInfo has no {name}: {type_name}"


def faults_of_mutations(of: GraphQLSchema) -> Iterator[str]:
    mutations = of.mutation_type.fields if of.mutation_type else {}
    taken: dict[str, list[str]] = {}
    for name, field in mutations.items():
        inputs = {key: str(argument.type) for key, argument in field.args.items()}
        taken.setdefault(inputs.get("input", "").rstrip("!"), []).append(name)
        own = f"{name[:1].upper()}{name[1:]}Input"
        if inputs not in [{"input": f"{choice}!"} for choice in (own, *SHARED_INPUTS)]:
            yield f"{name} does not take input: {own}! and nothing else"
        payload = get_named_type(field.type)
        errors = payload.fields.get("userErrors") if isinstance(payload, GraphQLObjectType) else None
        if str(field.type) != f"{payload.name}!" or not payload.name.endswith("Payload"):
            yield f"{name} does not answer with a payload"
        elif errors is None or str(errors.type) != "[UserError!]!":
            yield f"{payload.name} has no userErrors: [UserError!]!"
        elif required := [
            key for key, f in payload.fields.items() if str(f.type).endswith("!") and key != "userErrors"
        ]:
            yield f"{payload.name} could not refuse: {', '.join(required)} may not be null"
    for shared in SHARED_INPUTS:
        if len(taken.get(shared, ())) == 1:
            yield f"{shared} is taken by one mutation only, and should have its name"


PROMISES = [
    faults_of_descriptions,
    faults_of_deprecations,
    faults_of_names,
    faults_of_connections,
    faults_of_mutations,
]


@pytest.mark.parametrize("faults", PROMISES, ids=lambda promise: promise.__name__)
def test_the_schema_keeps_the_promise(faults: Callable[[GraphQLSchema], Iterator[str]]) -> None:
    assert list(faults(SCHEMA)) == []


def test_everything_with_a_name_is_looked_at() -> None:
    places = {place for place, _, _ in named(SCHEMA)}
    assert {
        "Case",
        "Case.risk",
        "Case.reports(first)",
        "CaseFilter.isMine",
        "CaseState.QUEUED",
        "DateTime",
        "Mutation.decideCase(input)",
        "Node.id",
        "Reporter",
    } <= places
    assert len(places) > 500
    assert not places & {"__Schema", "Boolean", "@skip"}


FINE = '''
    """Not for every reader."""
    directive @secret("Because of this law." reason: String) on FIELD_DEFINITION
    """Everything that can be read."""
    type Query {
      """One client, or null."""
      client("2 to 63 letters." shortName: String): Client
      """The cases of all clients."""
      cases(
        "As many at most." first: Int, "Behind this one." after: String, "As many at most." last: Int,
        "Ahead of this one." before: String
      ): CaseConnection!
    }
    """Whoever pays the agency."""
    type Client {
      """Which kind they are?"""
      kind: Kind
      """What they were called."""
      title: String @deprecated(reason: "Use `name` instead. Removed after 2027-06-30.")
    }
    """What clients can be."""
    enum Kind {
      """Pays for all of it."""
      FULL_PRICE
    }
    """What waits to be decided."""
    type Case {
      """Opaque, for `node` only."""
      id: ID!
    }
    """A page of the list."""
    type CaseConnection {
      """Rows with their cursors."""
      edges: [CaseEdge!]!
      """Where the page lies."""
      pageInfo: PageInfo!
    }
    """A row with its place."""
    type CaseEdge {
      """For `after` and `before`."""
      cursor: String!
      """The row at that place."""
      node: Case!
    }
    """Where a page lies."""
    type PageInfo {
      """Whether rows follow it."""
      hasNextPage: Boolean!
      """Whether rows precede it."""
      hasPreviousPage: Boolean!
      """Of the first row."""
      startCursor: String
      """Of the last row."""
      endCursor: String
    }
    """Everything that can be done."""
    type Mutation {
      """Somebody else may look at it."""
      skipCase("All that there is to say." input: SkipCaseInput!): CasePayload!
    }
    """The case to pass on."""
    input SkipCaseInput {
      """Opaque, from `claimNextCase` only."""
      claimToken: String!
    }
    """A case or why not."""
    type CasePayload {
      """Queued again, or null."""
      case: Case
      """Empty when it was done."""
      userErrors: [UserError!]!
    }
    """Why it was not done."""
    type UserError {
      """For the person reading."""
      message: String!
    }
'''
BROKEN = {
    faults_of_descriptions: [
        ('"""Whoever pays the agency."""', "", "Client has no description"),
        ('"""Not for every reader."""', "", "@secret has no description"),
        ('"Because of this law." ', "", "@secret(reason) has no description"),
        ('"""Which kind they are?"""', "", "Client.kind has no description"),
        ('"2 to 63 letters." ', "", "Query.client(shortName) has no description"),
        ('"""Opaque, from `claimNextCase` only."""', "", "SkipCaseInput.claimToken has no description"),
        ('"""Pays for all of it."""', "", "Kind.FULL_PRICE has no description"),
        ("Pays for all", "pays for all", "Kind.FULL_PRICE does not begin like a sentence: pays for all of it."),
        (
            "Pays for all of it.",
            "Pays for all of it",
            "Kind.FULL_PRICE does not end like a sentence: Pays for all of it",
        ),
        ("Pays for all of it.", "Pays all.", "Kind.FULL_PRICE says too little: Pays all."),
        (
            "Opaque, from `claimNextCase` only.",
            "The token of the claim.",
            "SkipCaseInput.claimToken only says its name again: The token of the claim.",
        ),
    ],
    faults_of_deprecations: [
        (
            "Use `name` instead. Removed after 2027-06-30.",
            "Removed after 2027-06-30.",
            "Client.title does not say what to use instead and until when: Removed after 2027-06-30.",
        ),
        (
            " Removed after 2027-06-30.",
            "",
            "Client.title does not say what to use instead and until when: Use `name` instead.",
        ),
        (
            "2027-06-30",
            "2027-06-31",
            "Client.title does not say what to use instead and until when: Use `name` instead. Removed after 2027-06-31.",
        ),
    ],
    faults_of_names: [
        ("Kind", "price_kind", "price_kind is not PascalCase"),
        ("FULL_PRICE", "full_price", "Kind.full_price is not SCREAMING_SNAKE"),
        ("claimToken", "claim_token", "SkipCaseInput.claim_token is not camelCase"),
        ("shortName", "ShortName", "Query.client(ShortName) is not camelCase"),
    ],
    faults_of_connections: [
        (
            "type Client {",
            'type Client { "Rows of its own." edges: [CaseEdge!]!',
            "Client is a connection by another name",
        ),
        ("pageInfo: PageInfo!", "page: PageInfo!", "CaseConnection has no pageInfo: PageInfo!"),
        ("edges: [CaseEdge!]!", "edges: [CaseEdge]", "CaseConnection has no edges: [CaseEdge!]!"),
        ("cursor: String!", "place: String!", "CaseEdge has no cursor: String! or no node of its name"),
        ("node: Case!", "node: Client!", "CaseEdge has no cursor: String! or no node of its name"),
        (', "As many at most." last: Int', "", "Query.cases and first, after, last, before do not go together"),
        ("endCursor", "lastCursor", "PageInfo has no endCursor: String"),
    ],
    faults_of_mutations: [
        (
            "input: SkipCaseInput!",
            "input: SkipCaseInput!, why: String",
            "skipCase does not take input: SkipCaseInput! and nothing else",
        ),
        (
            "input: SkipCaseInput!",
            "input: SkipCaseInput",
            "skipCase does not take input: SkipCaseInput! and nothing else",
        ),
        ("SkipCaseInput", "PassCaseInput", "skipCase does not take input: SkipCaseInput! and nothing else"),
        ("SkipCaseInput", "ClaimInput", "ClaimInput is taken by one mutation only, and should have its name"),
        ("): CasePayload!", "): Case!", "skipCase does not answer with a payload"),
        ("): CasePayload!", "): CasePayload", "skipCase does not answer with a payload"),
        ("userErrors: [UserError!]!", "userErrors: [UserError!]", "CasePayload has no userErrors: [UserError!]!"),
        ("case: Case\n", "case: Case!\n", "CasePayload could not refuse: case may not be null"),
    ],
}


def test_a_schema_that_keeps_all_promises_has_no_faults() -> None:
    assert [fault for faults in PROMISES for fault in faults(build_schema(FINE))] == []


@pytest.mark.parametrize(
    ("faults", "before", "after", "said"),
    [pytest.param(faults, *change, id=change[2]) for faults, changes in BROKEN.items() for change in changes],
)
def test_each_rule_is_seen_to_fail(
    faults: Callable[[GraphQLSchema], Iterator[str]], before: str, after: str, said: str
) -> None:
    assert before in FINE
    assert list(faults(build_schema(FINE.replace(before, after)))) == [said]
