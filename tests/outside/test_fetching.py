"""What Tend asks of addresses that other people name, and what it never asks."""

import asyncio
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpcore
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.outside import GuardedTransport, Unreachable, allow_origins, fetch, fetching, guarded_client
from backend.outside.judging import is_public, parsed

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def nothing_is_allowed() -> Iterator[None]:
    yield
    allow_origins([])


def says(status: str, body: bytes = b"", *headers: str) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return answer


@asynccontextmanager
async def server(answer: Answer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Its origin, which is allowed."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    origin = f"{'http' if tls is None else 'https'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    allow_origins([origin])
    try:
        yield origin
    finally:
        listening.close()


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that would have been connected to; none is."""
    seen: list[str] = []

    async def connect(_self: Any, host: str, *_args: Any, **_options: Any) -> Any:
        seen.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    return seen


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[int]:
    """Names resolve to `answers`, one after the other; how often was asked."""
    asked: list[int] = []

    def getaddrinfo(_host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(1)
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in answers[min(len(asked), len(answers)) - 1]
        ]

    monkeypatch.setattr(fetching.socket, "getaddrinfo", getaddrinfo)
    return asked


PRIVATE = (
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "0.0.0.0", "169.254.169.254", "100.64.0.1", "192.0.0.192"),
    *("198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1", "168.63.129.16", "203.0.113.1"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254"),
    *("fec0::1", "ff02::1", "2001:db8::1", "2001::1", "3fff::1", "5f00::1", "100::1"),
    *("192.0.0.8", "192.0.0.9", "192.0.0.10", "::ffff:192.0.0.9", "192.0.0.170", "192.31.196.1", "192.52.193.1"),
    *("192.175.48.1", "2001:1::1", "2001:3::1", "2001:4:112::1", "2001:20::1", "2001:30::1", "2620:4f:8000::1"),
)
PUBLIC = (
    "93.184.215.14",
    "1.1.1.1",
    "192.0.1.1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "2002:101:101::",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_no_server_on_the_internet_is_not_public(address: str) -> None:
    assert not is_public(parsed(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_server_on_the_internet_is_public(address: str) -> None:
    assert is_public(parsed(address))


@pytest.mark.parametrize(
    "host",
    [
        *(
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "127。0。0。1",
            "127.0.0.1",
            "localhost",
            "0",
            "[::1]",
            "[::]",
        ),
        *("[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fec0::1]", "224.0.0.1", "100.64.0.1"),
        *("169.254.169.254", "[fe80::1]", "10.0.0.1", "0x7f000001", "localhost."),
    ],
)
async def test_an_address_is_judged_and_never_its_text(dialled: list[str], host: str) -> None:
    with pytest.raises(Unreachable):
        await fetch("GET", f"https://{host}/")
    assert dialled == []


async def test_one_private_address_among_several_is_enough_to_refuse(
    dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves(monkeypatch, ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(Unreachable, match="leads to no public server"):
        await fetch("GET", "https://several.example/")
    assert dialled == []


async def test_a_name_that_resolves_anew_to_something_private_changes_nothing(
    dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolves(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    with pytest.raises(Unreachable, match="could not be reached"):
        await fetch("GET", "https://rebinding.example/")
    assert (dialled, len(asked)) == (["93.184.215.14"], 1)


async def test_every_checked_address_is_tried_before_giving_up(
    dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves(monkeypatch, ["93.184.215.14", "2606:4700:4700::1111"])
    with pytest.raises(Unreachable):
        await fetch("GET", "https://several.example/")
    assert dialled == ["93.184.215.14", "2606:4700:4700::1111"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://example.com/", "must begin with https"),
        ("ftp://example.com/", "must begin with https"),
        ("https://example.com:8443/", "port 443"),
        ("https://user:password@example.com/", "name or password"),
        ("https:///nowhere", "no address|must begin"),
        ("//example.com", "no address|must begin"),
        ("nonsense", "no address|must begin"),
        ("https://exa mple.com/", "no address|no server"),
        ("https://[::1/", "no address"),
    ],
)
async def test_other_schemes_ports_and_names_in_the_address_are_refused(
    dialled: list[str], url: str, sentence: str
) -> None:
    with pytest.raises(Unreachable, match=sentence) as refusal:
        await fetch("GET", url)
    assert refusal.value.code == "UNREACHABLE"
    assert dialled == []


async def test_an_answer_comes_whole_with_its_status() -> None:
    async with server(says("404 Not Found", b"no such page", "X-One: 1")) as origin:
        found = await fetch("GET", f"{origin}/page")
    assert (found.status, found.headers["x-one"], found.body) == (404, "1", b"no such page")


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with server(says("302 Found", b"", "Location: http://169.254.169.254/latest/meta-data/")) as origin:
        found = await fetch("GET", origin)
    assert (found.status, found.body) == (302, b"")


async def test_an_allowed_origin_opens_nothing_else(dialled: list[str]) -> None:
    allow_origins(["http://127.0.0.1:4444", "http://169.254.169.254"])
    for url in (
        *("http://127.0.0.1:4445/", "https://127.0.0.1:4444/", "https://127.0.0.1/", "http://localhost:4444/"),
        *("http://169.254.169.254/", "https://10.0.0.1/"),
    ):
        with pytest.raises(Unreachable):
            await fetch("GET", url)
    assert dialled == []
    with pytest.raises(Unreachable, match="could not be reached"):
        await fetch("GET", "http://127.0.0.1:4444/")
    assert dialled == ["127.0.0.1"]


@pytest.mark.parametrize("text", ["127.0.0.1:4444", "http://127.0.0.1/path", "ftp://127.0.0.1", "http://u@127.0.0.1"])
def test_what_is_no_origin_cannot_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        allow_origins([text])


async def test_a_body_that_is_too_large_is_given_up() -> None:
    async with server(says("200 OK", b"x" * 5_000)) as origin:
        assert len((await fetch("GET", origin, largest=5_000)).body) == 5_000
        with pytest.raises(Unreachable, match=r"larger than 4,999 bytes\.$"):
            await fetch("GET", origin, largest=4_999)


async def test_a_body_without_end_is_given_up() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with server(endless) as origin:
        with pytest.raises(Unreachable, match="larger than"):
            await fetch("GET", origin)
    assert sent < 20_000_000


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 90 + b"\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["informational", "chunk extensions", "chunks of a byte"],
)
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
async def test_heads_without_end_are_given_up_and_others_run_meanwhile(
    head: bytes, piece: bytes, is_tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread serves: what is measured is how long the loop that reads computes without a pause."""
    tls, trusted = own_authority(tmp_path) if is_tls else (None, None)
    monkeypatch.setattr(fetching, "_trusted_authorities", lambda: trusted)
    stretches, last = [], time.thread_time()

    async def lives() -> None:
        nonlocal last
        while True:
            await asyncio.sleep(0)
            stretches.append(time.thread_time() - last)
            last = time.thread_time()

    with pouring(head, piece, tls) as (origin, sent):
        life = asyncio.create_task(lives())
        async with asyncio.timeout(10):
            with pytest.raises(Unreachable, match=r"larger than 65,536 bytes\.$"):
                await fetch("GET", origin, largest=65_536, within_seconds=8)
        life.cancel()
    # Garbage may be collected in one of them, and a certificate be looked at.
    assert sorted(stretches)[-3] < 0.03, "nobody else has waited"
    assert sent() < 20_000_000


@contextmanager
def pouring(head: bytes, piece: bytes, tls: ssl.SSLContext | None) -> Iterator[tuple[str, Callable[[], int]]]:
    """Sends `head`, and then `piece` again and again until nobody reads it; its origin, and how many bytes went out."""
    sent, listening = 0, socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        nonlocal sent
        with suppress(OSError):
            plain, _address = listening.accept()
            with plain if tls is None else tls.wrap_socket(plain, server_side=True) as connection:
                connection.recv(65_536)
                connection.sendall(head)
                while True:
                    connection.sendall(piece * 1_000)
                    sent += len(piece) * 1_000

    pours = threading.Thread(target=serve)
    pours.start()
    origin = f"{'http' if tls is None else 'https'}://127.0.0.1:{listening.getsockname()[1]}"
    allow_origins([origin])
    try:
        yield origin, lambda: sent
    finally:
        listening.close()
        pours.join()


async def test_a_packed_body_is_unpacked_and_a_bomb_is_not() -> None:
    async with server(says("200 OK", gzip.compress(b"hello"), "Content-Encoding: gzip")) as origin:
        found = await fetch("GET", origin)
        assert (found.body, "content-encoding" in found.headers) == (b"hello", False)
    async with server(says("200 OK", zlib.compress(b"hello"), "Content-Encoding: deflate")) as origin:
        assert (await fetch("GET", origin)).body == b"hello"
    bomb = gzip.compress(b"\0" * 500_000_000, 9)
    assert len(bomb) < 1 << 20
    async with server(says("200 OK", bomb, "Content-Encoding: gzip")) as origin:
        tracemalloc.start()
        try:
            with pytest.raises(Unreachable, match="larger than"):
                await fetch("GET", origin)
            assert tracemalloc.get_traced_memory()[1] < 8_000_000
        finally:
            tracemalloc.stop()
    for body, encoding in ((gzip.compress(bomb), "gzip, gzip"), (b"x", "br"), (b"not packed", "gzip")):
        async with server(says("200 OK", body, f"Content-Encoding: {encoding}")) as origin:
            with pytest.raises(Unreachable, match="is packed"):
                await fetch("GET", origin)


async def test_nobody_waits_longer_than_the_deadline_for_a_server_that_trickles() -> None:
    async def trickles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    for answer in (trickles, silent):
        async with asyncio.timeout(3), server(answer) as origin:
            with pytest.raises(Unreachable, match="took too long"):
                await fetch("GET", origin, within_seconds=0.4)


async def test_the_deadline_that_is_asked_for_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "WITHIN_SECONDS", 0.1)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        await says("204 No Content")(reader, writer)

    async with server(slow) as origin:
        assert (await fetch("GET", origin, within_seconds=5)).status == 204


async def test_a_name_that_resolves_slowly_counts_towards_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_a, **_o: time.sleep(4))
    async with asyncio.timeout(3):
        with pytest.raises(Unreachable, match="took too long"):
            await fetch("GET", "https://slow.example/", within_seconds=0.2)


