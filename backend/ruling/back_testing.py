"""What conditions would have found among stored posts, before they find anything."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.outbox import enqueue, report_progress
from backend.ruling.banking import banks_of
from backend.ruling.compiling import Actions, Entry, Finding, Ruleset, entries_of
from backend.ruling.conditions import write
from backend.ruling.finding import find
from backend.ruling.looking_up import posts_between
from backend.ruling.measuring import decisions_about
from backend.ruling.models import BackTest, Rule, RuleVersion
from backend.ruling.reading import read
from backend.ruling.thresholds import (
    BACK_TEST_EXAMPLES,
    BACK_TEST_OVERLAPS,
    BACK_TESTS_AT_ONCE,
    POSTS_PER_BACK_TEST_PIECE,
    SECONDS_PER_BACK_TEST_PIECE,
)
from backend.ruling.writing import checked_conditions
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

NOBODY: Final = UUID(int=0)  # in the place of a rule, for conditions that are of none yet


async def back_test_rule(
    actor: Actor,
    *,
    rule_id: UUID | None = None,
    workspace_id: UUID | None = None,
    conditions: object | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> BackTest:
    """Promise a back-test of a rule's newest version, or of `conditions` in a client, over posts written from `since` on
    and before `until`. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    if (rule_id is None) == (workspace_id is None or conditions is None):
        raise Invalid("Give either a rule, or conditions and a client.", path=("input", "ruleId"))
    if since is not None and until is not None and since >= until:
        raise Invalid("Nothing lies between the two.", path=("input", "until"))
    rule = None if rule_id is None else await Rule.get_or_none(id=rule_id)
    if rule_id is not None and rule is None:
        raise NotFound(path=("input", "ruleId"))
    if rule is not None:
        workspace_id = rule.workspace_id
        written = (await RuleVersion.get(rule_id=rule.id, version=rule.version)).conditions
    else:
        assert workspace_id is not None
        await find_workspace(workspace_id)
        written = write(await checked_conditions(workspace_id, conditions))
    if await BackTest.filter(workspace_id=workspace_id, state="running").count() >= BACK_TESTS_AT_ONCE:
        raise Conflict(f"A client has at most {BACK_TESTS_AT_ONCE} back-tests under way.")
    back_test = await BackTest.create(
        workspace_id=workspace_id,
        rule_id=rule_id,
        rule_version=None if rule is None else rule.version,
        conditions=written,
        since=since,
        until=until,
        asked_by_id=actor.membership_id,
        post_count=await _count(workspace_id, since, until),
    )
    await enqueue("back_test", {"back_test_id": str(back_test.id)}, workspace_id=workspace_id)
    await journal.record("back_test.asked", subject_kind="backtest", subject_id=back_test.id, workspace_id=workspace_id)
    return back_test


async def cancel_back_test(actor: Actor, back_test_id: UUID) -> BackTest:
    """What it has counted so far stays. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    back_test = await BackTest.filter(id=back_test_id).select_for_update().get_or_none()
    if back_test is None:
        raise NotFound(path=("input", "backTestId"))
    if back_test.state != "running":
        raise Conflict("It has ended already.", path=("input", "backTestId"))
    await _end(back_test, "cancelled")
    await journal.record(
        "back_test.cancelled", subject_kind="backtest", subject_id=back_test.id, workspace_id=back_test.workspace_id
    )
    return back_test


async def back_test(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: a piece of a back-test, from `post_id` on; promises the rest to its successor. A piece that was counted already,
    or whose back-test has ended, is left alone."""
    workspace_id = system.only_workspace
    test = await BackTest.filter(id=UUID(payload["back_test_id"]), workspace_id=workspace_id).select_for_update().get()
    first_id = UUID(payload["post_id"]) if payload.get("post_id") else None
    if test.state != "running" or test.next_post_id != first_id:
        return
    ruleset, tested = await _asked(test)
    # What an escalation restricts is left out whoever asks: words that are tried one by one would spell it out.
    await current().execute("SET LOCAL app.reads = ''; SET LOCAL app.restricts = ''")
    posts = await posts_between(
        workspace_id, first_id, None, since=test.since, until=test.until, most=POSTS_PER_BACK_TEST_PIECE + 1
    )
    found = await find(workspace_id, ruleset, posts[:POSTS_PER_BACK_TEST_PIECE], seconds=SECONDS_PER_BACK_TEST_PIECE)
    test.looked_at += found.looked_at
    test.failed += found.failures.get(tested.rule_id, 0)
    await _add(test, found.findings, tested)
    await report_progress(test.looked_at, test.post_count)
    if len(posts) > found.looked_at:
        test.next_post_id = posts[found.looked_at].id
        await test.save()
        await enqueue(
            "back_test",
            {"back_test_id": str(test.id), "post_id": str(test.next_post_id)},
            workspace_id=workspace_id,
        )
    else:
        shared = sorted(test.overlap.items(), key=lambda item: (-item[1][0], item[0]))
        test.overlap = dict(shared[:BACK_TEST_OVERLAPS])
        await _end(test, "done")


async def fail_back_test(system: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Its job was given up, or called off."""
    test = await BackTest.get(id=UUID(payload["back_test_id"]), workspace_id=system.only_workspace)
    if test.state == "running":
        test.problem = "It could not be done: a piece of it failed each time it was tried."
        await _end(test, "failed")


async def go_on_with_back_test(system: Actor, payload: Mapping[str, Any]) -> None:
    """Its job is tried again."""
    await BackTest.filter(id=UUID(payload["back_test_id"]), workspace_id=system.only_workspace, state="failed").update(
        state="running", problem=None, ended_at=None
    )


async def _asked(test: BackTest) -> tuple[Ruleset, Entry]:
    """What is tested, and every other rule that is live now."""
    tested = Entry(
        rule_id=test.rule_id or NOBODY,
        name="",
        version=test.rule_version or 0,
        mode="shadow",
        condition=read(test.conditions),
        actions=Actions(),
        policy_id=NOBODY,
    )
    others = [
        entry for entry in await entries_of(test.workspace_id) if entry.mode == "live" and entry.rule_id != test.rule_id
    ]
    return Ruleset([tested, *others], await banks_of(test.workspace_id)), tested


async def _add(test: BackTest, findings: Sequence[Finding], tested: Entry) -> None:
    fired = [finding.post.id for finding in findings if finding.entry is tested]
    decisions = await decisions_about(test.workspace_id, fired)
    test.fired += len(fired)
    test.decided += len(decisions)
    test.upheld += sum(outcome == "violation" for outcome in decisions.values())
    test.examples = [str(id) for id in reversed(fired)][:BACK_TEST_EXAMPLES] + test.examples
    test.examples = test.examples[:BACK_TEST_EXAMPLES]
    own = set(fired)
    for finding in findings:
        if finding.entry is not tested:
            both, theirs = test.overlap.get(str(finding.entry.rule_id), (0, 0))
            test.overlap[str(finding.entry.rule_id)] = [both + (finding.post.id in own), theirs + 1]


async def _count(workspace_id: UUID, since: datetime | None, until: datetime | None) -> int:
    scope = current()
    found: int = await scope.fetchval(
        """select count(*) from posts where agency_id = $1 and workspace_id = $2
              and posted_at >= coalesce($3, '-infinity'::timestamptz)
              and posted_at < coalesce($4, 'infinity'::timestamptz)""",
        scope.actor.agency_id,
        workspace_id,
        since,
        until,
    )
    return found


async def _end(test: BackTest, state: str) -> None:
    test.state, test.ended_at = state, now()
    await test.save()
