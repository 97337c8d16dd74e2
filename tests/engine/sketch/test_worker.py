from __future__ import annotations

import numpy as np

from midifrag.engine import sketch
from midifrag.engine.messages import Progress, Render, Rendered, Started
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.sketch.worker import DEFAULT_SECONDS, SketchWorker


def rendered(*renders):
    worker = SketchWorker(EngineChoice("sketch"))
    list(worker.load())
    for render in renders:
        worker.submit(render)
    events = []
    while worker.busy:
        events += worker.tick()
    return events


def test_the_audio_is_sketchs_own():
    started, progress, take = rendered(Render(4, "short dark kick", 0.5, 9))
    assert (started, progress) == (Started(4), Progress(4, 1, 1))
    assert np.array_equal(take.audio, sketch.render_prompt("short dark kick", 0.5, 9).audio)
    assert take.used == {"prompt": "short dark kick", "seconds": 0.5, "seed": 9}
    assert take.sample_rate == sketch.SAMPLE_RATE
    assert take.notes == ()


def test_words_that_it_does_not_know_are_noted():
    take = rendered(Render(1, "dark zorple kick quuxing", 0.5, 9))[-1]
    assert take.notes == ("unknown words: zorple, quuxing",)


def test_no_length_is_the_default_length():
    take = rendered(Render(1, "kick", None, 9))[-1]
    assert take.audio.shape == (2, DEFAULT_SECONDS * sketch.SAMPLE_RATE)
    assert take.used["seconds"] == DEFAULT_SECONDS


def test_presses_first_and_a_promoted_spare_before_older_spares():
    worker = SketchWorker(EngineChoice("sketch"))
    for job in (1, 2, 3):
        worker.submit(Render(job, "kick", 0.1, job, spare=True))
    worker.submit(Render(4, "kick", 0.1, 4))
    worker.promote(3)
    order = []
    while worker.busy:
        order += [event.job for event in worker.tick() if isinstance(event, Rendered)]
    assert order == [4, 3, 1, 2]


def test_a_promoted_spare_goes_before_presses_that_came_after_it():
    worker = SketchWorker(EngineChoice("sketch"))
    worker.submit(Render(1, "rain", 0.2, 1, spare=True))
    worker.promote(1)
    worker.submit(Render(2, "rain", 0.2, 2))
    assert worker.tick()[0] == Started(1)


def test_loras_are_told_once_that_it_plays_none():
    first, second = (Render(number, "kick", 0.5, 9, loras="dusty=1 from /dusty.safetensors") for number in (1, 2))
    takes = [event for event in rendered(first, second) if isinstance(event, Rendered)]
    assert [take.notes for take in takes] == [("sketch plays no LoRAs; they are for models of Stable Audio",), ()]
