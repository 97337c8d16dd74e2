"""Rows of cue sheets that nobody rendered."""

from __future__ import annotations

import numpy as np

from midifrag.commands.soundcheck.cue_rows import Row, Section, png
from midifrag.pad_key import PadKey
from midifrag.surface.grid import Place

GREY = np.tile(np.arange(0, 240, dtype=np.uint8), (48, 1))


def a_row(number: int = 0, prompt: str = "rain", *, name: str = "", notes: tuple[str, ...] = (), pads: int = 16) -> Row:
    """A row of a bank of so many pads from note 36 on, four a row."""
    places = {PadKey(36 + one): Place(1 + one // 4, 1 + one % 4) for one in range(pads)}
    key = PadKey(36 + number)
    return Row(f"{key} {key.name}", key, places, name, prompt, "1.0 s", "0.25 s (heard 0.50 s)", notes, png(GREY))


def a_section(*rows: Row, name: str = "Opening", lacking: str = "") -> Section:
    return Section(name, "program 1", rows, lacking)
