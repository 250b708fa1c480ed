from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


def shown() -> tuple[bytes, str]:
    """All of this process, in Prometheus's text format, and its media type."""
    return generate_latest(), CONTENT_TYPE_LATEST
