"""Who acts now: person, membership and rights, or an API client, or the system."""

from dataclasses import dataclass, replace
from uuid import UUID

from backend.kit.errors import NotAllowed
from tenants.rights import RIGHTS_OF, Right, Role


@dataclass(frozen=True, slots=True)
class Proof:
    """What an actor was let in by, remembered from an earlier request: each scope asks again whether it still holds.

    `mark` sums up everything the admission rested on; app.admission_mark() in SQL sums up the same, as it is now.
    """

    token_kind: str
    key_hash: bytes
    workspace_id: UUID | None
    workspace_slug: str | None
    mark: str


@dataclass(frozen=True, slots=True)
class Actor:
    """`workspaces` is None for an actor who sees the whole agency, else exactly the workspaces they may touch.

    `of_agency`: somebody of the whole agency to whom a closed client is hidden; what concerns no client in particular is
    theirs all the same. `by_job`: a job acts, with what the membership that asked for it may do now.
    """

    agency_id: UUID
    role: Role
    rights: frozenset[Right]
    workspaces: frozenset[UUID] | None
    name: str
    membership_id: UUID | None = None
    api_client_id: UUID | None = None
    proof: Proof | None = None
    of_agency: bool = False
    by_job: bool = False

    @property
    def sees_all(self) -> bool:
        return self.workspaces is None

    @property
    def is_of_agency(self) -> bool:
        """Whether rows without a client are theirs."""
        return self.workspaces is None or self.of_agency

    @property
    def only_workspace(self) -> UUID:
        """The client that a job is done for. Raises RuntimeError for an actor of several clients, or of all."""
        if self.workspaces is None or len(self.workspaces) != 1:
            raise RuntimeError(f"{self.name} does not act for one workspace alone.")
        return next(iter(self.workspaces))

    def holds(self, right: Right) -> bool:
        return right in self.rights

    def must_hold(self, right: Right) -> None:
        """Raises NotAllowed without the right."""
        if right not in self.rights:
            raise NotAllowed

    def narrowed_to(self, workspace_id: UUID) -> "Actor":
        """The same actor, for one client only. Call only with a workspace the actor sees."""
        return replace(self, workspaces=frozenset({workspace_id}), of_agency=False)


def system(agency_id: UUID, *, workspace_id: UUID | None = None) -> Actor:
    """Tend itself, at work for one agency, or for one client of it."""
    return Actor(
        agency_id=agency_id,
        role=Role.SYSTEM,
        rights=RIGHTS_OF[Role.SYSTEM],
        workspaces=None if workspace_id is None else frozenset({workspace_id}),
        name="Tend",
    )
