"""From a token and the scope a request names to caller and actor, without asking twice what is known."""

from collections import OrderedDict
from typing import Final

from tenants.actor import Actor
from tenants.doors import Caller, knock
from tenants.entering import NotAdmitted, enter
from tenants.scope import agency_scope
from tenants.sessions import seen
from tenants.tokens import hash_of

_REMEMBERED: Final = 4_096
_remembered: OrderedDict[tuple[bytes, str | None, str | None], tuple[Caller, Actor]] = OrderedDict()


async def admit(token: str, *, agency: str | None, workspace: str | None) -> tuple[Caller, Actor | None]:
    """Who holds the token, and their actor in the scope that is named, as `enter`. Raises NotAdmitted.

    A known answer is given without asking the database: its proof is checked when the actor's scope opens. Whoever
    lets an actor act outside a scope of theirs calls `confirm` first; whoever hears NoLongerAdmitted calls `forget` and
    admits again.
    """
    key = (hash_of(token), agency, workspace)
    known = _remembered.get(key)
    if known is not None:
        _remembered.move_to_end(key)
        seen(known[0].target_id, credential_of=known[0].api_client_agency_id)
        return known
    caller = await knock(token)
    if caller is None:
        raise NotAdmitted("UNAUTHENTICATED", "Sign in: this needs a valid token.", status=401)
    actor = await enter(caller, agency=agency, workspace=workspace)
    seen(caller.target_id, credential_of=caller.api_client_agency_id)
    if actor is not None and _is_certain(caller, agency=agency, workspace=workspace):
        _remembered[key] = (caller, actor)
        if len(_remembered) > _REMEMBERED:
            _remembered.popitem(last=False)
    return caller, actor


def _is_certain(caller: Caller, *, agency: str | None, workspace: str | None) -> bool:
    """Whether the same words mean the same agency tomorrow: another one may let the person in, or get a client of that
    name."""
    return agency is not None or len(caller.entrances) <= 1 or (workspace or "").startswith("workspace_")


def forget(token: str, *, agency: str | None, workspace: str | None) -> None:
    _remembered.pop((hash_of(token), agency, workspace), None)


async def confirm(actor: Actor) -> None:
    """Raises NoLongerAdmitted."""
    if actor.proof is not None:
        async with agency_scope(actor, read_only=True):
            pass
