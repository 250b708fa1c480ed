from backend.kit.errors import Invalid


def hexadecimal(text: str, *, field: str) -> str:
    """A hash of 256 bits in lower case. Raises Invalid."""
    hash = text.strip().lower()
    if len(hash) != 64 or set(hash) - set("0123456789abcdef"):
        raise Invalid("A hash has 64 hexadecimal digits.", path=("input", field))
    return hash
