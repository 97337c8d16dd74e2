"""The cue sheet: a page to print, with each pad's place, prompt, length, expected time and spectrogram.

A browser prints it, also into a PDF: a library for that alone would be large beside what it does here.
"""

from __future__ import annotations

import base64
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from midifrag.audio import Audio
from midifrag.commands.soundcheck.hearing import FLOOR, asked_seconds, mel
from midifrag.commands.soundcheck.rehearsal import Take
from midifrag.config.banks import Bank
from midifrag.config.layout import places_of
from midifrag.fragment.files import replace_file, write_whole
from midifrag.pad_key import PadKey
from midifrag.surface.grid import Place

#: A spectrogram's height and at most its width, in pixels.
HEIGHT, WIDTH = 48, 240

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


def write_cue_sheet(path: Path, title: str, takes: Sequence[Take], notes: Mapping[str, Sequence[str]]) -> None:
    """Write the page, in the place of an older one; ``notes`` are by `Take.name`. Raises `StorageError`."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    write_whole(aside, cue_sheet(title, takes, notes).encode())
    replace_file(aside, path)


def cue_sheet(title: str, takes: Sequence[Take], notes: Mapping[str, Sequence[str]]) -> str:
    """The page as HTML, in one piece: pictures are inside of it."""
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>",
    ]
    for bank in {take.bank.slug: take.bank for take in takes}.values():
        program = f"program {bank.program}" if bank.program else "no program"
        parts.append(f"<section><h2>{escape(bank.name)} <small>{program}</small></h2><table>")
        parts.append("<tr><th>pad<th>where<th>prompt<th>length<th>expected<th>sound")
        parts += [_row(take, notes.get(take.name, ())) for take in takes if take.bank.slug == bank.slug]
        parts.append("</table></section>")
    return "\n".join((*parts, "</html>\n"))


def _row(take: Take, notes: Sequence[str]) -> str:
    asked, landed = asked_seconds(take), take.after("landed")
    got = take.job.fragment_seconds
    length = "" if got is None else f"{got:.1f} s"
    if asked is not None and (got is None or abs(got - asked) > 0.05):
        length += f" (asked {asked:.1f} s)"
    name = f"<b>{escape(take.pad.name)}</b><br>" if take.pad.name else ""
    told = "".join(f'<div class="note">{escape(one)}</div>' for one in notes)
    cells = (
        f"<td>{take.key} {escape(take.key.name)}",
        f"<td>{pad_picture(take.bank, take.key)}",
        f"<td>{name}{escape(take.asked.preset.prompt)}{told}",
        f'<td class="number">{length}',
        f'<td class="number">{"" if landed is None else f"{landed:.2f} s"}',
        f"<td>{_sound(take)}",
    )
    return f"<tr>{''.join(cells)}"


def _sound(take: Take) -> str:
    if take.audio is None:
        return ""
    data = base64.b64encode(png(spectrogram(take.audio, take.sample_rate))).decode()
    return f'<img alt="spectrogram" height="{HEIGHT}" src="data:image/png;base64,{data}">'


def pad_picture(bank: Bank, key: PadKey) -> str:
    """The bank's pads as a small grid (SVG), this one black."""
    places = places_of(list(bank.pads), bank.places)
    rows = max(place.row for place in places.values())
    columns = max(place.column for place in places.values())
    return (
        f'<svg width="{columns * 9}" height="{rows * 9}" role="img" aria-label="{_told(places[key])}">'
        f"{''.join(_squares(places, key, rows))}</svg>"
    )


def _told(place: Place) -> str:
    return f"row {place.row}, column {place.column}"


def _squares(places: Mapping[PadKey, Place], key: PadKey, rows: int) -> Iterator[str]:
    for other, place in sorted(places.items()):
        x, y = (place.column - 1) * 9 + 1, (rows - place.row) * 9 + 1
        fill = "#000" if other == key else "#fff"
        yield f'<rect x="{x}" y="{y}" width="7" height="7" fill="{fill}" stroke="#666"/>'


def spectrogram(audio: Audio, sample_rate: int) -> NDArray[np.uint8]:
    """A take's picture, of shape (`HEIGHT`, at most `WIDTH`): dark is loud, low is below."""
    energy = mel(audio, sample_rate, HEIGHT)
    columns = np.linspace(0, energy.shape[1] - 1, min(WIDTH, energy.shape[1])).astype(int)
    return (255 * -energy[::-1, columns] / FLOOR).clip(0, 255).astype(np.uint8)


def png(grey: NDArray[np.uint8]) -> bytes:
    """A picture in 8 bits of grey as a PNG file (*Portable Network Graphics*, W3C, 3rd edition, clauses 5 and 11)."""
    height, width = grey.shape
    lines = b"".join(b"\0" + row.tobytes() for row in grey)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
