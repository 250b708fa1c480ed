"""The rows the reads are measured on: a large data set, one of a hundredth, and samples of what is asked of them.

Everything follows from the numbers of rows through a hash, so that every build makes the same rows. A block is one case
and the posts among which its subject is; all of a block belongs to one workspace, and the posts of a block are spread
over the whole time, as those of an agency's clients are spread over its tables.
"""

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from backend.embedded import EmbeddedPostgres
from backend.installing import bring_up_to_date, make_roles_and_database
from backend.migrations import history
from backend.moderation.thresholds import PENALTY, RISK_HALVING, SHORTEST_SHARE, TARGET
from backend.settings import Settings
from infra.bench.servers import settings_for
from tenants.tokens import hash_of, new_session_token

VOCABULARY: Final = 20_000
STAFF: Final = 7  # of each agency: the owner and six moderators
BUILD_SECONDS: Final = 1_800
MOST_REPORTS: Final = 25
COMPLETE: Final = "complete"


@dataclass(frozen=True, slots=True)
class DataSet:
    """Of `agencies` x 8 workspaces the first agency holds a tenth (of two: a half) and the others as much as each
    other; the same in an agency, whose first workspace holds a half."""

    name: str
    agencies: int
    posts: int
    cases: int
    reports: int


LARGE: Final = DataSet("large", agencies=200, posts=1_000_000, cases=200_000, reports=400_000)
SMALL: Final = DataSet("small", agencies=2, posts=10_000, cases=2_000, reports=4_000)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the operations ask for in one agency. `node_ids` are published ids of four kinds, `token` is the owner's."""

    agency_id: UUID
    workspace_id: UUID
    case_id: UUID
    member_id: UUID
    word: str
    node_ids: tuple[str, ...]
    token: str


def database_name(data_set: DataSet) -> str:
    """Another one whenever the tables or the rows would be others."""
    made_of = [*history(), Path(__file__)]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()
    return f"bench_{data_set.name}_{digest[:12]}"


def prepared(postgres: EmbeddedPostgres, data_set: DataSet) -> Settings:
    """Settings of a database that holds `data_set`, built unless a complete one is there. They name no Redis.

    Takes minutes for LARGE. Drops older databases of the same data set.
    """
    name = database_name(data_set)
    found = postgres.sql(
        f"""select datname, shobj_description(oid, 'pg_database') from pg_database
             where starts_with(datname, 'bench_{data_set.name}_')"""
    ).split()
    for line in found:
        if line != f"{name}|{COMPLETE}":
            postgres.sql(f"drop database {line.partition('|')[0]} with (force)")
    make_roles_and_database(postgres, database=name)
    settings = settings_for(postgres, name)
    # A complete one too: its wall is written from models that are not part of its name.
    asyncio.run(bring_up_to_date(settings))
    if f"{name}|{COMPLETE}" not in found:
        postgres.sql(_parameters(data_set) + _BUILD, name, timeout_seconds=BUILD_SECONDS)
        postgres.sql(f"comment on database {name} is '{COMPLETE}'")
    return settings


def samples(postgres: EmbeddedPostgres, database: str, *, agencies: int) -> list[Sample]:
    """One of each of the first `agencies`, the biggest first; always the same ones."""
    rows = postgres.sql(f"\\set agencies {agencies}\n{_SAMPLES}", database, timeout_seconds=300).splitlines()
    found = []
    for number, row in enumerate(rows):
        agency, workspace, case, member, word, nodes = row.split("|")
        ids = tuple(nodes.split(","))
        found.append(Sample(UUID(agency), UUID(workspace), UUID(case), UUID(member), word, ids, token_of(number, 0)))
    return found


