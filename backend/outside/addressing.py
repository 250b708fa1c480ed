"""Where people find this installation: links in mails begin with it."""

_address = "http://127.0.0.1:8000"


def served_at(url: str) -> None:
    """The roof says where, without a slash at the end."""
    global _address  # noqa: PLW0603
    _address = url.rstrip("/")


def public_address() -> str:
    return _address
