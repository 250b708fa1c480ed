import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import re2
from tortoise.exceptions import IntegrityError

from backend import journal
from backend.communities import Post
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from backend.moderation.models import Report, Rule
from backend.moderation.reporting import Reporter, file_report
from backend.moderation.thresholds import (
    PATTERN_CHARACTERS,
    POSTS_PER_RULE_JOB,
    REPORTS_PER_RULE_JOB,
    RULE_MEMORY_BYTES,
    RULES_PER_WORKSPACE,
    WORDS_PER_RULE,
    WORK_PER_RULE_JOB,
)
from backend.outbox import enqueue
from backend.policies import Policy
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right

_UNSPACED = re2.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


async def create_rule(
    actor: Actor,
    workspace_id: UUID,
    *,
    name: str,
    policy_id: UUID,
    words: Sequence[str] = (),
    pattern: str | None = None,
) -> Rule:
    """A rule that reports every post, old and new, with one of `words` (whole words, any case) or matching `pattern`
    (RE2). Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    await find_workspace(workspace_id)
    name = clean_line(name, field="name", longest=200)
    if bool(words) == (pattern is not None):
        raise Invalid("Give either words or a pattern.", path=("input", "words"))
    if len(words) > WORDS_PER_RULE:
        raise Invalid(f"A rule holds at most {WORDS_PER_RULE:,} words.", path=("input", "words"))
    # One of each spelling that only differs in case, as it was written: RE2 folds case by itself.
    words = sorted({word.casefold(): word for word in (clean(w, field="words", longest=200) for w in words)}.values())
    matcher(words=words, pattern=pattern)
    if not await Policy.exists(id=policy_id, workspace_id=workspace_id):
        raise NotFound(path=("input", "policyId"))
    if await Rule.filter(workspace_id=workspace_id).count() >= RULES_PER_WORKSPACE:
        raise Conflict(f"A workspace holds at most {RULES_PER_WORKSPACE} rules.")
    try:
        rule = await Rule.create(
            workspace_id=workspace_id,
            name=name,
            kind="words" if words else "pattern",
            words=list(words),
            pattern=pattern,
            policy_id=policy_id,
        )
    except IntegrityError:
        raise Conflict("Another rule of this workspace has this name.", path=("input", "name")) from None
    await journal.record("rule.created", subject_kind="rule", subject_id=rule.id, workspace_id=workspace_id, name=name)
    await enqueue("apply_rules", {"rule_id": str(rule.id)}, workspace_id=workspace_id)
    return rule


async def apply_rules(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: report what the workspace's rules (or the one `rule_id`) find among the posts from `first_id` to `last_id`
    (both inclusive, both optional). Looks at a piece and promises the rest to its successor."""
    workspace_id = system.only_workspace
    rules = Rule.filter(workspace_id=workspace_id)
    if payload.get("rule_id"):
        rules = rules.filter(id=UUID(payload["rule_id"]))
    matchers = [
        (rule, matcher(words=rule.words, pattern=rule.pattern)) for rule in await rules.order_by("created_at", "id")
    ]
    if not matchers:
        return
    posts = Post.filter(workspace_id=workspace_id)
    if payload.get("first_id"):
        posts = posts.filter(id__gte=UUID(payload["first_id"]))
    if payload.get("last_id"):
        posts = posts.filter(id__lte=UUID(payload["last_id"]))
    page = await posts.order_by("id").limit(POSTS_PER_RULE_JOB + 1)
    piece = _affordable(page[:POSTS_PER_RULE_JOB], sum(match.program_size for _, match in matchers))
    # In a thread: RE2 lets go of the interpreter, so other jobs, leases and the relay go on meanwhile.
    findings = await asyncio.to_thread(_findings, piece, matchers)
    rest, made = page[len(piece) :], 0
    for post, rule in findings:
        if made == REPORTS_PER_RULE_JOB:
            rest = [post]
            break
        made += await _report(post, rule)
    if rest:
        await enqueue("apply_rules", {**payload, "first_id": rest[0].id}, workspace_id=workspace_id)


def _affordable(posts: Sequence[Post], program_size: int) -> Sequence[Post]:
    """As many of `posts` as can be matched within WORK_PER_RULE_JOB, one at least."""
    work = 0
    for number, post in enumerate(posts):
        work += len(post.text) * program_size
        if work > WORK_PER_RULE_JOB:
            return posts[: max(number, 1)]
    return posts


def _findings(posts: Sequence[Post], matchers: Sequence[tuple[Rule, "Matcher"]]) -> list[tuple[Post, Rule]]:
    return [(post, rule) for post in posts for rule, match in matchers if match(post.text)]


async def _report(post: Post, rule: Rule) -> bool:
    """Whether there was anything new to report."""
    reporter = Reporter("rule", rule_id=rule.id)
    # Once per rule and post, whatever became of the case: a job that runs twice must not reopen what was judged fine.
    if await Report.filter(workspace_id=post.workspace_id, post_id=post.id, reporter_key=reporter.key).exists():
        return False
    await file_report(post, reporter, reason=f"Found by the rule “{rule.name}”.", policy_id=rule.policy_id)
    return True


class Matcher:
    """Whether a text has one of the words, or matches the pattern. `program_size` is RE2's measure: matching costs at
    worst that many steps per character."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.program_size: int = compiled.programsize

    def __call__(self, text: str) -> bool:
        return self._compiled.search(text) is not None


def matcher(*, words: Sequence[str], pattern: str | None) -> Matcher:
    """For whole words in any case, or an RE2 pattern. Raises Invalid."""
    if pattern is not None:
        return Matcher(_compile(pattern, longest=PATTERN_CHARACTERS, field="pattern"))
    # The edges stand once around all words that have the same ones: two thousand pairs of edges are too large for RE2.
    groups: dict[tuple[str, str], list[str]] = {}
    for word in words:
        groups.setdefault(_edges(word), []).append(f"{re2.escape(word)}")
    either = "|".join(f"{before}(?:{'|'.join(group)}){after}" for (before, after), group in groups.items())
    return Matcher(_compile(f"(?i)(?:{either})", longest=None, field="words"))


def _edges(word: str) -> tuple[str, str]:
    """RE2 knows \\b for ASCII only: a word ends where no letter, mark or digit follows. Scripts that write without
    spaces have no such place, so an edge in one of them may stand anywhere."""
    before = "" if _UNSPACED.search(word[0]) else r"(?:^|[^\pL\pM\pN_])"
    after = "" if _UNSPACED.search(word[-1]) else r"(?:$|[^\pL\pM\pN_])"
    return before, after


def _compile(pattern: str, *, longest: int | None, field: str) -> Any:
    """Raises Invalid for what RE2 does not take: look-around, back-references, repetition over 1,000, too much memory."""
    if longest is not None:
        clean(pattern, field=field, longest=longest)
    options = re2.Options()
    options.max_mem = RULE_MEMORY_BYTES
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as problem:
        reason = problem.args[0] if problem.args else "it cannot be compiled"
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise Invalid(
            f"This is no RE2 pattern: {re.sub(r'[^ -~]', '?', text)[:200]}. Look-around and back-references do not exist "
            "there.",
            path=("input", field),
        ) from None
