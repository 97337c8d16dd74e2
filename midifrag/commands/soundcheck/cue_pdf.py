"""The cue sheet as a PDF to print and to read on stage: large type, black on white, a bank begins a page.

Its page is as wide as A4 and as high as US Letter, so that it prints on both in its own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import black, white
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Image, LongTable, PageBreak, Paragraph, SimpleDocTemplate, TableStyle

from midifrag.commands.soundcheck.cue_fonts import BOLD, REGULAR, markup
from midifrag.commands.soundcheck.cue_rows import HEADS, Row, Section

#: In points, as all sizes here.
PAGE = (A4[0], LETTER[1])
_MARGIN, _FOOT = 34.0, 50.0
#: The columns' widths, in the order of `HEADS`; the prompt has what is left.
_WIDTHS = (58.0, 36.0, 0.0, 66.0, 70.0, 92.0)
_SOUND, _PICTURE = (86.0, 30.0), 30.0
#: What a frame of reportlab's keeps free at its left and at its right.
_FRAME = 6.0
#: A name longer than this is cut where it stands on every page: in a bank's head and in the foot.
_LONGEST_NAME = 100

_TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=20, leading=24, spaceAfter=8)
_BANK = ParagraphStyle("bank", fontName=BOLD, fontSize=16, leading=20)
_WORDS = ParagraphStyle("words", fontName=REGULAR, fontSize=13, leading=16)
_FIGURES = ParagraphStyle("figures", fontName=REGULAR, fontSize=11, leading=14)
_SMALL = ParagraphStyle("small", fontName=REGULAR, fontSize=9, leading=11)
_TABLE = TableStyle(
    [
        ("SPAN", (0, 0), (-1, 0)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 1), (-1, 1), 1.2, black),
        ("LINEBELOW", (0, 2), (-1, -1), 0.5, black),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)


def pdf_sheet(title: str, sections: Sequence[Section]) -> bytes:
    """The file's content."""
    pages = _build(title, sections, 0)[1]
    return _build(title, sections, pages)[0]


def _build(title: str, sections: Sequence[Section], pages: int) -> tuple[bytes, int]:
    """The file when it has so many ``pages``, and how many it has."""
    file = BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=PAGE,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_FOOT,
        title=title,
        author="midifrag",
    )
    story: list[Any] = [Paragraph(markup(title, bold=True), _TITLE)]
    for number, section in enumerate(sections):
        story += [PageBreak()] if number else []
        story += [_table(section, document.width - 2 * _FRAME)]
        story += [Paragraph(section.lacking, _WORDS)] if section.lacking else []
    foot = partial(_foot, _cut(title), pages)
    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return file.getvalue(), document.page


def _foot(title: str, pages: int, canvas: Any, document: Any) -> None:
    words = Paragraph(f"{markup(title)} \N{MIDDLE DOT} page {document.page} of {pages}", _SMALL)
    words.wrapOn(canvas, document.width, _FOOT)
    words.drawOn(canvas, _MARGIN, _MARGIN / 2)


def _table(section: Section, width: float) -> LongTable:
    head = f"{markup(_cut(section.name), bold=True)} \N{MIDDLE DOT} {section.program}"
    widths = [one or width - sum(_WIDTHS) for one in _WIDTHS]
    return LongTable(
        [
            [Paragraph(head, _BANK)],
            [Paragraph(one, _SMALL) for one in HEADS],
            *(_cells(row) for row in section.rows),
        ],
        colWidths=widths,
        # Every page of a bank says which it is.
        repeatRows=2,
        # A row that no page would hold goes on overleaf.
        splitInRow=1,
        style=_TABLE,
    )


def _cells(row: Row) -> list[Any]:
    words = [Paragraph(markup(row.name, bold=True), _WORDS)] if row.name else []
    words.append(Paragraph(markup(row.prompt), _WORDS))
    words += [Paragraph(f"! {markup(one)}", _SMALL) for one in row.notes]
    return [
        Paragraph(markup(row.pad, bold=True), _FIGURES),
        _picture(row),
        words,
        _figures(row.length),
        _figures(row.expected),
        Image(BytesIO(row.sound), *_SOUND) if row.sound else "",
    ]


def _figures(text: str) -> Paragraph:
    """A figure, and below it and smaller what is added to it in brackets."""
    figure, bracket, rest = text.partition("(")
    return Paragraph(f'{figure}<br/><font size="8">{bracket}{rest}</font>' if bracket else figure, _FIGURES)


def _picture(row: Row) -> Drawing:
    """The bank's pads as a small grid, this one black."""
    columns, rows = row.size
    step = _PICTURE / max(columns, rows)
    drawing = Drawing(columns * step, rows * step)
    for x, y, is_this in row.squares():
        fill = black if is_this else white
        drawing.add(
            Rect(x * step, y * step, step * 0.8, step * 0.8, fillColor=fill, strokeColor=black, strokeWidth=0.5)
        )
    return drawing


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
