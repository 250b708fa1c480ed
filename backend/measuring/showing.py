from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest, start_http_server


def shown() -> tuple[bytes, str]:
    """All of this process, in Prometheus's text format, and its media type."""
    return generate_latest(), CONTENT_TYPE_LATEST


def show_at(port: int, *, host: str) -> Callable[[], None]:
    """Over http at http://host:port/metrics, for a process that serves nothing else; the answer ends it."""
    server, thread = start_http_server(port, addr=host)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
