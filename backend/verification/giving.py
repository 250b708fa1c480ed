"""A member shows something: what can be checked by machine is, at once or by a job; the rest waits for somebody to look."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.leaving import hashes_of_words
from backend.outbox import enqueue
from backend.outside import asked_host, file_of_member, stored_files
from backend.verification.cleaning import cleaned
from backend.verification.models import (
    VerificationDesign,
    VerificationEvidence,
    VerificationReference,
    VerificationTask,
)
from backend.verification.noting import normal, normal_contact
from backend.verification.opening import opened_task, site_code
from backend.verification.settling import design_of, must_be_open, settle
from backend.verification.thresholds import (
    CODE_OPEN_FOR,
    CODE_TRIES,
    EVIDENCE_PER_TASK,
    LARGEST_RECEIPT,
    LONGEST_REFERENCE,
)
from backend.verification.using import take_for
from tenants.scope import current

_SIGNS_LOOKED_FOR: Final = 8  # of a code of 32, in an address that asks for it


@dataclass(frozen=True, slots=True)
class Letter:
    """To be mailed once the scope is left: an address is kept nowhere."""

    to: str
    code: str
    language: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown, and what became of it: a state of VerificationEvidence, and its problem."""

    state: str
    problem: str | None = None
    letter: Letter | None = None


async def show_booking(token: str, *, reference: str, contact: str) -> Shown:
    """Raises NotFound, Conflict, Invalid. Call outside any scope, as all of these."""
    async with opened_task(token) as task:
        evidence = await _begin(task, "booking")
        return await _match(task, evidence, reference=reference, contact=contact)


async def show_site_code(token: str, *, code: str) -> Shown:
    async with opened_task(token) as task:
        evidence = await _begin(task, "site_code")
        return await _match(task, evidence, reference=code, contact="")


async def show_receipt(token: str, *, data: bytes) -> Shown:
    """A picture is kept as what is seen, drawn anew: without what hides behind it, and without where it was taken. Raises
    Invalid for what is neither a picture nor a PDF, and for what is too large."""
    if not 0 < len(data) <= LARGEST_RECEIPT:
        raise Invalid(f"A file has at most {LARGEST_RECEIPT >> 20} MB.")
    file = await cleaned(data)
    async with opened_task(token) as task:
        evidence = await _begin(task, "receipt")
        evidence.content_type, evidence.byte_count, evidence.sha256 = file.content_type, len(file.data), file.sha256
        if await take_for(task, evidence, file.content_hash):
            await stored_files().put(
                file_of_member(current().actor.agency_id, task.workspace_id, task.member_id, evidence.id), file.data
            )
            evidence.state = "waiting"
        return await _end(task, evidence)


async def show_link(token: str, *, url: str) -> Shown:
    """A job looks whether the code of the task stands there."""
    url = clean(url, field="url", longest=2_000)
    host = asked_host(url)
    if host is None:
        raise Invalid("This is no https address.")
    async with opened_task(token) as task:
        evidence = await _begin(task, "link")
        if not _is_of_hosts(host, (await design_of(task)).hosts):
            raise Invalid("This site does not count here.")
        # Many pages of others say again what they were asked for.
        if site_code(task.id)[-_SIGNS_LOOKED_FOR:] in unquote(unquote(url)).lower():
            raise Invalid("The code stands on the page, not in its address.")
        evidence.url, evidence.state = url, "checked"
        shown = await _end(task, evidence)
        await enqueue("check_link", {"evidence_id": str(evidence.id)}, workspace_id=task.workspace_id)
        return shown


async def ask_for_mail(token: str, *, address: str) -> Shown:
    """A code goes to the address, and whoever has the mailbox types it in. The address itself is not kept."""
    address = clean(address, field="address", longest=320).casefold()
    name, at, domain = address.rpartition("@")
    if not name or not at or any(sign.isspace() or sign in '<>,;"\\' for sign in address):
        raise Invalid("This is no mail address.")
    async with opened_task(token) as task:
        evidence = await _begin(task, "mail_domain")
        if not _is_of_hosts(domain, (await design_of(task)).hosts):
            raise Invalid("Addresses of this domain do not count here.")
        await VerificationEvidence.filter(
            task_id=task.id, workspace_id=task.workspace_id, kind="mail_domain", state="asked"
        ).update(state="refused", problem="no_match", decided_at=now())
        code = f"{secrets.randbelow(1_000_000):06}"
        hashes = await hashes_of_words([f"{evidence.id} {code}"], purpose="mailed code")
        evidence.code_hash = hashes[f"{evidence.id} {code}"]
        evidence.fingerprint = (await hashes_of_words([address], purpose=f"mailbox {task.programme_id}"))[address]
        evidence.state = "asked"
        shown = await _end(task, evidence)
        return Shown(shown.state, letter=Letter(address, code, await _language(task)))


