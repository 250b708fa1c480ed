"""What an installation decides, from the environment: TEND_DATABASE_URL and so on."""

import base64
import binascii
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`database_url` is the address of the role tend_app. Those of tend_owner and tend_relay are the same with the other
    role's name, unless they are given. Without a database or Redis, `tend up` starts its own under `home`."""

    model_config = SettingsConfigDict(env_prefix="TEND_", extra="ignore")

    database_url: str | None = None
    owner_database_url: str | None = None
    relay_database_url: str | None = None
    redis_url: str | None = None
    home: Path = Path(".tend")
    host: str = "127.0.0.1"
    port: int = 8000
    listen_fd: int | None = None  # a socket that whoever starts the API has opened; `tend up` does
    drain_seconds: float = 5  # how long the API goes on after SIGTERM, so that balancers and clients go elsewhere
    development: bool = False
    demo: bool = False  # anybody may sign in as anybody of the demo
    public_url: str | None = None  # where people find this installation; https in earnest, for links and cookies
    pool_size: int = 10
    redis_queue: str = "tend:jobs"
    # Pages of these origins (https://app.example.com) may use the API from a browser; a JSON list in the environment.
    allowed_origins: tuple[str, ...] = ()
    metrics_token: SecretStr | None = None  # whoever shows it sees /metrics; without one nobody does
    worker_metrics_port: int | None = None  # `tend work` shows its own there, at `host`: no token, so not to the world
    only_trusted_documents: bool = False  # run what a frontend's build has published, and nothing else
    # Points of cost per minute.
    points_per_token: int = 100_000
    points_per_person: int = 150_000
    points_per_agency: int = 1_500_000
    oauth_requests_per_machine: int = 600  # a minute
    # A minute, of a directory; Entra wants 25 a second to be possible, which is half of it.
    scim_requests_per_machine: int = 3_000
    failed_attempts_per_address: int = 300  # a minute: keys, tokens and links that open nothing, mails to sign in with
    # By the pages on which communities are reported to, in ten minutes: behind one address there may be a whole school.
    reports_per_address: int = 10
    trusted_proxies: int = 0  # how many in front are ours, each of which adds to X-Forwarded-For
    # Where Tend may reach besides public servers over https, for development (http://127.0.0.1:4444); a JSON list.
    allowed_outside: tuple[str, ...] = ()
    webhooks_port: int = 4600  # of this machine, where `tend webhooks listen` is; reached in development alone
    smtp_url: SecretStr | None = None  # smtp+starttls://user:password@host:port, smtps:// or smtp://
    mail_from: str = "Tend <tend@localhost>"
    files_url: str | None = None  # s3://bucket/prefix, or a folder; `files` under `home` if left out
    backups_folder: Path | None = None  # of the embedded server; `backups` under `home` if left out
    # 32 bytes in base64, for secrets at rest; several with commas during a rotation, the current one first.
    installation_key: SecretStr | None = None
    postgres_major: int = 18  # of the embedded server; the floor is 16

    @property
    def served_at(self) -> str:
        # One name for it: a browser that asked at localhost sends its cookie nowhere else.
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0") else self.host  # noqa: S104 - compared, not bound
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def installation_keys(self) -> tuple[bytes, ...]:
        """Empty where none is set. Raises NotConfigured for what is no key."""
        if self.installation_key is None:
            return ()
        try:
            keys = tuple(
                base64.b64decode(text.strip(), validate=True)
                for text in self.installation_key.get_secret_value().split(",")
            )
        except binascii.Error:
            keys = (b"",)
        if any(len(key) != 32 for key in keys):
            raise NotConfigured(
                "TEND_INSTALLATION_KEY is 32 random bytes in base64, such as `openssl rand -base64 32`."
            )
        return keys

    @property
    def files(self) -> str:
        return self.files_url or str(self.home.resolve() / "files")

    @property
    def backups(self) -> Path:
        return (self.backups_folder or self.home / "backups").resolve()

    @property
    def owner_url(self) -> str:
        return self.owner_database_url or as_role(self.app_url, "tend_owner")

    @property
    def relay_url(self) -> str:
        return self.relay_database_url or as_role(self.app_url, "tend_relay")

    @property
    def app_url(self) -> str:
        if self.database_url is None:
            raise NotConfigured("Set TEND_DATABASE_URL, or let `tend up` start a database.")
        return self.database_url

    @property
    def redis(self) -> str:
        if self.redis_url is None:
            raise NotConfigured("Set TEND_REDIS_URL, or let `tend up` start Redis.")
        return self.redis_url


class NotConfigured(RuntimeError):
    """A setting is missing; the message says which, in plain words."""


def as_role(url: str, role: str) -> str:
    """The same address for another role, with the same password."""
    parts = urlsplit(url)
    credentials, at, host = parts.netloc.rpartition("@")
    _, colon, password = credentials.partition(":")
    netloc = f"{role}{colon}{password}{at or '@'}{host}"
    return urlunsplit(SplitResult(parts.scheme, netloc, parts.path, parts.query, parts.fragment))


def on_database(url: str, name: str) -> str:
    """The same address for another database of the server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
