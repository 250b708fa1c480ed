"""What is asked: documents and what may be done to them, messages, and values of every shape."""

from typing import Any, Final

from hypothesis import strategies as st

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(["\x00", "x" * 300, "QUEUED"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abi$\x00", max_size=3), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
DOCUMENTS: Final = (
    'query A($i: ID!, $n: Int = 3, $b: Boolean! = true) { node(id: $i) { id ...F @include(if: $b) } workspace(slug: "forum") { cases(first: $n, filter: { state: [QUEUED] }) { totalCount nodes { id } } } } fragment F on Case { post { text } reports(last: 2) { edges { cursor node { reporter { ... on Member { handle } } } } } }',
    "mutation B($i: ID!, $r: String!) { reportPost(input: { postId: $i, reason: $r }) { report { id } userErrors { code path } } }",
    "subscription C($i: ID) { caseChanged(id: $i) { id state } }",
    'query D { __schema { types { name } } __type(name: "Case") { fields { args { defaultValue } } } viewer { memberships { role } } }',
    'query E($s: [CaseState!], $g: [CaseGrouping!]! = [TIER]) { workspace(slug: "chat") { caseGroups(by: $g, filter: { state: $s }) { count } } nodes(ids: []) { id } agency { slug } }',
)  # fmt: skip
TOKENS: Final = (
    "{ } ( ) [ ] : ! $ @ ... = | & id node nodes edges first: -1 1e400 0x1 99999999999999999999 null true \"\" \"\\ud800\" \"\\u0000\" "
    "\"\"\"\"\"\" $i $n $b @skip(if:$b) @include(if:null) @defer @oneOf fragment on F ...F {id} query mutation subscription __typename QUEUED # , \ufeff \x00 é 😀"
).split(" ")  # fmt: skip
MESSAGES: Final[tuple[Any, ...]] = (
    3, None, [], "x", {}, {"type": 3}, {"type": "start"}, {"type": "x" * 300}, {"type": "é" * 80}, {"type": "next", "id": "1"},
    {"type": "connection_init"}, {"type": "connection_ack"}, {"type": "ping", "payload": 3}, {"type": "pong"},
    {"type": "complete"}, {"type": "complete", "id": "unknown"}, {"type": "complete", "id": 1}, {"type": "subscribe", "id": "", "payload": {}},
    {"type": "subscribe", "id": "1", "payload": None}, {"type": "subscribe", "id": "1", "payload": {"query": 3}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{"}}, {"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "variables": []}},
    {"type": "subscribe", "id": "1", "payload": {"documentId": "sha256:" + "\x00" * 64}},
)  # fmt: skip
TABLES: Final = {"workspace": "workspaces", "policy": "policies", "staff": "memberships", "community": "communities",
                 "queue": "queues", "policyversion": "policy_versions", "member": "members", "report": "reports"}  # fmt: skip
ASKED: Final = tuple(
    '{ node(id: "ID") { id } } | { nodes(ids: ["ID", "ID"]) { id } } | { case(id: "ID") { id } } | { workspace(id: "ID") { id } } '
    '| { cases(filter: { queueId: "ID" }) { totalCount } } | { workspace(slug: "forum") { posts(filter: { memberId: "ID" }) { totalCount } } } '
    '| mutation { reportPost(input: { postId: "ID", reason: "x" }) { userErrors { code message path } } } '
    '| mutation { reportPost(input: { postId: "OWN", reason: "x", policyId: "ID" }) { userErrors { code message path } } } '
    '| mutation { claimNextCase(input: { queueId: "ID" }) { userErrors { code message path } } } '
    '| mutation { releaseClaim(input: { caseId: "ID", claimToken: "x" }) { userErrors { code message path } } } '
    '| mutation { createCommunity(input: { workspaceId: "ID", slug: "main", name: "x" }) { userErrors { code message path } } }'.split(" | ")
)  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A document with some of its words left out, doubled, or replaced by others."""
    words = draw(st.sampled_from(DOCUMENTS)).split(" ")
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(words) - 1))
        words[place : place + draw(st.integers(0, 3))] = draw(st.lists(st.sampled_from([*TOKENS, *words]), max_size=4))
        words = words or ["{"]
    return " ".join(words)


def aliased(field: str, count: int) -> str:
    return "{ __schema { types { " + " ".join(f"a{n}: {field}" for n in range(count)) + " } } }"


def repeated(*fields: tuple[str, int], leaf: str) -> str:
    for name, times in reversed(fields):
        leaf = f"{name} {{ {leaf} }} " * times
    return f"{{ {leaf} }}"
