"""Signatures as the platforms publish them: from their own specifications and tests."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import webhooks

from backend.intake.verifying import is_signed

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    b"803a0bc887a14d10d2c447fce8b6703c"
)
# platform, secret, moment, headers, body
VECTORS = {
    "discourse": (
        "my_lovely_secret_for_web_hook",
        1_700_000_000,
        {
            "x-discourse-event-signature": "sha256=162f107f6b5022353274eb1a7197885cfd35744d8d08e5bcea025d309386b7d6",
        },
        b'{"ping":"OK"}',
    ),
    "slack": (
        "8f742231b10e8888abcd99yyyzzz85a5",
        1_531_420_618,
        {
            "x-slack-request-timestamp": "1531420618",
            "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
        SLACK_BODY,
    ),
    "webhook": (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        1_614_265_330,
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
    ),
    # None is published: Mastodon signs as Discourse does, under another header.
    "mastodon": (
        "my_lovely_secret_for_web_hook",
        1_700_000_000,
        {"x-hub-signature": "sha256=162f107f6b5022353274eb1a7197885cfd35744d8d08e5bcea025d309386b7d6"},
        b'{"ping":"OK"}',
    ),
}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What the library of Standard Webhooks takes for now."""
    held = {"now": 1_614_265_330.0}

    class Then(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.fromtimestamp(held["now"], UTC)

    monkeypatch.setattr(webhooks, "datetime", Then)
    return held


def believed(platform: str, **changed: object) -> bool:
    secret, seconds, headers, body = VECTORS[platform]
    given = {
        "secret": secret,
        "headers": headers,
        "body": body,
        "moment": datetime.fromtimestamp(seconds, UTC),
    } | changed
    return is_signed(platform, given.pop("secret"), **given)


@pytest.mark.parametrize("platform", VECTORS)
def test_what_a_platform_published_is_believed(platform: str) -> None:
    assert believed(platform)


@pytest.mark.parametrize("platform", VECTORS)
def test_one_other_byte_another_secret_or_no_signature_is_not(platform: str) -> None:
    secret, _, headers, body = VECTORS[platform]
    for n in (0, len(body) // 2, len(body) - 1):
        assert not believed(platform, body=body[:n] + bytes([body[n] ^ 1]) + body[n + 1 :])
    assert not believed(platform, body=body + b" ")
    other = secret.replace("a", "b").replace("f", "g")
    assert not believed(platform, secret=other)
    assert not believed(platform, headers={})
    for name in headers:
        assert not believed(platform, headers={each: value for each, value in headers.items() if each != name})
        for nonsense in ("", "nonsense", "sha256=", "v0=", "v1,", "v1", "\xff" * 40, "9" * 400, "nan"):
            assert not believed(platform, headers=headers | {name: nonsense}), nonsense


@pytest.mark.parametrize("platform", VECTORS)
def test_what_one_platform_signs_is_not_believed_of_another(platform: str) -> None:
    _, _, headers, body = VECTORS[platform]
    for other in {*VECTORS, "built_in", "unknown"} - {platform}:
        secret = VECTORS.get(other, VECTORS["discourse"])[0]
        assert not is_signed(other, secret, headers=headers, body=body, moment=datetime.now(UTC))


@pytest.mark.parametrize(
    ("seconds", "is_believed"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_slack_may_be_five_minutes_off_and_no_more(seconds: int, is_believed: bool) -> None:
    moment = datetime.fromtimestamp(1_531_420_618, UTC) + timedelta(seconds=seconds)
    assert believed("slack", moment=moment) == is_believed


@pytest.mark.parametrize(("seconds", "is_believed"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_so_may_a_signed_webhook(clock: dict[str, float], seconds: int, is_believed: bool) -> None:
    clock["now"] += seconds
    assert believed("webhook") == is_believed


def test_of_two_signatures_one_is_enough() -> None:
    headers = VECTORS["webhook"][2]
    both = f"v1,{'A' * 43}= {headers['webhook-signature']}"
    assert believed("webhook", headers=headers | {"webhook-signature": both})


def test_bytes_that_are_no_text_are_not_believed_and_crash_nothing() -> None:
    for platform in VECTORS:
        assert not believed(platform, body=b"\xff\xfe\x00")
