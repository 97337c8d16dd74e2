"""What the archive keeps of a take."""

from __future__ import annotations

from dataclasses import replace

from midifrag.bridge.source_book import Begin
from midifrag.bridge.take_records import take_record
from midifrag.clock import ManualClock
from midifrag.engine.messages import Rendered
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.record import TakeRecord
from midifrag.timeline import Signature
from tests.bridge.made_jobs import render_job
from tests.bridge.sound_rigs import sound
from tests.support.bridges import INFO


def test_a_record_has_what_really_made_the_take_and_wall_times():
    job = render_job(number=5, spare=True)
    job.reached(started=3.0, rendered=4.0)
    clock = ManualClock()
    clock.wall = lambda moment: moment + 1000
    info = replace(INFO, noise="NVIDIA H200")
    event = Rendered(5, None, 44100, {"seed": 6, "steps": 8}, 0.5)
    assert take_record(job, event, info, clock) == TakeRecord(
        prompt="rain",
        preset="Rain",
        bank="opening",
        model="sketch",
        checksum="abc",
        noise="NVIDIA H200",
        seed=6,
        parameters={"seed": 6, "steps": 8},
        job=5,
        pressed_at=1001.0,
        started_at=1003.0,
        rendered_at=1004.0,
        spare=True,
    )


def test_a_record_has_the_key_and_the_tempo_that_its_prompt_was_told():
    told = replace(render_job().preset, key="A minor", bpm=93)
    job = render_job()
    job.preset = told
    record = take_record(job, None, None, ManualClock())
    assert (record.key, record.bpm) == ("A minor", 93)
    job.length = MusicalLength(2.0, "bars", 92.6, Signature())
    record = take_record(job, None, None, ManualClock())
    assert (record.bpm, record.bars) == (92.6, 2.0)
    assert (take_record(render_job(), None, None, ManualClock()).key, record.key) == ("", "A minor")


def test_a_record_has_the_sound_that_the_take_begins_from_and_the_part_that_was_made_anew():
    begun, began = render_job(), sound()
    begun.begin = Begin(began, "slot 3 (take 12)", 12, (1.5, 2.0))
    begun.render = replace(begun.render, sound=began)
    record = take_record(begun, None, None, ManualClock())
    assert (record.source, record.source_checksum, record.source_take) == ("slot 3 (take 12)", began.checksum, 12)
    assert record.fill == (1.5, 2.0)
    begun.begin = Begin(began, "rain.wav")
    record = take_record(begun, None, None, ManualClock())
    assert (record.source, record.source_take, record.fill_from, record.fill) == ("rain.wav", None, None, None)


def test_a_record_has_no_sound_where_the_engine_was_given_none():
    job = render_job()
    job.begin = Begin(sound(), "slot 3")
    record = take_record(job, None, None, ManualClock())
    assert (record.source, record.source_checksum) == ("", "")


def test_a_record_of_a_take_that_failed_has_what_was_asked_for():
    record = take_record(render_job(), None, None, ManualClock())
    assert (record.model, record.checksum, record.noise, record.seed) == ("pocket", "", "", 4)
    assert record.parameters == {
        "negative_prompt": "thunder",
        "steps": 9,
        "cfg_scale": 3.0,
        "seconds": 2.0,
        "seed": 4,
        "sampler": "euler",
        "sigma_min": 0.1,
        "sigma_max": 50.0,
        "guidance": None,
        "schedule": None,
        "strength": None,
        "conditioning": None,
        "loras": None,
        "morph": None,
    }
    assert (record.pressed_at, record.started_at, record.rendered_at, record.spare) == (1.0, None, None, False)


def test_a_take_of_which_nobody_says_the_seed_has_the_one_that_was_asked_for():
    event = Rendered(1, None, 44100, {"steps": 8}, 0.5)
    assert take_record(render_job(), event, INFO, ManualClock()).seed == 4


def test_a_take_that_no_seed_made_has_none():
    event = Rendered(1, None, 44100, {"seed": None}, 0.5)
    assert take_record(render_job(), event, INFO, ManualClock()).seed is None
