"""Statements in the language of a community, from the files in `templates/`: one folder a language.

`statement.txt` is what the member reads: sections with a blank line between them, the first line of each its heading.
`reported.txt`, `answered.txt` and `investigated.txt` are what became of a report, an appeal, an enquiry; `*_link.txt` say where to read on. `facts.txt`
is for the transparency database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backend.kit.texts import one_line

_MONTHS: Final = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
}
_DAY: Final = {"en": "{0.day} {1} {0.year}", "de": "{0.day}. {1} {0.year}"}
_templates: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=False,  # noqa: S701 - plain text; the page that shows it escapes it
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    # Whatever is put in stays on the line it is put in: nobody can write a section of their own.
    finalize=lambda value: one_line(value) if isinstance(value, str) else value,
)


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    lines: tuple[str, ...]


def worded(name: str, language: str, values: Mapping[str, Any]) -> str:
    def day(at: datetime) -> str:
        return day_of(at, language)

    def moment(at: datetime) -> str:
        return f"{day(at)}, {at.astimezone(UTC):%H:%M} UTC"

    return _templates.get_template(name).render({**values, "day": day, "moment": moment}).strip()


def day_of(moment: datetime, language: str) -> str:
    local = moment.astimezone(UTC)
    return _DAY[language].format(local, _MONTHS[language][local.month - 1])


def sections(text: str) -> tuple[Section, ...]:
    """Of a statement's text."""
    parts = (part.splitlines() for part in text.split("\n\n") if part.strip())
    return tuple(Section(heading, tuple(lines)) for heading, *lines in parts)
