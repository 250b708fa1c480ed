"""From a caller and the scope a request names to the actor: which agency, which clients, which rights."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from backend.kit.errors import NotAllowed
from backend.kit.ids import parse_published
from tenants.actor import Actor, Proof, system
from tenants.doors import Caller, Entrance
from tenants.models import Workspace
from tenants.provisioning import is_slug
from tenants.rights import MACHINE_RIGHTS, RIGHTS_OF, Right, Role
from tenants.scope import agency_scope, current


class NotAdmitted(Exception):
    """The whole request is refused. `status` is HTTP's, `code` is stable; `facts` help to do something about it."""

    def __init__(self, code: str, message: str, *, status: int, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.facts = code, message, status, dict(facts or {})


def forbidden() -> NotAdmitted:
    """The same answer for an agency or workspace that does not exist and for one that is not the caller's."""
    return NotAdmitted("FORBIDDEN", "You are not a member of the agency or workspace this request names.", status=403)


def mismatch() -> NotAdmitted:
    return NotAdmitted("WORKSPACE_MISMATCH", "The request names another scope than its credentials allow.", status=403)


# Which clients are open, where one is closed and waits to be deleted; null where none is.
_OPEN_CLIENTS: Final = """case when exists (select from workspaces w where w.agency_id = $1
                        and w.deletes_at is not null and w.deleted_at is null)
                      then array(select w.id from workspaces w where w.agency_id = $1 and w.deletes_at is null)
                      end as open_clients"""


async def enter(caller: Caller, *, agency: str | None, workspace: str | None) -> Actor | None:
    """The actor of a request that names `agency` and `workspace` by published id or slug; None where a person whom
    several agencies (or none) let in names neither. Raises NotAdmitted."""
    if caller.api_client_agency_id is not None:
        return await _enter_as_machine(caller, caller.api_client_agency_id, agency=agency, workspace=workspace)
    candidates = caller.entrances
    if agency is not None:
        candidates = tuple(e for e in candidates if agency in (e.slug, f"agency_{e.agency_id}"))
        if not candidates:
            raise forbidden()
    found = await _members_of(caller, candidates, workspace=workspace)
    if workspace is None:
        if not found and candidates:
            raise forbidden()
        return found[0] if len(found) == 1 else None
    # A workspace implies its agency, so X-Agency-Id may be left out: the slug must then be unique among the caller's.
    if len(found) > 1:
        raise NotAdmitted("BAD_REQUEST", "Several of your agencies have a workspace of that name.", status=400)
    if not found:
        if agency is not None and await _is_mine_elsewhere(caller, workspace):
            raise mismatch()
        raise forbidden()
    return found[0]


async def acting_for(agency_id: UUID, membership_id: UUID, workspace_id: UUID | None) -> Actor:
    """Whoever works for somebody who has gone home: the rights and clients that the membership has now, narrowed to
    `workspace_id`. Call outside any scope. Raises NotAllowed where it may not act, with the reason."""
    async with agency_scope(system(agency_id), read_only=True):
        return await acting_here_for(agency_id, membership_id, workspace_id)


async def acting_here_for(agency_id: UUID, membership_id: UUID, workspace_id: UUID | None) -> Actor:
    """The same, asked in the scope that is open; what it does not reach, the actor does not either."""
    row = await current().fetchrow(
        f"""select m.role, m.sees_all, m.name, m.suspended_at is not null as is_suspended,
                  m.starts_at > now() as is_early, m.ends_at <= now() as is_over,
                  array(select s.workspace_id from assignments s
                         where s.agency_id = $1 and s.membership_id = m.id) as workspaces,
                  {_OPEN_CLIENTS}
             from memberships m where m.agency_id = $1 and m.id = $2""",
        agency_id,
        membership_id,
    )
    for holds, why in (
        (row is None or row["is_over"], "has ended"),
        (row is not None and row["is_suspended"], "is suspended"),
        (row is not None and row["is_early"], "has not begun"),
    ):
        if holds:
            raise NotAllowed(f"The membership of whoever asked for this {why}.")
    role = Role(row["role"])
    actor = Actor(
        agency_id=agency_id,
        role=role,
        rights=RIGHTS_OF[role],
        workspaces=_reach(RIGHTS_OF[role], None if row["sees_all"] else row["workspaces"], row["open_clients"]),
        of_agency=row["sees_all"],
        name=row["name"],
        membership_id=membership_id,
        by_job=True,
    )
    narrowed = actor if workspace_id is None else _narrowed(actor, workspace_id)
    if narrowed is None:
        raise NotAllowed("Whoever asked for this does not work for this client any more.")
    return narrowed


async def workspace_called(slug: str) -> UUID | None:
    """The client of this short name in the scope; None where there is none for its actor."""
    found = await Workspace.get_or_none(slug=slug) if is_slug(slug) else None
    return None if found is None else found.id


async def _members_of(caller: Caller, entrances: Iterable[Entrance], *, workspace: str | None) -> list[Actor]:
    """Wherever they are let in. Raises NotAdmitted where nothing else is open and they could do something about it."""
    found, refusals = [], []
    for entrance in entrances:
        try:
            actor = await _member_of(caller, entrance.agency_id, workspace=workspace)
        except NotAdmitted as refusal:
            refusals.append(refusal)
        else:
            found += [] if actor is None else [actor]
    if not found and refusals:
        raise refusals[0]
    return found


async def _member_of(caller: Caller, agency_id: UUID, *, workspace: str | None) -> Actor | None:
    """One statement: the membership with its workspaces, the workspace that is named, and PostgreSQL's word that the
    token opens it. Raises NotAdmitted where the person could do something about it."""
    wanted_id, wanted_slug = _named(workspace)
    async with agency_scope(system(agency_id), read_only=True) as scope:
        row = await scope.fetchrow(
            f"""select m.id, m.role, m.sees_all, m.name, m.suspended_at is null and (m.starts_at is null or m.starts_at <= now())
                      and (m.ends_at is null or m.ends_at > now()) as is_current, m.grown_at > s.created_at as has_grown,
                      exists (select from sign_in_providers r where r.agency_id = $1 and r.is_required)
                        and s.method <> 'provider' as needs_provider,
                      array(select s.workspace_id from assignments s
                             where s.agency_id = $1 and s.membership_id = m.id) as workspaces,
                      {_OPEN_CLIENTS},
                      (select w.id from workspaces w
                        where w.agency_id = $1 and (w.id = $3 or w.slug = $4)) as wanted,
                      app.admission_mark($5, $6, $3, $4) as mark, a.slug as agency_slug
                 from memberships m join agencies a on a.id = m.agency_id join sessions s on s.id = $7
                where m.agency_id = $1 and m.person_id = $2""",
            agency_id,
            caller.person_id,
            wanted_id,
            wanted_slug,
            caller.token_kind,
            caller.key_hash,
            caller.target_id,
        )
    if row is None or not row["is_current"] or (workspace is not None and row["wanted"] is None):
        return None
    if row["needs_provider"]:
        raise NotAdmitted(
            "SSO_REQUIRED",
            "This agency lets in only who signs in with its own provider.",
            status=403,
            facts={"signInUrl": f"/sign-in/{row['agency_slug']}"},
        )
    if row["has_grown"]:
        raise NotAdmitted("SESSION_OUTDATED", "You may do more than before: renew your session.", status=401)
    if row["mark"] is None:
        return None
    role = Role(row["role"])
    actor = Actor(
        agency_id=agency_id,
        role=role,
        rights=RIGHTS_OF[role],
        workspaces=_reach(RIGHTS_OF[role], None if row["sees_all"] else row["workspaces"], row["open_clients"]),
        of_agency=row["sees_all"],
        name=row["name"],
        membership_id=row["id"],
        proof=Proof(caller.token_kind, caller.key_hash, wanted_id, wanted_slug, row["mark"]),
    )
    return actor if workspace is None else _narrowed(actor, row["wanted"])


def _reach(
    rights: Collection[Right], clients: Sequence[UUID] | None, open_clients: Sequence[UUID] | None
) -> frozenset[UUID] | None:
    """All clients are None. A closed client is there for who manages clients, and for nobody else."""
    if open_clients is None or Right.MANAGE_WORKSPACES in rights:
        return None if clients is None else frozenset(clients)
    return frozenset(open_clients) if clients is None else frozenset(clients) & frozenset(open_clients)


def _named(workspace: str | None) -> tuple[UUID | None, str | None]:
    """The id or the short name that a header holds."""
    parsed = parse_published(workspace or "")
    if parsed is not None and parsed[0] == "workspace":
        return parsed[1], None
    return None, workspace if workspace is not None and is_slug(workspace) else None


def _narrowed(actor: Actor, workspace_id: UUID | None) -> Actor | None:
    """None when the workspace is not there for this actor."""
    if workspace_id is None or (actor.workspaces is not None and workspace_id not in actor.workspaces):
        return None
    return actor.narrowed_to(workspace_id)


async def _is_mine_elsewhere(caller: Caller, workspace: str) -> bool:
    for entrance in caller.entrances:
        if await _member_of(caller, entrance.agency_id, workspace=workspace) is not None:
            return True
    return False


async def _enter_as_machine(caller: Caller, agency_id: UUID, *, agency: str | None, workspace: str | None) -> Actor:
    wanted = _named(workspace)
    async with agency_scope(system(agency_id), read_only=True) as scope:
        row = await scope.fetchrow(
            f"""select k.id, k.name, k.scopes, coalesce(c.scopes, k.scopes) as own_scopes, k.workspace_id, a.slug,
                      (select w.id from workspaces w
                        where w.agency_id = $1 and (w.id = $3 or w.slug = $4)) as wanted,
                      app.admission_mark($5, $6, $3, $4) as mark,
                      {_OPEN_CLIENTS}
                 from credentials c join api_clients k on k.agency_id = $1 and k.id = c.api_client_id
                 join agencies a on a.id = k.agency_id
                where c.agency_id = $1 and c.id = $2""",
            agency_id,
            caller.target_id,
            *wanted,
            caller.token_kind,
            caller.key_hash,
        )
    if row is None or row["mark"] is None:
        raise NotAdmitted("UNAUTHENTICATED", "This key or token has ended.", status=401)
    actor = Actor(
        agency_id=agency_id,
        role=Role.API_CLIENT,
        rights=frozenset(map(Right, row["scopes"])) & frozenset(map(Right, row["own_scopes"])) & MACHINE_RIGHTS,
        workspaces=_reach(
            MACHINE_RIGHTS, None if row["workspace_id"] is None else [row["workspace_id"]], row["open_clients"]
        ),
        of_agency=row["workspace_id"] is None,
        name=row["name"],
        api_client_id=row["id"],
        proof=Proof(caller.token_kind, caller.key_hash, *wanted, row["mark"]),
    )
    if agency is not None and agency not in (row["slug"], f"agency_{agency_id}"):
        raise mismatch()
    if workspace is None:
        return actor
    narrowed = _narrowed(actor, row["wanted"])
    if narrowed is None:
        raise mismatch()
    return narrowed