async def test_names_that_take_long_take_no_more_than_their_agencys_share(
    dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that looks one up goes on when nobody waits for it any more."""
    monkeypatch.setattr(fetching, "RESOLVED_WITHIN_SECONDS", 0.5)
    over, slow_agency, started = threading.Event(), new_id(), []

    def getaddrinfo(host: str, port: int, **_options: Any) -> list[Any]:
        if host.startswith("slow"):
            started.append(host)
            over.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]

    monkeypatch.setattr(fetching.socket, "getaddrinfo", getaddrinfo)
    try:
        async with asyncio.timeout(15):
            for _round in range(2):
                answers = await asyncio.gather(
                    *(fetch("GET", f"https://slow{n}.example/", agency_id=slow_agency) for n in range(100)),
                    return_exceptions=True,
                )
                assert {str(answer) for answer in answers} == {"The name took too long to look up."}
            assert len(started) == fetching.RESOLVED_AT_ONCE
            with pytest.raises(Unreachable, match="could not be reached"):
                await fetch("GET", "https://quick.example/", agency_id=new_id())
            assert dialled == ["93.184.215.14"]
            over.set()
            await asyncio.sleep(0.2)
            with pytest.raises(Unreachable, match="could not be reached"):
                await fetch("GET", "https://slow.example/", agency_id=slow_agency)
    finally:
        over.set()


async def test_no_message_repeats_what_the_server_said() -> None:
    for answer in (
        says("200 OK", b"inner-secret" * 200_000),
        says("200 OK", b"inner-secret", "Content-Encoding: inner-secret"),
        says("inner-secret"),
    ):
        async with server(answer) as origin:
            with pytest.raises(Unreachable) as refusal:
                await fetch("GET", origin)
            assert "inner-secret" not in repr(refusal.value) + str(refusal.value)
            assert refusal.value.__cause__ is None


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password something")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    asked = b""

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with server(listens) as origin:
        assert (await fetch("POST", origin, data={"a": "b"})).status == 204
    assert b"authorization" not in asked.lower()


async def test_a_client_of_authlib_goes_through_the_guard(dialled: list[str]) -> None:
    async with AsyncOAuth2Client("id", "secret", transport=GuardedTransport(), trust_env=False) as client:
        for url in ("https://127.0.0.1/token", "http://example.com/token"):
            with pytest.raises(Unreachable):
                await client.fetch_token(url, grant_type="client_credentials")
    async with guarded_client() as plain:
        with pytest.raises(Unreachable):
            await plain.get("https://[::ffff:127.0.0.1]/")
    assert dialled == []


def test_no_option_of_a_guarded_client_leads_around_the_guard() -> None:
    for option in ({"mounts": {}}, {"proxy": "http://127.0.0.1:1"}, {"trust_env": True}, {"verify": False}):
        with pytest.raises(TypeError):
            guarded_client(**option)


async def test_a_certificate_of_the_servers_own_making_is_not_trusted(tmp_path: Path) -> None:
    tls, _trusting = own_authority(tmp_path)
    async with server(says("200 OK", b"trusted?"), tls=tls) as origin:
        with pytest.raises(Unreachable, match="certificate does not hold"):
            await fetch("GET", origin)


def own_authority(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for 127.0.0.1: of a server, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "certificate", folder / "key")
    return tls, ssl.create_default_context(cafile=str(folder / "certificate"))
