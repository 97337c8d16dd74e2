"""What other programs are told: messages from state changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import assert_never

from midifrag.config.pads import told_name
from midifrag.doors.osc.packets import Message
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    LayoutChanged,
    Meters,
    Notice,
    PadChanged,
    PlaybackChanged,
    PortChanged,
    SlotsChanged,
    Sounding,
    StateChange,
    TakeChanged,
    TimeChanged,
)
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.states import JobState, PadState
from midifrag.timeline import Timeline

#: Seconds between two steps of one pad that are told.
STEPS_EVERY = 0.05
#: Landings that are remembered, with how many bars they were long.
REMEMBERED = 1000
#: Most characters of a name that is told.
MOST_NAME = 1000
#: Beats a minute that are nothing to tell: what is left of another clock's jitter.
SAME_TEMPO = 0.01


class Outgoing:
    """Takes in every change and says what is to be sent. ``clock`` gives monotonic seconds.

    ``folder`` is the fragments' folder.
    """

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder.absolute()
        self._clock = clock
        self._bank = ""
        #: The step of each job that renders, and how many it has.
        self._steps: dict[int, tuple[int, int]] = {}
        #: What each pad of the active bank was told to show, and when.
        self._pads: dict[PadKey, tuple[PadState, int | None]] = {}
        self._stepped: dict[PadKey, float] = {}
        self._landed: deque[int] = deque(maxlen=REMEMBERED)
        #: How many bars what landed is long, for when it is put back: by its slot, what it is called, and its seconds.
        self._bars: dict[tuple[int, str, float], float] = {}
        #: When what lies in each slot landed, and the newest that lay there.
        self._lies: dict[int, float | None] = {}
        self._newest: dict[int, float] = {}
        self._line: Timeline | None = None

    def messages(self, change: StateChange) -> Iterator[Message]:
        """What is to be sent of a change."""
        match change:
            case JobChanged():
                yield from self._job(change)
            case PadChanged():
                yield from self._pad(change)
            case BankChanged():
                yield from self._bank_changed(change)
            case SlotsChanged(slots):
                yield from self._slots_changed(slots)
            case TimeChanged(timeline):
                yield from self._time(timeline)
            case ConfigurationChanged() | ControlChanged() | TakeChanged() | EngineChanged() | PortChanged():
                pass
            case PlaybackChanged() | Sounding() | Meters() | Notice() | LayoutChanged():
                pass
            case _:
                assert_never(change)

    def _job(self, job: JobChanged) -> Iterator[Message]:
        if not job.state.ended:
            self._steps[job.job] = (job.step, job.of)
            return
        self._steps.pop(job.job, None)
        if job.state is not JobState.LANDED or job.slot is None or job.file is None or job.job in self._landed:
            return
        self._landed.append(job.job)
        seconds, bars = job.fragment_seconds or 0.0, job.fragment_bars or 0.0
        self._bars[job.slot, job.label, seconds] = bars
        if len(self._bars) > REMEMBERED:
            del self._bars[next(iter(self._bars))]
        name = _name(told_name(job.label, job.prompt))
        yield Message("/midifrag/slot", (job.slot, str(Path(job.file).absolute()), seconds, name, bars))

    def _pad(self, pad: PadChanged) -> Iterator[Message]:
        if pad.bank != self._bank:
            return
        now, shows = self._clock(), (pad.state, pad.job)
        due = self._stepped.get(pad.pad, now - STEPS_EVERY) + STEPS_EVERY
        if self._pads.get(pad.pad) == shows and (pad.state is not PadState.RENDERING or now < due):
            return
        self._pads[pad.pad] = shows
        self._stepped[pad.pad] = now
        yield self._pad_message(pad)

    def _pad_message(self, pad: PadChanged) -> Message:
        key = pad.pad.note if pad.pad.channel is None else str(pad.pad)
        runs = pad.state in (PadState.RENDERING, PadState.STALLED)
        step, of = self._steps.get(pad.job or 0, (0, 0)) if runs else (0, 0)
        return Message("/midifrag/pad", (key, str(pad.state), step, of))

    def _bank_changed(self, bank: BankChanged) -> Iterator[Message]:
        self._bank = bank.slug
        self._pads = {pad.pad: (pad.state, pad.job) for pad in bank.pads}
        yield Message("/midifrag/bank", (bank.slug, _name(bank.name), bank.index + 1))
        yield from map(self._pad_message, bank.pads)

    def _slots_changed(self, slots: tuple[SlotState, ...]) -> Iterator[Message]:
        for slot in slots:
            before, now = self._lies.get(slot.number), slot.landed_at
            self._lies[slot.number] = now
            if now is None or now == before:
                continue
            newest = self._newest.get(slot.number)
            # What lands is told with its job, and is newer than all that lay there.
            if newest is not None and now <= newest:
                bars = self._bars.get((slot.number, slot.preset, slot.seconds), 0.0)
                yield _lies(slot, self._folder, bars)
            self._newest[slot.number] = now if newest is None else max(now, newest)

    def _time(self, line: Timeline) -> Iterator[Message]:
        told, signature = self._line, line.signature
        if (
            told is not None
            and (told.signature, told.running) == (signature, line.running)
            and abs(told.bpm - line.bpm) < SAME_TEMPO
        ):
            return
        self._line = line
        yield Message("/midifrag/tempo", (line.bpm, signature.beats, signature.unit, int(line.running)))


def standing(changes: Iterable[StateChange], folder: Path, clock: Callable[[], float]) -> Iterator[Message]:
    """How everything stands, from the changes that build it up; of jobs, only what their pads show."""
    outgoing = Outgoing(folder, clock)
    for change in changes:
        if isinstance(change, SlotsChanged):
            yield from slots_standing(change.slots, folder)
        else:
            yield from outgoing.messages(change)


def slots_standing(slots: Iterable[SlotState], folder: Path) -> Iterator[Message]:
    """What lies in each slot; how many bars it is long is not known any more."""
    for slot in slots:
        if slot.landed_at is not None:
            yield _lies(slot, folder.absolute(), 0.0)


def _lies(slot: SlotState, folder: Path, bars: float) -> Message:
    name = _name(told_name(slot.preset, slot.prompt))
    return Message("/midifrag/slot", (slot.number, str(folder / slot.file), slot.seconds, name, bars))


def _name(text: str) -> str:
    """A name as a packet can hold it: a prompt may be of any length."""
    text = text.replace("\0", " ")
    return text if len(text) <= MOST_NAME else f"{text[: MOST_NAME - 1]}…"
