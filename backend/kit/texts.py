"""What a text written by a person must be before Tend keeps it."""

from backend.kit.errors import Invalid


def clean(text: str, *, field: str, longest: int, may_be_empty: bool = False) -> str:
    """`text` without surrounding blanks. `longest` is in characters.

    Raises Invalid for a NUL character or a lone surrogate (PostgreSQL stores neither), an empty or too long text.
    """
    if "\x00" in text:
        raise Invalid("The text contains a NUL character.", path=("input", field))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid("The text is not valid Unicode.", path=("input", field)) from None
    text = text.strip()
    if not text and not may_be_empty:
        raise Invalid("This may not be empty.", path=("input", field))
    if len(text) > longest:
        raise Invalid(f"This is longer than {longest:,} characters.", path=("input", field))
    return text
