"""No log line holds a secret, wherever it came from."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from backend import logging
from tenants.tokens import CREDENTIAL_PREFIXES, new_credential, new_session_token


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    before = structlog.get_config()

    def written(**facts: Any) -> str:
        logging.configure()
        try:
            structlog.get_logger().error("happened", **facts)
        finally:
            structlog.configure(**before)
        return capsys.readouterr().err

    return written


TOKENS = [new_session_token(), *(new_credential(prefix) for prefix in CREDENTIAL_PREFIXES)]


@pytest.mark.parametrize("token", TOKENS, ids=["session", *CREDENTIAL_PREFIXES])
def test_a_token_is_removed_from_any_text(line: Callable[..., str], token: str) -> None:
    class Thing:
        def __repr__(self) -> str:
            return f"Thing({token})"

    for value in (token, f"?token={token}&x=1", {"deep": [f"a {token} b"]}, Thing(), (token,), {token: 1}):
        assert token not in line(fact=value)
    try:
        raise ValueError(token)
    except ValueError:
        assert token not in line(exc_info=True)


@pytest.mark.parametrize(
    "name",
    [
        *("password", "client_secret", "token", "access_token", "Authorization", "cookie", "api_key", "smtp_password"),
        *("TEND_INSTALLATION_KEY", "X-Api-Key", "credentials", "private_key", "set-cookie"),
    ],
)
def test_what_is_named_like_a_secret_is_removed_however_deep(line: Callable[..., str], name: str) -> None:
    text = line(headers=[{name: "hunter2"}], **{name: "hunter2"})
    assert "hunter2" not in text
    found = json.loads(text)
    assert (found[name], found["headers"]) == ("[removed]", [{name: "[removed]"}])


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql://tend_app:hunter2@db/tend",
        "redis://:hunter2@cache:6379",
        "Authorization: Bearer hunter2",
        "whsec_hunter2hunter2hunter2hunter2hunter2",
    ],
)
def test_passwords_in_addresses_and_headers_are_removed(line: Callable[..., str], text: str) -> None:
    assert "hunter2" not in line(problem=text)


def test_what_is_no_secret_stays(line: Callable[..., str]) -> None:
    facts = {
        "token_kind": "session",
        "tokens_used": 3,
        "url": "https://a.example/x?y=1",
        "role": "tend_app",
        "key": "k",
    }
    found = json.loads(line(**facts))
    assert {name: found[name] for name in facts} == facts
    assert found["event"] == "happened"
