"""What version 0.1.0 stored is read as it was meant then: archive, slots and session log of one short show.

``version_0_1_0`` is a fragments folder as that version left it, but for the paths in the log, which are relative here.
Files in it are never written anew: a version that stores something else gets a folder of its own beside it.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.slots import Slots
from midifrag.pad_key import PadKey
from midifrag.show.replay import is_performed, read_performance
from midifrag.show.session_log import read_session

STORED = Path(__file__).parent / "version_0_1_0"
LOG = STORED / "archive" / "sessions" / "20261125T182457Z.jsonl"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(STORED, tmp_path / "fragments"))


@pytest.fixture(params=["index as stored", "index built anew"])
def archive(request, folder):
    if request.param == "index built anew":
        (folder / "archive" / "index.sqlite").unlink()
    opened = Archive(folder / "archive")
    yield opened
    opened.close()


@pytest.fixture(params=[True, False], ids=["state as stored", "files alone"])
def remembered(request, folder):
    if not request.param:
        (folder / ".midifrag" / "slots.json").unlink()
    return request.param


@pytest.fixture
def slots(remembered, folder):
    opened = Slots(folder, count=4)
    yield opened
    opened.close()


def test_the_archive_lists_what_was_played(archive):
    assert [(take.number, take.prompt, take.preset, take.bank, take.model) for take in archive.find()] == [
        (6, "дождь по жести 🌧", "38", "drift", "pocket"),
        (5, "fog horn, far away", "fog horn, far away", "drift", "sketch"),
        (4, "short rim, dry", "short rim, dry", "opening", "sketch"),
        (3, "rain on tin, close", "rain on tin, close", "opening", "sketch"),
        (2, "low bowed cello drone", "low bowed cello drone", "opening", "sketch"),
        (1, "rain on tin, close", "rain on tin, close", "opening", "sketch"),
    ]


def test_the_archive_finds_takes_and_what_was_done_to_them(archive):
    found = {
        "words": [take.number for take in archive.find("CLOSE rain")],
        "note": [take.number for take in archive.find("schluss")],
        "reason": [take.number for take in archive.find("cancelled")],
        "starred": [take.number for take in archive.find(starred=True)],
        "bank": [take.number for take in archive.find(bank="drift", since=1795631090.0)],
    }
    assert found == {"words": [3, 1], "note": [3], "reason": [6], "starred": [1], "bank": [5]}
    assert [take.slot for take in archive.find()] == [None, 3, 1, 3, 3, 1]
    assert archive.get(3).note == "gut, für den Schluß"
    assert (archive.get(1).landed_at, archive.get(6).tempo) == (pytest.approx(1795631097.6, abs=0.5), 120.5)


def test_a_record_has_all_that_made_its_take(archive):
    made = archive.get(6)

    assert dict(made.parameters) == {
        "steps": 50,
        "cfg_scale": 6.5,
        "sampler": "dpmpp-3m-sde",
        "negative_prompt": "Stimme",
    }
    assert (made.seed, made.checksum, made.job, made.spare) == (2**32 - 1, "sha256:00ff", 7, True)
    assert (made.pressed_at, made.started_at, made.rendered_at) == (1795631060.125, 1795631060.25, 1795631062.5)
    assert (made.reason, made.file, made.channels, made.sample_rate, made.seconds) == (
        "cancelled",
        "output006.wav",
        1,
        44100,
        0.03,
    )


def test_takes_sound_as_they_were_rendered(archive):
    audio, rate = archive.read(1)
    loud, _ = archive.read(6)

    assert (audio.shape, rate, audio.dtype) == ((2, 4410), 44100, np.float32)
    assert np.abs(audio).max() == pytest.approx(archive.get(1).peak, abs=1e-6)
    np.testing.assert_allclose(loud[0], 2.0 * np.sin(np.arange(1323) / 7), atol=1e-6)


def test_the_archive_goes_on_with_the_next_number(archive):
    assert archive.store(np.zeros((1, 9), np.float32), 44100, archive.get(1)).number == 7
    assert archive.star(2).starred


def test_slots_hold_what_they_held(slots, remembered):
    assert [(state.take, state.prompt, state.foreign, state.has_previous) for state in slots.states] == [
        (1, "rain on tin, close", False, True),
        (2, "low bowed cello drone", False, False),
        (5, "fog horn, far away", False, True),
        (None, "", True, False),
    ]
    locked = "locked" if remembered else "filled"
    assert [state.state for state in slots.states] == ["filled", locked, "filled", "filled"]
    assert [round(state.seconds, 3) for state in slots.states] == [0.089, 0.091, 0.076, 0.02]


def test_the_turn_goes_on_and_the_fragment_before_comes_back(slots, remembered):
    assert [slots.choose() for _ in range(3)] == ([4, 1, 3] if remembered else [4, 1, 2])
    assert [slots.restore(1).take, slots.restore(3).take] == [4, 2]
    assert read_wav(slots.path(1))[1] == 44100


ACTS = [
    {"port": "midifrag", "channel": 1, "note": 36, "velocity": 100},
    # A release, of which older logs do not say how fast it was.
    {"port": "midifrag", "channel": 1, "note": 36, "velocity": 64},
    {"port": "midifrag", "channel": 1, "note": 37, "velocity": 100},
    {"port": "midifrag", "channel": 1, "cc": 21, "value": 64, "fine": None},
    {"port": "midifrag", "channel": 1, "value": 100},
    {"port": "midifrag", "channel": 1, "value": 9, "note": None},
    {"port": "midifrag", "channel": 1, "value": 3, "note": 36},
    {"port": "midifrag", "channel": 1, "note": 36, "velocity": 100},
    {"slot": 4, "locked": True},
    {"slot": 2, "locked": True},
    {"prompt": "short rim, dry", "parameters": {"seconds": 0.1}},
    {"slot": 1},
    {"take": 2, "slot": 3},
    {"name": "steps", "value": 7},
    {"name": "steps", "value": None},
    {"program": None, "slug": "drift", "offset": None, "bank": None},
    {"port": "midifrag", "channel": 1, "program": 1, "bank": None},
    {"program": None, "slug": None, "offset": 1, "bank": None},
    {"note": 36, "channel": 1, "port": "page", "velocity": 0.5, "source": "page", "by": None, "bank": ""},
    {"pad": PadKey(36), "bank": ""},
    {"job": 99},
    {},
    {},
    {"slot": 4, "locked": None},
]


def test_a_session_log_replays_the_same_acts():
    performance = read_performance(LOG)

    acts = [act for _, act in performance.acts]
    told = [
        {field.name: getattr(act, field.name) for field in dataclasses.fields(act) if field.name != "time"}
        for act in acts
    ]
    assert told == ACTS
    assert all(is_performed(act) for act in acts)
    assert [type(act).__name__ for act in acts if not dataclasses.fields(act)] == ["ClearQueue", "Panic"]
    moments = [second for second, _ in performance.acts]
    assert moments[0] == 0.0
    assert moments == sorted(moments)


def test_a_session_log_is_read_whole():
    lines = list(read_session(LOG))

    assert len(lines) == len(LOG.read_text(encoding="utf-8").splitlines())
    assert (lines[0]["event"], lines[-1]["event"]) == ("show", "end")
    assert lines[0]["show"]["model"] == "sketch"
    landed = [line["take"] for line in lines if line["event"] == "JobChanged" and line["state"] == "landed"]
    assert landed == [1, 2, 3, 4, 2, 5]
