"""Killed at any moment, a program leaves whole files, every archived take, and a rotation that goes on."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import numpy as np
import pytest

from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slots import Slots
from tests.scenarios.performer import RATE, sound
from tests.support.forms import form

ROUNDS = form(2, 8)


def play_and_kill(folder, first_job, dice, *how, until=None):
    """Run the performer up to a random moment; return what it said, as (event, job, number) tuples.

    It is killed anywhere within its work on a take or two, after some events that were drawn beforehand and the first
    one of the kind ``until``: so there is work to be killed in, however long that takes on a busy machine.
    """
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.scenarios.performer", str(folder), str(first_job), *how],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "ready\n"
    lines = [program.stdout.readline() for _ in range(dice.randrange(2, 12))]
    while until is not None and not any(line.startswith(until) for line in lines) and program.poll() is None:
        lines.append(program.stdout.readline())
    # Real time is the point here: the kill has to fall anywhere within the work of a take.
    time.sleep(dice.uniform(0.0, 0.03))
    program.kill()
    lines += program.stdout.readlines()
    program.wait()
    program.stdout.close()
    said = [line.split() for line in lines if line.endswith("\n")]
    return [(what, int(job), int(number)) for what, job, number in said]


def is_fragment_of(job, path):
    expected = make_fragment(sound(job), RATE, FragmentOptions()).audio
    read, rate = read_wav(path)
    return rate == RATE and read.shape == expected.shape and np.abs(read - expected).max() < 1e-4


@pytest.mark.shortened
def test_kill_at_random_moments(tmp_path):
    dice = random.Random(20240229)
    archived, job = {}, 1
    for _ in range(ROUNDS):
        said = play_and_kill(tmp_path, job, dice)
        archived |= {number: its_job for what, its_job, number in said if what == "archived"}

        # What others see right after the kill: whole fragments under slot names, whole takes, and nothing else.
        slot_files = sorted(path for path in tmp_path.iterdir() if path.is_file())
        for path in slot_files:
            content = content_of(path)
            assert content is not None
            assert path.name == f"output{content.slot:02d}.wav"
            assert is_fragment_of(content.job, path)
        assert {path.name for path in tmp_path.iterdir() if path.is_dir()} <= {".midifrag", "archive"}
        for path in (tmp_path / "archive").glob("*"):
            assert path.name.startswith(("output", "index.sqlite", "changes.jsonl", ".midifrag"))
        for path in (tmp_path / "archive").glob("output*"):
            assert read_wav(path)[0].shape == (2, RATE)

        # What the next start makes of it.
        slots, archive = Slots(tmp_path), Archive(tmp_path / "archive")
        assert archive.count() == len(list((tmp_path / "archive").glob("output*.wav")))
        for number, its_job in archived.items():
            assert archive.get(number).prompt == f"take {its_job}"
            np.testing.assert_allclose(archive.read(number)[0], sound(its_job), atol=1e-6)
        contents = {path.name: content_of(path) for path in slot_files}
        for content in contents.values():
            assert content.slot == (content.landing - 1) % 8 + 1
        for what, its_job, slot in said:
            assert what != "landed" or contents[f"output{slot:02d}.wav"].job >= its_job
        last = max((content.landing for content in contents.values()), default=0)
        assert slots.choose() == last % 8 + 1
        assert [state.take is None for state in slots.states] == [not slots.path(n).exists() for n in range(1, 9)]
        slots.close()
        archive.close()
        assert not list(tmp_path.glob(".midifrag/work-*"))
        assert not list(tmp_path.glob("archive/.midifrag/work-*"))
        job = max(archived.values(), default=0) + 2
    assert len(archived) > ROUNDS


@pytest.mark.shortened
def test_kill_while_fragments_wait_for_their_moment(tmp_path):
    dice = random.Random(7)
    archived, landed, job = {}, 0, 1
    for number in range(ROUNDS):
        # Once at least something lands before, however busy the machine is.
        said = play_and_kill(tmp_path, job, dice, "waiting", until="landed" if number == ROUNDS - 1 else None)
        archived |= {take: its_job for what, its_job, take in said if what == "archived"}
        landed += sum(what == "landed" for what, _, _ in said)

        # What waited is nowhere but in the archive; what landed is whole, in its own slot.
        slot_files = sorted(path for path in tmp_path.iterdir() if path.is_file())
        for path in slot_files:
            content = content_of(path)
            assert content is not None
            assert path.name == f"output{content.slot:02d}.wav"
            assert is_fragment_of(content.job, path)
        lying = {path.name: content_of(path).job for path in slot_files}
        for what, its_job, slot in said:
            assert what != "landed" or lying[f"output{slot:02d}.wav"] >= its_job

        slots, archive = Slots(tmp_path), Archive(tmp_path / "archive")
        assert archive.count() == len(list((tmp_path / "archive").glob("output*.wav")))
        for take, its_job in archived.items():
            assert archive.get(take).prompt == f"take {its_job}"
        assert [state.state for state in slots.states] == [
            "filled" if slots.path(number).exists() else "free" for number in range(1, 9)
        ]
        slots.close()
        archive.close()
        assert not list(tmp_path.glob(".midifrag/work-*"))
        job = max(archived.values(), default=0) + 2
    assert len(archived) > ROUNDS
    assert landed
