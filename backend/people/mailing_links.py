"""Signing in by a link that is mailed: open for ten minutes, once, in the browser that asked for it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from backend.kit.ids import new_id
from backend.outside import Mail, MessageDelayed, MessageRefused, public_address, send_mail
from tenants.database import unscoped
from tenants.doors import person_with
from tenants.tokens import hash_of, new_link_token

LIFETIME: Final = timedelta(minutes=10)
# Links of one person that are open at once, from browsers that never signed them in: whoever knows an address cannot
# flood it. A browser that has signed them in counts for itself: nor can anybody keep the person out of their own.
MOST: Final = 5
REMEMBERED: Final = timedelta(days=365)  # browsers
# By language: the subject, what stands before the link, and after it.
WORDS: Final = {
    "en": (
        "Sign in to Tend",
        "Open this link in the browser in which you asked for it. It works once, for ten minutes:",
        "If you did not ask for it, somebody else knows your address, and there is nothing you need to do.",
    ),
    "de": (
        "Anmeldung bei Tend",
        "Öffnen Sie diesen Link in dem Browser, in dem Sie ihn angefordert haben. Er gilt einmal, zehn Minuten lang:",
        "Falls Sie ihn nicht angefordert haben, kennt jemand anderes Ihre Adresse. Sie müssen nichts tun.",
    ),
}


async def mail_link(email: str, *, browser: str, language: str = "en") -> None:
    """If somebody with this address is known, the link is mailed to them. Tell the caller nothing of it: call when the
    answer has gone. `browser` is a secret that only the browser has which asked; `language` one of WORDS."""
    person_id = await person_with(email)
    if person_id is None:
        return
    token = new_link_token()
    async with unscoped() as connection, connection.transaction():
        await connection.execute("select from persons where id = $1 for no key update", person_id)
        await connection.execute(
            """delete from mail_links where person_id = $1
                and expires_at < now() - case when used_at is null then interval '1 day' else $2 end""",
            person_id,
            REMEMBERED,
        )
        open_links = await connection.fetchval(
            """with known as (select distinct browser_hash from mail_links where person_id = $1 and used_at is not null)
               select count(*) from mail_links l where l.person_id = $1 and l.expires_at > now() and l.used_at is null
                and case when $2 in (select browser_hash from known) then l.browser_hash = $2
                         else l.browser_hash not in (select browser_hash from known) end""",
            person_id,
            hash_of(browser),
        )
        if open_links >= MOST:
            return
        await connection.execute(
            """insert into mail_links (id, key_hash, browser_hash, person_id, expires_at)
               values ($1, $2, $3, $4, now() + $5::interval)""",
            *(new_id(), hash_of(token), hash_of(browser), person_id, LIFETIME),
        )
    subject, before, after = WORDS[language]
    try:
        await send_mail(
            Mail(
                to=email,
                subject=subject,
                text=f"{before}\n\n{public_address()}/mail-link?token={token}\n\n{after}\n",
            )
        )
    except (MessageRefused, MessageDelayed):
        async with unscoped() as connection:
            await connection.execute("delete from mail_links where key_hash = $1", hash_of(token))
        raise


async def use_link(token: str, *, browser: str) -> UUID | None:
    """Whose link it was; it opens nothing from now on. None for one that is used, too old or unknown, and in another
    browser, where it stays open: programs that look into mails open links as well."""
    async with unscoped() as connection:
        person_id: UUID | None = await connection.fetchval(
            """update mail_links set used_at = now()
                where key_hash = $1 and browser_hash = $2 and used_at is null and expires_at > now()
            returning person_id""",
            hash_of(token),
            hash_of(browser),
        )
        return person_id
