"""What platforms send, in the shape of recorded deliveries; every value is made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 25, 10, tzinfo=UTC)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def discourse_time(minute: float) -> str:
    return at(minute).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at(minute).microsecond // 1000:03}Z"


def discourse_post(text: str = "Hello", *, id: int = 17, version: int = 1, minute: float = 0, **other: Any) -> Any:
    return {
        "post": {
            "id": id,
            "name": None,
            "username": "ann",
            "avatar_template": "/user_avatar/forum.example/ann/{size}/3_1.png",
            "created_at": discourse_time(0),
            "cooked": f"<p>{text}</p>",
            "post_number": 1,
            "post_type": 1,
            "updated_at": discourse_time(minute),
            "reply_count": 0,
            "reply_to_post_number": None,
            "quote_count": 0,
            "reads": 1,
            "score": 0,
            "topic_id": 14,
            "topic_slug": "new-topic",
            "topic_title": "New topic",
            "topic_archetype": "regular",
            "category_id": 2,
            "version": version,
            "actions_summary": [{"id": 2, "can_act": True}],
            "moderator": False,
            "admin": False,
            "staff": False,
            "user_id": 5,
            "hidden": False,
            "trust_level": 0,
            "deleted_at": None,
            "user_deleted": False,
            "raw": text,
            "topic_posts_count": 1,
            **other,
        }
    }


def discourse_flag(*, post_id: int = 17, **other: Any) -> Any:
    """As embedded objects; see `discourse_flag_by_ids`."""
    return {
        "reviewable": {
            "id": 3,
            "type": "ReviewableFlaggedPost",
            "status": 0,
            "topic_id": 14,
            "topic_url": "https://forum.example/t/new-topic/14",
            "target_url": "https://forum.example/t/new-topic/14/1",
            "category_id": 2,
            "created_at": discourse_time(5),
            "score": 2.0,
            "version": 0,
            "target_created_by_trust_level": 0,
            "post_id": post_id,
            "cooked": "<p>Hello</p>",
            "raw": "Hello",
            "created_by": {"id": 8, "username": "bo", "custom_fields": {}},
            "target_created_by": {"id": 5, "username": "ann", "custom_fields": {}},
            "reviewable_scores": [
                {
                    "id": 9,
                    "score": 2.0,
                    "status": 0,
                    "reason": None,
                    "created_at": discourse_time(5),
                    "user": {"id": 8, "username": "bo"},
                    "score_type": {"id": 4, "title": "Inappropriate"},
                }
            ],
            **other,
        }
    }


def discourse_flag_by_ids() -> Any:
    told = discourse_flag()
    for name in ("created_by", "target_created_by", "reviewable_scores"):
        del told["reviewable"][name]
    told["reviewable"] |= {"created_by_id": 8, "target_created_by_id": 5, "reviewable_score_ids": [9]}
    return told


def slack_time(minute: float) -> str:
    return f"{int(at(minute).timestamp())}.000200"


def slack_event(event: Any, *, event_id: str, minute: float = 0) -> Any:
    return {
        "token": "an-old-verification-token",
        "team_id": "T024BE7LD",
        "api_app_id": "A0KRD7HC3",
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(at(minute).timestamp()),
        "authorizations": [{"team_id": "T024BE7LD", "user_id": "U0APP", "is_bot": True}],
        "is_ext_shared_channel": False,
        "event": event,
    }


def slack_message(text: str = "Hello", *, minute: float = 0, **other: Any) -> Any:
    return {
        "type": "message",
        "channel": "C2147483705",
        "channel_type": "channel",
        "user": "U2147483697",
        "team": "T024BE7LD",
        "text": text,
        "blocks": [],
        "ts": slack_time(minute),
        "event_ts": slack_time(minute),
        **other,
    }


def slack_changed(text: str, *, minute: float, **other: Any) -> Any:
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": "C2147483705",
        "channel_type": "channel",
        "ts": slack_time(minute),
        "event_ts": slack_time(minute),
        "message": {
            "type": "message",
            "user": "U2147483697",
            "text": text,
            "edited": {"user": "U2147483697", "ts": slack_time(minute)},
            "ts": slack_time(0),
            **other,
        },
        "previous_message": {"type": "message", "user": "U2147483697", "text": "before", "ts": slack_time(0)},
    }


def slack_deleted(*, minute: float) -> Any:
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": "C2147483705",
        "channel_type": "channel",
        "ts": slack_time(minute),
        "event_ts": slack_time(minute),
        "deleted_ts": slack_time(0),
        "previous_message": {"type": "message", "user": "U2147483697", "text": "Hello", "ts": slack_time(0)},
    }


def mastodon_account(id: str, acct: str) -> Any:
    return {
        "id": id,
        "username": acct.partition("@")[0],
        "acct": acct,
        "display_name": acct,
        "locked": False,
        "bot": False,
        "url": f"https://social.example/@{acct}",
        "followers_count": 2,
    }


def mastodon_status(
    text: str = "Hello", *, id: str = "111301083360371621", minute: float = 0, is_edited: bool = False, **other: Any
) -> Any:
    return {
        "id": id,
        "created_at": discourse_time(0),
        "in_reply_to_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://social.example/users/ann/statuses/{id}",
        "edited_at": discourse_time(minute) if is_edited else None,
        "content": f"<p>{text}</p>",
        "reblog": None,
        "account": mastodon_account("123454321", "ann"),
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        **other,
    }


def mastodon_event(event: str, told: Any, *, minute: float = 0) -> Any:
    return {"event": event, "created_at": discourse_time(minute), "object": told}


def mastodon_report(*statuses: Any, comment: str = "This is rude") -> Any:
    def admin(id: str, acct: str) -> Any:
        return {
            "id": id,
            "username": acct,
            "domain": None,
            "email": f"{acct}@private.example",
            "ip": "203.0.113.78",
            "confirmed": True,
            "invite_request": "I would love to join",
            "ips": [{"ip": "203.0.113.99", "used_at": discourse_time(0)}],
            "account": mastodon_account(id, acct),
            "role": None,
        }

    return {
        "id": "8437",
        "action_taken": False,
        "action_taken_at": None,
        "category": "violation",
        "comment": comment,
        "forwarded": False,
        "created_at": discourse_time(5),
        "updated_at": discourse_time(5),
        "account": admin("123456789", "bo"),
        "target_account": admin("123454321", "ann"),
        "assigned_account": None,
        "action_taken_by_account": None,
        "statuses": list(statuses),
        "rules": [{"id": "2", "text": "Be kind."}],
    }


def told(type: str, *, minute: float = 0, **data: Any) -> Any:
    """Of the signed webhook."""
    return {"type": type, "timestamp": at(minute).isoformat(), "data": data}


def a_post(text: str = "Hello", *, id: str = "4711", **other: Any) -> Any:
    member = {"id": "17", "handle": "ann", "kind": "PERSON"}
    return {"id": id, "text": text, "postedAt": at(0).isoformat(), "member": member, **other}
