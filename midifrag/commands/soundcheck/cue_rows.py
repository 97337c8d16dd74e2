"""What stands on a cue sheet, bank by bank and pad by pad; HTML and PDF show these same rows."""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from midifrag.audio import Audio
from midifrag.commands.soundcheck.hearing import FLOOR, asked_seconds, mel
from midifrag.commands.soundcheck.rehearsal import Take
from midifrag.config.banks import Bank
from midifrag.config.layout import places_of
from midifrag.pad_key import PadKey
from midifrag.surface.grid import Place

#: A spectrogram's height and at most its width, in pixels.
HEIGHT, WIDTH = 48, 240
#: The heads of the columns.
HEADS = ("pad", "where", "prompt", "length", "expected", "sound")


@dataclass(frozen=True)
class Row:
    """A pad in words, where it lies among ``places`` (those of all pads of its bank), and its sound.

    ``sound`` is a PNG file `HEIGHT` pixels high; empty where there is none.
    """

    pad: str
    key: PadKey
    places: Mapping[PadKey, Place]
    name: str
    prompt: str
    length: str
    expected: str
    notes: tuple[str, ...]
    sound: bytes

    @property
    def where(self) -> str:
        """Its place in words."""
        place = self.places[self.key]
        return f"row {place.row}, column {place.column}"

    def squares(self) -> Iterator[tuple[int, int, bool]]:
        """The bank's pads from the lower left on: column and row, counted from 0, and whether it is this one."""
        for other, place in sorted(self.places.items()):
            yield place.column - 1, place.row - 1, other == self.key

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows that the bank's pads take."""
        return max(one.column for one in self.places.values()), max(one.row for one in self.places.values())


@dataclass(frozen=True)
class Section:
    """A bank; ``lacking`` says how many of its pads were not rendered, empty where all were."""

    name: str
    program: str
    rows: tuple[Row, ...]
    lacking: str


def sections(banks: Sequence[Bank], takes: Sequence[Take], notes: Mapping[str, Sequence[str]]) -> tuple[Section, ...]:
    """The sheet of a set list with what became of its pads; ``notes`` are by `Take.name`."""
    return tuple(
        _section(bank, [take for take in takes if take.bank.slug == bank.slug], notes)
        for bank in {bank.slug: bank for bank in banks}.values()
    )


def _section(bank: Bank, takes: Sequence[Take], notes: Mapping[str, Sequence[str]]) -> Section:
    places = places_of(list(bank.pads), bank.places)
    rows = tuple(_row(take, places, notes.get(take.name, ())) for take in takes)
    lacking = len(bank.pads) - len({take.key for take in takes})
    return Section(
        plain(bank.name),
        f"program {bank.program}" if bank.program else "no program",
        rows,
        f"{lacking} of its {len(bank.pads)} pads were not rendered" if lacking else "",
    )


def _row(take: Take, places: Mapping[PadKey, Place], notes: Sequence[str]) -> Row:
    return Row(
        f"{take.key} {take.key.name}",
        take.key,
        places,
        plain(take.pad.name or ""),
        plain(take.asked.preset.prompt),
        _length(take),
        _expected(take),
        tuple(plain(one) for one in notes),
        b"" if take.audio is None else png(spectrogram(take.audio, take.sample_rate)),
    )


def _length(take: Take) -> str:
    asked, got = asked_seconds(take), take.job.fragment_seconds
    length = "" if got is None else f"{got:.1f} s"
    if asked is not None and (got is None or abs(got - asked) > 0.05):
        length += f" (asked {asked:.1f} s)"
    return length.strip()


def _expected(take: Take) -> str:
    """Seconds from its press until it lands and, where that was measured, until it is heard."""
    landed = take.after("landed")
    if landed is None:
        return ""
    return f"{landed:.2f} s" + ("" if take.heard is None else f" (heard {take.heard:.2f} s)")


def plain(text: str) -> str:
    """A performer's words without what no page can hold: control characters, and halves of surrogate pairs."""
    marks = {"Cc": " ", "Cs": "\N{REPLACEMENT CHARACTER}"}
    return "".join(marks.get(unicodedata.category(one), one) for one in text)


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
