"""The bells pass what every engine must, found as a user's package is: by its entry point."""

import numpy as np
import pytest

import midifrag
from midifrag.config.catalogue import engine_names
from midifrag.engine.conformance import EngineConformance, WorkerConformance
from midifrag.engine.messages import Render
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine, factory_for


@pytest.fixture(autouse=True, scope="module")
def bells(installed):
    installed("engine_plugin")


class TestWorker(WorkerConformance):
    prompt = "low bell"

    def make_worker(self):
        return factory_for(EngineChoice("bells"))(EngineChoice("bells"))


class TestInAProcess(EngineConformance):
    prompt = "low bell"

    def make_engine(self):
        return create_engine(EngineChoice("church", {"engine": "bells", "decay": 1}))


def test_it_is_an_engine_and_a_model_by_its_name():
    assert "bells" in engine_names()
    take = midifrag.render(midifrag.load_model("bells"), "high bell of glass", seconds=1, seed=1)
    assert take.audio.shape == (2, 44_100)
    assert take.notes == ("unknown words: of, glass",)


def test_prompt_and_entry_decide_how_it_sounds():
    def hertz(audio):
        return np.abs(np.fft.rfft(audio[0]))[: len(audio[0]) // 8].argmax() / (audio.shape[1] / 44_100)

    def second_half(decay):
        model = factory_for(EngineChoice("bells"))(EngineChoice("x", {"engine": "bells", "decay": decay}))
        model.submit(Render(1, "bell", 1.0, 1))
        events = []
        while model.busy:
            events += model.tick()
        audio = events[-1].audio
        return float(np.square(audio[:, audio.shape[1] // 2 :]).sum() / np.square(audio).sum())

    model = midifrag.load_model("bells")
    low, high = (midifrag.render(model, f"{word} bell", seconds=1, seed=1).audio for word in ("low", "high"))
    assert hertz(low) < hertz(high)
    assert second_half(0.5) < second_half(8)
