"""A message in the reader's language, from the files in `templates/`: one folder a language, one file a kind.

The first line of `<kind>.txt` is the subject, the rest a sentence or two. `mail.txt`, `mail.html` and `chat.txt` are what
stands around them. What a language does not have yet is taken from English.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from backend.kit.texts import one_line
from backend.outside import public_address

_FOLDER: Final = Path(__file__).parent / "templates"
LANGUAGES: Final = tuple(sorted(path.name for path in _FOLDER.iterdir() if path.is_dir()))
_templates: Final = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    # Whatever is put in stays on the line it is put in: a name cannot end the subject and begin the text.
    finalize=lambda value: one_line(value) if isinstance(value, str) else value,
)


class Unwritable(Exception):
    """There is no such template, or it wants what the notice does not have."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a message says of one notice: `facts` for the template of its kind, and where to read more."""

    kind: str
    client: str
    facts: Mapping[str, str]
    path: str
    subject: str


@dataclass(frozen=True, slots=True)
class Line:
    subject: str
    text: str
    url: str


def lines(items: Sequence[Item], language: str) -> tuple[Line, ...]:
    """Raises Unwritable."""
    return tuple(_line(item, language) for item in items)


def around(form: str, language: str, **values: Any) -> str:
    """`form` is `mail.txt`, `mail.html`, `chat.txt` or `subject.txt`. Raises Unwritable."""
    return _rendered(form, language, values)


def _line(item: Item, language: str) -> Line:
    subject, _, text = _rendered(f"{item.kind}.txt", language, {"client": item.client, **item.facts}).partition("\n")
    return Line(subject.strip(), one_line(text), public_address() + item.path)


def _rendered(name: str, language: str, values: Mapping[str, Any]) -> str:
    try:
        return _templates.select_template([f"{language}/{name}", f"en/{name}"]).render(values)
    except TemplateError as problem:
        raise Unwritable(f"The template {language}/{name}: {problem.message or type(problem).__name__}") from None
