from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.outbox import enqueue
from backend.ruling.compiling import Entry, Finding, Ruleset, ruleset_of
from backend.ruling.counting import count_runs
from backend.ruling.finding import find
from backend.ruling.looking_up import posts_between
from backend.ruling.reacting import react
from backend.ruling.thresholds import POSTS_PER_RULE_JOB, REPORTS_PER_RULE_JOB, SECONDS_PER_RULE_JOB
from tenants import locks
from tenants.actor import Actor
from tenants.scope import current


async def apply_rules(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: what the client's rules find among the posts from `first_id` to `last_id` (both inclusive, both optional), and
    what is to happen to it. With `rule_id` only that rule looks, among what was there before it; with `reported` only those
    that count reports. Looks at a piece and promises the rest to its successor."""
    workspace_id = system.only_workspace
    ruleset = _chosen(await ruleset_of(workspace_id), payload)
    if not ruleset.entries:
        return
    posts = await posts_between(
        workspace_id, _id(payload, "first_id"), _id(payload, "last_id"), most=POSTS_PER_RULE_JOB + 1
    )
    found = await find(workspace_id, ruleset, posts[:POSTS_PER_RULE_JOB], seconds=SECONDS_PER_RULE_JOB)
    mode = "old" if "rule_id" in payload else None
    fresh = await _fresh(workspace_id, found.findings, mode)
    now_, later = _affordable(fresh)
    rest = later[0].post.id if later else posts[found.looked_at].id if len(posts) > found.looked_at else None
    for finding in await _note(workspace_id, now_, mode):
        await react(workspace_id, finding, is_old=mode == "old")
    if mode is None and "reported" not in payload:
        await count_runs(workspace_id, sum(1 for post in posts[: found.looked_at] if rest is None or post.id < rest))
    if rest is not None:
        await enqueue("apply_rules", {**payload, "first_id": str(rest)}, workspace_id=workspace_id)


def _id(payload: Mapping[str, Any], name: str) -> UUID | None:
    return UUID(payload[name]) if payload.get(name) else None


def _chosen(ruleset: Ruleset, payload: Mapping[str, Any]) -> Ruleset:
    if payload.get("rule_id"):
        one = UUID(payload["rule_id"])
        return Ruleset([each for each in ruleset.entries if each.rule_id == one and each.mode == "live"], ruleset.banks)
    if payload.get("reported"):
        return Ruleset([entry for entry in ruleset.entries if entry.counts_reports], ruleset.banks)
    return ruleset


async def _fresh(workspace_id: UUID, findings: Sequence[Finding], mode: str | None) -> list[Finding]:
    """Those that are not noted yet."""
    scope = current()
    rows = await scope.fetch(
        """select rule_id, version, mode, post_id from rule_firings
            where agency_id = $1 and workspace_id = $2 and post_id = any($3)""",
        scope.actor.agency_id,
        workspace_id,
        list({finding.post.id for finding in findings}),
    )
    noted = {(row["rule_id"], row["version"], row["mode"], row["post_id"]) for row in rows}
    return [
        finding
        for finding in findings
        if (finding.entry.rule_id, finding.entry.version, mode or finding.entry.mode, finding.post.id) not in noted
    ]


def _affordable(findings: Sequence[Finding]) -> tuple[Sequence[Finding], Sequence[Finding]]:
    """What this job does, and what it leaves: effects lock cases that somebody may want to report to."""
    effects = 0
    for number, finding in enumerate(findings):
        if finding.entry.mode != "shadow":
            if effects == REPORTS_PER_RULE_JOB:
                return findings[:number], findings[number:]
            effects += 1
    return findings, ()


async def _note(workspace_id: UUID, findings: Sequence[Finding], mode: str | None) -> list[Finding]:
    """Those with an effect: they are new, of a live rule that has not found the post before, and within what it may do in a
    day. What two jobs find at once, one of them notes."""
    left = await _left_today(workspace_id, {f.entry for f in findings if f.entry.mode == "live"})
    scope = current()
    effective: list[Finding] = []
    known = await _found_before(workspace_id, findings)
    for finding in sorted(findings, key=lambda each: (each.post.id, each.entry.rule_id, each.entry.version)):
        entry = finding.entry
        is_held_back = entry.rule_id in left and left[entry.rule_id] <= 0
        is_new = await scope.change(
            """insert into rule_firings (agency_id, workspace_id, id, rule_id, version, post_id, mode, is_held_back)
               values ($1, $2, $3, $4, $5, $6, $7, $8)
               on conflict (agency_id, workspace_id, rule_id, post_id, version, mode) do nothing""",
            scope.actor.agency_id,
            workspace_id,
            new_id(),
            entry.rule_id,
            entry.version,
            finding.post.id,
            mode or entry.mode,
            is_held_back and entry.mode == "live",
        )
        if is_new and entry.mode == "live" and not is_held_back and (entry.rule_id, finding.post.id) not in known:
            effective.append(finding)
            if entry.rule_id in left:
                left[entry.rule_id] -= 1
    return effective


async def _left_today(workspace_id: UUID, entries: set[Entry]) -> dict[UUID, int]:
    """How often each of those that have a limit may act today, in UTC. Nobody else counts for them meanwhile."""
    scope, left = current(), {}
    midnight = datetime.combine(now().date(), time(), tzinfo=UTC)
    for entry in sorted(entries, key=lambda each: each.rule_id):
        if entry.actions.at_most_per_day is None:
            continue
        await scope.lock(locks.CAPPING, f"rule:{entry.rule_id}")
        done = await scope.fetchval(
            """select count(*) from rule_firings where agency_id = $1 and workspace_id = $2 and rule_id = $3
                  and at >= $4 and mode <> 'shadow' and not is_held_back""",
            scope.actor.agency_id,
            workspace_id,
            entry.rule_id,
            midnight,
        )
        left[entry.rule_id] = entry.actions.at_most_per_day - done
    return left


async def _found_before(workspace_id: UUID, findings: Sequence[Finding]) -> set[tuple[UUID, UUID]]:
    """Rules and posts. Once per rule and post, whatever became of the case: a new version, or an edit, must not reopen what
    was judged fine. Reports are asked as well: they outlive what is noted of firings."""
    scope = current()
    rows = await scope.fetch(
        """select rule_id, post_id from rule_firings
            where agency_id = $1 and workspace_id = $2 and post_id = any($3) and mode <> 'shadow' and not is_held_back
           union
           select rule_id, post_id from reports
            where agency_id = $1 and workspace_id = $2 and post_id = any($3) and rule_id is not null""",
        scope.actor.agency_id,
        workspace_id,
        list({finding.post.id for finding in findings}),
    )
    return {(row["rule_id"], row["post_id"]) for row in rows}
