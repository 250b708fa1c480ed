"""Communities, their members and their posts, and the connection that acts in them."""

from backend.communities.connecting import hide_post, is_hidden, is_removed, is_warned, show_post, warn_member
from backend.communities.creating import create_community
from backend.communities.following import (
    follow_member,
    follow_post,
    meet_member,
    note_recovery,
    note_removal,
    note_thread_recovery,
    note_thread_removal,
    post_named,
)
from backend.communities.importing import ImportCount, import_chat
from backend.communities.models import Community, Connection, Member, MemberWarning, Post, PostVersion, PostWord
from backend.communities.reading_chat import is_bot
from backend.communities.searching import searched_words, words_of
from backend.communities.speaking import LANGUAGES, set_language
from backend.communities.taking_in import STAFF_TRUST, IncomingPost, take_in
from backend.communities.writing_words import write_words

__all__ = [
    "LANGUAGES",
    "STAFF_TRUST",
    "Community",
    "Connection",
    "ImportCount",
    "IncomingPost",
    "Member",
    "MemberWarning",
    "Post",
    "PostVersion",
    "PostWord",
    "create_community",
    "follow_member",
    "follow_post",
    "hide_post",
    "import_chat",
    "is_bot",
    "is_hidden",
    "is_removed",
    "is_warned",
    "meet_member",
    "note_recovery",
    "note_removal",
    "note_thread_recovery",
    "note_thread_removal",
    "post_named",
    "searched_words",
    "set_language",
    "show_post",
    "take_in",
    "warn_member",
    "words_of",
    "write_words",
]
