"""A statement while it is written.

Objects hold lists and groups, which hold objects: compiling.py imports listing.py and grouping.py, and they know the draft
only, whose `object` is compiling.py's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from backend.outside import public_address
from graphql_schema.projection.declaring import Published
from graphql_schema.projection.paging import Arguments
from graphql_schema.projection.selecting import ObjectPlan, Plan
from tenants.actor import Actor

# What a parameter is taken from: the actor, the arguments of each site, the wanted ids.
Binder = Callable[[Actor, Sequence[Any], Any], Any]


class Draft(ABC):
    """What one statement is made with: its parameters, its aliases, and the conditions under which a row is the actor's."""

    def __init__(self, plan: Plan, arguments: Sequence[Arguments], actor: Actor) -> None:
        self.plan, self.arguments, self.actor = plan, arguments, actor
        self.binders: list[Binder] = []
        self._aliases = 0
        self._shared: dict[str, str] = {}

    def alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"

    def parameter(self, bind: Binder, type_: str) -> str:
        self.binders.append(bind)
        return f"${len(self.binders)}::{type_}"

    def agency(self) -> str:
        return self._once("agency", lambda actor, *_: actor.agency_id, "uuid")

    def workspaces(self) -> str:
        return self._once("workspaces", lambda actor, *_: list(actor.workspaces or ()), "uuid[]")

    def _membership(self) -> str:
        return self._once("membership", lambda actor, *_: actor.membership_id, "uuid")

    def _once(self, name: str, bind: Binder, type_: str) -> str:
        if name not in self._shared:
            self._shared[name] = self.parameter(bind, type_)
        return self._shared[name]

    def fill(self, template: str, row: str) -> str:
        """The placeholders of a declared SQL expression."""
        text = template.replace("{row}", row).replace("{sees_all}", "true" if self.actor.sees_all else "false")
        if "{address}" in text:
            text = text.replace("{address}", self._once("address", lambda *_: public_address(), "text"))
        if "{agency}" in text:
            text = text.replace("{agency}", self.agency())
        if "{membership}" in text:
            text = text.replace("{membership}", self._membership())
        if "{workspaces}" in text:
            text = text.replace("{workspaces}", self.workspaces())
        return text

    def hidden(self, target: Published) -> bool:
        return target.needs is not None and not self.actor.holds(target.needs)

    def own_conditions(self, target: Published, row: str) -> str:
        """What the wall checks, as constants the planner can use; `false` without the right to see the type at all."""
        if self.hidden(target):
            return "false"
        column = "id" if target.table == "agencies" else "agency_id"
        conditions = [f"{row}.{column} = {self.agency()}"]
        if target.workspace_column is not None and not self.actor.sees_all:
            within = f"{row}.{target.workspace_column} = any({self.workspaces()})"
            beyond = self.actor.of_agency and target.may_lack_workspace
            conditions.append(f"({within} or {row}.{target.workspace_column} is null)" if beyond else within)
        return " and ".join(conditions) + self._row_condition(target, row)

    def conditions_within(self, target: Published, row: str, workspace: str) -> str:
        """The same for rows of one workspace, which is known to be the actor's."""
        if self.hidden(target):
            return "false"
        return (
            f"{row}.agency_id = {self.agency()} and {row}.{target.workspace_column} = {workspace}"
            f"{self._row_condition(target, row)}"
        )

    def child_conditions(self, target: Published, row: str, parent: Published | None, parent_row: str | None) -> str:
        """Of a row reached from another one: in the same workspace where both have one."""
        if parent is None or parent.workspace_column is None or target.workspace_column is None:
            return self.own_conditions(target, row)
        return self.conditions_within(target, row, f"{parent_row}.{parent.workspace_column}")

    def referred_conditions(self, target: Published, row: str, parent: Published, parent_row: str) -> str:
        """Of a row found by its id. The id and the agency are its primary key; the workspace is compared in a way that
        no index serves: estimates of agency times workspace are far too low, and PostgreSQL 18 took whole indexes of a
        workspace for cheaper than one key."""
        if self.hidden(target) or parent.workspace_column is None or target.workspace_column is None:
            return self.own_conditions(target, row)
        return (
            f"{row}.agency_id = {self.agency()} "
            f"and {row}.{target.workspace_column} is not distinct from {parent_row}.{parent.workspace_column}"
            f"{self._row_condition(target, row)}"
        )

    @abstractmethod
    def object(self, plan: ObjectPlan, row: str, joins: list[str]) -> str:
        """SQL text expression, never NULL while `row` is there. Joins for to-one references are added to `joins`."""

    def _row_condition(self, target: Published, row: str) -> str:
        return "" if target.row is None else f" and ({self.fill(target.row, row)})"
