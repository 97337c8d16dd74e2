"""Archive and slots in programs of their own: two at once, and one that must not load what it does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from midifrag.fragment.archive import Archive
from tests.fragment.sounds import RATE, noise, record

PROGRAM = """
import sys, numpy as np
from pathlib import Path
from midifrag.fragment import workspace
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
workspace.PATIENCE = 100.0
folder, seed = Path(sys.argv[1]), int(sys.argv[2])
archive = Archive(folder)
print("ready", flush=True)
sys.stdin.readline()
for take in range(25):
    audio = np.full((1, 500), (seed * 100 + take) / 1000, np.float32)
    print(archive.store(audio, 44100, TakeRecord(prompt=f"{seed} {take}")).number)
archive.close()
"""


def test_two_programs_at_once(tmp_path):
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        program.stdin.write("go\n")
        program.stdin.flush()
    numbers = [[int(line) for line in program.communicate()[0].split()] for program in programs]

    assert sorted(numbers[0] + numbers[1]) == list(range(1, 51))
    archive = Archive(tmp_path)
    assert archive.count() == 50
    for seed, its_numbers in zip((1, 2), numbers, strict=True):
        for take, number in enumerate(its_numbers):
            assert archive.get(number).prompt == f"{seed} {take}"
            assert archive.read(number)[0][0, 0] == pytest.approx((seed * 100 + take) / 1000, abs=1e-6)
    archive.close()


LISTING = """
import sys
from pathlib import Path
from midifrag.fragment.archive import Archive
from midifrag.fragment.slots import Slots
archive, slots = Archive(Path(sys.argv[1])), Slots(Path(sys.argv[2]))
archive.star(1)
archive.annotate(1, "keep")
print([take.note for take in archive.find(starred=True)], archive.rebuild(), slots.set_lock(1, True).state)
archive.close()
slots.close()
print(sorted({"numpy", "soundfile", "torch", "librosa", "midifrag.engine"} & set(sys.modules)))
"""


def test_takes_are_listed_and_marked_and_slots_known_without_numpy(tmp_path):
    archive = Archive(tmp_path / "archive")
    archive.store(noise(), RATE, record())
    archive.close()

    listed = subprocess.run(
        [sys.executable, "-c", LISTING, str(tmp_path / "archive"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert listed.stdout.splitlines() == ["['keep'] 1 locked", "[]"]
