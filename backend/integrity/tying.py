"""What connects the subjects of an investigation, and what shows it: found by Tend in what it has stored, or noted by people."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.integrity.models import Investigation, InvestigationSubject, InvestigationTie, TieEvidence
from backend.integrity.opening import note_entry, open_one
from backend.integrity.thresholds import (
    CANDIDATES,
    EVIDENCE_PER_TIE,
    MOST_TIES,
    POSTS_COMPARED,
    POSTS_LOOKED_AT,
    SAME_WORDS_FROM,
    SEEN_TOGETHER,
)
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.ruling import likeness, links_of, shingles, sketch
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

# Each kind that Tend finds: whether it is strong by itself, and what finds it. $1 agency, $2 client, $3 investigation, and in
# `s` are its subjects. A row is one piece of evidence: which two, a post, a case, a reference, and how much of it there is.
_S: Final = """with s as materialized (
    select * from investigation_subjects where agency_id = $1 and workspace_id = $2 and investigation_id = $3) """
_FOUND: Final[Mapping[str, tuple[bool, str]]] = {
    "wrote": (True, """
        select m.id as one, p.id as other, p.post_id from s m join s p on p.kind = 'post'
          join posts o on o.agency_id = $1 and o.workspace_id = $2 and o.id = p.post_id and o.member_id = m.member_id"""),
    "is_about": (True, """
        select c.id as one, x.id as other, k.id as case_id from s c
          join cases k on k.agency_id = $1 and k.workspace_id = $2 and k.id = c.case_id
          join s x on x.post_id = k.post_id or x.member_id = k.member_id"""),
    "reported": (False, """
        select m.id as one, x.id as other, r.case_id, r.created_at from s m
          join reports r on r.agency_id = $1 and r.workspace_id = $2 and r.member_id = m.member_id
          join cases k on k.agency_id = $1 and k.workspace_id = $2 and k.id = r.case_id
          join s x on (x.case_id = r.case_id or x.post_id = r.post_id or x.member_id = k.member_id) and x.id <> m.id"""),
    "is_same_person": (True, """
        select a.id as one, b.id as other from s a
          join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = a.member_id
          join members n on n.agency_id = $1 and n.workspace_id = $2 and n.identity_key = m.identity_key
          join s b on b.member_id = n.id and a.id < b.id"""),
    "uses": (True, """
        select m.id as one, v.id as other, r.id as reference_id from s m
          join client_references r on r.agency_id = $1 and r.workspace_id = $2 and r.member_id = m.member_id
          join s v on v.kind = r.kind and v.value = r.value"""),
    "answered": (False, """
        select m.id as one, x.id as other, p.id as post_id, p.posted_at as created_at from s m
         cross join lateral (
               select p.id, p.posted_at, p.reply_to_id from posts p where p.agency_id = $1 and p.workspace_id = $2
                  and p.member_id = m.member_id order by p.posted_at desc limit $4) p
          join posts o on o.agency_id = $1 and o.workspace_id = $2 and o.id = p.reply_to_id
          join s x on x.member_id = o.member_id and x.id <> m.id"""),
    "was_seen_with": (False, f"""
        select a.id as one, b.id as other from s a
          join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = a.member_id
          join s b on b.kind = 'member' and a.id < b.id
          join members n on n.agency_id = $1 and n.workspace_id = $2 and n.id = b.member_id
           and n.community_id = m.community_id
           and n.first_seen_at between m.first_seen_at - interval '{SEEN_TOGETHER.seconds} seconds'
                                   and m.first_seen_at + interval '{SEEN_TOGETHER.seconds} seconds'"""),
}  # fmt: skip
_COMPARED: Final = {"shares_reference": True, "shares_words": False, "shares_link": False, "posted": True}
KINDS: Final = {**{kind: is_strong for kind, (is_strong, _) in _FOUND.items()}, **_COMPARED, "noted": False}
# Paired here: as a join PostgreSQL ran out of time on thirty members with four hundred in common.
_REFERENCES: Final = f"""{_S}
    select s.id as subject, r.id, r.kind, r.value from s cross join lateral (
           select * from client_references r where r.agency_id = $1 and r.workspace_id = $2 and r.member_id = s.member_id
            order by r.id desc limit $4) r order by r.id"""
_POSTS: Final = f"""{_S}
    select m.id as subject, p.id, p.text from s m cross join lateral (
           select p.id, p.text from posts p where p.agency_id = $1 and p.workspace_id = $2 and p.member_id = m.member_id
            order by p.posted_at desc limit $4) p
    union
    select s.id, p.id, p.text from s join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.id = s.post_id"""
_CANDIDATES: Final = f"""{_S}
    select c.member_id, min(c.because) as because from (
           select q.member_id, 'shares_reference' as because from s
             join client_references r on r.agency_id = $1 and r.workspace_id = $2 and r.member_id = s.member_id
             join client_references q on q.agency_id = $1 and q.workspace_id = $2 and q.kind = r.kind and q.value = r.value
           union all
           select r.member_id, 'uses' from s
             join client_references r on r.agency_id = $1 and r.workspace_id = $2 and r.kind = s.kind and r.value = s.value
           union all
           select n.id, 'is_same_person' from s
             join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = s.member_id
             join members n on n.agency_id = $1 and n.workspace_id = $2 and n.identity_key = m.identity_key) c
     where c.member_id not in (select member_id from s where member_id is not null)
     group by c.member_id order by c.member_id limit $4"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who is no subject, and is strongly connected with one."""

    member_id: UUID
    because: str


