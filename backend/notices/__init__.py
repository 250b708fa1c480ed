"""One thing that happened, told to the people it concerns, each in the way they chose."""

from backend.notices.branding import set_brand
from backend.notices.catalogue import KINDS
from backend.notices.chatting import chat_notices
from backend.notices.delivering import deliver_notices
from backend.notices.gathering import gather_again, gather_notices, give_up_gathering
from backend.notices.mailing import mail_notices
from backend.notices.models import Notice, NoticeDelivery, NoticePreference, NoticeSettings
from backend.notices.preferring import Preference, set_preferences, set_settings, settings_of
from backend.notices.reading import mark_read, own_notice, readable
from backend.notices.replaying import replay_delivery
from backend.notices.sending import give_up_message, send_again
from backend.notices.telling import Recipient, tell, told_since
from backend.notices.unsubscribing import can_unsubscribe, unsubscribe

__all__ = [
    "KINDS",
    "Notice",
    "NoticeDelivery",
    "NoticePreference",
    "NoticeSettings",
    "Preference",
    "Recipient",
    "can_unsubscribe",
    "chat_notices",
    "deliver_notices",
    "gather_again",
    "gather_notices",
    "give_up_gathering",
    "give_up_message",
    "mail_notices",
    "mark_read",
    "own_notice",
    "readable",
    "replay_delivery",
    "send_again",
    "set_brand",
    "set_preferences",
    "set_settings",
    "settings_of",
    "tell",
    "told_since",
    "unsubscribe",
]
