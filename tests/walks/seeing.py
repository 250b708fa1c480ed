"""Whether Tend's rows say what the casebook says."""

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from backend.acting import REVERSALS
from tenants.scope import agency_scope

if TYPE_CHECKING:
    from walks.walking import Walk

_CASES: Final = """
    select json_build_object(
      'cases', (select json_agg(json_build_array(id, kind, state, slot, claimed_by_id, decision_id, outcome) order by id)
                  from cases where workspace_id = $1),
      'claims', (select json_agg(json_build_array(case_id, membership_id)) from claims
                  where workspace_id = $1 and ended_at is null),
      'reviews', (select json_agg(json_build_array(case_id, membership_id)) from reviews where workspace_id = $1),
      'decisions', (select json_agg(json_build_array(d.id, d.case_id, d.membership_id, d.outcome, d.actions, d.is_held,
                      (select json_agg(kind) from decision_events e where e.decision_id = d.id),
                      (select sum(points) from strike_entries s where s.decision_id = d.id),
                      (select count(*) from statements_of_reasons s where s.decision_id = d.id)))
                  from decisions d where workspace_id = $1),
      'appeals', (select json_agg(json_build_array(id, decision_id, case_id, state)) from appeals where workspace_id = $1),
      'moves', (select json_agg(json_build_array(case_id, from_state, to_state) order by at, id)
                  from case_states where workspace_id = $1),
      'tally', (select json_build_object('queued', sum(queued), 'in_review', sum(in_review), 'held', sum(held),
                                         'pending_info', sum(pending_info), 'closed', sum(closed))
                  from case_tallies where workspace_id = $1))"""

# What ends a decision, and with it what it ordered; or orders what an earlier one was being undone for.
ENDING: Final = frozenset({"undo", "work", "decide", "approve", "deny", "bulk"})
# From which state an action goes to which, and what makes it go.
MOVES: Final = {
    ("queued", "sent"): {"turn"},
    ("queued", "failed"): {"turn"},
    ("sent", "failed"): {"turn", "confirm"},
    ("sent", "confirmed"): {"confirm"},
    ("failed", "confirmed"): {"confirm", "see_to"},
    ("failed", "queued"): {"see_to"},
    ("queued", "cancelled"): ENDING,
    ("sent", "cancelled"): ENDING,
    ("failed", "cancelled"): ENDING,
}


async def check_cases(walk: "Walk") -> None:
    async with agency_scope(walk.tend) as scope:
        found = orjson.loads(await scope.fetchval(_CASES, walk.client))
    rows: dict[str, list[Any]] = {name: found[name] or [] for name in found if name != "tally"}
    name_of = {str(id): name for id, name in walk.names.items()}
    decision_ids = {each: str(id) for id, each in walk.decisions.items()}
    case_ids = {each: str(id) for id, each in walk.cases.items()}
    assert {
        id: (kind, state, slot, name_of.get(holder), decision, outcome)
        for id, kind, state, slot, holder, decision, outcome in rows["cases"]
    } == {
        str(id): (
            "appeal" if case.is_appeal else "moderation",
            case.state,
            case.slot,
            case.holder,
            decision_ids.get(case.decision),  # type: ignore[arg-type]
            case.outcome,
        )
        for id, case in walk.cases.items()
    }
    assert sorted((case, name_of[who]) for case, who in rows["claims"]) == sorted(
        (case_ids[case], case.holder) for case in walk.cases.values() if case.holder
    )
    assert {(case, name_of[who]) for case, who in rows["reviews"]} == {
        (case_ids[case], who) for case in walk.cases.values() for who in case.reviewers
    }
    for id, _, _, _, _, is_held, events, points, statements in rows["decisions"]:
        decision = walk.decisions[UUID(id)]
        took_effect = not is_held or "approved" in (events or ())
        assert (points or 0) == (decision.is_in_force and decision.said.actions is not None), decision
        assert statements == (took_effect and bool(decision.said.actions)), decision
    assert {
        id: (case, name_of[who], outcome, tuple(actions), is_held, set(events or ()))
        for id, case, who, outcome, actions, is_held, events, _, _ in rows["decisions"]
    } == {
        str(id): (case_ids[d.case], d.by, d.said.outcome, d.said.actions or (), d.is_held, d.events)
        for id, d in walk.decisions.items()
    }
    assert {id: tuple(rest) for id, *rest in rows["appeals"]} == {
        str(id): (decision_ids[a.decision], case_ids[a.case], a.state) for id, a in walk.appeals.items()
    }
    at: dict[str, str | None] = {}
    for case_id, of, to in rows["moves"]:
        assert at.get(case_id) == of, rows["moves"]
        at[case_id] = to
    assert at == {case_ids[case]: case.state for case in walk.cases.values()}
    states = [case.state for case in walk.cases.values()]
    assert {state: count or 0 for state, count in found["tally"].items()} == {
        state: states.count(state) for state in found["tally"]
    }


async def check_actions(walk: "Walk") -> None:
    async with agency_scope(walk.tend) as scope:
        rows = await scope.fetch(
            """select id, decision_id, post_id, member_id, kind, state, tries, reverses_id, taken_back_at from actions
                where workspace_id = $1""",
            walk.client,
        )
    for row in rows:
        before = walk.states.get(row["id"], "queued")
        if before != row["state"]:
            assert walk.verb in MOVES.get((before, row["state"]), ()), (walk.verb, before, dict(row))
        walk.states[row["id"]] = row["state"]
    undone = {row["reverses_id"] for row in rows}
    for row in rows:
        decision = walk.decisions.get(row["decision_id"])
        if (
            row["state"] == "confirmed" and row["kind"] in REVERSALS and row["reverses_id"] is None
            and decision is not None and not decision.is_in_force
        ):  # fmt: skip
            assert row["taken_back_at"] is not None
            assert row["id"] in undone or any(_stands(walk, other, row) for other in rows), dict(row)


def _stands(walk: "Walk", other: Any, row: Any) -> bool:
    """Whether another decision asks for the same."""
    same = ("post_id",) if row["kind"].endswith("_post") else ("member_id",)
    return other["kind"] == row["kind"] and all(other[name] == row[name] for name in same) and other["id"] != row["id"]


def check_platform(walk: "Walk") -> None:
    """Once all is done: what shows there is what the decisions in force ask for, and nothing else."""
    asked = [(each.case.post, each.said.actions or ()) for each in walk.decisions.values() if each.is_in_force]

    def wanted(kind: str, name: str) -> set[str]:
        return {f"{name} {post}" for post, actions in asked if kind in actions}

    assert walk.site.hidden == wanted("hide_post", "post")
    assert walk.site.deleted == wanted("delete_post", "post")
    assert {name for name in walk.site.silenced if walk.site.is_silenced(name)} == wanted("silence_member", "author")
