"""``python -m training.data``: render captioned sounds of the teacher into memory-mapped arrays.

Writes, for each of the splits train, rare, missed, long and test, ``<split>.npy`` (clips, 2, samples) of int16 and
``<split>.json`` with one row per clip: prompt, family and seconds. Clips are rendered in chunks; a stopped run goes on
after the last.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from midifrag.engine.sketch import render_parameters
from training.captions import NAMES, RARE, draw, families_with, missed
from training.loop import parser
from training.presets import PRESETS, RATIO, SAMPLE_RATE, DataPreset

#: Clips rendered between two entries in the journal.
CHUNK = 54
#: How many clips are shorter than their window, and the shortest, in seconds.
SHORTER_SHARE, SHORTEST = 0.35, 0.8

Row = dict[str, str | float]


@dataclass(frozen=True)
class Split:
    """One array of clips: ``each`` of a family, of ``frames`` latent frames, drawn from ``seed``.

    With ``naming``, of the families that have any of these axes, and every caption names one of them. With ``missing``,
    of each adjective that a family's captions for training have less often than others, and every caption has it.
    """

    name: str
    each: int
    frames: int
    seed: int
    naming: tuple[str, ...] = ()
    missing: bool = False

    @property
    def turns(self) -> tuple[tuple[str, str | None], ...]:
        """The families, and the word that captions have in any case, in the order in which their clips take turns."""
        if self.missing:
            return tuple((family, word) for family in NAMES for word in missed(family))
        return tuple((family, None) for family in families_with(self.naming))

    @property
    def count(self) -> int:
        """Clips in all."""
        return self.each * len(self.turns)

    @property
    def samples(self) -> int:
        """Samples of a clip, silence at its end included."""
        return self.frames * RATIO


def splits(preset: DataPreset, seed: int) -> tuple[Split, ...]:
    """What a preset asks for; the test split uses held-out prompts."""
    return (
        Split("train", preset.clips, preset.frames, seed),
        Split("rare", preset.rare_clips, preset.frames, seed + 3, RARE),
        Split("missed", preset.missed_clips, preset.frames, seed + 4, missing=True),
        Split("long", preset.long_clips, preset.long_frames, seed + 1),
        Split("test", preset.test_clips, preset.frames, seed + 2),
    )


def render_clip(split: Split, index: int) -> tuple[npt.NDArray[np.int16], Row]:
    """Clip ``index`` of ``split`` and its row; depends on nothing else."""
    rng = np.random.default_rng([split.seed, index])
    family, word = split.turns[index % len(split.turns)]
    caption = draw(family, rng, evaluation=split.name == "test", naming=split.naming, word=word)
    longest = np.floor(split.samples / SAMPLE_RATE)
    seconds = longest
    if rng.random() < SHORTER_SHARE:
        seconds = round(float(rng.uniform(SHORTEST, longest)), 2)
    sound = render_parameters(caption.parameters, seconds, int(rng.integers(2**31))).audio
    clip = np.zeros((2, split.samples), dtype=np.int16)
    clip[:, : sound.shape[1]] = np.round(sound * 32_767)
    return clip, {"prompt": caption.prompt, "family": caption.family, "seconds": float(seconds)}


def _render_chunk(job: tuple[Split, str, int]) -> tuple[int, list[Row]]:
    split, path, start = job
    array = np.lib.format.open_memmap(path, mode="r+")
    rows: list[Row] = []
    for index in range(start, min(start + CHUNK, split.count)):
        array[index], row = render_clip(split, index)
        rows.append(row)
    array.flush()
    return start, rows


def render_split(split: Split, folder: Path, workers: int) -> None:
    """Render what is still missing of ``split`` in ``folder``."""
    path, table, journal = (folder / f"{split.name}.{kind}" for kind in ("npy", "json", "journal"))
    if table.exists():
        return
    done = {}
    if path.exists() and journal.exists():
        done = {int(entry["start"]): entry["rows"] for entry in map(json.loads, journal.read_text().splitlines())}
    else:
        journal.unlink(missing_ok=True)
        shape = (split.count, 2, split.samples)
        np.lib.format.open_memmap(path, mode="w+", dtype=np.int16, shape=shape).flush()
    jobs = [(split, str(path), start) for start in range(0, split.count, CHUNK) if start not in done]
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(journal.open("a"))
        chunks: Iterable[tuple[int, list[Row]]] = map(_render_chunk, jobs)
        if workers > 1:
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(workers))
            chunks = pool.imap_unordered(_render_chunk, jobs)
        for number, (start, rows) in enumerate(chunks, 1):
            done[start] = rows
            log.write(json.dumps({"start": start, "rows": rows}) + "\n")
            log.flush()
            rate = number * CHUNK / (time.monotonic() - began)
            print(f"{split.name}: {number}/{len(jobs)} chunks, {rate:.0f} clips/s", flush=True)
    table.write_text(json.dumps([row for start in sorted(done) for row in done[start]]))
    journal.unlink()


def main() -> None:
    """Render every split of a preset."""
    arguments_parser = parser(__doc__)
    arguments_parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that render")
    arguments = arguments_parser.parse_args()
    folder = arguments.run / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for split in splits(PRESETS[arguments.preset].data, arguments.seed):
        render_split(split, folder, arguments.workers)


if __name__ == "__main__":
    main()
