"""Waveforms of files and the pictures of them that browsers draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

#: Columns of a waveform, and the height of its picture (both in units of the picture).
COLUMNS, HEIGHT = 240, 64
#: Frames that are read at once; a long file is never in memory as a whole.
BLOCK = 1 << 16


def peaks(path: Path, columns: int = COLUMNS) -> npt.NDArray[np.float32]:
    """The highest level, 0–1, in each of ``columns`` equal stretches of a file, over all its channels.

    Raises OSError if the file is not there or holds no audio.
    """
    highest = np.zeros(columns, np.float32)
    try:
        with soundfile.SoundFile(path) as file:
            total, start = max(file.frames, 1), 0
            for block in file.blocks(BLOCK, dtype="float32", always_2d=True):
                level = np.nan_to_num(np.abs(block).max(axis=1), posinf=1.0)
                column = (np.arange(start, start + len(level)) * columns // total).clip(0, columns - 1)
                # Frames of one column lie side by side.
                first = np.flatnonzero(np.diff(column, prepend=-1))
                highest[column[first]] = np.maximum(highest[column[first]], np.maximum.reduceat(level, first))
                start += len(level)
    except soundfile.LibsndfileError as error:
        raise OSError(str(error)) from error
    return highest.clip(0.0, 1.0)


def picture(levels: npt.NDArray[np.float32], colour: str) -> str:
    """An SVG of a waveform, mirrored around its middle line, in ``colour`` (#rrggbb)."""
    middle = HEIGHT / 2
    tops = [f"{x},{middle - level * (middle - 1):.1f}" for x, level in enumerate(levels)]
    bottoms = [f"{x},{middle + max(level * (middle - 1), 0.5):.1f}" for x, level in reversed(list(enumerate(levels)))]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(levels) - 1} {HEIGHT}" '
        f'preserveAspectRatio="none"><polygon fill="{colour}" points="{" ".join(tops + bottoms)}"/></svg>'
    )
