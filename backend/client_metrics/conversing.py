"""Whether people in a community answer each other."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from backend.client_metrics.contributing import person
from backend.client_metrics.defining import Base, Part, began
from backend.client_metrics.places import Place, over, over_values
from backend.client_metrics.thresholds import ANSWERED_WITHIN, TEAM_TRUST_LEVEL
from backend.client_metrics.values import Found, Status, shared
from backend.kit.survival import curve
from tenants.rights import Right
from tenants.scope import current

# A thread is the first post of it that is known. Whoever opened it does not answer it; nor does a bot.
THREADS: Final = Base(
    "threads",
    "post",
    Right.READ_CONTENT,
    f"""select o.id, 'community_' || o.community_id as community, r.id is not null as is_answered,
               r.trust_level is not null as is_known, r.trust_level < {TEAM_TRUST_LEVEL} as by_member,
               extract(epoch from coalesce(r.posted_at, least($4, now())) - o.posted_at)::float8 as seconds
          from posts o join members a on a.agency_id = $1 and a.workspace_id = $2 and a.id = o.member_id and a.kind = 'person'
          left join lateral (
               select q.id, q.posted_at, b.trust_level
                 from posts q join members b on b.agency_id = $1 and b.workspace_id = $2 and b.id = q.member_id
                                            and b.kind = 'person' and {person("b")} <> {person("a")}
                where q.agency_id = $1 and q.workspace_id = $2 and q.community_id = o.community_id and q.thread = o.thread
                  and q.posted_at < $4
                order by q.posted_at, q.id limit 1) r on true
         where o.agency_id = $1 and o.workspace_id = $2 and o.posted_at >= $3 and o.posted_at < $4 and o.thread is not null
           and o.reply_to_id is null and not exists (
               select from posts e
                where e.agency_id = $1 and e.workspace_id = $2 and e.community_id = o.community_id and e.thread = o.thread
                  and (e.posted_at, e.id) < (o.posted_at, o.id))""",
    began("posts", "posted_at"),
    {Part.COMMUNITY: "community"},
)

_THREADS: Final = over(
    f"""select community, is_answered, is_known, by_member, array_agg(seconds) as seconds
          from ({THREADS.sql}) b group by 1, 2, 3, 4"""
)
# By number instead of by name: so many names were most of the work of telling pairs apart.
_PEOPLE: Final = f"""
    with people as materialized (
        select m.id, m.community_id, m.identity_key, m.handle, m.external_id, m.first_seen_at,
               dense_rank() over (order by {person("m")} collate "C") as person
          from members m where m.agency_id = $1 and m.workspace_id = $2 and m.kind = 'person')"""
# `a` said something to `b`. Two people are one pair, in each community and once in all of them.
_PAIRS: Final = f"""{_PEOPLE}
    select 'community_' || community as part, count(*) as pairs, count(*) filter (where there and back) as mutual
      from (select community, bool_or(a < b) as there, bool_or(a > b) as back from ({{}}) said where a <> b
             group by grouping sets ((least(a, b), greatest(a, b)), (least(a, b), greatest(a, b), community))
            having grouping(community) = 1 or community is not null) pairs
     group by community"""
_REPLIES: Final = over(
    _PAIRS.format(
        """select m.community_id as community, m.person as a, n.person as b
             from (select p.member_id, q.member_id as other_id
                     from posts p
                    cross join lateral (select q.member_id from posts q
                                         where q.agency_id = $1 and q.workspace_id = $2 and q.id = p.reply_to_id limit 1) q
                    where p.agency_id = $1 and p.workspace_id = $2 and p.posted_at >= $3 and p.posted_at < $4
                      and p.reply_to_id is not null) s
             join people m on m.id = s.member_id join people n on n.id = s.other_id"""
    )
)
# By handle, or as Slack writes it (<@U123>) by the platform's id; a handle may end a sentence. Whoever is known across
# communities is meant in all of them.
_MENTIONS: Final = over(
    _PAIRS.format(
        """select case when n.community_id = m.community_id then m.community_id end as community, m.person as a, n.person as b
             from (select distinct p.member_id, t.name
                     from posts p
                    cross join lateral regexp_matches(p.text, '@([[:alnum:]_.-]+)', 'g') found
                    cross join lateral (values (lower(found[1])), (lower(rtrim(found[1], '.-')))) t (name)
                    where p.agency_id = $1 and p.workspace_id = $2 and p.posted_at >= $3 and p.posted_at < $4
                      and strpos(p.text, '@') > 0) s
             join people m on m.id = s.member_id
             join (select community_id, identity_key, person, unnest(array[lower(handle), lower(external_id)]) as name
                     from people where first_seen_at < $4) n
               on n.name = s.name and (n.community_id = m.community_id or n.identity_key is not null)"""
    )
)
# What is to be looked up, a post by its key, is written as such. All else are sets, and joined as sets: a planner without
# statistics once went through all people for each post.
_JOINED: Final = {"enable_nestloop": "off", "enable_mergejoin": "off"}


async def how_threads_are_answered(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """peer_answer_share, unanswered_share, answered_within_day: of each place."""
    threads: list[dict[str | None, list[Any]]] = [defaultdict(list) for _ in places]
    for row in await current().fetch(_THREADS, *over_values(places)):
        for community in (None, row["community"]):
            threads[row["place"]][community].append(row)
    told = []
    for found in threads:
        found[None] = found.get(None, [])
        each: dict[str, list[Found]] = defaultdict(list)
        for community, rows in found.items():
            for name, value in _answered(rows).items():
                each[name].append(value.part(community))
        told.append(dict(each))
    return told


def _answered(rows: Sequence[Any]) -> dict[str, Found]:
    answered = sum(len(row["seconds"]) for row in rows if row["is_answered"])
    known = sum(len(row["seconds"]) for row in rows if row["is_known"])
    by_members = sum(len(row["seconds"]) for row in rows if row["by_member"])
    waited = [seconds for row in rows for seconds in row["seconds"]]
    ended = [row["is_answered"] for row in rows for _ in row["seconds"]]
    peers = shared(by_members, known)
    return {
        "peer_answer_share": Found(
            peers.value, peers.numerator, peers.denominator, peers.n, peers.low, peers.high,
            coverage=known / answered if answered else None,
        ),
        "unanswered_share": shared(len(waited) - answered, len(waited)),
        "answered_within_day": _within(waited, ended, ANSWERED_WITHIN.total_seconds()),
    }  # fmt: skip


def _within(waited: Sequence[float], ended: Sequence[bool], seconds: float) -> Found:
    lasted, n = curve(waited, ended), len(waited)
    if not lasted.is_known_at(seconds):
        return Found(None, denominator=n, n=n, status=Status.INSUFFICIENT_DATA)
    at = lasted.at(seconds)
    return Found(1 - at.value, denominator=n, n=n, low=1 - at.high, high=1 - at.low)


async def who_replies_to_whom(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """reciprocity: of each place."""
    return await _pairs("reciprocity", _REPLIES, places)


async def who_names_whom(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """mention_reciprocity: of each place."""
    return await _pairs("mention_reciprocity", _MENTIONS, places)


async def _pairs(name: str, sql: str, places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    told: list[dict[str, list[Found]]] = [{name: []} for _ in places]
    async with current().planned(_JOINED):
        rows = await current().fetch(sql, *over_values(places))
    for row in rows:
        told[row["place"]][name].append(shared(row["mutual"], row["pairs"]).part(row["part"]))
    return told
