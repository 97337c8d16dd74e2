"""The law sees what breaks it: one planted fault for each clause, in evidence that is right without it."""

import dataclasses
import os
import shutil
from collections import Counter

import numpy as np
import pytest

from midifrag.fragment.archive import Archive
from midifrag.fragment.landing import Lander
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer_commands import LandTake
from tests.faults.law import Evidence, violations

JOBS = (1, 2)


@pytest.fixture(scope="module")
def landed_files(tmp_path_factory):
    """A folder in which two takes have landed, in slots 1 and 2."""
    folder = tmp_path_factory.mktemp("played") / "fragments"
    slots, archive = Slots(folder), Archive(folder / "archive")
    lander = Lander(slots, archive, lambda _event: None)
    for job in JOBS:
        sound = np.random.default_rng(job).uniform(-0.5, 0.5, (2, 4410)).astype(np.float32)
        lander.handle(LandTake(job, sound, 44100, TakeRecord(prompt="kick", job=job), FragmentOptions()))
    slots.close()
    archive.close()
    return folder


def job_line(job, state, **more):
    return {
        "event": "JobChanged",
        "job": job,
        "kind": "pad",
        "state": state,
        "pad": "36",
        "slot": None,
        "take": None,
    } | more


@pytest.fixture
def right(landed_files, tmp_path):
    folder = tmp_path / "fragments"
    shutil.copytree(landed_files, folder)
    lines = [{"event": "BankChanged", "slug": "first", "pads": [{"bank": "first", "pad": "36", "state": "idle"}]}]
    for job in JOBS:
        lines += [
            {"event": "NoteOn", "note": 36, "velocity": 100},
            job_line(job, "queued"),
            job_line(job, "landed", slot=job, take=job),
            {"event": "PadChanged", "bank": "first", "pad": "36", "state": "landed"},
        ]
    lines.append({"event": "SlotsChanged", "slots": [{"number": 1, "file": "output01.wav", "take": 1}]})
    return Evidence(folder, lines, lights={36: 21}, page={"36": "landed"}, printed="landed", sent=Counter({36: 2}))


def with_lines(evidence, *lines):
    return dataclasses.replace(evidence, lines=[*evidence.lines, *lines])


def test_what_is_right_breaks_nothing(right):
    assert violations(right) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([job_line(3, "rendering", kind="prompt")], "one_outcome: job 3 has no outcome"),
        ([job_line(1, "failed")], "one_outcome: job 1 went on after its end"),
        ([job_line(1, "rendering")], "one_outcome: job 1 went on after its end"),
        ([{"event": "Press", "note": 36, "velocity": 0.5}], "press_counts: note 36: 2 + 1 presses were heard"),
        ([job_line(9, "landed", slot=1, kind="take")], "slots_as_told: slot 1: job 9 landed last, job 1 lies there"),
        ([job_line(9, "landed", slot=5, kind="take")], "slots_as_told: slot 5: job 9 landed, and nothing lies there"),
        (
            [{"event": "SlotsChanged", "slots": [{"number": 2, "file": "output02.wav", "take": 7}]}],
            "slots_as_told: slot 2 is told to hold take 7, it holds 2",
        ),
        ([job_line(9, "landed", slot=2, take=9, kind="take")], "whole_archive: takes [9] were told"),
        ([{"event": "Notice", "text": "unexpected: KeyError"}], "no_tracebacks: told"),
    ],
)
def test_a_log_that_breaks_it(right, lines, said):
    assert any(one.startswith(said) for one in violations(with_lines(right, *lines)))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sent": Counter({36: 3})}, "press_counts: note 36: 3 presses were sent, 2 were heard"),
        ({"lights": {36: 0}}, "lights: pad 36 is landed, its light says 0"),
        ({"page": {"36": "queued"}}, "page: shows"),
        ({"page": {}}, "page: shows"),
        ({"printed": "Traceback (most recent call last)"}, "no_tracebacks: printed"),
    ],
)
def test_something_that_is_shown_and_not_so(right, changed, said):
    found = violations(dataclasses.replace(right, **changed))
    assert [one.startswith(said) for one in found] == [True]


def cut_off(path):
    os.truncate(path, path.stat().st_size - 10)


def made_empty(path):
    path.write_bytes(b"")


def replaced_by_a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [cut_off, made_empty, replaced_by_a_folder])
@pytest.mark.parametrize(
    ("file", "clause"), [("output02.wav", "whole_slots"), ("archive/output002.wav", "whole_archive")]
)
def test_a_file_that_is_not_whole(right, harm, file, clause):
    harm(right.fragments / file)
    assert any(one.startswith(clause) for one in violations(right))


def test_a_take_that_the_index_misses(right):
    shutil.copy(right.fragments / "archive/output001.wav", right.fragments / "archive/output003.wav")
    assert "whole_archive: only in the index: [], only as files: [3]" in violations(right)


def test_a_fragment_that_lies_twice(right):
    shutil.copy(right.fragments / "output01.wav", right.fragments / "output03.wav")
    found = violations(right)
    assert any("says it is slot 1" in one for one in found)


def test_a_sound_that_is_nobodys(right):
    shutil.copy(right.fragments / "archive/output001.wav", right.fragments / "output04.wav")
    assert "whole_slots: output04.wav does not say what it is" in violations(right)


def test_slots_that_somebody_removed_are_left_out(right):
    (right.fragments / "output01.wav").unlink()
    assert any("slot 1" in one for one in violations(right))
    assert violations(dataclasses.replace(right, touched=frozenset({1}))) == []
