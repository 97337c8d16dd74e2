"""Every pad of the set list, once, by the show's own engines and landing: into a folder that is gone afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from midifrag.audio import Audio
from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.config.osc import OscSettings
from midifrag.config.pads import Pad
from midifrag.config.parameter_values import LENGTHS
from midifrag.config.ports import PortSettings
from midifrag.config.press_keys import Hold
from midifrag.config.press_request import PressRequest, press_request
from midifrag.errors import AudioError, EngineError
from midifrag.events import EngineChanged, JobChanged, PlaybackChanged, Sounding, StateChange
from midifrag.fragment.audio_files import read_wav
from midifrag.intents import Press, StopSlot
from midifrag.pad_key import PadKey
from midifrag.playback.messages import PlaybackState
from midifrag.show.audio_devices import MakePlayer
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.states import EngineState, JobState

#: What the one port is called that pads are pressed on.
PORT = "soundcheck"
#: Seconds that a model may take to load, and a pad to land.
LOAD_PATIENCE, PAD_PATIENCE = 600.0, 900.0
#: Seconds that a fragment which has landed may take to be heard.
HEARD_PATIENCE = 5.0


@dataclass(frozen=True)
class Take:
    """What became of one pad. ``heard`` is the moment of its first sample at the output, in seconds after its press.

    Where it is not measured, ``unheard`` says why. ``audio`` is the raw take, of shape (channels, samples).
    """

    bank: Bank
    key: PadKey
    pad: Pad
    asked: PressRequest
    job: JobChanged
    heard: float | None = None
    unheard: str = ""
    audio: Audio | None = None
    sample_rate: int = 0

    @property
    def name(self) -> str:
        """What it is called in a report."""
        return f"{self.bank.slug} {self.key}"

    def after(self, moment: str) -> float | None:
        """Seconds from its press until it was ``queued``, ``rendered`` or ``landed``."""
        reached = self.job.times.reached().get(moment)
        return None if reached is None else reached - self.job.times.pressed


class _Listener:
    """What a show has told so far, and a way to wait for it."""

    def __init__(self) -> None:
        self.ended: list[JobChanged] = []
        self.sounding: dict[int | None, float] = {}
        self.lost = ""
        self.output = PlaybackChanged(PlaybackState.OPENING)
        self._news = threading.Condition()

    def __call__(self, change: StateChange) -> None:
        with self._news:
            if isinstance(change, PlaybackChanged):
                self.output = change
            match change:
                case JobChanged() if change.state.ended:
                    self.ended.append(change)
                case Sounding(on=True):
                    self.sounding.setdefault(change.job, change.at)
                case EngineChanged(state=EngineState.LOST):
                    self.lost = f"{change.model}: {change.text}"
                case _:
                    pass
            self._news.notify_all()

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        with self._news:
            return self._news.wait_for(condition, seconds)


def rehearsed(loaded: Loaded, folder: Path) -> Loaded:
    """The set as it is rendered here: its own engines and pads, nothing else of it, and all its files in ``folder``.

    Pads render when they are pressed and land when they are ready; of a hold, the longest.
    """
    settings = loaded.settings
    alone = {
        "fragments": settings.fragments.model_copy(update={"folder": str(folder)}),
        "archive": settings.archive.model_copy(update={"folder": None}),
        "ports": {PORT: PortSettings.model_validate({"in": {"virtual": PORT}})},
        "performers": {},
        "osc": OscSettings(),
        "ableton": settings.ableton.model_copy(update={"enabled": False}),
        "instruments": settings.instruments.model_copy(update={"sfz": False, "hydrogen": None}),
        "page": settings.page.model_copy(update={"enabled": False}),
        "time": settings.time.model_copy(update={"source": "internal", "send": None}),
        "notify": None,
        "actions": (),
        "engine": settings.engine.model_copy(
            update={"spares": settings.engine.spares.model_copy(update={"enabled": False})}
        ),
    }
    banks = tuple(
        bank.model_copy(update={"pads": {key: _pressed(pad) for key, pad in bank.pads.items()}})
        for bank in loaded.banks
    )
    return Loaded(settings.model_copy(update=alone), banks, loaded.path, limits=loaded.limits)


def _pressed(pad: Pad) -> Pad:
    update: dict[str, object] = {"port": None, "also": (), "press": "trigger", "hold": None, "release_velocity": None}
    update |= {"choke": None, "fallback": None, "on_lost": "fail", "land": "now", "slot": None}
    return pad.model_copy(update=update | (_longest(pad.hold) if pad.hold is not None else {}))


def _longest(hold: Hold) -> dict[str, object]:
    name = str(hold.sets)
    others = dict.fromkeys(LENGTHS, None) if name in LENGTHS else {}
    return {**others, name: hold.value(1.0)}


def rehearse(
    loaded: Loaded, folder: Path, make_player: MakePlayer | None = None, patience: float = PAD_PATIENCE
) -> Iterator[Take]:
    """Press each pad of the set list, one after the other, and yield what became of it.

    Raises `EngineError` where a model is lost or not ready in time, or a pad neither lands nor fails in ``patience``
    seconds.
    """
    alone = rehearsed(loaded, folder)
    listener = _Listener()
    runtime = Runtime(alone, ClipPorts(PORT), make_player=make_player)
    with closing(runtime):
        runtime.start()
        runtime.watch(listener, "soundcheck")
        _wait_until_ready(runtime, listener)
        for bank in alone.banks:
            for key, pad in bank.pads.items():
                yield _take(runtime, listener, (bank, key, pad), patience)


def _wait_until_ready(runtime: Runtime, listener: _Listener) -> None:
    """Wait for the models, and for the output to have opened or not: what lands before is not heard."""
    deadline = runtime.clock.now() + LOAD_PATIENCE
    while runtime.engines.waiting() and not listener.lost:
        if runtime.clock.now() > deadline:
            raise EngineError(f"{', '.join(runtime.engines.waiting())} is not ready after {LOAD_PATIENCE:.0f} s.")
        listener.wait_for(lambda: bool(listener.lost), 0.05)
    if runtime.player is not None:
        listener.wait_for(lambda: listener.output.state is not PlaybackState.OPENING, LOAD_PATIENCE)


def _take(runtime: Runtime, listener: _Listener, which: tuple[Bank, PadKey, Pad], patience: float) -> Take:
    bank, key, pad = which
    before = len(listener.ended)
    if listener.lost:
        raise EngineError(f"The engine is lost: {listener.lost}")
    now = runtime.clock.now()
    runtime.put(Press(key.note, key.channel or 1, PORT, 1.0, now, "soundcheck", bank=bank.slug))
    listener.wait_for(lambda: len(listener.ended) > before or bool(listener.lost), patience)
    if len(listener.ended) == before:
        why = listener.lost or f"it is not there after {patience:.0f} s"
        raise EngineError(f"{bank.slug} {key} ({pad.label}) did not land: {why}")
    job = listener.ended[before]
    heard, unheard = _heard(runtime, listener, job) if job.state is JobState.LANDED else (None, "")
    asked = press_request(runtime.begun.settings, bank, pad, velocity=1.0)
    audio, rate = _read(runtime.begun.archive_folder, job)
    return Take(bank, key, pad, asked, job, heard, unheard, audio, rate)


def _heard(runtime: Runtime, listener: _Listener, job: JobChanged) -> tuple[float | None, str]:
    """Seconds from a job's press to its first sample at the output; or None, and why that is not known."""
    if not runtime.begun.settings.playback.is_on:
        return None, "playback is off"
    if runtime.player is None or listener.output.state is not PlaybackState.PLAYING:
        return None, f"there is no output to be heard from ({listener.output.text or listener.output.state})"
    listener.wait_for(partial(listener.sounding.__contains__, job.job), HEARD_PATIENCE)
    at = listener.sounding.get(job.job)
    runtime.put(StopSlot(None))
    if at is None:
        return None, f"it did not begin to sound within {HEARD_PATIENCE:g} s after it had landed"
    return at - job.times.pressed, ""


def _read(archive: Path, job: JobChanged) -> tuple[Audio | None, int]:
    """The raw take of a job, which its folder keeps no longer than the soundcheck lasts."""
    if job.archived is None:
        return None, 0
    try:
        return read_wav(archive / Path(job.archived).name)
    except AudioError:
        return None, 0
