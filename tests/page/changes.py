"""What a show says to its page, with all that a test does not care about."""

from __future__ import annotations

from typing import Any

from midifrag.engine.messages import EngineInfo
from midifrag.events import (
    BankChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    JobTimes,
    LayoutChanged,
    Meters,
    Notice,
    PadChanged,
    PlaybackChanged,
    SlotsChanged,
    Sounding,
    TakeChanged,
    TimeChanged,
)
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slot_state import SlotState
from midifrag.midi.messages import PortChanged
from midifrag.pad_key import PadKey
from midifrag.page.model import Part
from midifrag.page.wire import FromShow, MidiSeen, configuration
from midifrag.playback.messages import PlaybackState
from midifrag.states import EngineState, JobKind, JobState, NoticeLevel, PadState
from midifrag.timeline import Timeline
from tests.support.shows import loaded

MEMORY = {"model": 2_500_000}
INFO = EngineInfo("sketch", "sketch", "abc", "cpu", "fp32", 44100, 2, 190.0, ("sketch", "other"), memory=MEMORY)


def pad(state: PadState = PadState.IDLE, key: int = 36, **fields: Any) -> PadChanged:
    return PadChanged("opening", PadKey(key), None, 1, key, state, fields.pop("colour", None), 0.0, **fields)


def active(slug: str = "opening", *pads: PadChanged) -> BankChanged:
    return BankChanged(slug, slug.title(), 0, pads)


def job(state: JobState, number: int = 1, key: int | None = 36, **fields: Any) -> JobChanged:
    times = JobTimes(0.0, started=fields.pop("started", None), landed=fields.pop("landed", None))
    place = None if key is None else PadKey(key)
    return JobChanged(number, JobKind.PAD, state, fields.pop("prompt", "rain"), "opening", place, times, **fields)


def engine(state: EngineState = EngineState.READY, text: str = "sketch on cpu", **fields: Any) -> EngineChanged:
    return EngineChanged(fields.pop("model", "sketch"), state, text, **fields)


def slot(number: int = 1, **fields: Any) -> SlotState:
    return SlotState(number, f"output{number:02d}.wav", **fields)


def record(prompt: str = "rain", **fields: Any) -> TakeRecord:
    return TakeRecord(prompt, **fields)


#: One of everything that a show says, by the part of the page that it makes new.
CHANGES: dict[Part, FromShow] = {
    Part.BANK: active(),
    Part.PADS: pad(),
    Part.LAYOUT: LayoutChanged("pads", 1, 4),
    Part.JOBS: job(JobState.QUEUED),
    Part.SLOTS: SlotsChanged((slot(),)),
    Part.CONTROLS: ControlChanged("steps", 8.0),
    Part.ENGINES: engine(),
    Part.PORTS: PortChanged("pads", "in", "open", "pads: open"),
    Part.PLAYBACK: PlaybackChanged(PlaybackState.PLAYING, "Desk", 48000, 256, realtime=True),
    Part.SOUNDING: Sounding(1, 3, on=True, at=100.0, seconds=2.0),
    Part.METERS: Meters((0.5,), 0.5),
    Part.NOTICES: Notice(NoticeLevel.INFO, "hello"),
    Part.BEAT: TimeChanged(Timeline(bpm=92.5, at=0.0)),
    Part.MIDI: MidiSeen(1.0, "note 36"),
    Part.TAKES: TakeChanged(record(number=3)),
    Part.CONFIGURATION: configuration(loaded()),
}
