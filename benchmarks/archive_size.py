"""How long a start, `takes`, a search and the page's archive take with very many takes.

`uv run python -m benchmarks.archive_size --takes 10000 100000` makes archives of so many short takes, each with its
record and its landing, indexes them, and prints a table. Everything is measured with a warm page cache, programs from
their start to their end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.record import RecordedValue, TakeRecord
from midifrag.fragment.wav import with_texts

#: Takes on one sheet of the page's archive.
SHEET = 20
WORDS = ("rain", "drone", "glass", "kick", "choir", "tape", "metal", "wind")


def fill(folder: Path, count: int) -> None:
    """Write ``count`` takes and a change for each, as shows would have left them."""
    folder.mkdir(parents=True)
    sound = encode_audio(np.zeros((1, 16), np.float32), 44100, 24)
    parameters: dict[str, RecordedValue] = {
        "steps": 50,
        "cfg_scale": 6.5,
        "sampler": "dpmpp-3m-sde",
        "seconds": 2.0,
        "seed": 1,
        "negative_prompt": "",
    }
    with (folder / "changes.jsonl").open("w", encoding="utf-8") as changes:
        for number in range(1, count + 1):
            prompt = f"{WORDS[number % 8]} over {WORDS[number // 8 % 8]}, take of a long night, number {number}"
            record = TakeRecord(
                prompt, preset="36", bank="Opening", model="pocket", checksum="00ff" * 16, seed=number,
                parameters=parameters, job=number, pressed_at=1.7e9 + number, rendered_at=1.7e9 + number,
                sample_rate=44100, channels=1, seconds=number % 70 / 10, peak=number % 100 / 100,
                tempo=60.0 + number % 120, key=f"{'CDEFGAB'[number % 7]} {('minor', 'major')[number % 2]}",
            )  # fmt: skip
            texts = {"title": prompt, "comment": record.to_json(), "software": "midifrag"}
            (folder / f"output{number:03d}.wav").write_bytes(with_texts(sound, texts))
            changes.write("\n" + json.dumps({"take": number, "slot": number % 8 + 1, "landed_at": 1.7e9 + number}))


def seconds(work: Callable[[], object], repeats: int) -> float:
    """The median time of some work."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def command(place: Path, *arguments: str) -> Callable[[], object]:
    """Run the command line in a folder."""
    whole = [sys.executable, "-m", "midifrag", *arguments]
    return lambda: subprocess.run(whole, cwd=place, check=True, stdout=subprocess.DEVNULL)


def rows(place: Path, count: int, repeats: int) -> list[tuple[str, float]]:
    """Measure an archive of ``count`` takes that is made in ``place``."""
    folder = place / "fragments" / "archive"
    fill(folder, count)
    began = time.perf_counter()
    with closing(Archive(folder)):
        first = time.perf_counter() - began
    with closing(Archive(folder)) as archive:
        indexing = seconds(archive.rebuild, 1)
    with closing(Archive(folder)):
        # Its end has brought the folder to rest.
        pass
    page = ArchiveReader(folder)

    def moved() -> None:
        with closing(Archive(folder)) as archive:
            archive.trash(count // 2)
            archive.restore(count // 2)

    def sheet(words: str, offset: int) -> None:
        page.count(words)
        page.find(words, limit=SHEET, offset=offset)

    return [
        ("start of a show: the archive is opened", seconds(lambda: Archive(folder).close(), repeats)),
        ("`takes`", seconds(command(place, "takes"), repeats)),
        ("`takes glass choir`", seconds(command(place, "takes", "glass", "choir"), repeats)),
        (f"`takes {count // 2}`", seconds(command(place, "takes", str(count // 2)), repeats)),
        ("`--version`, for comparison", seconds(command(place, "--version"), repeats)),
        ("page: the newest sheet", seconds(lambda: sheet("", 0), repeats)),
        ("page: the oldest sheet", seconds(lambda: sheet("", count - SHEET), repeats)),
        ("page: a search", seconds(lambda: sheet("glass choir", 0), repeats)),
        ("page: a search that finds nothing", seconds(lambda: sheet("nothing of the kind", 0), repeats)),
        ("page: words, a phrase, -word", seconds(lambda: sheet('choir "over glass" -number:7', 0), repeats)),
        ("page: ranges", seconds(lambda: sheet("tempo:90..100 length:>2 loudness:-6..0 key:Am..Cm", 0), repeats)),
        ("page: a search, sorted by length", seconds(lambda: sheet("glass sort:longest", 0), repeats)),
        ("page: all, sorted by level", seconds(lambda: sheet("sort:loudest", 0), repeats)),
        ("a take is deleted and put back", seconds(moved, repeats)),
        ("start without an index; the rest is indexed beside the show", first),
        ("indexing everything, `takes --rebuild`", indexing),
    ]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--takes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    measured = []
    for count in arguments.takes:
        with tempfile.TemporaryDirectory() as place:
            measured.append(rows(Path(place), count, arguments.repeats))
    print(f"| what | {' | '.join(f'{count:,} takes' for count in arguments.takes)} |")
    print(f"|---|{'---|' * len(measured)}")
    for across in zip(*measured, strict=True):
        print(f"| {across[0][0]} | {' | '.join(f'{value * 1000:,.0f} ms' for _, value in across)} |")


if __name__ == "__main__":
    main()
