"""Guarded HTTP to addresses that other people name: webhooks, OpenID providers, pictures."""

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID
from weakref import WeakValueDictionary

import httpcore
import httpx

from backend.kit import spans
from backend.kit.errors import Refusal
from backend.outside.judging import Address, is_metadata, is_public, parsed
from tenants.database import NoScope
from tenants.scope import current_agency

WITHIN_SECONDS: Final = 10.0
LARGEST_BYTES: Final = 1 << 20
LARGEST_HEADS: Final = 100_000  # bytes that are no body: heads, lines between chunks, what TLS does not take off
# What is read is parsed without a pause: 4 kB of the costliest (`100 Continue`, chunks of one byte) take 9 ms.
PIECE_BYTES: Final = 4_096
_PORTS: Final = {"http": 80, "https": 443}

Origin = tuple[str, str, int]  # scheme, host, port

_allowed: frozenset[Origin] = frozenset()
# A name that resolves slowly keeps a thread busy, long after nobody waits for it any more, and must not take those that
# others need: neither those of the event loop, nor those of another agency.
_resolvers: Final = ThreadPoolExecutor(64, thread_name_prefix="resolving")
RESOLVED_AT_ONCE: Final = 4  # names of one agency, in one process
RESOLVED_WITHIN_SECONDS: Final = 5.0  # with the wait for one of these
_turns: WeakValueDictionary[UUID | None, asyncio.Semaphore] = WeakValueDictionary()


class Unreachable(Refusal):
    """The address may not be asked, or does not answer as it should. Nothing of an answer is ever in the message."""

    code = "UNREACHABLE"


class TooLarge(Unreachable):
    """The answer goes on where nobody reads any more."""


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    headers: httpx.Headers
    body: bytes


def allow_origins(origins: Iterable[str]) -> None:
    """Exactly these (`http://127.0.0.1:4444`) may be anywhere but where clouds keep credentials; for development and
    tests. Nothing else is let through by it. Raises ValueError for what is no origin."""
    global _allowed  # noqa: PLW0603
    _allowed = frozenset(_parsed_origin(text) for text in origins)


async def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    data: Mapping[str, str] | None = None,
    largest: int = LARGEST_BYTES,
    within_seconds: float = WITHIN_SECONDS,
    agency_id: UUID | None = None,
) -> Fetched:
    """The whole answer, whatever its status; a redirect is an answer and is not followed. `data` is sent as a form.
    `agency_id` says for whom it is asked; the scope does where one is open.

    Raises Unreachable: not an https address on port 443 of a public server, no answer within `within_seconds` in all,
    a body of more than `largest` bytes (as sent, or unpacked), or LARGEST_HEADS more than that in all.
    """
    transport = GuardedTransport(largest=largest, within_seconds=within_seconds, agency_id=agency_id)
    async with guarded_client(transport=transport) as client:
        try:
            response = await client.request(method, url, headers=headers, content=content, data=data)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
            raise Unreachable("This is no address of a web server.") from None
        return Fetched(response.status_code, response.headers, response.content)


def is_askable(url: str) -> bool:
    """Whether the text is an address that `fetch` would try; what it resolves to is known only then."""
    try:
        _check(httpx.URL(url))
    except (Unreachable, httpx.InvalidURL, UnicodeError):
        return False
    return True


_HOST_NAME: Final = re.compile(r"[a-z0-9.-]+", re.IGNORECASE)


def asked_host(url: str) -> str | None:
    """The server that `fetch` would ask, in ASCII, as it reads the address itself: other readers find other hosts in the same
    text. None for what it would not try."""
    host = httpx.URL(url).raw_host.decode("ascii") if is_askable(url) else ""
    return host if _HOST_NAME.fullmatch(host) else None


def guarded_client(*, transport: "GuardedTransport | None" = None, **options: Any) -> httpx.AsyncClient:
    """For libraries that speak through httpx. What could lead around the guard is refused with TypeError."""
    around = {"mounts", "proxy", "trust_env", "verify", "cert"} & set(options)
    if around:
        raise TypeError(f"A guarded client takes no {', '.join(sorted(around))}.")
    # The transport's deadline rules, which may be later than any timeout of httpx for one read.
    return httpx.AsyncClient(transport=transport or GuardedTransport(), trust_env=False, **{"timeout": None, **options})


