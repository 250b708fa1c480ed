"""Parts that know no settings get what the installation decides; every process of Tend does this once, before it works."""

from functools import partial

from backend.journal import anchor_with, record_for
from backend.outbox import rank_kinds
from backend.outside import (
    FolderSender,
    SmtpSender,
    allow_origins,
    is_signed,
    keep_files_in,
    send_mail_with,
    served_at,
    sign,
    use_installation_keys,
)
from backend.people import issue_keys_as
from backend.settings import NotConfigured, Settings
from backend.webhooks import queue_webhooks, shape_with
from graphql_schema.shaping import SelectionShaper
from workers.catalogue import CATALOGUE


def equip(settings: Settings) -> None:
    """Raises NotConfigured where a setting cannot be used."""
    served_at(settings.served_at)
    rank_kinds({name: kind.priority for name, kind in CATALOGUE.items()})
    use_installation_keys(settings.installation_keys)
    keep_files_in(settings.files)
    anchor_with(partial(sign, purpose="journal anchor"), partial(is_signed, purpose="journal anchor"))
    record_for(queue_webhooks)
    shape_with(SelectionShaper())
    issue_keys_as("test" if settings.development else "live")
    try:
        here = [f"http://127.0.0.1:{settings.webhooks_port}"] if settings.development else []
        allow_origins([*settings.allowed_outside, *here])
        send_mail_with(_sender(settings))
    except ValueError as problem:
        raise NotConfigured(str(problem)) from None


def _sender(settings: Settings) -> SmtpSender | FolderSender | None:
    """None where mail waits until there is a server: an installation that counts never puts it into a folder."""
    if settings.smtp_url is not None:
        return SmtpSender(settings.smtp_url.get_secret_value(), settings.mail_from)
    return FolderSender(settings.home.resolve() / "mail", settings.mail_from) if settings.development else None
