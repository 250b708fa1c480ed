import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from backend.ruling.compiling import Entry, Finding, Ruleset
from backend.ruling.judging import DEAR, Seen, Verdict
from backend.ruling.looking_up import look_up, sign


@dataclass(frozen=True, slots=True)
class Found:
    """`findings` in the order of the posts; of them the first `looked_at` were looked at. `failures` are by rule how often a
    condition could not be known that should have been."""

    findings: Sequence[Finding]
    looked_at: int
    failures: dict[UUID, int]


async def find(workspace_id: UUID, ruleset: Ruleset, posts: Sequence[Seen], *, seconds: float) -> Found:
    """What the rules find among the posts; as far as they come in so many seconds, one post at least."""
    # In a thread: RE2 lets go of the interpreter, so other jobs, leases and the relay go on meanwhile.
    asked = await asyncio.to_thread(_ask, ruleset, posts, seconds)
    posts = posts[: len(asked)]
    if ruleset.has_copies:
        await sign(workspace_id, posts)
    open_ = [
        (post, [entry for entry, verdict in answers if verdict is Verdict.UNKNOWN])
        for post, answers in zip(posts, asked, strict=True)
    ]
    wanted = {
        kind: [post for post, entries in open_ if any(kind in ruleset.looks_up[entry] for entry in entries)]
        for kind in DEAR
    }
    await look_up(workspace_id, ruleset, {kind: whose for kind, whose in wanted.items() if whose})
    findings, failures = [], dict[UUID, int]()
    for (post, entries), answers in zip(open_, asked, strict=True):
        for entry, verdict in [
            *(each for each in answers if each[0] not in entries),
            *ruleset.ask_again(post, entries),
        ]:
            if verdict is Verdict.YES:
                findings.append(Finding(post, entry))
            elif verdict is Verdict.FAILED:
                failures[entry.rule_id] = failures.get(entry.rule_id, 0) + 1
    return Found(findings, len(posts), failures)


def _ask(ruleset: Ruleset, posts: Sequence[Seen], seconds: float) -> list[Collection[tuple[Entry, Verdict]]]:
    ends_at = monotonic() + seconds
    answers: list[Collection[tuple[Entry, Verdict]]] = []
    for post in posts:
        answers.append(ruleset.ask(post))
        if monotonic() > ends_at:
            break
    return answers
