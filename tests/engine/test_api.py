from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pytest

import midifrag
from midifrag.config.parameters import NUMBERS, PARAMETERS, RequestParameters, names_of
from midifrag.engine import api
from midifrag.engine.messages import Died, Failed, Render, Rendered, Started
from midifrag.engine.protocol import EngineChoice, EngineFactory
from midifrag.errors import EngineError, ModelError, NonFiniteError, RequestError
from tests.engine.far_engine import RATE, FarEngine
from tests.engine.odd_events import INFO, ODD_FIELDS, take
from tests.engine.tiny_models import SAMPLE_RATE, tiny_model_folder
from tests.engine.toy_worker import Guest


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tiny_model_folder(tmp_path_factory.mktemp("models") / "bells", "rectified_flow")
    return midifrag.load_model(folder, device="cpu", precision="fp32")


def test_a_folder_is_loaded_and_named_after_itself(model):
    assert (model.name, model.objective, model.precision) == ("bells", "rectified_flow", "fp32")
    assert type(model.module).__name__ == "ConditionedDiffusionModelWrapper"


def test_a_render_has_the_form_and_parameters_asked_for(model):
    take = midifrag.render(
        model, prompt="kick", seconds=1, steps=3, cfg_scale=2, seed=5, sampler="dpmpp", negative_prompt="hiss"
    )
    assert (take.audio.dtype, take.audio.shape) == (np.float32, (2, SAMPLE_RATE))
    assert np.isfinite(take.audio).all()
    assert take.sample_rate == SAMPLE_RATE
    expected = {"prompt": "kick", "seconds": 1, "steps": 3, "cfg_scale": 2, "seed": 5, "negative_prompt": "hiss"}
    assert expected.items() <= take.used.items()
    assert take.used["sampler"] == "dpmpp"


def test_every_parameter_of_a_request_can_be_given_by_name():
    given = inspect.signature(midifrag.render).parameters
    names = set(names_of(RequestParameters))
    # What it begins from is no number and no word.
    assert set(given) == {"model", "prompt", "sound", "fill", *names}
    worker = Scripted([lambda job: Rendered(job, np.zeros((2, 3), np.float32), 8000, {}, 0.0)])
    values = {
        name: PARAMETERS[name].limits[0] if name in NUMBERS else f"some {name}" for name in sorted(names, reverse=True)
    }
    values |= {"conditioning": "bpm=90", "loras": "dusty=0.5 from hub:me/loras/dusty.safetensors"}
    values["morph"] = "0.5 to glass"
    said = {"conditioning": {"bpm": 90}, "loras": [{"hub": "me/loras", "file": "dusty.safetensors", "strength": 0.5}]}
    midifrag.render(api.WorkerModel("toy", None, worker), "rain", **values | said)
    assert worker.render == Render(worker.job, "rain", **values)


def test_what_a_model_is_told_must_have_names_and_values():
    sketch = midifrag.load_model("sketch")
    with pytest.raises(
        RequestError, match=r"^conditioning: 'fast' says no value; write it as bpm=120, genre=techno\.$"
    ):
        midifrag.render(sketch, "kick", conditioning="fast")
    with pytest.raises(RequestError, match=r"^loras: 'dusty' is no LoRA"):
        midifrag.render(sketch, "kick", loras="dusty")


def test_what_is_beyond_a_parameter_s_limits_is_refused():
    sketch = midifrag.load_model("sketch")
    with pytest.raises(RequestError, match=r"^steps: 0 is below 1; cfg_scale: -100 is below 0\.$"):
        midifrag.render(sketch, "kick", seconds=0.5, steps=0, cfg_scale=-100)


def test_the_seed_decides(model):
    def audio(seed):
        return midifrag.render(model, "kick", seconds=1, steps=2, seed=seed).audio

    assert np.array_equal(audio(1), audio(1))
    assert not np.array_equal(audio(1), audio(2))


def test_a_seed_of_minus_one_is_drawn_as_if_there_were_none():
    seeds = {api.request("kick", seed=-1).seed for _ in range(3)}
    assert len(seeds) > 1
    assert min(seeds) >= 0


def test_without_a_seed_one_is_drawn_and_told(model):
    first, second = (midifrag.render(model, "kick", seconds=1, steps=1) for _ in range(2))
    assert first.used["seed"] != second.used["seed"]
    again = midifrag.render(model, "kick", seconds=1, steps=1, seed=first.used["seed"])
    assert np.array_equal(first.audio, again.audio)


def test_without_a_length_the_model_decides(model):
    take = midifrag.render(model, "kick", steps=1)
    assert take.audio.shape == (2, model.defaults.seconds * SAMPLE_RATE)


def test_impossible_requests(model):
    with pytest.raises(RequestError, match="no-such"):
        midifrag.render(model, "kick", sampler="no-such")
    with pytest.raises(RequestError, match="seconds"):
        midifrag.render(model, "kick", seconds=1000)


def test_sketch_is_a_model_without_a_module():
    sketch = midifrag.load_model("sketch")
    assert sketch.module is None
    assert (sketch.sample_rate, sketch.channels) == (44100, 2)
    take = midifrag.render(sketch, "dark zorple kick", seconds=0.5, seed=1)
    assert take.audio.shape == (2, 22050)
    assert take.notes == ("unknown words: zorple",)


