"""A report as PDF: tagged, as PDF/UA asks (decision 0037)."""

import base64
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import manimgx_fonts
import manimgx_fonts_cjk
import orjson
import structlog
import typst

from backend.client_reports.presenting import present

log = structlog.get_logger()

_TEMPLATE: Final = Path(__file__).parent / "report.typ"
# Noto, in wheels that hold nothing else: the same on every machine, and no package of the system.
_FONTS: Final = [Path(str(package.__file__)).parent for package in (manimgx_fonts, manimgx_fonts_cjk)]
# Of the compiler, once for each place: PDF/UA has no letter without a picture of it.
_WITHOUT_PICTURE: Final = re.compile(r'the text `"(.*)"` could not be displayed')
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
_PLAIN_COLOUR: Final = "#1f2937"  # as in mails without a brand


def typeset(document: Mapping[str, Any], *, notes: Sequence[str] = ()) -> bytes:
    """A few tenths of a second of one processor: call it in a thread. `notes`: what is to be said above it. Letters that no
    font has are left out, and both the log and the PDF say so."""
    logo = document["logo"]
    shown = {
        **present(document),
        "agency": document["agency"],
        "colour": document["colour"] or _PLAIN_COLOUR,
        "logo": None if logo is None else [*base64.b64decode(logo)],
        "notes": [*notes],
    }
    at = document["publishedAt"] or document["madeAt"]
    missing: set[str] = set()
    for with_fonts_of_system in (False, True):
        try:
            return _compiled(orjson.dumps(shown).decode(), at, with_fonts_of_system=with_fonts_of_system)
        except typst.TypstError as problem:
            missing = _missing(problem)
            if not missing:
                raise
    log.warning("letters_without_a_font", letters="".join(sorted(missing)), report=document["id"])
    shown["notes"].append(shown["words"]["letters"])
    left = {ord(each): "" if unicodedata.category(each) == "Cf" else "\N{REPLACEMENT CHARACTER}" for each in missing}
    return _compiled(orjson.dumps(shown).decode().translate(left), at, with_fonts_of_system=True)


def _compiled(shown: str, at: str | None, *, with_fonts_of_system: bool) -> bytes:
    with TemporaryDirectory(prefix="tend-typst-") as nothing:  # no file that it could read, and no package
        compiler = typst.Compiler(
            _TEMPLATE.read_bytes(),
            root=nothing,
            font_paths=_fonts(with_those_of_system=with_fonts_of_system),
            ignore_system_fonts=True,
            sys_inputs={"document": shown},
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


def _missing(problem: typst.TypstError) -> set[str]:
    """Letters that no font has, where that is what is wrong; ours are in all of them."""
    texts = _WITHOUT_PICTURE.findall(str(problem.diagnostic))
    letters = "".join(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) for text in texts)
    return {each for each in letters if not each.isascii()}


@cache
def _fonts(*, with_those_of_system: bool) -> typst.Fonts:
    """Those of the system are asked only for what ours do not have."""
    return typst.Fonts(include_system_fonts=with_those_of_system, font_paths=_FONTS)