async def show_mailed_code(token: str, *, code: str) -> Shown:
    """There may be CODE_TRIES wrong ones; `state` stays asked until then."""
    async with opened_task(token) as task:
        must_be_open(task)
        evidence = await VerificationEvidence.get_or_none(
            task_id=task.id, workspace_id=task.workspace_id, kind="mail_domain", state="asked"
        )
        if evidence is None or evidence.created_at < now() - CODE_OPEN_FOR:
            raise Conflict("No code is waited for.")
        words = f"{evidence.id} {normal(code)[:20]}"
        expected = (await hashes_of_words([words], purpose="mailed code"))[words]
        evidence.tries += 1
        if hmac.compare_digest(expected, evidence.code_hash or ""):
            assert evidence.fingerprint is not None
            if await take_for(task, evidence, evidence.fingerprint):
                evidence.state, evidence.decided_at = "accepted", now()
        elif evidence.tries >= CODE_TRIES:
            evidence.state, evidence.problem, evidence.decided_at = "refused", "no_match", now()
        await evidence.save()
        await settle(task)
        return Shown(evidence.state, evidence.problem)


async def _begin(task: VerificationTask, kind: str) -> VerificationEvidence:
    """Kept as something that Tend looks at. Raises Conflict, and NotFound for a kind that is not accepted."""
    must_be_open(task)
    design = await design_of(task)
    if kind not in (*design.strong, *design.weak):
        raise NotFound
    given = await VerificationEvidence.filter(task_id=task.id, workspace_id=task.workspace_id)
    if len(given) >= EVIDENCE_PER_TASK:
        raise Conflict("Too much was shown already.")
    if any(each.kind == kind and each.state in ("accepted", "waiting", "checked") for each in given):
        raise Conflict("This was shown already.")
    evidence = evidence_of(task, design, kind, state="checked")
    await evidence.save(force_create=True)
    return evidence


def evidence_of(task: VerificationTask, design: VerificationDesign, kind: str, **told: Any) -> VerificationEvidence:
    """Not yet kept."""
    return VerificationEvidence(
        id=new_id(),
        workspace_id=task.workspace_id,
        task_id=task.id,
        member_id=task.member_id,
        kind=kind,
        is_strong=kind in design.strong,
        **told,
    )


async def _match(task: VerificationTask, evidence: VerificationEvidence, *, reference: str, contact: str) -> Shown:
    words, told = normal(reference[:LONGEST_REFERENCE]), normal_contact(contact[:LONGEST_REFERENCE])
    hash = (await hashes_of_words([words], purpose=evidence.kind))[words]
    contact_hash = (await hashes_of_words([told], purpose="contact"))[told]
    found = await VerificationReference.get_or_none(
        workspace_id=task.workspace_id, programme_id=task.programme_id, kind=evidence.kind, reference_hash=hash
    )
    if found is None or not _is_good(found, contact_hash):
        evidence.state, evidence.problem, evidence.decided_at = "refused", "no_match", now()
        return await _end(task, evidence)
    if await take_for(task, evidence, await _fingerprint(found.id)):
        evidence.state, evidence.decided_at = "accepted", now()
    return await _end(task, evidence)


def _is_good(found: VerificationReference, contact_hash: str) -> bool:
    moment = now()
    return (
        (found.contact_hash is None or hmac.compare_digest(found.contact_hash, contact_hash))
        and (found.good_from is None or found.good_from <= moment)
        and (found.good_until is None or moment < found.good_until)
    )


async def _fingerprint(reference_id: UUID) -> str:
    words = str(reference_id)
    return (await hashes_of_words([words], purpose="reference"))[words]


async def _end(task: VerificationTask, evidence: VerificationEvidence) -> Shown:
    await evidence.save()
    await settle(task)
    return Shown(evidence.state, evidence.problem)


def _is_of_hosts(host: str, hosts: list[str]) -> bool:
    """One of them or below it; any, where there are none."""
    try:
        ascii = host.lower().encode("idna").decode()
    except UnicodeError:
        return False
    return not hosts or any(ascii == each or ascii.endswith(f".{each}") for each in hosts)


async def _language(task: VerificationTask) -> str:
    language: str = await current().fetchval(
        """select c.language from members m
             join communities c on c.agency_id = $1 and c.workspace_id = $2 and c.id = m.community_id
            where m.agency_id = $1 and m.workspace_id = $2 and m.id = $3""",
        current().actor.agency_id,
        task.workspace_id,
        task.member_id,
    )
    return language
