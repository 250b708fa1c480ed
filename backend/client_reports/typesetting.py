"""A report as PDF: tagged, as PDF/UA asks (decision 0037)."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson
import typst

from backend.client_reports.presenting import present

_TEMPLATE: Final = Path(__file__).parent / "report.typ"
_PLAIN_COLOUR: Final = "#1f2937"  # as in mails without a brand


def typeset(document: Mapping[str, Any], *, notes: Sequence[str] = ()) -> bytes:
    """A few tenths of a second of one processor: call it in a thread. `notes`: what is to be said above it."""
    logo = document["logo"]
    shown = {
        **present(document),
        "agency": document["agency"],
        "colour": document["colour"] or _PLAIN_COLOUR,
        "logo": None if logo is None else [*base64.b64decode(logo)],
        "notes": [*notes],
    }
    at = document["publishedAt"] or document["madeAt"]
    with TemporaryDirectory(prefix="tend-typst-") as nothing:  # no file that it could read, and no package
        compiler = typst.Compiler(
            _TEMPLATE.read_bytes(),
            root=nothing,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"document": orjson.dumps(shown).decode()},
            package_path=nothing,
            package_cache_path=nothing,
        )
        pdf = compiler.compile(
            format="pdf",
            pdf_standards=["ua-1"],
            timestamp=None if at is None else int(datetime.fromisoformat(at).timestamp()),  # the same again is the same
        )
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _fonts() -> typst.Fonts:
    """Those that come with it: the same everywhere."""
    return typst.Fonts(include_system_fonts=False)
