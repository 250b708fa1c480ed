"""Random valid operations over the schema: aliases, repeated fields, fragments, directives, variables with defaults, and cursors
followed both ways."""

import base64
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
)

from graphql_schema.projection.declaring import ToMany

PAGES = (0, 1, 2, 3, 5, None)
TEXTS = {
    "handle": ("reporter", "ä ☃"),
    "externalId": ("a1", "☃"),
    "text": ("TEXT 3", "3, 5!", "5 hello", "☃ 2"),
    "action": ("case.claimed", "case.decided", "policy.created", "☃"),
    "kind": ("apply_rules", "write_words", "☃"),
    "since": ("2020-01-01T00:00:00Z", "2026-11-25T10:00:00", "2999-01-01T00:00:00+02:00"),
    "until": ("2020-01-01T00:00:00Z", "2026-11-25T10:00:00", "2999-01-01T00:00:00+02:00"),
}


@dataclass
class Pools:
    """What operations are made of: real ids by kind, noise, and cursors seen so far by list and order."""

    ids: dict[str, list[str]]
    cursors: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def note(self, data: Any) -> None:
        if isinstance(data, dict):
            for key, value in data.items():
                if isinstance(value, str) and "ursor" in key.lower():
                    name, order, *_ = base64.b64decode(value).decode().split(" ")
                    self.cursors.setdefault((name, order), []).append(value)
                self.note(value)
        elif isinstance(data, list):
            for item in data:
                self.note(item)


@dataclass
class Operation:
    document: str
    variables: dict[str, Any]


# Root fields that are no projection: nothing of the engine is in them.
ANSWERED_IN_PYTHON = frozenset(
    """viewer moderationNumbers taxonomy macroText strikePreview reporterStanding reportClusters serviceDuties
    checkStatements investigationTimeline integrityReport verifiedByWeek coverageGaps onCall safetyNumbers
    protocols handOverList escalationRecord responderLoads untakenDangers myOptOuts holidays holidayRegions
    authoredShare readContent previewDraft courseNumbers trainingGaps readStory readPractice publishedStories introductionContact
    customerNumbers contentToWrite
    metricCatalogue metrics metricSeries metricRows clientsNeedingAttention clientReportContent""".split()
)