def _parameters(data_set: DataSet) -> str:
    """Variables of psql, which `EmbeddedPostgres.sql` goes through."""
    doors = [
        f"({agency}, {seat}, '{hash_of(token_of(agency, seat)).hex()}')"
        for agency in range(data_set.agencies)
        for seat in range(STAFF)
    ]
    variables = {
        "agencies": data_set.agencies,
        "cases": data_set.cases,
        "reports": data_set.reports,
        "block": data_set.posts // data_set.cases,
        "step": 731 * 86_400_000 // data_set.posts,  # ms from one post to the next: two years in all
        "one_in": min(10, data_set.agencies),
        "staff": STAFF,
        "most_reports": MOST_REPORTS,
        "vocabulary": VOCABULARY,
        "words": " ".join(_vocabulary()),
        "doors": ",".join(doors),
        "tiers": ",".join(f"({n}, '{tier}', {time.total_seconds()})" for n, (tier, time) in enumerate(TARGET.items())),
        "severities": ",".join(f"({n}, '{name}', {penalty})" for n, (name, penalty) in enumerate(PENALTY.items())),
        "halving": RISK_HALVING,
        "shortest": SHORTEST_SHARE,
    }
    return "".join("\\set {} '{}'\n".format(name, str(value).replace("'", "''")) for name, value in variables.items())


def token_of(agency: int, seat: int) -> str:
    """The same in every build, which a token of anybody else's must never be."""
    digest = hashlib.sha256(f"bench {agency} {seat}".encode()).digest()
    prefix = new_session_token()[:-43]  # what is random has 43 characters
    return prefix + urlsafe_b64encode(digest).decode().rstrip("=")


