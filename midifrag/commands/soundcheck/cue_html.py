"""The cue sheet as a page for a browser, in one piece: its pictures are inside of it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from midifrag.commands.soundcheck.cue_rows import HEADS, HEIGHT, Row, Section

_STYLE = """
body { font: 10pt/1.3 system-ui, sans-serif; margin: 1.5em; color: #000; background: #fff; }
h2 { margin: 1.2em 0 .3em; break-after: avoid; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #bbb; padding: .25em .5em; text-align: left; vertical-align: top; }
tr { break-inside: avoid; }
svg, img { display: block; }
.number { text-align: right; white-space: nowrap; }
.note { color: #900; }
@media print { body { margin: 0; } section { break-inside: auto; } }
"""


def html_sheet(title: str, sections: Sequence[Section]) -> bytes:
    """The page, in UTF-8."""
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>",
    ]
    for section in sections:
        parts.append(f"<section><h2>{escape(section.name)} <small>{section.program}</small></h2>")
        if section.rows:
            parts.append(f"<table><tr><th>{'<th>'.join(HEADS)}")
            parts += map(_row, section.rows)
            parts.append("</table>")
        parts.append(f"<p>{section.lacking}</p></section>" if section.lacking else "</section>")
    return "\n".join((*parts, "</html>\n")).encode()


def _row(row: Row) -> str:
    name = f"<b>{escape(row.name)}</b><br>" if row.name else ""
    told = "".join(f'<div class="note">{escape(one)}</div>' for one in row.notes)
    cells = (
        f"<td>{escape(row.pad)}",
        f"<td>{pad_picture(row)}",
        f"<td>{name}{escape(row.prompt)}{told}",
        f'<td class="number">{row.length}',
        f'<td class="number">{row.expected}',
        f"<td>{_sound(row)}",
    )
    return f"<tr>{''.join(cells)}"


def _sound(row: Row) -> str:
    if not row.sound:
        return ""
    data = base64.b64encode(row.sound).decode()
    return f'<img alt="spectrogram" height="{HEIGHT}" src="data:image/png;base64,{data}">'


def pad_picture(row: Row) -> str:
    """The bank's pads as a small grid (SVG), this one black."""
    columns, rows = row.size
    squares = "".join(
        f'<rect x="{x * 9 + 1}" y="{(rows - 1 - y) * 9 + 1}" width="7" height="7"'
        f' fill="{"#000" if is_this else "#fff"}" stroke="#666"/>'
        for x, y, is_this in row.squares()
    )
    return f'<svg width="{columns * 9}" height="{rows * 9}" role="img" aria-label="{row.where}">{squares}</svg>'
