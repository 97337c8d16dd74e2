"""Shows with a model of pocket's size and random weights: in this process, or as ``midifrag run`` in its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from safetensors.torch import save_file

from benchmarks.architectures import random_model
from benchmarks.byte_tokenizer import save_byte_tokenizer
from midifrag.config.loading import load
from midifrag.events import EngineChanged, JobChanged, PadChanged, StateChange
from midifrag.midi.memory import MemoryBackend
from midifrag.pad_key import PadKey
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.states import EngineState, JobState, PadState
from tools.jack_server import BACKEND

#: Pads of which 37 renders long, and 36 replaces its own press.
BUSY = '  36: {prompt: "x", seconds: 1, steps: 4, on_repress: replace}\n  37: {prompt: "y", seconds: 3, steps: 1000}\n'
#: Seconds to wait for what a healthy show does.
PATIENCE = 120.0


def write_random_pocket(folder: Path) -> None:
    """A model folder with the small built-in architecture and random weights."""
    folder.mkdir(parents=True)
    model = random_model("pocket")
    config = json.loads(json.dumps(model.config))
    save_byte_tokenizer(folder / "tokenizer")
    for entry in config["model"]["conditioning"]["configs"]:
        if entry["type"] == "lut":
            entry["config"]["tokenizer_name"] = "tokenizer"
    (folder / "model_config.json").write_text(json.dumps(config))
    save_file({k: v.contiguous().clone() for k, v in model.module.state_dict().items()}, folder / "model.safetensors")


def _write_set(folder: Path, settings: str, pads: str) -> Path:
    """A set of one bank in ``folder``, beside its model."""
    write_random_pocket(folder / "model")
    (folder / "presets").mkdir()
    show = folder / "presets.yaml"
    show.write_text(f"model: random\nmodels: {{random: {{folder: model}}}}\nset_list: [bench]\n{settings}")
    (folder / "presets" / "bench.yaml").write_text(f"name: Bench\npads:\n{pads}")
    return show


@contextlib.contextmanager
def on_jack() -> Iterator[Path]:
    """``midifrag run`` on the ports ``bench in`` and ``bench out``: a file with what it prints.

    Pad 37 renders long, pad 36 replaces its own press.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = _write_set(
            folder,
            'ports: {pads: {in: {virtual: "bench in"}, out: {virtual: "bench out"}}}\n'
            f"backend: {BACKEND}\nengine: {{spares: {{enabled: false}}}}\nqueue: {{size: 10000}}\n",
            BUSY,
        )
        said = folder / "out.txt"
        command = [sys.executable, "-m", "midifrag", "run", str(show), "--no-page"]
        with said.open("w") as log:
            process = subprocess.Popen([*command, "--fragments", str(folder / "fragments")], stdout=log, stderr=log)
            try:
                yield said
            finally:
                process.kill()
                process.wait()


def wait_until_ready(said: Path) -> None:
    """Wait until the show that prints into ``said`` has its model."""
    deadline = time.monotonic() + PATIENCE
    while " ready: " not in said.read_text():
        if time.monotonic() > deadline:
            raise RuntimeError(said.read_text())
        time.sleep(0.2)


@contextlib.contextmanager
def in_memory(
    spares: bool, pads: str = '  36: {prompt: "x", seconds: 3, steps: 8}\n'
) -> Iterator[tuple[Runtime, Landings, MemoryBackend]]:
    """A show in this process, by default with one pad, 36, whose model is ready; what has landed; and its ports."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = f"engine: {{spares: {{enabled: {str(spares).lower()}}}}}\nqueue: {{size: 10000}}\n"
        show = _write_set(folder, settings, pads)
        loaded = load(show, {"fragments": {"folder": str(folder / "fragments")}}, environment={})
        ports = ClipPorts("midifrag")
        runtime = Runtime(loaded, ports)
        landings = Landings()
        runtime.start()
        try:
            runtime.watch(landings, "benchmark")
            landings.wait(lambda: landings.ready)
            assert ports.backend is not None
            yield runtime, landings, ports.backend
        finally:
            runtime.close()


class Landings:
    """Waits for what a running show does."""

    def __init__(self) -> None:
        self.landed: list[JobChanged] = []
        self.states: dict[PadKey, PadState] = {}
        self.ready = False
        self._news = threading.Condition()

    def __call__(self, change: StateChange) -> None:
        """Take in a change of state."""
        with self._news:
            match change:
                case JobChanged(state=JobState.LANDED):
                    self.landed.append(change)
                case PadChanged():
                    self.states[change.pad] = change.state
                case EngineChanged(state=EngineState.READY, info=info):
                    # A press that comes while chords are being rehearsed waits for the rehearsal that is at work.
                    self.ready = info is None or "more follows" not in info.warmed
                case _:
                    # Nothing that is waited for.
                    pass
            self._news.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many presses have landed."""
        self.wait(lambda: len(self.landed) >= count)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds."""
        with self._news:
            if not self._news.wait_for(condition, PATIENCE):
                raise RuntimeError(f"nothing within {PATIENCE:.0f} s; pads: {self.states}")