def _vocabulary() -> list[str]:
    """The most frequent first; frequent words are short, as in languages. The last four are not ASCII."""
    syllables = [first + vowel + "nrstlm"[n % 6] for n, first in enumerate("bcdfghjklmnprstvwxyz") for vowel in "aeiou"]
    words = []
    for rank in range(1, VOCABULARY + 1):
        length = 1 if rank < 100 else 2 if rank < 5_000 else 3
        # 7919 has no divisor in common with 100, so the words of one length differ.
        words.append("".join(syllables[rank * 7919 // 100**place % 100] for place in range(length)))
    return [*words, "müde", "über", "schön", "ärger"]


_BUILD: Final = """
set synchronous_commit = off;
set session_replication_role = replica;  -- no foreign keys: what is made here has them right
set maintenance_work_mem = '1GB';
set work_mem = '256MB';
set jit = off;
-- Rows go in without their indexes, and `reindex` builds those at once. Dropped and made anew they would be others:
-- the order in which they were made decides between indexes that are equally cheap (0001_house.sql). Not valid: until
-- then nothing is read through them.
update pg_index set indisready = false, indisvalid = false
 where indrelid in (select oid from pg_class where relnamespace = 'app'::regnamespace);

create schema bench;
-- From 0 to below 1, another one for every n and use.
create function bench.dice(n bigint, use bigint) returns float8 language sql immutable parallel safe
  return (hashint8extended(n, use) & 4294967295) / 4294967296.0::float8;
create function bench.start() returns bigint language sql immutable parallel safe
  return 1704067200000;  -- 2024-01-01, in ms as all times here
create function bench.at(ms bigint) returns timestamptz language sql immutable parallel safe
  return to_timestamp(ms / 1000.0::float8);
create function bench.posted(n bigint) returns bigint language sql immutable parallel safe
  return bench.start() + ((n + bench.dice(n, 1)) * :step)::bigint;
-- A UUIDv7, in which `kind` and n stand for the random bits.
create function bench.id(kind text, n bigint, ms bigint default bench.start()) returns uuid
  language sql immutable parallel safe
  return ('0' || to_hex(ms) || to_hex(28672 + (hashtext(kind) & 4095)) || to_hex((1::bigint << 63) | n))::uuid;

create table bench.words as
  select n::int as rank, word from string_to_table(:'words', ' ') with ordinality w (word, n);
-- `place` counts the blocks of a workspace.
create table bench.blocks as
  select b, 8 * agency + case when k % 2 = 0 then 0 else 1 + k / 2 % 7 end as w,
         case when k % 2 = 0 then k / 2 else k / 2 / 7 end as place
    from generate_series(0, :cases - 1) b
    cross join lateral (select b - b / :one_in - 1 as rest) rest
    cross join lateral (select case when b % :one_in = 0 then 0 else 1 + rest % (:agencies - 1) end as agency,
                               case when b % :one_in = 0 then b / :one_in else rest / (:agencies - 1) end as k) a;
create table bench.workspaces as
  select *, w / 8 as agency, bench.id('agency', w / 8) as agency_id, bench.id('workspace', w) as workspace_id,
         bench.id('community', w) as community_id, sum(members) over (order by w)::bigint - members as first_member
    from (select w, count(*) as blocks, greatest(20, count(*) * :block / 20) as members
            from bench.blocks group by w) w;
create table bench.staff as
  select agency * :staff + seat as n, agency, seat, decode(key_hash, 'hex') as key_hash, agency_id,
         'Person ' || agency * :staff + seat as name, 'staff-' || agency * :staff + seat || '@bench.example' as email
    from (values :doors) d (agency, seat, key_hash) join bench.workspaces using (agency) where w % 8 = 0;
analyze;

-- One member of each workspace writes the post `favourite` of every fourth block. A few dozen of these posts have a
-- case; all other cases are about somebody else's.
create table bench.cases as
  with blocks as (
    select *, place % 200 = 0 as is_big, place / 4 % :block as favourite, 4 * greatest(1, blocks / 200) as every
      from bench.blocks join bench.workspaces using (w)),
  subjects as (
    select *, b + :cases::bigint * case when place % every = 0 then favourite
                else (favourite + 1 + floor((:block - 1) * bench.dice(b, 2))::int) % :block end as post,
           case when bench.dice(b, 4) < 0.6 or place = 0 then 'closed' when bench.dice(b, 4) < 0.7 then 'in_review'
                else 'queued' end as state,
           case when bench.dice(b, 7) < 0.7 or place = 0 then 'violation' else 'no_violation' end as outcome,
           bench.dice(b, 7) < 1 / 6.0 as is_hidden, 1 + floor(bench.dice(b, 8) * (:staff - 1))::int as seat,
           row_number() over (partition by is_big order by bench.dice(b, 5), b) as drawn,
           :reports - :most_reports * sum(is_big::int) over () - count(*) over (partition by is_big) as spare
      from blocks)
  select c.*, tier, seconds, severity, penalty, bench.id('case', b, opened) as id,
         bench.id('post', post, bench.posted(post)) as post_id, opened, closed, closed - 600000 as claimed,
         -- One report each, and of what is left two to each of a third as many, and one to each of the next third.
         case when is_big then :most_reports when drawn <= spare / 3 then 3 when drawn <= spare - spare / 3 then 2
              else 1 end as reports
    from subjects c
    cross join lateral (select bench.posted(post) + 60000 + (bench.dice(b, 3) * 21600000)::bigint as opened) o
    cross join lateral (select opened + 7200000 + (bench.dice(b, 6) * 252000000)::bigint as closed) d
    join (values :tiers) t (n, tier, seconds) on t.n = floor(bench.dice(b, 9) * 5)::int
    join (values :severities) s (n, severity, penalty) on s.n = floor(bench.dice(b, 10) * 5)::int;

create table bench.posts as
  select n, w.agency_id, w.workspace_id, w.community_id, ms, bench.id('post', n, ms) as id,
         first_member + case when b.place % 4 = 0 and r = b.place / 4 % :block then 0
             else 1 + floor((members - 1) * (bench.dice(n, 11) + bench.dice(n, 11) ^ 2) / 2)::int end as author,
         parent.b + r * :cases::bigint as reply_to, text.*
    from bench.blocks b
    join bench.workspaces w using (w)
    cross join generate_series(0, :block - 1) r
    cross join lateral (select b.b + r * :cases::bigint as n) n
    cross join lateral (select bench.posted(n) as ms) ms
    left join bench.blocks parent
           on parent.w = b.w and parent.place = b.place - 1 - b.place % 8 and bench.dice(n, 12) < 0.16
    cross join lateral (
         select array_agg(word) as words, string_agg(
                    case when style < 16 then word || ',' when style < 26 then word || '.'
                         when style < 29 then '"' || word || '"' when style < 32 then word || ' 🙂' else word end,
                    ' ' order by i) as text
           from generate_series(1, 4 + floor(20.5 * bench.dice(n, 13) ^ 1.5)::int) i
           cross join lateral (select hashint8extended(n * 32 + i, 14) as h) h
           cross join lateral (select h >> 40 & 255 as style) style
           -- Zipf: a word is as frequent as its rank is low.
           join bench.words on rank = case when h >> 48 & 127 = 0 then :vocabulary + 1 + (h >> 56 & 3)
                    else floor(exp(ln(:vocabulary) * ((h & 4294967295) / 4294967296.0::float8))) end::int) text;
analyze bench.cases, bench.posts;

insert into app.agencies (id, slug, name)
  select agency_id, 'agency-' || agency, 'Agency ' || agency from bench.workspaces where w % 8 = 0;
insert into app.workspaces (agency_id, id, slug, name)
  select agency_id, workspace_id, 'client-' || w % 8, 'Client ' || w % 8 from bench.workspaces;
insert into app.communities (agency_id, workspace_id, id, slug, name)
  select agency_id, workspace_id, community_id, 'main', 'Main' from bench.workspaces;
insert into app.queues (agency_id, workspace_id, id, name)
  select agency_id, workspace_id, bench.id('queue', w), 'Moderation' from bench.workspaces;
insert into app.policies (agency_id, workspace_id, id, slug, title)
  select agency_id, workspace_id, bench.id('policy', w), 'conduct', 'Conduct' from bench.workspaces;
insert into app.policy_versions (agency_id, workspace_id, id, policy_id, version, text, severity, tier)
  select agency_id, workspace_id, bench.id('policy_version', w), bench.id('policy', w), 1, 'Be kind.', 'medium', 'medium'
    from bench.workspaces;

insert into app.persons (id, email, name) select bench.id('person', n), email, name from bench.staff;
insert into app.person_agency (person_id, agency_id, agency_slug)
  select bench.id('person', n), agency_id, 'agency-' || agency from bench.staff;
insert into app.sessions (id, person_id, method, idle_until, expires_at)
  select bench.id('session', n), bench.id('person', n), 'console', '2100-01-01', '2100-01-01' from bench.staff;
insert into app.doors (kind, key_hash, agency_id, target_id)
  select 'session', key_hash, null, bench.id('session', n) from bench.staff
  union all select 'agency', sha256(slug::bytea), id, id from app.agencies;
insert into app.memberships (agency_id, id, person_id, role, sees_all, name, email)
  select agency_id, bench.id('membership', n), bench.id('person', n),
         case seat when 0 then 'owner' else 'moderator' end, seat = 0, name, email from bench.staff;
insert into app.assignments (agency_id, id, membership_id, workspace_id)
  select s.agency_id, bench.id('assignment', 8 * n + w % 8), bench.id('membership', n), workspace_id
    from bench.staff s join bench.workspaces using (agency);

insert into app.members (agency_id, workspace_id, id, community_id, external_id, handle, kind, is_at_risk, first_seen_at)
  select agency_id, workspace_id, bench.id('member', n), community_id, 'm-' || n, word || n,
         case when bench.dice(n, 20) < 0.02 then 'bot' else 'person' end, bench.dice(n, 21) < 0.03,
         bench.at(bench.start() - (bench.dice(n, 22) * 31536000000)::bigint)
    from bench.workspaces
    cross join generate_series(first_member, first_member + members - 1) n
    join bench.words on rank = 1 + n % :vocabulary
   order by n;
insert into app.posts (agency_id, workspace_id, id, community_id, member_id, external_id, reply_to_id, text, version,
                       view_count, posted_at, hidden_at, created_at)
  select p.agency_id, p.workspace_id, p.id, p.community_id, bench.id('member', author), 'p-' || n,
         bench.id('post', reply_to, bench.posted(reply_to)), text,
         case when is_big or bench.dice(n, 23) < 0.1 then 2 else 1 end, (100 * bench.dice(n, 24) ^ 8)::int, bench.at(ms),
         case when state = 'closed' and is_hidden then bench.at(closed) end, bench.at(ms)
    from bench.posts p left join bench.cases on post = n
   order by n;
insert into app.post_versions (agency_id, workspace_id, id, post_id, version, text, captured_at)
  select agency_id, workspace_id, bench.id('post_version', 2 * n + v, ms), id, v,
         case v when version then p.text else p.text || ' ' || words[1] end, bench.at(ms + 3600000 * (v - 1))
    from app.posts p join bench.posts using (agency_id, workspace_id, id) cross join generate_series(1, version) v
   order by n, v;
insert into app.post_words (agency_id, workspace_id, word, posted_at, post_id)
  select agency_id, workspace_id, word, bench.at(ms), id
    from (select * from bench.posts order by n) p cross join lateral (select distinct unnest(words) as word) w;

insert into app.cases (agency_id, workspace_id, id, queue_id, post_id, member_id, state, outcome, tier, severity,
                       report_count, risk, opened_at, due_at, virtual_deadline, claimed_by_id, claimed_until, closed_at,
                       version)
  select c.agency_id, c.workspace_id, c.id, bench.id('queue', w), post_id, bench.id('member', author), state,
         case state when 'closed' then outcome end, tier, severity, reports, risk, bench.at(opened),
         bench.at(opened + (1000 * seconds)::bigint),
         bench.at(opened + (1000 * seconds * greatest(:shortest, 2 ^ (-risk / :halving)))::bigint),
         case state when 'in_review' then bench.id('membership', agency * :staff + seat) end,
         case state when 'in_review' then timestamptz '2100-01-01' end,
         case state when 'closed' then bench.at(closed) end, 1 + reports
    from bench.cases c join bench.posts on n = post
    cross join lateral (select penalty * (1 + log(2, 1 + reports))::float8 as risk) risk
   order by opened, b;
insert into app.case_tallies (agency_id, workspace_id, id, queued, in_review, closed)
  select agency_id, workspace_id, bench.id('case_tally', min(w), min(opened)), count(*) filter (where state = 'queued'),
         count(*) filter (where state = 'in_review'), count(*) filter (where state = 'closed')
    from bench.cases group by agency_id, workspace_id;
-- Every fourth comes from the staff, seat after seat; the others from members who follow each other.
insert into app.reports (agency_id, workspace_id, id, case_id, post_id, channel, reporter_key, member_id, membership_id,
                         policy_id, reason, created_at)
  select c.agency_id, c.workspace_id, bench.id('report', 32 * b + t, opened + 180000 * t), c.id, post_id, channel,
         channel || ':' || reporter, case channel when 'member' then reporter end,
         case channel when 'staff' then reporter end, case when bench.dice(b, 30) < 0.5 then bench.id('policy', w) end,
         word || ' breaks the rules', bench.at(opened + 180000 * t)
    from bench.cases c join bench.posts on n = post
    cross join generate_series(0, reports - 1) t
    cross join lateral (select case when t % 4 = b % 4 then 'staff' else 'member' end as channel,
                               (t - b % 4 + 3) / 4 as seats) s
    cross join lateral (select case channel when 'staff' then bench.id('membership', agency * :staff + seats)
        else bench.id('member', first_member + (author - first_member + 1 + (b + t - seats) % (members - 1)) % members)
        end as reporter) r
    join bench.words on rank = 1 + (b + t) % :vocabulary
   order by opened, b, t;
insert into app.claims (agency_id, workspace_id, id, case_id, membership_id, token_hash, claimed_at, expires_at, ended_at,
                        ended_by)
  select agency_id, workspace_id, bench.id('claim', b, claimed), id, bench.id('membership', agency * :staff + seat),
         sha256(id::text::bytea), bench.at(claimed), '2100-01-01',
         case state when 'closed' then bench.at(closed) end, case state when 'closed' then 'decided' end
    from bench.cases where state <> 'queued' order by claimed, b;
insert into app.decisions (agency_id, workspace_id, id, case_id, claim_id, membership_id, outcome, policy_version_id,
                           reason, decided_at)
  select agency_id, workspace_id, bench.id('decision', b, closed), id, bench.id('claim', b, claimed),
         bench.id('membership', agency * :staff + seat), outcome,
         case outcome when 'violation' then bench.id('policy_version', w) end, 'As the policy says.', bench.at(closed)
    from bench.cases where state = 'closed' order by closed, b;
insert into app.actions (agency_id, workspace_id, id, decision_id, case_id, kind, state, created_at, confirmed_at)
  select agency_id, workspace_id, bench.id('action', b, closed), bench.id('decision', b, closed), id,
         case when is_hidden then 'hide_post' else 'warn_member' end, 'confirmed', bench.at(closed), bench.at(closed + 2000)
    from bench.cases where state = 'closed' order by closed, b;
insert into app.journal (agency_id, workspace_id, id, at, actor_kind, membership_id, action, subject_kind, subject_id)
  select agency_id, workspace_id, bench.id('entry', 32 * b + t, ms), bench.at(ms), actor_kind,
         case actor_kind when 'staff' then bench.id('membership', agency * :staff + seat) end, action, 'case', id
    from bench.cases
    cross join lateral (
         select 0, opened, 'case.opened', 'system' where is_big
         union all select t, opened + 180000 * t, 'case.reported', case when t % 4 = 0 then 'staff' else 'system' end
                     from generate_series(1, 19) t where is_big
         union all select 30, claimed, 'case.claimed', 'staff' where state <> 'queued'
         union all select 31, closed, 'case.decided', 'staff' where state = 'closed') e (t, ms, action, actor_kind)
   order by ms, b, t;

drop schema bench cascade;
reindex schema app;
vacuum (analyze);
"""

_SAMPLES: Final = """
set search_path = app;
select a.id, w.id, c.id, m.member_id, word, nodes
  from (select id from agencies order by id limit :agencies) a
  cross join lateral (select id from workspaces where agency_id = a.id order by id limit 1) w
  cross join lateral (
       select c.id from cases c join posts p on p.agency_id = a.id and p.id = c.post_id and p.version > 1
        where c.agency_id = a.id and c.workspace_id = w.id and c.state = 'closed'
          and 20 <= (select count(*) from journal j
                      where j.agency_id = a.id and j.workspace_id = w.id and j.subject_id = c.id)
        order by report_count desc, opened_at, c.id limit 1) c
  cross join lateral (
       select member_id from posts where agency_id = a.id and workspace_id = w.id
        group by member_id order by count(*) desc, member_id limit 1) m
  cross join lateral (  -- in one post of a hundred
       select word from post_words where agency_id = a.id and workspace_id = w.id
        group by word
        order by abs(100 * count(*) - (select count(*) from posts where agency_id = a.id and workspace_id = w.id)), word
        limit 1) word
  cross join lateral (
       select string_agg(node, ',' order by md5(node)) as nodes from (
           (select 'case_' || id from cases where agency_id = a.id order by md5(id::text) limit 13) union all
           (select 'post_' || id from posts where agency_id = a.id order by md5(id::text) limit 13) union all
           (select 'member_' || id from members where agency_id = a.id order by md5(id::text) limit 12) union all
           (select 'report_' || id from reports where agency_id = a.id order by md5(id::text) limit 12)) n (node)) nodes
 order by a.id;
"""