def test_names_that_mean_nothing():
    with pytest.raises(ModelError, match=r"no model 'pokket'.*pocket, pocket-1, sketch, small, open"):
        midifrag.load_model("pokket")


class Scripted:
    def __init__(self, events):
        self.events = events
        self.cancelled = []

    def submit(self, render):
        self.render, self.job = render, render.job

    @property
    def busy(self):
        return bool(self.events)

    def tick(self):
        return [self.events.pop(0)(self.job)]

    def cancel(self, job):
        self.cancelled.append(job)


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ([Started, lambda job: Failed(job, "too hot")], EngineError),
        ([lambda job: Failed(job, "NaN", not_finite=True)], NonFiniteError),
        ([Started], EngineError),
        ([lambda job: Rendered(job + 1, np.zeros((2, 3), np.float32), 8000, {}, 0.0)], EngineError),
    ],
)
def test_failures_are_raised_and_leave_nothing_in_flight(events, error):
    worker = Scripted(events)
    with pytest.raises(error):
        midifrag.render(api.WorkerModel("toy", None, worker), "x", seconds=1)
    assert worker.cancelled == [worker.job]


@pytest.fixture
def far(monkeypatch):
    """A whole engine that a plug-in registered, and what it is made of."""
    made = []

    class Watched(FarEngine):
        def __init__(self, choice):
            super().__init__(choice)
            made.append(self)

    for user in ("midifrag.engine.registry", "midifrag.config.catalogue"):
        monkeypatch.setattr(f"{user}.plugins", lambda: {"far": Registered(EngineFactory(Watched))})
    return made


class Registered:
    value = "tests:far"

    def __init__(self, content):
        self.load = lambda: content


def test_a_whole_engine_is_a_model_too(far):
    model = midifrag.load_model("far")
    assert (model.module, model.checksum, model.sample_rate, model.channels) == (None, "f00", RATE, 2)
    first = midifrag.render(model, "rain", seconds=0.5, seed=3)
    assert first.audio.shape == (2, RATE // 2)
    assert np.array_equal(first.audio, midifrag.render(model, "rain", seconds=0.5, seed=3).audio)
    with pytest.raises(EngineError, match="too long for far"):
        midifrag.render(model, "rain", seconds=100)
    assert not far[0].is_closed.is_set()
    del model
    assert far[0].is_closed.is_set()


def test_a_whole_engine_that_is_lost_fails_what_it_had(far, monkeypatch):
    model = midifrag.load_model("far")
    monkeypatch.setattr(far[0], "_answers", lambda command: [Died("the line is dead", (command.job,), restarting=True)])
    with pytest.raises(EngineError, match="the line is dead"):
        midifrag.render(model, "rain")


def test_a_whole_engine_that_cannot_be_reached(far, monkeypatch):
    def unreachable(self):
        self._say(Died("no answer", (), restarting=True))
        self._say(Died("nobody is there", (), restarting=False))

    monkeypatch.setattr(FarEngine, "_serve", unreachable)
    with pytest.raises(ModelError, match="nobody is there"):
        midifrag.load_model("far")
    assert far[0].is_closed.is_set()


def test_the_package_imports_without_torch():
    script = "import sys, midifrag; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    assert midifrag.render is api.render
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = midifrag.nothing


@pytest.mark.parametrize(("fields", "why"), ODD_FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_odd_take_is_an_error_that_names_the_model(fields, why):
    worker = Scripted([Started, lambda job: take(job, **fields)])
    with pytest.raises(EngineError) as told:
        midifrag.render(api.WorkerModel("toy", INFO, worker), "rain")
    assert str(told.value).startswith("the engine toy: ")
    assert why in str(told.value)
    assert worker.cancelled == [worker.job]


def test_a_worker_that_says_nonsense_of_itself_is_not_loaded(monkeypatch):
    monkeypatch.setattr(api, "factory_for", lambda _choice: Guest)
    with pytest.raises(ModelError, match="the engine toy: sample_rate is None and no whole number"):
        api.open_model(EngineChoice("toy", options={"dies": (), "info": "no rate"}))


def test_a_render_from_python_leaves_cores_to_others_as_an_engine_does(tmp_path, monkeypatch):
    import torch

    from midifrag.engine.diffusion import cores
    from midifrag.engine.diffusion.worker import DiffusionWorker

    seen, before = [], torch.get_num_threads()
    free = cores.FreeCores(cores=2)
    monkeypatch.setattr(cores, "OF_THIS_PROCESS", free)
    monkeypatch.setattr(free, "watch", lambda: setattr(free, "threads", 1))
    tick = DiffusionWorker.tick

    def noted(worker):
        events = tick(worker)
        seen.append(torch.get_num_threads())
        return events

    monkeypatch.setattr(DiffusionWorker, "tick", noted)
    torch.set_num_threads(2)
    try:
        api.render(api.load_model(tiny_model_folder(tmp_path), "cpu"), "rain", seconds=0.2, steps=1, seed=1)
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