@dataclass(frozen=True, slots=True)
class _Piece:
    post_id: UUID | None = None
    case_id: UUID | None = None
    reference_id: UUID | None = None


_Found = dict[tuple[UUID, UUID, str], list[_Piece]]


async def look_again(actor: Actor, investigation_id: UUID) -> list[Candidate]:
    """For ties among the subjects, in what is stored by now; what does not hold any more goes, what people noted
    stays. Whoever else belongs to it, perhaps. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    investigation = await open_one(investigation_id)
    await look_for(investigation)
    await note_entry(actor, investigation, "looked")
    await journal.record(
        "investigation.looked",
        subject_kind="investigation",
        subject_id=investigation.id,
        workspace_id=investigation.workspace_id,
    )
    rows = await current().fetch(_CANDIDATES, actor.agency_id, investigation.workspace_id, investigation.id, CANDIDATES)
    return [Candidate(row["member_id"], row["because"]) for row in rows]


async def look_for(investigation: Investigation) -> None:
    """Whoever looks: what an escalation hides from them ties as before, and shows its evidence to its readers alone. Call
    while holding the lock on the investigation."""
    async with current().past_restrictions():
        await _look_for(investigation)


async def _look_for(investigation: Investigation) -> None:
    scope = current()
    place = (scope.actor.agency_id, investigation.workspace_id, investigation.id)
    found: _Found = defaultdict(list)
    for kind, (_, statement) in _FOUND.items():
        limit = (POSTS_LOOKED_AT,) if "$4" in statement else ()
        rows = await scope.fetch(_S + statement, *place, *limit)
        for row in sorted(rows, key=lambda each: str(each.get("created_at", "")), reverse=True):
            piece = _Piece(row.get("post_id"), row.get("case_id"), row.get("reference_id"))
            found[row["one"], row["other"], kind].append(piece)
    found.update(await asyncio.to_thread(_share, await scope.fetch(_REFERENCES, *place, POSTS_LOOKED_AT)))
    subjects = await InvestigationSubject.filter(
        investigation_id=investigation.id, workspace_id=investigation.workspace_id
    )
    authors = sum(each.member_id is not None for each in subjects)
    most = min(POSTS_LOOKED_AT, POSTS_COMPARED // max(1, authors))
    posts = await scope.fetch(_POSTS, *place, most)
    links = {each.id: each.value or "" for each in subjects if each.kind == "link"}
    found.update(await asyncio.to_thread(_compare, [(row["subject"], row["id"], row["text"]) for row in posts], links))
    await _keep(investigation, found)


def _share(references: Sequence[Any]) -> _Found:
    """The newest that two members have both, as the second of them has it."""
    of: defaultdict[UUID, dict[tuple[str, str], UUID]] = defaultdict(dict)
    for row in references:
        of[row["subject"]][row["kind"], row["value"]] = row["id"]
    found: _Found = {}
    for (one, first), (other, second) in combinations(sorted(of.items()), 2):
        shared = sorted((second[both] for both in first.keys() & second.keys()), reverse=True)
        if shared:
            found[one, other, "shares_reference"] = [_Piece(reference_id=id) for id in shared[:EVIDENCE_PER_TIE]]
    return found


def _compare(posts: Sequence[tuple[UUID, UUID, str]], links: Mapping[UUID, str]) -> _Found:
    """What the words of subjects have in common: `posts` are whose, which and what; `links` those that are subjects."""
    found: _Found = defaultdict(list)
    pieces = {post_id: shingles(text) for _, post_id, text in posts}
    alike: dict[tuple[int, int], dict[UUID, UUID]] = defaultdict(dict)
    led: dict[str, dict[UUID, UUID]] = defaultdict(dict)
    for subject, post_id, text in posts:
        for band, value in enumerate(sketch(pieces[post_id])):
            alike[band, value][subject] = post_id
        for link in links_of(text):
            led[link][subject] = post_id
        for link_id, address in links.items():
            if address.casefold() in text.casefold():
                found[subject, link_id, "posted"].append(_Piece(post_id))
    for bucket in alike.values():
        for (one, of_one), (other, of_other) in combinations(sorted(bucket.items()), 2):
            if of_one != of_other and likeness(pieces[of_one], pieces[of_other]) >= SAME_WORDS_FROM:
                _add(found, (one, other, "shares_words"), of_one, of_other)
    for bucket in led.values():
        for (one, of_one), (other, of_other) in combinations(sorted(bucket.items()), 2):
            if of_one != of_other:
                _add(found, (one, other, "shares_link"), of_one, of_other)
    return found


def _add(found: _Found, key: tuple[UUID, UUID, str], *post_ids: UUID) -> None:
    found[key] += [piece for post_id in post_ids if (piece := _Piece(post_id)) not in found[key]]


async def _keep(investigation: Investigation, found: Mapping[tuple[UUID, UUID, str], Sequence[_Piece]]) -> None:
    """In place of what was found before; when something was found first is kept."""
    mine: dict[str, Any] = {"investigation_id": investigation.id, "workspace_id": investigation.workspace_id}
    before = await InvestigationTie.filter(**mine, added_by_id=None)
    since = {(row.one_id, row.other_id, row.kind): row.found_at for row in before}
    await InvestigationTie.filter(**mine, added_by_id=None).exclude(kind="noted").delete()
    kept = sorted(found.items(), key=lambda each: not KINDS[each[0][2]])[:MOST_TIES]  # strong ones first
    scope, place, moment = current(), (current().actor.agency_id, investigation.workspace_id), now()
    ids = [new_id() for _ in kept]
    await scope.executemany(
        """insert into investigation_ties (agency_id, workspace_id, id, investigation_id, one_id, other_id, kind, is_strong,
                                           found_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        [
            (*place, id, investigation.id, one, other, kind, KINDS[kind], since.get((one, other, kind), moment))
            for id, ((one, other, kind), _) in zip(ids, kept, strict=True)
        ],
    )
    await scope.executemany(
        """insert into tie_evidence (agency_id, workspace_id, id, tie_id, position, post_id, case_id, reference_id)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        [
            (*place, new_id(), id, position, piece.post_id, piece.case_id, piece.reference_id)
            for id, (_, pieces) in zip(ids, kept, strict=True)
            for position, piece in enumerate(_newest(pieces), 1)
        ],
    )


def _newest(pieces: Iterable[_Piece]) -> list[_Piece]:
    return [piece for piece in dict.fromkeys(pieces) if piece != _Piece()][:EVIDENCE_PER_TIE]


async def note_tie(
    actor: Actor,
    one_id: UUID,
    other_id: UUID,
    *,
    because: str,
    post_ids: Sequence[UUID] = (),
    case_ids: Sequence[UUID] = (),
) -> UUID:
    """What somebody sees that Tend does not, with what shows it. The id of the tie. Raises NotAllowed, NotFound,
    Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    because = clean(because, field="because", longest=2_000)
    one = await InvestigationSubject.get_or_none(id=one_id)
    other = await InvestigationSubject.get_or_none(id=other_id)
    if one is None:
        raise NotFound(path=("input", "firstSubjectId"))
    if other is None or other.investigation_id != one.investigation_id:
        raise NotFound(path=("input", "secondSubjectId"))
    if one.id == other.id:
        raise Invalid("Name two subjects.", path=("input", "secondSubjectId"))
    investigation = await open_one(one.investigation_id)
    if len(post_ids) + len(case_ids) > EVIDENCE_PER_TIE:
        raise Invalid(f"Name at most {EVIDENCE_PER_TIE} posts and cases.", path=("input", "postIds"))
    mine: dict[str, Any] = {"investigation_id": investigation.id, "workspace_id": investigation.workspace_id}
    if await InvestigationTie.exists(**mine, one_id=one.id, other_id=other.id, kind="noted"):
        raise Conflict("Somebody has noted a tie of these two.", path=("input", "secondSubjectId"))
    tie = await InvestigationTie.create(
        **mine, one_id=one.id, other_id=other.id, kind="noted", is_strong=False, because=because,
        added_by_id=actor.membership_id,
    )  # fmt: skip
    pieces = [*(_Piece(post_id=each) for each in post_ids), *(_Piece(case_id=each) for each in case_ids)]
    await _must_be_there(investigation.workspace_id, pieces)
    for position, piece in enumerate(dict.fromkeys(pieces), 1):
        await TieEvidence.create(
            workspace_id=investigation.workspace_id, tie_id=tie.id, position=position,
            post_id=piece.post_id, case_id=piece.case_id,
        )  # fmt: skip
    await note_entry(actor, investigation, "tie_noted", because)
    await journal.record(
        "investigation.tie_noted",
        subject_kind="investigation",
        subject_id=investigation.id,
        workspace_id=investigation.workspace_id,
        tie=str(tie.id),
    )
    return tie.id


async def _must_be_there(workspace_id: UUID, pieces: Sequence[_Piece]) -> None:
    for table, name, ids in (
        ("posts", "postIds", {each.post_id for each in pieces if each.post_id}),
        ("cases", "caseIds", {each.case_id for each in pieces if each.case_id}),
    ):
        there = await current().fetchval(
            f"select count(*) from {table} where agency_id = $1 and workspace_id = $2 and id = any($3)",
            current().actor.agency_id,
            workspace_id,
            list(ids),
        )
        if there != len(ids):
            raise NotFound(path=("input", name))