class GuardedTransport(httpx.AsyncBaseTransport):
    """Each request is checked, gets a connection of its own to an address that was checked, and has one deadline from
    the name to the last byte. Stateless: clients may share it. Raises Unreachable and no other error of the network."""

    def __init__(
        self,
        *,
        largest: int = LARGEST_BYTES,
        within_seconds: float = WITHIN_SECONDS,
        agency_id: UUID | None = None,
    ) -> None:
        self._largest, self._within_seconds, self._agency_id = largest, within_seconds, agency_id

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        facts: spans.Facts = {
            "http.request.method": request.method,
            "server.address": request.url.host,
            "server.port": request.url.port or _PORTS.get(request.url.scheme, 0),
        }
        # Whoever is asked hears nothing of the trace, and the trace nothing of the path: paths of chats are secrets.
        with spans.span(request.method, spans.SpanKind.CLIENT, facts):
            response = await self._handled(request)
            spans.describe({"http.response.status_code": response.status_code})
            if response.status_code >= 400:
                spans.fail()
            return response

    async def _handled(self, request: httpx.Request) -> httpx.Response:
        network = _Network(
            is_exempt=_check(request.url), largest=self._largest, agency_id=self._agency_id or _agency_of_scope()
        )
        # What is packed could be a bomb: unpacking is done here, a few bytes at a time, and is not asked for.
        request.headers["Accept-Encoding"] = "identity"
        deadline = asyncio.get_running_loop().time() + self._within_seconds
        connection = _Connection(network)
        try:
            async with _plainly(deadline):
                response = await connection.handle_async_request(request)
                unpacker = _unpacker(response.headers)
        except BaseException:
            await connection.aclose()
            raise
        headers = [
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in (b"content-encoding", b"content-length")
        ]
        assert isinstance(response.stream, httpx.AsyncByteStream)
        body = _Body(response.stream, connection, deadline=deadline, largest=self._largest, unpacker=unpacker)
        return httpx.Response(response.status_code, headers=headers, stream=body)


def _parsed_origin(text: str) -> Origin:
    url = httpx.URL(text)
    if url.scheme not in _PORTS or not url.host or url.path not in ("", "/") or url.query or url.userinfo:
        raise ValueError(f"{text!r} is no origin such as http://127.0.0.1:4444.")
    return _origin(url)


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port or _PORTS[url.scheme]


def _check(url: httpx.URL) -> bool:
    """Whether it is one of the allowed origins. Raises Unreachable for any other that is not plain https."""
    if url.scheme not in _PORTS or not url.host:
        raise Unreachable("The address must begin with https://.")
    if url.userinfo:
        raise Unreachable("The address must not contain a name or password.")
    if _origin(url) in _allowed:
        return True
    if url.scheme != "https":
        raise Unreachable("The address must begin with https://.")
    if url.port not in (None, 443):
        raise Unreachable("The address must use port 443.")
    return False


class _Network(httpcore.AsyncNetworkBackend):
    """Resolves once, checks every address, and connects to one that was checked: a name that resolves to something
    else a moment later changes nothing."""

    def __init__(self, *, is_exempt: bool, largest: int, agency_id: UUID | None) -> None:
        self._is_exempt, self._largest, self._agency_id = is_exempt, largest, agency_id
        self._tcp = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _resolve(host, port, self._agency_id)
        if any(is_metadata(address) or not (self._is_exempt or is_public(address)) for address in addresses):
            raise Unreachable("The address leads to no public server.")
        failure: Exception = httpcore.ConnectError()
        for address in addresses:
            try:
                stream = await self._tcp.connect_tcp(str(address), port, timeout, local_address, socket_options)
                return _Counted(stream, self._largest)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                failure = problem
        raise failure

    async def sleep(self, seconds: float) -> None:
        await self._tcp.sleep(seconds)


