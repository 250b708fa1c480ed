"""What is wrong with an installation, in plain words."""

import hashlib
import sys
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend import models
from backend.backups import Archive
from backend.kit.clock import now
from backend.migrations import history
from backend.outbox import SILENT_AFTER
from backend.outside import MessageDelayed, SmtpSender
from backend.settings import NotConfigured, Settings
from tenants.database import TooMuchPower, refuse_power_of
from tenants.erasing import ERASER
from tenants.tables import tenant_models
from tenants.wall import POLICY

OLDEST_POSTGRES = 160_000
BACKUP_EVERY = timedelta(hours=36)  # a day, and time to notice


@dataclass(frozen=True, slots=True)
class Finding:
    is_fine: bool
    sentence: str


async def examine(settings: Settings) -> list[Finding]:
    """Everything that can be looked at, whatever else is broken."""
    findings = [_python(), _key(settings)]
    try:
        connection = await asyncpg.connect(settings.app_url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as problem:
        findings.append(Finding(False, f"PostgreSQL cannot be reached: {problem}"))
    else:
        try:
            findings += [
                await _version(connection),
                await _role(connection),
                await _eraser(connection),
                *await _wall(connection),
                await _workers(connection),
                *await _backups(settings, connection),
            ]
        finally:
            await connection.close()
        findings.append(await _migrations(settings))
    return [*findings, await _redis(settings), await _mail(settings)]


def _python() -> Finding:
    version = sys.version_info
    fine = (3, 11) <= version[:2] < (3, 13)
    return Finding(fine, f"Python {version.major}.{version.minor}" + ("" if fine else "; Tend needs 3.11 or 3.12"))


def _key(settings: Settings) -> Finding:
    try:
        keys = settings.installation_keys
    except NotConfigured as refusal:
        return Finding(False, str(refusal))
    if not keys:
        return Finding(
            False, "No key for secrets is set, so no sign-in provider can be kept: set TEND_INSTALLATION_KEY."
        )
    if len(keys) > 1:
        return Finding(
            True, "Secrets have a key, and an old one: run `tend secrets rotate`, then take the old one away."
        )
    return Finding(True, "Secrets have a key.")


async def _version(connection: asyncpg.Connection) -> Finding:
    number = int(await connection.fetchval("show server_version_num"))
    fine = number >= OLDEST_POSTGRES
    return Finding(fine, f"PostgreSQL {number // 10_000}" + ("" if fine else "; Tend needs 16 or newer"))


async def _role(connection: asyncpg.Connection) -> Finding:
    try:
        await refuse_power_of(connection)
    except TooMuchPower as refusal:
        return Finding(False, str(refusal))
    return Finding(True, "The database role can do no more than run Tend.")


async def _eraser(connection: asyncpg.Connection) -> Finding:
    may = await connection.fetchval(
        "select pg_has_role(oid, 'SET') from pg_roles where rolname = $1",
        ERASER,
    )
    if not may:
        return Finding(
            False, f"Nobody can be forgotten: tend_app may not become {ERASER}. Run infra/postgres/eraser.sql."
        )
    return Finding(True, "Members can be forgotten.")


async def _wall(connection: asyncpg.Connection) -> list[Finding]:
    models.load()
    walled = {
        row["tablename"]
        for row in await connection.fetch(
            "select tablename from pg_policies where schemaname = 'app' and policyname = $1", POLICY
        )
    }
    bare = sorted({model._meta.db_table for model in tenant_models()} - walled)
    return [
        Finding(
            not bare,
            "Every table of an agency has its wall."
            if not bare
            else f"No wall: {', '.join(bare)}. Run `tend migrate`.",
        )
    ]


async def _workers(connection: asyncpg.Connection) -> Finding:
    try:
        seen = await connection.fetchval(
            "select count(*) from app.workers where not is_stopping and seen_at > now() - $1::interval", SILENT_AFTER
        )
    except asyncpg.PostgresError as problem:
        return Finding(False, f"Whether a worker runs cannot be seen: {problem}")
    if seen == 0:
        return Finding(False, "No worker runs, so jobs wait: start one with `tend work`.")
    return Finding(True, f"Workers that run: {seen}.")


async def _backups(settings: Settings, connection: asyncpg.Connection) -> list[Finding]:
    """Of the server of our own; somebody else's is backed up by whoever runs it."""
    if Settings().database_url is not None:
        return []
    bases = Archive(settings.backups).bases
    if not bases:
        return [Finding(settings.development, "There is no backup: run `tend backup`, and daily from then on.")]
    if bases[-1].at < now() - BACKUP_EVERY:
        return [Finding(False, f"The last backup is of {bases[-1].at:%Y-%m-%d %H:%M} UTC: run `tend backup` daily.")]
    fails = await connection.fetchval("select last_failed_time > last_archived_time from pg_stat_archiver")
    if fails:
        return [Finding(False, f"What is written does not reach {settings.backups}: see the log of PostgreSQL.")]
    return [
        Finding(True, f"The last backup is of {bases[-1].at:%Y-%m-%d %H:%M} UTC, and goes on with all that is written.")
    ]


async def _migrations(settings: Settings) -> Finding:
    try:
        connection = await asyncpg.connect(settings.owner_url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as problem:
        return Finding(False, f"The owner's address cannot be used, so `tend migrate` cannot run: {problem}")
    try:
        rows = await connection.fetch("select name, sha256 from migrations")
    except asyncpg.UndefinedTableError:
        return Finding(False, "The database is empty: run `tend migrate`.")
    finally:
        await connection.close()
    applied = {row["name"]: row["sha256"] for row in rows}
    missing = [path.stem for path in history() if path.stem not in applied]
    changed = [
        path.stem
        for path in history()
        if path.stem in applied and applied[path.stem] != hashlib.sha256(path.read_bytes()).hexdigest()
    ]
    if missing or changed:
        return Finding(False, f"Migrations to apply: {missing}; changed after being applied: {changed}.")
    return Finding(True, "Every migration is applied.")


async def _redis(settings: Settings) -> Finding:
    client: Redis = Redis.from_url(settings.redis, socket_connect_timeout=5)
    try:
        await client.ping()
    except (OSError, RedisError) as problem:
        return Finding(False, f"Redis cannot be reached, so jobs wait: {problem}")
    else:
        return Finding(True, "Redis answers.")
    finally:
        await client.aclose()


async def _mail(settings: Settings) -> Finding:
    if settings.smtp_url is None:
        if settings.development:
            return Finding(True, "Mail goes into a folder.")
        return Finding(False, "No mail server is set, so mail waits and nobody can be invited: set TEND_SMTP_URL.")
    try:
        await SmtpSender(settings.smtp_url.get_secret_value(), settings.mail_from).check()
    except (MessageDelayed, ValueError) as problem:
        return Finding(False, f"Mail waits: {problem}")
    return Finding(True, "The mail server answers.")
