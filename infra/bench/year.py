"""A year of a client's decisions with what is around them: made by the database, the same for the same number."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from backend.policies import TAXONOMY
from tenants.actor import system
from tenants.scope import agency_scope, current

ROWS_AT_ONCE: Final = 50_000
# A whole number from 0 to 2^31 that looks like chance, by row and salt.
_DICE: Final = "(hashtextextended(n::text || '{salt}', 0) & 2147483647)"


@dataclass(frozen=True, slots=True)
class Where:
    agency_id: UUID
    workspace_id: UUID
    community_id: UUID
    queue_id: UUID
    membership_id: UUID
    policy_version_id: UUID


def dice(salt: str, sides: int) -> str:
    return f"({_DICE.format(salt=salt)} % {sides})"


# Ids by row, so that tables point at each other: version 8 leaves the bits to us. $2 keeps clients apart.
def id_of(kind: str, n: str = "n") -> str:
    return f"md5($2::uuid::text || '{kind}' || ({n})::text)::uuid"


_PAIRS: Final = [
    (code.code, pair.category, pair.keyword or "", code.other if pair.keyword == "OTHER" else "")
    for code in TAXONOMY.values()
    for pair in code.pairs
    if pair.category != "NOT_SPECIFIED_ORDER"
]
_AT: Final = f"$3::timestamptz + make_interval(secs => {dice('at', 365 * 86_400)})"
_MEMBERS: Final = f"""
    insert into members (agency_id, workspace_id, community_id, id, external_id, handle, first_seen_at)
    select $1, $2, $4, {id_of("member")}, 'y' || n, 'year-' || n, $3 from generate_series($5::int, $6::int) n
     where n % 50 = 0"""
_POSTS: Final = f"""
    insert into posts (agency_id, workspace_id, community_id, id, member_id, external_id, text, posted_at)
    select $1, $2, $4, {id_of("post")}, {id_of("member", "n - n % 50")}, 'y' || n, 'You said that it would rain ' || n, {_AT}
      from generate_series($5::int, $6::int) n"""
_CASES: Final = f"""
    insert into cases (agency_id, workspace_id, id, queue_id, post_id, member_id, state, outcome, tier, severity,
                       report_count, opened_at, due_at, virtual_deadline, closed_at, language, decision_id)
    select $1, $2, {id_of("case")}, $4, {id_of("post")}, {id_of("member", "n - n % 50")}, 'closed',
           case when n % 10 = 0 then 'no_violation' else 'violation' end, 'low', 'low', 1, {_AT}, {_AT}, {_AT}, {_AT},
           (array['en', 'de', 'fr', null])[1 + {dice("language", 4)}], {id_of("decision")}
      from generate_series($5::int, $6::int) n"""
_CLAIMS: Final = f"""
    insert into claims (agency_id, workspace_id, id, case_id, membership_id, token_hash, expires_at, ended_at, ended_by)
    select $1, $2, {id_of("claim", "0")}, {id_of("case", "0")}, $4, ''::bytea, $3, $3, 'decided'
     where $5::int = 0 and $6::int >= 0"""
# $4 is the policy's version, $7 who decided.
_DECISIONS: Final = f"""
    insert into decisions (agency_id, workspace_id, id, case_id, claim_id, membership_id, outcome, policy_version_id, reason,
                           decided_at)
    select $1, $2, {id_of("decision")}, {id_of("case")}, {id_of("claim", "0")}, $7,
           case when n % 10 = 0 then 'no_violation' else 'violation' end, case when n % 10 > 0 then $4::uuid end, 'x', {_AT}
      from generate_series($5::int, $6::int) n"""
# $7 to $10: code, category, keyword and what OTHER is, of the same place.
_STATEMENTS: Final = f"""
    insert into statements_of_reasons
          (agency_id, workspace_id, id, decision_id, case_id, member_id, post_id, policy_version_id, puid, language, text,
           facts, explanation, decision_visibility, decision_provision, decision_account, provision_until, account_until,
           ground, reference, source, is_detected_automatically, automation, territorial_scope, taxonomy_code,
           taxonomy_version, category, keywords, other_keyword, content_types, content_language, content_at, appeal_until,
           created_at)
    select $1, $2, {id_of("statement")}, {id_of("decision")}, {id_of("case")}, {id_of("member", "n - n % 50")}, {id_of("post")}, $4,
           'tend-' || md5($2::uuid::text || n), 'en', 'x', 'The post was reported to the provider.',
           'It does not go with House rules, version ' || n % 9 || '. The post repeats insults.',
           case when what < 5 then array['DECISION_VISIBILITY_CONTENT_DISABLED']
                when what < 8 then array['DECISION_VISIBILITY_CONTENT_REMOVED'] else array[]::text[] end,
           case when what in (4, 8) then 'DECISION_PROVISION_PARTIAL_SUSPENSION' end,
           case when what in (7, 9) then 'DECISION_ACCOUNT_SUSPENDED' end,
           case when what = 8 then {_AT} + interval '7 days' end, case when what = 9 then {_AT} + interval '90 days' end,
           case when {dice("ground", 3)} = 0 then 'illegal' else 'incompatible' end,
           'House rules, version ' || n % 9,
           (array['notice', 'trusted_flagger', 'other_notification', 'own_initiative', 'own_initiative'])
               [1 + {dice("source", 5)}],
           {dice("detected", 3)} = 0, (array['not_automated', 'not_automated', 'partially', 'fully'])[1 + {dice("by", 4)}],
           array['DE', 'GR', 'AT'], ($7::text[])[pair], 'bench', 'STATEMENT_CATEGORY_' || ($8::text[])[pair],
           case when ($9::text[])[pair] = '' then array[]::text[] else array['KEYWORD_' || ($9::text[])[pair]] end,
           case when ($9::text[])[pair] = 'OTHER' then coalesce(nullif(($10::text[])[pair], ''), 'kind ' || pair) end,
           array['CONTENT_TYPE_TEXT'], (array['en', 'de', 'fr', null])[1 + {dice("language", 4)}], {_AT},
           {_AT} + interval '184 days', {_AT}
      from (select n, {dice("what", 10)} as what, 1 + {dice("pair", len(_PAIRS))}::int as pair
              from generate_series($5::int, $6::int) n where n % 10 > 0) x"""
_TABLES: Final = (
    (_MEMBERS, "community_id"),
    (_POSTS, "community_id"),
    (_CASES, "queue_id"),
    (_CLAIMS, "membership_id"),
    (_DECISIONS, "policy_version_id"),
    (_STATEMENTS, "policy_version_id"),
)
# What led to some of the decisions, and what became of them.
_NOTICES: Final = f"""
    insert into public_notices (agency_id, workspace_id, id, community_id, channel, kind, location, items, reason, category,
                                keyword, taxonomy_code, language, is_in_good_faith, reporter_key, trusted_flagger_id, state,
                                post_id, attached_at, received_at, decision_id, outcome, ground, decided_at, implemented_at,
                                is_solely_automated)
    select $1, $2, {id_of("notice")}, $4, 'form', case when n % 7 = 0 then 'rules' else 'illegal' end, 'there',
           array_fill('https://x.example'::text, array[{dice("items", 4)}::int]), 'x', ($8::text[])[pair],
           nullif(($9::text[])[pair], ''), ($7::text[])[pair], 'en', true, 'form:' || n,
           case when n % 4 = 0 then {id_of("flagger", "0")} end, 'attached', {id_of("post")}, {_AT}, {_AT}, {id_of("decision")},
           case when n % 10 = 0 then 'no_violation' else 'violation' end,
           case when n % 10 = 0 then null when n % 3 = 0 then 'law' else 'terms' end, {_AT},
           case when n % 10 > 0 then {_AT} + make_interval(mins => {dice("took", 6_000)}::int) end, n % 11 = 0
      from (select n, 1 + {dice("noticed", len(_PAIRS))}::int as pair from generate_series($5::int, $6::int) n
             where n % 20 = 0 or n % 20 = 3) x"""
_FLAGGERS: Final = f"""
    insert into trusted_flaggers (agency_id, workspace_id, id, entity, coordinator, country, areas, since_at)
    select $1, $2, {id_of("flagger", "0")}, 'x', 'x', 'DE', array['HA'], $3 where $4::uuid is not null and $5::int = 0
       and $6::int >= 0"""
_ORDERS: Final = f"""
    insert into legal_orders (agency_id, workspace_id, id, kind, community_id, case_id, authority, member_state, legal_basis,
                              category, keyword, taxonomy_code, urls, language, received_at, acknowledged_at, effect,
                              effect_at)
    select $1, $2, {id_of("order")}, (array['act', 'information', 'terrorist_content'])[1 + {dice("kind", 3)}], $4,
           {id_of("case")}, 'x', (array['DE', 'GR', 'FR'])[1 + {dice("state", 3)}], 'x', ($8::text[])[pair],
           nullif(($9::text[])[pair], ''), ($7::text[])[pair],
           array_fill('https://x.example'::text, array[{dice("urls", 3)}::int]), 'DE', {_AT},
           {_AT} + make_interval(mins => {dice("told", 600)}::int), (array['removed', 'none'])[1 + {dice("effect", 2)}],
           {_AT} + make_interval(mins => {dice("done", 6_000)}::int)
      from (select n, 1 + {dice("ordered", len(_PAIRS))}::int as pair from generate_series($5::int, $6::int) n
             where n % 100 = 1) x"""
_REPORTS: Final = f"""
    insert into reports (agency_id, workspace_id, id, case_id, post_id, channel, reporter_key, reason)
    select $1, $2, {id_of("notice")}, {id_of("case")}, {id_of("post")}, 'legal', 'form:' || n, 'x'
      from generate_series($5::int, $6::int) n where $3::timestamptz is not null and $4::uuid is not null and n % 20 = 0"""
_APPEALS: Final = f"""
    insert into appeals (agency_id, workspace_id, id, decision_id, case_id, appellant, member_id, report_id, text, state,
                         filed_at, answer, answered_at, new_decision_id)
    select $1, $2, {id_of("appeal")}, {id_of("decision")}, {id_of("case")}, case when n % 20 = 0 then 'reporter' else 'author' end,
           case when n % 20 > 0 then {id_of("member", "n - n % 50")} end, case when n % 20 = 0 then {id_of("notice")} end, 'x',
           state, {_AT}, case when state <> 'open' then 'x' end,
           case when state <> 'open' then {_AT} + make_interval(mins => {dice("answer", 9_000)}::int) end,
           case when state in ('modified', 'overturned') then {id_of("decision", "n - 1")} end
      from (select n, (array['open', 'upheld', 'modified', 'overturned', 'inadmissible'])[1 + {dice("verdict", 5)}] as state
              from generate_series($5::int, $6::int) n where $4::uuid is not null and n > 0 and (n % 20 = 0 or n % 50 = 7)) x"""
_DISPUTES: Final = f"""
    insert into disputes (agency_id, workspace_id, id, decision_id, body, country, claimant, received_at, due_at, outcome,
                          closed_at, implemented_at)
    select $1, $2, {id_of("dispute")}, {id_of("decision")}, 'x', 'DE', 'author', {_AT}, {_AT} + interval '90 days', outcome,
           case when outcome is not null then {_AT} + make_interval(mins => {dice("closed", 9_000)}::int) end,
           case when outcome like '%reversed' and n % 200 = 9 then {_AT} + interval '50 days' end
      from (select n, (array['upheld', 'partially_reversed', 'reversed', 'omitted', null])[1 + {dice("outcome", 5)}] as outcome
              from generate_series($5::int, $6::int) n where $4::uuid is not null and n % 100 = 9) x"""
_SUSPENSIONS: Final = f"""
    insert into misuse_measures (agency_id, workspace_id, id, kind, because, member_id, filed_count, unfounded_count,
                                 counted_since, proof, reason, starts_at)
    select $1, $2, {id_of("misuse")}, 'suspension', 'illegal_content', {id_of("member", "n - n % 50")}, 3, 2, $3,
           array[]::text[], 'x', {_AT}
      from generate_series($5::int, $6::int) n where $4::uuid is not null and n % 100 = 3"""
_AROUND: Final = (_FLAGGERS, _NOTICES, _ORDERS, _REPORTS, _APPEALS, _DISPUTES, _SUSPENSIONS)


async def fill_year(where: Where, *, decisions: int, since: Any, with_statements: bool = True) -> None:
    """`decisions` of them in the 365 days from `since` on, nine of ten of a violation; call outside any scope."""
    pairs = [list(column) for column in zip(*_PAIRS, strict=True)]
    for start in range(0, decisions, ROWS_AT_ONCE):
        rows = (start, min(start + ROWS_AT_ONCE, decisions) - 1)
        async with agency_scope(system(where.agency_id)) as scope:
            await scope.execute("set local statement_timeout = 300000")
            for sql, names in _TABLES:
                if sql is _STATEMENTS and not with_statements:
                    continue
                more: list[Any] = [where.membership_id] if sql is _DECISIONS else pairs if sql is _STATEMENTS else []
                await _insert(sql, where, since, getattr(where, names), rows, more)
            for sql in _AROUND if with_statements else ():
                more = pairs[:3] if sql in (_NOTICES, _ORDERS) else []
                await _insert(sql, where, since, where.community_id, rows, more)


async def _insert(sql: str, where: Where, since: Any, named: UUID, rows: tuple[int, int], more: list[Any]) -> None:
    await current().execute(sql, where.agency_id, where.workspace_id, since, named, *rows, *more)