class Writer:
    def __init__(self, schema: Any, chance: Random, pools: Pools) -> None:
        self.schema, self.chance, self.pools = schema, chance, pools
        self.definitions: list[str] = []
        self.variables: dict[str, Any] = {}
        self.fragments: list[str] = []

    def operation(self) -> Operation:
        query = self.schema.query_type
        names = [n for n in query.fields if n not in ANSWERED_IN_PYTHON]
        roots = [
            self._field(query, self.chance.choice(names), 4, f"r{n}") for n in range(self.chance.choice((1, 1, 2)))
        ]
        head = f"query Q({', '.join(self.definitions)})" if self.definitions else "query Q"
        return Operation(f"{head} {{ {' '.join(roots)} }} {' '.join(self.fragments)}", self.variables)

    def _selection(self, type_: Any, depth: int) -> str:
        if not is_abstract_type(type_):
            return self._fields(type_, depth)
        possible = sorted(t.name for t in self.schema.get_possible_types(type_))
        kinds = self.chance.sample(possible, min(3, len(possible)))
        parts = ["__typename", "id"] if is_interface_type(type_) else ["__typename", "... on Node { id }"]
        return " ".join(
            [*parts, *(f"... on {kind} {{ {self._fields(self.schema.type_map[kind], depth)} }}" for kind in kinds)]
        )

    def _fields(self, type_: GraphQLObjectType, depth: int) -> str:
        names = [n for n, f in type_.fields.items() if depth > 0 or not is_composite_type(get_named_type(f.type))]
        names += 6 * [n for n in names if "filter" in type_.fields[n].args]  # where most can go wrong
        parts = []
        for name in self.chance.choices(names, k=self.chance.randint(1, 4)) if names else []:
            parts.append(self._field(type_, name, depth - 1))
            if self.chance.random() < 0.15:  # the same field again, with another selection
                parts.append(self._again(parts[-1], type_, name, depth - 1))
        if not parts or self.chance.random() < 0.2:
            parts.append("__typename")
        text = " ".join(parts)
        roll = self.chance.random()
        if roll < 0.12:
            return f"... on {type_.name} {self._directive()} {{ {text} }} __typename"
        if roll < 0.2:
            name = f"F{len(self.fragments)}"
            self.fragments.append("")
            self.fragments[int(name[1:])] = f"fragment {name} on {type_.name} {{ {text} }}"
            return f"...{name} {self._directive()} __typename"
        return text

    def _field(self, type_: GraphQLObjectType, name: str, depth: int, alias: str | None = None) -> str:
        definition = type_.fields[name]
        arguments = self._arguments(type_, name, definition)
        # Fields with arguments always get a name of their own: two different argument lists must not meet.
        if alias is None and (arguments or self.chance.random() < 0.2):
            alias = f"a{self.chance.randrange(10**9)}"
        target = get_named_type(definition.type)
        body = ""
        if is_composite_type(target):
            body = f" {{ {self._selection(target, depth)} }}"
        return f"{alias + ': ' if alias else ''}{name}{arguments} {self._directive()}{body}"

    def _again(self, written: str, type_: GraphQLObjectType, name: str, depth: int) -> str:
        target = get_named_type(type_.fields[name].type)
        if "{" not in written or not is_object_type(target):
            return written
        head = written[: written.index("{")]
        if "(" in head:  # arguments with braces (filters) are left alone
            return written
        return f"{head}{{ {self._fields(target, depth)} }}"

    def _directive(self) -> str:
        if self.chance.random() > 0.08:
            return ""
        which, value = self.chance.choice(("skip", "include")), self.chance.random() < 0.5
        return f"@{which}(if: {self._variable('Boolean!', value)})"

    def _variable(self, type_: str, value: Any, default: str | None = None) -> str:
        name = f"v{len(self.definitions)}"
        self.definitions.append(f"${name}: {type_}" + (f" = {default}" if default is not None else ""))
        if default is None:
            self.variables[name] = value
        return f"${name}"

    def _arguments(self, type_: GraphQLObjectType, name: str, definition: Any) -> str:
        given: dict[str, str] = {}
        if "first" in definition.args:
            self._page(type_, name, definition, given)
        elif "by" in definition.args:
            inner = get_named_type(definition.args["by"].type)
            given["by"] = f"[{', '.join(self.chance.sample(list(inner.values), self.chance.randint(0, 2)))}]"
            if self.chance.random() < 0.4:
                given["filter"] = self._input(get_named_type(definition.args["filter"].type))
        elif "slug" in definition.args:
            if self.chance.random() < 0.5:
                given["slug"] = f'"{self.chance.choice(("forum", "chat", "shop", "nobody"))}"'
            else:
                given["id"] = self._id("workspace")
        elif "ids" in definition.args:
            given["ids"] = f"[{', '.join(self._id(None) for _ in range(self.chance.randint(0, 4)))}]"
        elif "id" in definition.args:
            given["id"] = self._id(None if name == "node" else name)
        return f"({', '.join(f'{k}: {v}' for k, v in given.items())})" if given else ""

    def _page(self, type_: GraphQLObjectType, name: str, definition: Any, given: dict[str, str]) -> None:
        source = definition.extensions["strawberry-definition"].source
        assert isinstance(source, ToMany)
        order = self.chance.choice([None, *source.order])
        if order is not None:
            given["orderBy"] = (
                order.name if self.chance.random() < 0.7 else self._variable(source.order.__name__, order.name)
            )
        side = self.chance.choice(("first", "first", "last"))
        size = self.chance.choice(PAGES)
        if size is not None:
            roll = self.chance.random()
            given[side] = str(size) if roll < 0.6 else self._variable("Int", size, str(size) if roll > 0.8 else None)
        declared = definition.extensions["strawberry-definition"]
        key = (f"{declared.origin.__name__}.{declared.python_name}", (order or next(iter(source.order))).value)
        for which in ("after", "before"):
            if self.pools.cursors.get(key) and self.chance.random() < 0.5:
                given[which] = f'"{self.chance.choice(self.pools.cursors[key])}"'
        if "filter" in definition.args and self.chance.random() < 0.6:
            given["filter"] = self._input(get_named_type(definition.args["filter"].type))

    def _input(self, type_: GraphQLInputObjectType) -> str:
        # One or two: with more, next to nothing is left in the lists.
        chosen = self.chance.sample(list(type_.fields.items()), min(self.chance.choice((1, 1, 2)), len(type_.fields)))
        if "text" in type_.fields and self.chance.random() < 0.5:
            chosen = [("text", type_.fields["text"])]
        return f"{{ {', '.join(f'{name}: {self._value(field.type, name)}' for name, field in chosen)} }}"

    def _value(self, type_: Any, name: str) -> str:
        if self.chance.random() < 0.1:
            return "null" if not isinstance(type_, GraphQLNonNull) else self._value(type_.of_type, name)
        if isinstance(type_, GraphQLNonNull):
            return self._value(type_.of_type, name)
        if isinstance(type_, GraphQLList):
            inner = get_named_type(type_)
            return f"[{', '.join(self.chance.sample(list(inner.values), self.chance.randint(0, 2)))}]"
        if isinstance(type_, GraphQLEnumType):
            return self.chance.choice(list(type_.values))
        if type_.name == "ID":
            return self._id(name.removesuffix("Id"))
        if type_.name == "Boolean":
            return self.chance.choice(("true", "false"))
        return f'"{self.chance.choice(TEXTS[name])}"'

    def _id(self, kind: str | None) -> str:
        kinds = [kind] if kind in self.pools.ids else list(self.pools.ids)
        if self.chance.random() < 0.1:
            return '"nonsense"'
        return f'"{self.chance.choice(self.pools.ids[self.chance.choice(kinds)])}"'
