"""Which font shows a character in a PDF, which itself has to bring every font that it is written in."""

from __future__ import annotations

import struct
import unicodedata
from functools import cache
from html import escape
from itertools import groupby

from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

#: Bitstream Vera comes with reportlab and has the letters of Western Europe.
REGULAR, BOLD = "Vera.ttf", "VeraBd.ttf"
#: What systems have that reaches further, in the folders that reportlab looks into: Linux, macOS, Windows.
FURTHER: tuple[str, ...] = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "FreeSans.ttf",
    "DroidSansFallbackFull.ttf",
    "wqy-zenhei.ttc",
    "Arial Unicode.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "segoeui.ttf",
    "seguisym.ttf",
    "YuGothR.ttc",
    "msyh.ttc",
    "malgun.ttf",
)
#: Fonts that no file brings but the program that shows the PDF has (ISO 32000-1, 9.7.5.2), with the first letters of
#: Unicode's names for what they are for.
_SHOWN_BY_THE_READER = (
    ("HeiseiKakuGo-W5", ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH")),
    ("HYGothic-Medium", ("HANGUL",)),
)

#: Unicode's categories of signs that have a telling name.
_SYMBOLS = ("So", "Sk", "Sm")


def markup(text: str, *, bold: bool = False) -> str:
    """Text for a paragraph of reportlab's, each run in a font that has it.

    Of what no font has, letters stand without their accents, else as ``[??]``, a mark each; symbols as their names,
    ``[guitar]``.
    """
    parts = []
    composed = unicodedata.normalize("NFC", text)
    nearest = [one if _font_of(one, bold) else unicodedata.normalize("NFD", one)[0] for one in composed]
    for font, run in groupby(nearest, lambda one: _font_of(one, bold)):
        letters = "".join(run)
        parts.append(f'<font name="{font}">{escape(letters)}</font>' if font else escape(_in_words(letters)))
    return "".join(parts)


def _font_of(letter: str, bold: bool) -> str:
    """The name of the first font that has a character; empty where none has."""
    for file in (BOLD if bold else REGULAR, *FURTHER):
        if ord(letter) in _covered(file):
            return file
    name = unicodedata.name(letter, "")
    found = (font for font, beginnings in _SHOWN_BY_THE_READER if name.startswith(beginnings))
    return _of_the_reader(next(found, ""))


@cache
def _covered(file: str) -> frozenset[int]:
    """The characters of a font, which can then be written in; none where it is missing or of another kind."""
    try:
        font = TTFont(file, file)
        registerFont(font)
    except (TTFError, OSError, ValueError, LookupError, struct.error):
        return frozenset()
    return frozenset(font.face.charToGlyph)


# Styles name these two.
for _file in (REGULAR, BOLD):
    _covered(_file)


@cache
def _of_the_reader(font: str) -> str:
    if font:
        registerFont(UnicodeCIDFont(font))
    return font


def _in_words(letters: str) -> str:
    # What joins and varies others (Cf, M) is nothing alone.
    kinds = [(one, unicodedata.category(one)) for one in letters]
    shown = [(one, kind) for one, kind in kinds if kind not in ("Cf", "Mn", "Me")]
    symbols = [f"[{unicodedata.name(one, '?').lower()}]" for one, kind in shown if kind in _SYMBOLS]
    marks = "?" * (len(shown) - len(symbols))
    return "".join(symbols) + (f"[{marks}]" if marks else "")
