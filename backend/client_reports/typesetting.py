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
# As JSON escapes them; a line's end, a tab and what is no control character stay.
_CONTROL: Final = re.compile(r"\\(?:u00..|.)")
_SEEN: Final = frozenset({"\\\\", '\\"', "\\n", "\\t"})
_EACH_LETTER: Final = b'#set document(title: "-")\n#for each in json(bytes(sys.inputs.document)) { par(text(each)) }'
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
    told = _as_json(shown)
    missing = _missing(told, with_fonts_of_system=False)
    needs_more = bool(missing)
    if needs_more and (missing := _missing(told, with_fonts_of_system=True)):
        log.warning("letters_without_a_font", letters="".join(sorted(missing)), report=document["id"])
        shown["notes"].append(shown["words"]["letters"])
        told = _as_json(shown).translate({ord(each): _in_place_of(each) for each in missing})
    at = document["publishedAt"] or document["madeAt"]
    try:
        return _compiled(_TEMPLATE.read_bytes(), told, at, with_fonts_of_system=needs_more)
    except typst.TypstError:
        # A mark may make something that no font has of what stands before it, as U+180F does of a space.
        log.warning("marks_left_out", report=document["id"])
        told = told.translate({ord(each): "" for each in told if unicodedata.category(each)[0] in "MC"})
        return _compiled(_TEMPLATE.read_bytes(), told, at, with_fonts_of_system=needs_more)


def _as_json(shown: Mapping[str, Any]) -> str:
    """Without control characters, which no font has."""
    return _CONTROL.sub(lambda found: found[0] if found[0] in _SEEN else "", orjson.dumps(shown).decode())


def _in_place_of(letter: str) -> str:
    return "" if unicodedata.category(letter) == "Cf" else "\N{REPLACEMENT CHARACTER}"


def _compiled(template: bytes, shown: str, at: str | None, *, with_fonts_of_system: bool) -> bytes:
    with TemporaryDirectory(prefix="tend-typst-") as nothing:  # no file that it could read, and no package
        moment = None if at is None else int(datetime.fromisoformat(at).timestamp())  # the same again is the same
        compiler = typst.Compiler(
            template,
            root=nothing,
            font_paths=_fonts(with_those_of_system=with_fonts_of_system),
            ignore_system_fonts=True,
            sys_inputs={"document": shown},
            package_path=nothing,
            package_cache_path=nothing,
        )
        try:
            pdf = compiler.compile(
                format="pdf",
                pdf_standards=["ua-1"],
                timestamp=moment,
            )
        except BaseException as problem:
            if type(problem).__name__ == "PanicException":  # no Exception: it would end the worker, and not its job
                raise RuntimeError("The compiler gave up.") from problem
            raise
    assert isinstance(pdf, bytes)
    return pdf


def _missing(text: str, *, with_fonts_of_system: bool) -> set[str]:
    """Letters of it that no font has. Each is asked for by itself: a long line of them in Syriac makes the compiler panic."""
    letters = sorted({each for each in text if not each.isascii()})
    try:
        _compiled(_EACH_LETTER, orjson.dumps(letters).decode(), None, with_fonts_of_system=with_fonts_of_system)
    except typst.TypstError as problem:
        texts = _WITHOUT_PICTURE.findall(str(problem.diagnostic))
        found = {_ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) for text in texts}
        if not found:
            raise
        return {each for text in found for each in text if not each.isascii()}
    return set()


@cache
def _fonts(*, with_those_of_system: bool) -> typst.Fonts:
    """Those of the system are asked only for what ours do not have."""
    return typst.Fonts(include_system_fonts=with_those_of_system, font_paths=_FONTS)