class _Counted(httpcore.AsyncNetworkStream):
    """Whatever is read counts, for a server may send heads without end; and after every piece others have their turn."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, largest: int) -> None:
        self._stream, self._largest = stream, largest
        self._received = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's signature
        await asyncio.sleep(0)  # what waits already is read without waiting
        piece = await self._stream.read(min(max_bytes, PIECE_BYTES), timeout)
        self._received += len(piece)
        if self._received > self._largest + LARGEST_HEADS:
            raise _too_large(self._largest)
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return _Counted(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._largest)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _agency_of_scope() -> UUID | None:
    try:
        return current_agency()
    except NoScope:
        return None


def _too_large(largest: int) -> TooLarge:
    return TooLarge(f"The answer is larger than {largest:,} bytes.")


async def _resolve(host: str, port: int, agency_id: UUID | None) -> list[Address]:
    """Raises Unreachable where the name has no address, or takes too long."""
    turns = _turns.setdefault(agency_id, asyncio.Semaphore(RESOLVED_AT_ONCE))
    try:
        async with asyncio.timeout(RESOLVED_WITHIN_SECONDS):
            await turns.acquire()
            looking = asyncio.get_running_loop().run_in_executor(
                _resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            )
            # The thread goes on when nobody waits for it any more, and the turn with it.
            looking.add_done_callback(lambda _: turns.release())
            found = await asyncio.shield(looking)
    except TimeoutError:
        raise Unreachable("The name took too long to look up.") from None
    except (OSError, UnicodeError):
        raise Unreachable("There is no server of this name.") from None
    return list(dict.fromkeys(parsed(str(entry[4][0])) for entry in found))


class _Connection(httpx.AsyncHTTPTransport):
    """httpx's own, over a network of ours; one request."""

    def __init__(self, network: httpcore.AsyncNetworkBackend) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trusted_authorities(), max_connections=1, max_keepalive_connections=0, network_backend=network
        )


@cache
def _trusted_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class _Body(httpx.AsyncByteStream):
    def __init__(
        self, packed: httpx.AsyncByteStream, connection: _Connection, *, deadline: float, largest: int, unpacker: Any
    ) -> None:
        self._packed, self._connection, self._unpacker = packed, connection, unpacker
        self._deadline, self._largest = deadline, largest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received, told, chunks = 0, 0, aiter(self._packed)
        while True:
            async with _plainly(self._deadline):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            received += len(chunk)
            if self._unpacker is not None:
                chunk = _unpacked(self._unpacker, chunk, at_most=self._largest - told + 1)
            told += len(chunk)
            if max(received, told) > self._largest:
                raise _too_large(self._largest)
            yield chunk

    async def aclose(self) -> None:
        await self._packed.aclose()
        await self._connection.aclose()


def _unpacker(headers: httpx.Headers) -> Any:
    """None for a body that comes as it is. Raises Unreachable for what Tend does not unpack."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)  # tells the two apart by itself
    raise Unreachable("The answer is packed in a way that was not asked for.")


def _unpacked(unpacker: Any, chunk: bytes, *, at_most: int) -> bytes:
    try:
        return bytes(unpacker.decompress(chunk, at_most))
    except zlib.error:
        raise Unreachable("The answer is packed badly.") from None


@asynccontextmanager
async def _plainly(deadline: float) -> AsyncIterator[None]:
    """Until the loop's time `deadline`; errors of the network in one plain sentence."""
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except (TimeoutError, httpx.TimeoutException):
        raise Unreachable("The server took too long.") from None
    except httpx.TransportError as problem:
        if _is_about_the_certificate(problem):
            raise Unreachable(
                "The server's certificate does not hold: it is for another name, old, or nobody's."
            ) from None
        raise Unreachable("The server could not be reached, or broke off.") from None


def _is_about_the_certificate(problem: BaseException | None) -> bool:
    """httpx wraps what httpcore wraps."""
    while problem is not None and not isinstance(problem, ssl.SSLCertVerificationError):
        problem = problem.__cause__ or problem.__context__
    return problem is not None
